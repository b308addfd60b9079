/** A chosen plan on a CUDA device: its kernels loaded, its workspace allocated, its launches prepared as one native list. */
import { CALLER_BUFFERS, type DeviceLimits, type ResolvedPlan, type ResolvedStage, storesAnswer } from "../dsl/index.ts";
import type { LaunchStep, NativeDevice, NativeFunction, NativeLaunchList, NativeMemory, NativeModule, NativeStream } from "../native/types.ts";
import type { BackendGraph, BackendPlan, BackendStream } from "./backend.ts";
import { type Choice, explanation } from "./choose-plan.ts";
import { compileKernel, requireNvrtc, targetArch } from "./compile.ts";
import type { CudaStream } from "./cuda-device.ts";
import { TopkitError } from "./errors.ts";
import { fillByCopy } from "./fill.ts";
import { type KernelSource, kernelSource, sourceOrStored } from "./kernel-source.ts";
import { calling, fromNative } from "./native-access.ts";
import type { PlanExplanation } from "./types.ts";

/** What a block may use without asking the driver for more. */
const DEFAULT_SHARED_BYTES = 48 * 1024;

/** The kernels that a device has loaded: each once, for as long as the device is open. A module that is collected takes its function along. */
export type LoadedKernels = Map<string, Promise<LoadedKernel>>;
interface LoadedKernel {
  readonly module: NativeModule;
  readonly function: NativeFunction;
}

/**
 * Compiles (or finds) and loads every kernel, allocates the workspace and zeroes its state. `buffers` are the caller's.
 * Errors: TK113, TK2xx, TK3xx.
 */
export async function prepareCudaPlan<Name extends string>(
  device: NativeDevice,
  loaded: LoadedKernels,
  choice: Choice,
  buffers: readonly Name[],
  sourceOf: SourceOf | undefined = choice.tuned && sourceOrStored(choice.tuned.stored),
): Promise<BackendPlan<Pointers<Name>>> {
  const { resolved } = choice;
  // no rows: nothing is launched, so nothing is compiled
  if (resolved.request.rows === 0) return new CudaPlan(choice, buffers, null, null, device);
  const functions = await loadStages(device, loaded, resolved, sourceOf);
  const workspace = await allocateWorkspace(device, resolved);
  try {
    return new CudaPlan(choice, buffers, prepareStages(device, resolved, functions, workspace, buffers), workspace, device);
  } catch (error) {
    workspace?.close();
    throw error;
  }
}

/** Where a stage's CUDA text comes from: generated/, but for the tuner, which renders. */
export type SourceOf = (stage: ResolvedStage) => Promise<KernelSource>;

/** The functions of some stages, in their order, compiled or found in the cache. */
export const loadStages = (
  device: NativeDevice,
  loaded: LoadedKernels,
  { stages }: Pick<ResolvedPlan, "stages">,
  sourceOf: SourceOf = kernelSource,
): Promise<NativeFunction[]> => Promise.all(stages.map((stage) => loadStage(device, loaded, stage, sourceOf)));

/** State starts at zero; every run leaves it so. The rest is as it comes. null where the plan needs none. */
export async function allocateWorkspace(
  device: NativeDevice,
  { workspace: regions, workspaceBytes }: Pick<ResolvedPlan, "workspace" | "workspaceBytes">,
): Promise<NativeMemory | null> {
  if (workspaceBytes === 0) return null;
  const workspace = calling(() => device.allocate(workspaceBytes));
  try {
    for (const { offset, bytes, zeroed } of regions) if (zeroed) await fillByCopy(device, workspace.pointer + BigInt(offset), 0, bytes);
    return workspace;
  } catch (error) {
    workspace.close();
    throw error;
  }
}

/** The launches of some stages as one list: of all stages for a run, of one where the benchmark times it alone. */
export const prepareStages = (
  device: NativeDevice,
  resolved: Pick<ResolvedPlan, "stages">,
  functions: readonly NativeFunction[],
  workspace: NativeMemory | null,
  buffers: readonly string[] = CALLER_BUFFERS,
): NativeLaunchList => calling(() => device.prepare(launchSteps(resolved, functions, workspace?.pointer ?? 0n, buffers), buffers.length));

