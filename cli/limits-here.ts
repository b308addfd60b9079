/** What the first GPU here allows, or an H200 where there is none: for commands that choose plans and launch nothing. */
import type { DeviceLimits } from "../dsl/index.ts";
import { ptxOf } from "../runtime/compile.ts";
import { limitsOf } from "../runtime/cuda-plan.ts";
import { EMULATED_LIMITS } from "../runtime/emulate-device.ts";
import { native } from "../runtime/native-access.ts";

export interface Limits {
  readonly limits: DeviceLimits;
  /** For people. */
  readonly device: string;
  /** The device whose tuning tables count; the emulator takes none. */
  readonly tables?: string;
}

export const EMULATOR: Limits = { limits: EMULATED_LIMITS, device: "the emulator, with the limits of an H200" };
const H200 = "NVIDIA H200";

/** The first GPU's; where there is none, those that the emulator has. */
export function limitsHere(): Required<Limits> {
  try {
    const driver = native().driverInfo();
    const info = driver.ok ? driver.devices[0] : undefined;
    const nvrtc = native().nvrtcInfo();
    if (info !== undefined) return { limits: limitsOf({ info }, nvrtc.ok ? ptxOf(nvrtc.version) : undefined), device: info.name, tables: info.name };
  } catch {
    // without an addon there is no device either
  }
  return { limits: EMULATED_LIMITS, device: "no GPU here: an H200 is assumed", tables: H200 };
}
