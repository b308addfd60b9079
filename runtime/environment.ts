/** The environment variables that turn what runs. Read when used, so that a test or a program may set them. */
import path from "node:path";
import type { Surroundings } from "../dsl/index.ts";
import type { EmulatorMode } from "../native/emulator/toolchain.ts";
import { TopkitError } from "./errors.ts";
import { BACKENDS } from "./host-input.ts";
import type { Backend } from "./types.ts";

/** An empty variable is an unset one. */
const read = (name: string): string | undefined => process.env[name] || undefined;

/** Errors: TK114 where TOPKIT_CANDIDATE_TARGET is no positive integer. */
export function surroundings(): Surroundings {
  const text = read("TOPKIT_CANDIDATE_TARGET");
  if (text === undefined) return {};
  const candidateTarget = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(candidateTarget) || candidateTarget < 1) {
    throw new TopkitError(
      "TK114",
      `TOPKIT_CANDIDATE_TARGET is ${JSON.stringify(text)}; it is a positive integer, the stage-2 candidates of a row: correct or unset it`,
    );
  }
  return { candidateTarget };
}

/** What backend "auto" means here. Errors: TK114 where TOPKIT_BACKEND names none. */
export function defaultBackend(): Backend {
  const text = read("TOPKIT_BACKEND") ?? "auto";
  const found = BACKENDS.find((backend) => backend === text);
  if (found === undefined)
    throw new TopkitError("TK114", `TOPKIT_BACKEND is ${JSON.stringify(text)}; it is one of ${BACKENDS.join(", ")}: correct or unset it`);
  return found;
}

/** What the addon reads, once a process, and would pass over. Errors: TK114 where TOPKIT_CPU_ISA is no instruction set that can be asked for. */
export function checkCpuIsa(): void {
  const text = read("TOPKIT_CPU_ISA");
  if (text !== undefined && text !== "baseline") {
    throw new TopkitError(
      "TK114",
      `TOPKIT_CPU_ISA is ${JSON.stringify(text)}; it is baseline, which leaves AVX2 unused, or unset, for the widest that the processor has: correct or unset it`,
    );
  }
}

/** Which tuning tables count: `all` (the user's, then the shipped one), `shipped`, `off`, or one file. */
export function tuningWanted(): "all" | "shipped" | "off" | { readonly file: string } {
  const text = read("TOPKIT_TUNING");
  // who sets the target wants to see what it does
  if (text === undefined) return read("TOPKIT_CANDIDATE_TARGET") === undefined ? "all" : "off";
  return text === "shipped" || text === "off" ? text : { file: path.resolve(text) };
}

export interface Emulation {
  readonly mode: EmulatorMode;
  /** 0n: threads and blocks in order. */
  readonly seed: bigint;
}

/** How the emulator runs. Errors: TK114 where TOPKIT_EMULATE or TOPKIT_EMULATE_SEED has another value than it may. */
export function emulation(): Emulation {
  const mode = read("TOPKIT_EMULATE") ?? "checked";
  if (mode !== "checked" && mode !== "fast") {
    throw new TopkitError("TK114", `TOPKIT_EMULATE is ${JSON.stringify(mode)}; it is checked (the default) or fast: correct or unset it`);
  }
  const seed = read("TOPKIT_EMULATE_SEED") ?? "0";
  if (!/^\d{1,20}$/.test(seed) || BigInt(seed) >= 2n ** 64n) {
    throw new TopkitError(
      "TK114",
      `TOPKIT_EMULATE_SEED is ${JSON.stringify(seed)}; it is an integer from 1 to 2^64-1, the seed of a random schedule, or 0 for none: correct or unset it`,
    );
  }
  return { mode, seed: BigInt(seed) };
}
