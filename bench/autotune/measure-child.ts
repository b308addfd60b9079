/** The process that ChildMeasurer starts: it measures one workload after the other on a device, for as long as its parent lives. */
import { kernels } from "../../dsl/index.ts";
import { load } from "../../generator/index.ts";
import { packageRoot } from "../../native/index.ts";
import type { LoadedKernels } from "../../runtime/cuda-plan.ts";
import { Clocks } from "../clocks.ts";
import { DeviceInputs } from "../device-inputs.ts";
import { Draws } from "../draws.ts";
import { Gpu } from "../gpu.ts";
import { PartMaker } from "../input-parts.ts";
import type { Workload } from "../workloads.ts";
import type { MeasureJobMessage, MeasureReply, MeasureRequest } from "./child-measurer.ts";
import { DeviceMeasurer } from "./device-measurer.ts";
import { GO_MILLISECONDS, INPUT_BUDGET } from "./protocol.ts";
import { Sources } from "./sources.ts";

export interface MeasureJob {
  readonly workload: Workload;
  /** Of the inputs. */
  readonly seed: number;
  /** The CUDA device, counted from 0; the same in all jobs of a process. */
  readonly device: number;
  /** Threads that make inputs; default all. The same in all jobs of a process. */
  readonly threads?: number;
}

/** Modules take memory of the device, and texts of the host: those of earlier workloads are forgotten then. */
const MOST_LOADED = 3000;

/** Sent before the process ends by itself: the reply has left when the callback is called. */
const tell = (reply: MeasureReply, then: () => void = () => {}): void => void process.send?.(reply, then);
const fail = (error: unknown): void => tell({ failed: (error as Error).message }, () => process.exit(1));

/** What a process has for all its workloads. */
async function open({ device, threads }: MeasureJob) {
  const { render } = await load(packageRoot, kernels);
  return { gpu: await Gpu.open(device), clocks: new Clocks(device), maker: new PartMaker(threads), render };
}

let opened: ReturnType<typeof open> | undefined;
let loaded: LoadedKernels = new Map();
let sources: Sources | undefined;
let inputs: DeviceInputs | undefined;
let draws: Draws | undefined;
let measurer: DeviceMeasurer | undefined;

async function begin(job: MeasureJob): Promise<void> {
  opened ??= open(job);
  const { gpu, clocks, maker, render } = await opened;
  draws?.close();
  draws = undefined;
  inputs?.close();
  inputs = await DeviceInputs.make(gpu, maker, job.workload, job.seed, { budget: INPUT_BUDGET });
  if (job.workload.sample === true) draws = await Draws.make(gpu, inputs);
  if (sources === undefined || loaded.size > MOST_LOADED) {
    loaded = new Map();
    sources = new Sources(render);
  }
  const rendered = sources;
  measurer = new DeviceMeasurer({
    gpu,
    inputs,
    draws,
    render: (kernel, spec, tune) => rendered.of(kernel, spec, tune),
    loaded,
    goMilliseconds: GO_MILLISECONDS,
    throttled: () => clocks.throttled(),
  });
}

process.on("message", (message: MeasureJobMessage | MeasureRequest) => {
  if ("job" in message) begin(message.job as MeasureJob).then(() => tell({ ready: true }), fail);
  else measurer!.measure(message.choices, message.rounds, (at) => tell({ begin: at })).then((outcomes) => tell({ outcomes }), fail);
});
process.once("disconnect", () => process.exit());
// Ctrl-C reaches the whole group: what it ends is the parent's to say
process.on("SIGINT", () => {});
