/** The configs that generated/tuning/ names: rendered beside those that ship, so that the runtime, which cannot render, finds their texts. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type AnyConfig, type AnyKernel, combinations, type Scalar } from "../dsl/index.ts";
import { fileProblem, type Problem } from "./errors.ts";

const FOLDER = "generated/tuning";

/** What is read of a table's choice. */
interface Choice {
  readonly dtype: Scalar;
  /** Flat: `kernel.tunable`. */
  readonly config: AnyConfig;
}

export interface TunedConfig {
  readonly spec: AnyConfig;
  readonly tune: AnyConfig;
}

/** Of every table; none where there is no folder. Adds what is wrong with a file to `problems`. */
export async function readTunedChoices(root: string, problems: Problem[]): Promise<readonly Choice[]> {
  const names = await readdir(join(root, FOLDER)).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT") problems.push(fileProblem("read", FOLDER, cause));
    return [];
  });
  const choices: Choice[] = [];
  for (const name of names.filter((each) => each.endsWith(".json")).sort()) {
    try {
      choices.push(...choicesOf(await readFile(join(root, FOLDER, name), "utf8")));
    } catch (cause) {
      problems.push({
        code: "TG026",
        at: { file: `${FOLDER}/${name}`, line: 1, column: 1 },
        what: `it is no tuning table: ${(cause as Error).message}`,
        why: "the configs that a table names are rendered with those that ship",
        fix: "restore the committed file, or write it again with `topkit tune merge RECORDS --out DIR --table FILE`",
      });
    }
  }
  return choices;
}

function choicesOf(text: string): readonly Choice[] {
  const { choices } = JSON.parse(text) as { choices?: unknown };
  if (!Array.isArray(choices)) throw new Error("it has no list of choices");
  const bad = choices.findIndex((choice) => typeof choice?.dtype !== "string" || typeof choice.config !== "object" || choice.config === null);
  if (bad >= 0) throw new Error(`choice ${bad} has no dtype or no config`);
  return choices;
}

/**
 * A kernel's part of the choices, for every other value of its spec; one that draws has that of the kernel from which it draws. What its domains no longer
 * hold is stale, and left out as the runtime does.
 */
export function tunedConfigs(kernel: AnyKernel, choices: readonly Choice[]): TunedConfig[] {
  const tunables = Object.entries(kernel.tune);
  const { name: tuned } = kernel.drawsFrom ?? kernel;
  return choices.flatMap(({ dtype, config }) => {
    const tune = Object.fromEntries(tunables.map(([name]) => [name, config[`${tuned}.${name}`]!]));
    if (tunables.length === 0 || !tunables.every(([name, { values }]) => values.includes(tune[name]!))) return [];
    return [...combinations<AnyKernel["spec"]>(kernel.spec)].flatMap((spec) => (spec.dtype === dtype ? [{ spec, tune }] : []));
  });
}