async function loadStage(device: NativeDevice, loaded: LoadedKernels, stage: ResolvedStage, sourceOf: SourceOf): Promise<NativeFunction> {
  const source = await sourceOf(stage);
  let loading = loaded.get(source.symbol);
  if (loading === undefined) {
    loading = loadKernel(device, source);
    loaded.set(source.symbol, loading);
    loading.catch(() => loaded.delete(source.symbol));
  }
  const { function: found } = await loading;
  const { block, sharedBytes } = stage.launch;
  if (found.info.maxThreadsPerBlock < block) {
    throw new TopkitError(
      "TK304",
      `${source.symbol} was compiled to run at most ${found.info.maxThreadsPerBlock} threads a block, its plan asks for ${block}; force another config`,
      {
        symbol: source.symbol,
        ...found.info,
      },
    );
  }
  if (sharedBytes > DEFAULT_SHARED_BYTES) calling(() => found.setMaxSharedBytes(sharedBytes));
  return found;
}

async function loadKernel(device: NativeDevice, source: KernelSource): Promise<LoadedKernel> {
  const nvrtc = requireNvrtc();
  const image = await compileKernel(source, targetArch(device.info.arch, nvrtc), nvrtc);
  return calling(() => {
    const module = device.loadModule(image);
    return { module, function: module.getFunction(source.symbol) };
  });
}

/** Parameters in the kernels' order; the caller's pointers are slots, in the order of `buffers`. */
function launchSteps(
  { stages }: Pick<ResolvedPlan, "stages">,
  functions: readonly NativeFunction[],
  workspace: bigint,
  buffers: readonly string[],
): LaunchStep[] {
  return stages.map(({ launch, arguments: parameters }, stage) => ({
    ...launch,
    // one function for each stage, by construction
    function: functions[stage]!,
    parameters: parameters.map((argument) =>
      argument.kind === "caller" ? 0n : argument.kind === "workspace" ? workspace + BigInt(argument.offset) : BigInt(argument.value),
    ),
    slots: parameters.flatMap((argument, parameter) => (argument.kind === "caller" ? [{ parameter, pointer: buffers.indexOf(argument.name) }] : [])),
  }));
}

const nativeStream = (stream: BackendStream | null): NativeStream | null => (stream === null ? null : (stream as CudaStream).native);

type Pointers<Name extends string> = Readonly<Record<Name, bigint>>;

class CudaPlan<Name extends string> implements BackendPlan<Pointers<Name>> {
  readonly explain: PlanExplanation;
  readonly storesAnswer: boolean;
  readonly #buffers: readonly Name[];
  readonly #list: NativeLaunchList | null;
  readonly #workspace: NativeMemory | null;
  readonly #device: NativeDevice;
  /** Refilled at each run, so that a run allocates nothing; native code has read it when run() returns. */
  readonly #pointers: bigint[];

  constructor(choice: Choice, buffers: readonly Name[], list: NativeLaunchList | null, workspace: NativeMemory | null, device: NativeDevice) {
    this.explain = explanation(choice);
    this.storesAnswer = storesAnswer(choice.resolved);
    this.#buffers = buffers;
    this.#pointers = buffers.map(() => 0n);
    this.#list = list;
    this.#workspace = workspace;
    this.#device = device;
  }

  run(stream: BackendStream | null, given: Pointers<Name>): void {
    const list = this.#list;
    if (list === null) return;
    const pointers = this.#pointers;
    const buffers = this.#buffers;
    for (let at = 0; at < buffers.length; at += 1) pointers[at] = given[buffers[at]!];
    try {
      list.run(nativeStream(stream), pointers);
    } catch (error) {
      throw fromNative(error);
    }
  }

  capture(pointers: Pointers<Name>): BackendGraph {
    const list = this.#list;
    if (list === null) return { launch: () => {}, close: () => {} };
    // a stream of its own: the default stream cannot be captured, and another's work is not to be caught
    const stream = calling(() => this.#device.createStream());
    try {
      const graph = calling(() => {
        stream.beginCapture();
        try {
          list.run(
            stream,
            this.#buffers.map((name) => pointers[name]),
          );
        } catch (error) {
          abandon(stream);
          throw error;
        }
        return stream.endCapture();
      });
      return { launch: (on) => calling(() => graph.launch(nativeStream(on))), close: () => graph.close() };
    } finally {
      stream.close();
    }
  }

  close(): void {
    this.#list?.close();
    this.#workspace?.close();
  }
}

/** Ends a capture of which the first error is the one to report. */
function abandon(stream: NativeStream): void {
  try {
    stream.endCapture().close();
  } catch {
    // the driver says the same again
  }
}

/** What resolve() checks launches against. */
export function limitsOf({ info }: Pick<NativeDevice, "info">, ptx: string | undefined): DeviceLimits {
  return {
    arch: info.arch,
    maxThreadsPerBlock: info.maxThreadsPerBlock,
    maxSharedBytes: info.maxSharedBytes,
    maxCluster: info.clusterLaunch ? 8 : 1,
    ptx,
  };
}
