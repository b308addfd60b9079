/**
 * Mutant schemata (Untch, Offutt, Harrold 1993): a text with all of its mutants, of which a variable chooses one when it runs. A mutant then costs a run
 * and no compilation. An expression becomes `(chosen(7) ? changed : as it was)`; within `changed` nothing else is switched, since one is chosen at a time.
 * A condition that has no effects becomes `told(7, as it was, changed)`: where both are the same whenever a run comes by, the mutant is no other program in
 * that run ("infection", Just, Ernst, Fraser 2014), and need not be tried in it.
 */
import { execFileSync } from "node:child_process";
import type { Mutant } from "./mutation-operators.ts";

export interface Numbered {
  /** From 1; 0 chooses the text as it was. */
  readonly number: number;
  readonly mutant: Mutant;
}

/**
 * Before a text that has switches. What asks is not instrumented, so that neither the emulator's checks nor ThreadSanitizer see it, and notes that a run
 * of the text as it was came by a mutant that may matter, where somebody wants to know. It is a template, so that an object has a function for each switch
 * that the kernel can come by, and no other.
 */
export const SWITCH = `extern "C" {
__attribute__((visibility("default"))) unsigned topkit_mutant;
__attribute__((visibility("default"))) volatile unsigned char* topkit_mutants_reached;
}
template <unsigned number> __attribute__((noinline, no_sanitize("thread"))) static bool chosen_mutant() {
  if (topkit_mutants_reached && topkit_mutant == 0) topkit_mutants_reached[number] = 1;
  return topkit_mutant == number;
}
template <unsigned number> __attribute__((noinline, no_sanitize("thread"))) static bool told_mutant(bool asItWas, bool changed) {
  if (topkit_mutants_reached && topkit_mutant == 0 && changed != asItWas) topkit_mutants_reached[number] = 1;
  return topkit_mutant == number ? changed : asItWas;
}
`;

/** Numbers of the mutants that these lines of a text with switches mention. */
export const numbersIn = (lines: readonly string[]): Set<number> =>
  new Set(lines.flatMap((line) => [...line.matchAll(/(?:chosen|told)_mutant<(\d+)>/g)].map(([, number]) => Number(number))));

/** Numbers of the mutants that these objects of texts with switches have code for. */
export const numbersCompiled = (objects: readonly string[]): Set<number> =>
  new Set(
    objects.flatMap((object) =>
      [...execFileSync("nm", [object], { encoding: "utf8" }).matchAll(/(?:chosen|told)_mutantILj(\d+)E/g)].map(([, number]) => Number(number)),
    ),
  );

/** The file with switches for those of its mutants that can have one: no part of a mustache's block, nor across another's bounds. */
export function schemaOf(text: string, mutants: readonly Numbered[]): string {
  const whole = { from: 0, to: text.length, by: [], inner: [] };
  for (const { number, mutant } of [...mutants].sort((a, b) => a.mutant.swap.from - b.mutant.swap.from || b.mutant.swap.to - a.mutant.swap.to)) {
    const { from, to, by } = mutant.swap;
    const before = text.slice(from, to);
    const isTold = (mutant.kind === "bound" && isComparison(by)) || by === "true" || by === "false";
    if (isBalanced(before)) insert(whole, { from, to, by: [{ number, by, isTold: isTold && !mayHaveEffects(before) }], inner: [] });
  }
  return written(text, whole);
}

interface Place {
  readonly from: number;
  readonly to: number;
  /** What the whole place may become. */
  readonly by: { readonly number: number; readonly by: string; readonly isTold: boolean }[];
  readonly inner: Place[];
}

const isBalanced = (text: string): boolean => (text.match(/\{\{#/g)?.length ?? 0) === (text.match(/\{\{\//g)?.length ?? 0);

const isComparison = (text: string): boolean => / [<>]=? /.test(text);

/** Calls, and assignments of any kind. */
const mayHaveEffects = (text: string): boolean => /[\w>\]]\(|\+\+|--|(?<![=!<>])=(?!=)/.test(text);

/** In the order of their beginnings, the longest first: so what holds a place is there before it. */
function insert(into: Place, place: Place): void {
  const last = into.inner[into.inner.length - 1];
  if (last === undefined || last.to <= place.from) into.inner.push(place);
  else if (last.from === place.from && last.to === place.to) last.by.push(...place.by);
  else if (place.to <= last.to) insert(last, place);
}

function written(text: string, { from, to, by, inner }: Place): string {
  let at = from;
  let made = "";
  for (const place of inner) {
    made += text.slice(at, place.from) + written(text, place);
    at = place.to;
  }
  made += text.slice(at, to);
  for (const each of by.filter(({ isTold }) => isTold)) made = `told_mutant<${each.number}>((${made}), (${each.by}))`;
  const chosen = by.filter(({ isTold }) => !isTold);
  if (chosen.length === 0) return made;
  // a statement gives nothing
  const cast = by.some((each) => each.by === "(void)0") ? "(void)" : "";
  return `(${chosen.map((each) => `chosen_mutant<${each.number}>() ? ${cast}(${each.by}) : `).join("")}${cast}(${made}))`;
}
