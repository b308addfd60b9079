/** A CUDA device as what is tuned for: its limits, its protocol, and a process that measures on it. */
import { choosePlan } from "../../runtime/choose-plan.ts";
import { ptxOf, requireNvrtc } from "../../runtime/compile.ts";
import { cudaProblem } from "../../runtime/cuda-device.ts";
import { limitsOf } from "../../runtime/cuda-plan.ts";
import { TopkitError } from "../../runtime/errors.ts";
import { native } from "../../runtime/native-access.ts";
import type { Tuning } from "../../runtime/tuning.ts";
import { Clocks } from "../clocks.ts";
import { ChildMeasurer } from "./child-measurer.ts";
import type { MeasureJob } from "./measure-child.ts";
import type { Sources } from "./sources.ts";
import { type Choice, configOf } from "./space.ts";
import type { Target } from "./tune.ts";

export interface DeviceTargetOptions {
  /** CUDA ordinal. */
  readonly device: number;
  readonly sources: Sources;
  /** What the runtime would take now. */
  readonly tuning: (device: string) => Promise<Tuning>;
  /** Of the inputs. */
  readonly seed: number;
  /** Threads that make inputs; default all. */
  readonly threads?: number;
  /** The process that measures, and its Node's options; default the one beside this file, with those of this process. */
  readonly module?: URL;
  readonly execArgv?: readonly string[];
}

/** A go lasts milliseconds, and making the largest inputs' graphs a second. */
const HANG_MILLISECONDS = 30_000;
/** NVRTC takes seconds for a kernel; a batch of dozens is compiled on all cores. */
const PREPARE_MILLISECONDS = 300_000;

/** Errors: TK201 to TK204. */
export async function deviceTarget({
  device: ordinal,
  sources,
  tuning,
  seed,
  threads,
  module = childModule(),
  execArgv = process.execArgv,
}: DeviceTargetOptions): Promise<Target> {
  const problem = cudaProblem();
  if (problem !== undefined) throw problem;
  const driver = native().driverInfo();
  const info = driver.ok ? driver.devices[ordinal] : undefined;
  if (!driver.ok || info === undefined) {
    const count = driver.ok ? driver.devices.length : 0;
    throw new TopkitError("TK203", `there is no CUDA device ${ordinal}; there are ${count}, counted from 0`, { device: ordinal, count });
  }
  const nvrtc = requireNvrtc();
  const limits = limitsOf({ info }, ptxOf(nvrtc.version));
  const tables = await tuning(info.name);
  return {
    ...{ device: info.name, limits, sources },
    protocol: [
      "mode=graph-cold",
      "dist=normal",
      `seed=${seed}`,
      `cuda=${driver.version.join(".")}`,
      `nvrtc=${nvrtc.version.join(".")}`,
      ...driverPart(ordinal),
    ].join(";"),
    present: (request) => presentChoice(() => choosePlan(request, limits, undefined, tables)),
    measurer: (workload) => {
      const job: MeasureJob = { workload, seed, device: ordinal, ...(threads === undefined ? {} : { threads }) };
      return new ChildMeasurer({ module, execArgv, job, hangMilliseconds: HANG_MILLISECONDS, prepareMilliseconds: PREPARE_MILLISECONDS });
    },
  };
}

/** Undefined where no plan answers. */
export function presentChoice(choose: () => ReturnType<typeof choosePlan>): Choice | undefined {
  try {
    const { resolved } = choose();
    return { plan: resolved.plan.name, config: configOf(resolved) };
  } catch (error) {
    if (error instanceof TopkitError && error.code === "TK112") return undefined;
    throw error;
  }
}

function driverPart(ordinal: number): string[] {
  using clocks = new Clocks(ordinal);
  return clocks.driver === undefined ? [] : [`driver=${clocks.driver}`];
}

/** Compiled code runs beside compiled processes, TypeScript under a loader that they inherit. */
const childModule = (): URL => new URL(`./measure-child${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);
