/** A CUDA device as what is tuned for: its limits, its protocol, and a process that measures on it. */
import { availableParallelism } from "node:os";
import type { DeviceLimits, Request } from "../../dsl/index.ts";
import { cacheFolder } from "../../runtime/cache-folder.ts";
import { choosePlan } from "../../runtime/choose-plan.ts";
import { ptxOf, requireNvrtc, targetArch } from "../../runtime/compile.ts";
import { cudaProblem } from "../../runtime/cuda-device.ts";
import { limitsOf } from "../../runtime/cuda-plan.ts";
import { TopkitError } from "../../runtime/errors.ts";
import { native } from "../../runtime/native-access.ts";
import type { Tuning } from "../../runtime/tuning.ts";
import { beside } from "../beside.ts";
import { Clocks } from "../clocks.ts";
import { requestOf } from "../stage-profile.ts";
import { ChildMeasurer } from "./child-measurer.ts";
import { type CompileJob, CompilePool } from "./compile-pool.ts";
import type { MeasureJob } from "./measure-child.ts";
import type { Outcome } from "./outcome.ts";
import { GO_MILLISECONDS, INPUT_BUDGET } from "./protocol.ts";
import type { Sources } from "./sources.ts";
import { type Candidate, type Choice, configOf, resolvedOf } from "./space.ts";
import type { Target } from "./tune.ts";

export interface DeviceTargetOptions {
  /** CUDA ordinal. */
  readonly device: number;
  readonly sources: Sources;
  /** What the runtime would take now. */
  readonly tuning: (device: string) => Promise<Tuning>;
  /** Of the inputs. */
  readonly seed: number;
  /** Threads that make inputs, and processes that compile; default all cores. */
  readonly threads?: number;
  /** The process that measures, and its Node's options; default the one beside this file, with those of this process. */
  readonly module?: URL;
  readonly execArgv?: readonly string[];
}

/** A go lasts milliseconds, and making the largest inputs' graphs a second. */
const HANG_MILLISECONDS = 30_000;
/** What the processes that compile could not is compiled by the one that measures, seconds a kernel. */
const PREPARE_MILLISECONDS = 300_000;
/** A kernel takes seconds. */
const COMPILE_MILLISECONDS = 120_000;
/** Candidates that take turns: each holds a workspace, and a graph of its calls. */
const TURNS = 32;

/** To be closed by the caller. Errors: TK201 to TK204, TK206. */
export async function deviceTarget({
  device: ordinal,
  sources,
  tuning,
  seed,
  threads,
  module = beside(import.meta.url, "measure-child"),
  execArgv = process.execArgv,
}: DeviceTargetOptions): Promise<Target & Disposable> {
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
  const cores = threads ?? availableParallelism();
  // without a folder for images they cannot be handed over
  const compilers = new CompilePool({ execArgv, processes: cacheFolder() === undefined ? 0 : cores, milliseconds: COMPILE_MILLISECONDS });
  const measuring = new ChildMeasurer({ module, execArgv, hangMilliseconds: HANG_MILLISECONDS, prepareMilliseconds: PREPARE_MILLISECONDS });
  const arch = targetArch(info.arch, nvrtc);
  return {
    ...{ device: info.name, limits, sources },
    protocol: [
      "mode=graph-cold",
      `go=${GO_MILLISECONDS}ms`,
      `elements=${INPUT_BUDGET.distinctElements}`,
      "dist=normal",
      `seed=${seed}`,
      `cuda=${driver.version.join(".")}`,
      `nvrtc=${nvrtc.version.join(".")}`,
      ...driverPart(ordinal),
    ].join(";"),
    present: (request) => presentChoice(() => choosePlan(request, limits, undefined, tables)),
    measurer: (workload) => {
      const on = measuring.on({ workload, seed, device: ordinal, threads: cores } satisfies MeasureJob);
      return {
        measure: async (candidates, rounds) => {
          // nothing is compiled while anything is timed
          await compilers.compile(kernelsOf(candidates, requestOf(workload), limits, sources, arch));
          const outcomes: Outcome[] = [];
          for (let at = 0; at < candidates.length; at += TURNS) outcomes.push(...(await on.measure(candidates.slice(at, at + TURNS), rounds)));
          return outcomes;
        },
      };
    },
    [Symbol.dispose]: () => {
      compilers[Symbol.dispose]();
      measuring[Symbol.dispose]();
    },
  };
}

function* kernelsOf(candidates: readonly Candidate[], request: Request, limits: DeviceLimits, sources: Sources, arch: string): Generator<CompileJob> {
  for (const candidate of candidates) {
    for (const { kernel, spec, tune } of resolvedOf(candidate, request, limits)?.stages ?? []) {
      const { symbol, text } = sources.of(kernel, spec, tune);
      yield { symbol, text, arch };
    }
  }
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
