/** The process that ChildMeasurer starts: it measures one workload on a device, for as long as its parent lives. */
import { kernels } from "../../dsl/index.ts";
import { load } from "../../generator/index.ts";
import { packageRoot } from "../../native/index.ts";
import { Clocks } from "../clocks.ts";
import { DeviceInputs } from "../device-inputs.ts";
import { Gpu } from "../gpu.ts";
import { PartMaker } from "../input-parts.ts";
import type { Workload } from "../workloads.ts";
import type { MeasureReply, MeasureRequest } from "./child-measurer.ts";
import { DeviceMeasurer } from "./device-measurer.ts";

export interface MeasureJob {
  readonly workload: Workload;
  /** Of the inputs. */
  readonly seed: number;
  /** The CUDA device, counted from 0. */
  readonly device: number;
  /** Threads that make inputs; default all. */
  readonly threads?: number;
}

/** Sent before the process ends by itself: the reply has left when the callback is called. */
const tell = (reply: MeasureReply, then: () => void = () => {}): void => void process.send?.(reply, then);
const fail = (error: unknown): void => tell({ failed: (error as Error).message }, () => process.exit(1));

async function open({ workload, seed, device, threads }: MeasureJob): Promise<DeviceMeasurer> {
  const { render } = await load(packageRoot, kernels);
  const gpu = await Gpu.open(device);
  const clocks = new Clocks(device);
  const maker = new PartMaker(threads);
  const inputs = await DeviceInputs.make(gpu, maker, workload, seed);
  maker.close();
  return new DeviceMeasurer({ gpu, inputs, render, throttled: () => clocks.throttled() });
}

process.once("message", (job: MeasureJob) => {
  open(job).then((measurer) => {
    process.on("message", ({ choices, rounds }: MeasureRequest) => {
      measurer.measure(choices, rounds, (begin) => tell({ begin })).then((outcomes) => tell({ outcomes }), fail);
    });
    tell({ ready: true });
  }, fail);
});
process.once("disconnect", () => process.exit());
// Ctrl-C reaches the whole group: what it ends is the parent's to say
process.on("SIGINT", () => {});
