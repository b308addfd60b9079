/** The emulate backend: generated kernels on the CPU. Not in this version; it will be a BackendDevice like the others. */
import type { BackendDevice } from "./backend.ts";
import { TopkitError } from "./errors.ts";

export const emulateProblem = (): TopkitError =>
  new TopkitError("TK205", 'backend "emulate" is not part of this version of topkit; use "cpu", which gives the same bits, or "cuda"');

export function openEmulator(_ordinal: number): BackendDevice {
  throw emulateProblem();
}
