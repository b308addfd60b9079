/** What docs/mutants.md says: its fences are data. */
import { readFileSync } from "node:fs";
import type { Mutant } from "./mutation-operators.ts";

const DOCUMENT = readFileSync(new URL("../../docs/mutants.md", import.meta.url), "utf8");

/** Lines of the document's fences with this mark. */
const fenced = (mark: string): string[] =>
  [...DOCUMENT.matchAll(new RegExp(`^\`\`\`${mark}\\n([\\s\\S]*?)^\`\`\``, "gm"))].flatMap(([, lines = ""]) => lines.trimEnd().split("\n"));

/** The name by which the document lists a survivor. */
export const nameOf = ({ file, change }: Mutant): string => `${shortOf(file)}: ${change}`;

const shortOf = (file: string): string => file.replace(/^templates\//, "");

export const LISTED: ReadonlySet<string> = new Set(fenced("mutants"));

/** Names of the kernels in which mutants are tried. */
export const PROVEN: ReadonlySet<string> = new Set(fenced("kernels"));

/** Files whose bounds, or guards, are in the proof; everything else is of all files of those kernels. */
const FILES = { bound: new Set(fenced("bounds")), guard: new Set(fenced("guards")) };

export const isInProof = ({ kind, file }: Mutant): boolean => (kind !== "bound" && kind !== "guard") || FILES[kind].has(shortOf(file));

/** Files that the document names and that have no mutants. */
export const unknownFiles = (mutants: readonly Mutant[]): string[] => {
  const known = new Set(mutants.map(({ file }) => shortOf(file)));
  return [...FILES.bound, ...FILES.guard].filter((file) => !known.has(file));
};
