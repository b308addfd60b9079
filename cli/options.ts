/** Options that several commands have, parsed once. */
import { InvalidArgumentError, Option } from "commander";
import type { ConfigValues } from "../runtime/types.ts";

const integerFrom =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) throw new InvalidArgumentError(`It is an integer from ${least}.`);
    return value;
  };

function config(text: string): ConfigValues {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(`It is JSON, such as '{"warps": 8}': ${(error as Error).message}.`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new InvalidArgumentError(`It is a JSON object, such as '{"warps": 8}'.`);
  return value as ConfigValues;
}

export const integerOption = (flags: string, description: string, least = 0): Option => new Option(flags, description).argParser(integerFrom(least));
export const configOption = (): Option => new Option("--config <json>", "force tunables, as '{\"warps\": 8}'; needs --plan").argParser(config);
export const dtypeOption = (description: string): Option => new Option("--dtype <dtype>", description).choices(["f32", "f16", "bf16"]);
export const jsonOption = (): Option => new Option("--json", "machine-readable result on stdout; progress on stderr");

/** The choice then depends on the package and the device alone: not on what was tuned here, nor on the environment. */
export const frozenOption = (): Option =>
  new Option("--frozen", "choose plans by what ships alone: no tuning table of yours, no TOPKIT_TUNING, no TOPKIT_CANDIDATE_TARGET");

/** Before anything is chosen. */
export function freeze(frozen: boolean | undefined): void {
  if (frozen !== true) return;
  process.env.TOPKIT_TUNING = "shipped";
  delete process.env.TOPKIT_CANDIDATE_TARGET;
}
