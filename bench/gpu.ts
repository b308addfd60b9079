/**
 * A GPU as the benchmark sees it: the runtime's own device, and beside it the events, graphs and raw memory that measuring needs. Plans are made
 * and run through the runtime, inside a capture too, so that what is timed is what a caller gets.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "../native/index.ts";
import type {
  DeviceInfo,
  NativeDevice,
  NativeEvent,
  NativeFunction,
  NativeGraph,
  NativeLaunchList,
  NativeMemory,
  NativeModule,
  NativeStream,
} from "../native/types.ts";
import { compileKernel, requireNvrtc, targetArch } from "../runtime/compile.ts";
import type { CudaDevice, CudaStream } from "../runtime/cuda-device.ts";
import type { DeviceHandle } from "../runtime/device.ts";
import { fillByCopy } from "../runtime/fill.ts";
import { type Device, open, type Stream } from "../runtime/index.ts";
import { awaiting, calling, native } from "../runtime/native-access.ts";
import type { StreamHandle } from "../runtime/stream.ts";

/** Bytes of a vector load, and what every input's address is a multiple of (a generous line of the L2). */
const VECTOR_BYTES = 16;
export const ALIGNMENT = 256;
const FLOOR_THREADS = 512;
const FLOOR_BLOCKS_PER_MULTIPROCESSOR = 4;

/**
 * Reads of the scratch buffer before each timed go. They last about 0.6 ms on an H200: long enough that the timed graph is submitted behind them, so
 * that no submission is timed, and they leave nothing of any input in the L2.
 */
const LEAD_IN_READS = 10;
const SCRATCH_L2S = 4;

export class Gpu implements Disposable {
  readonly device: Device;
  readonly native: NativeDevice;
  readonly stream: Stream;
  readonly nativeStream: NativeStream;
  readonly info: DeviceInfo;
  /** "13.0": the newest CUDA that the driver answers; NVRTC's own. */
  readonly cudaVersion: string;
  readonly nvrtcVersion: string;
  readonly #start: NativeEvent;
  readonly #end: NativeEvent;
  /** Held: a module that is collected takes its function along. */
  readonly #modules: readonly NativeModule[];
  readonly #floor: NativeFunction;
  readonly #empty: NativeLaunchList;
  readonly #sink: NativeMemory;
  readonly #scratch: NativeMemory;
  readonly #leadIn: NativeLaunchList;

  private constructor(device: Device, floor: NativeModule, empty: NativeModule) {
    this.device = device;
    this.native = ((device as DeviceHandle).backend as CudaDevice).native;
    this.info = this.native.info;
    this.stream = device.stream();
    this.nativeStream = ((this.stream as StreamHandle).backend as CudaStream).native;
    const driver = native().driverInfo();
    this.cudaVersion = driver.ok ? driver.version.join(".") : "";
    this.nvrtcVersion = requireNvrtc().version.join(".");
    this.#start = calling(() => this.native.createEvent(true));
    this.#end = calling(() => this.native.createEvent(true));
    this.#modules = [floor, empty];
    this.#floor = calling(() => floor.getFunction("floor_read"));
    const idle = calling(() => empty.getFunction("floor_empty"));
    this.#empty = calling(() => this.native.prepare([{ function: idle, grid: 1, block: 32, cluster: 1, sharedBytes: 0, parameters: [], slots: [] }], 0));
    this.#sink = calling(() => this.native.allocate(ALIGNMENT));
    this.#scratch = calling(() => this.native.allocate(SCRATCH_L2S * this.info.l2Bytes));
    this.#leadIn = this.floorList(this.#scratch.bytes);
  }

  /** Errors: TK201 to TK206, TK301 to TK303. */
  static async open(ordinal = 0): Promise<Gpu> {
    const device = await open({ device: ordinal });
    try {
      const { native: gpu } = (device as DeviceHandle).backend as CudaDevice;
      const [floor, empty] = await Promise.all([loadFloor(gpu, "floor_read"), loadFloor(gpu, "floor_empty")]);
      const opened = new Gpu(device, floor, empty);
      // scratch that was never written may not be mapped to memory of its own
      await fillByCopy(gpu, opened.#scratch.pointer, 1, opened.#scratch.bytes);
      return opened;
    } catch (error) {
      device.dispose();
      throw error;
    }
  }

  /** What a lead-in reads again and again. */
  get scratchBytes(): number {
    return this.#scratch.bytes;
  }

  /** The kernel that reads `bytes` once; run() takes the address. Reads up to 15 bytes more, which every allocation here has. */
  floorList(bytes: number): NativeLaunchList {
    const vectors = Math.ceil(bytes / VECTOR_BYTES);
    const grid = Math.min(this.info.multiprocessors * FLOOR_BLOCKS_PER_MULTIPROCESSOR, Math.ceil(vectors / FLOOR_THREADS));
    const parameters = [0n, BigInt(vectors), this.#sink.pointer];
    const step = { function: this.#floor, grid, block: FLOOR_THREADS, cluster: 1, sharedBytes: 0, parameters, slots: [{ parameter: 0, pointer: 0 }] };
    return calling(() => this.native.prepare([step], 1));
  }

  runEmpty(): void {
    calling(() => this.#empty.run(this.nativeStream, []));
  }

  /** Everything that `enqueue` puts on the stream, as one graph. */
  capture(enqueue: () => void): NativeGraph {
    return calling(() => {
      this.nativeStream.beginCapture();
      try {
        enqueue();
      } catch (error) {
        this.nativeStream.endCapture().close();
        throw error;
      }
      return this.nativeStream.endCapture();
    });
  }

  launch(graph: NativeGraph): void {
    calling(() => graph.launch(this.nativeStream));
  }

  /** Microseconds between two events around what `enqueue` puts on the stream. `behind`: behind a lead-in that keeps the device busy meanwhile. */
  async time(enqueue: () => void, behind: boolean): Promise<number> {
    calling(() => {
      if (behind) for (let read = 0; read < LEAD_IN_READS; read++) this.#leadIn.run(this.nativeStream, [this.#scratch.pointer]);
      this.#start.record(this.nativeStream);
    });
    enqueue();
    calling(() => this.#end.record(this.nativeStream));
    return 1000 * (await awaiting(() => this.#end.millisecondsSince(this.#start)));
  }

  [Symbol.dispose](): void {
    for (const handle of [this.#empty, this.#leadIn, this.#scratch, this.#sink, this.#start, this.#end, ...this.#modules]) handle.close();
    this.stream.dispose();
    this.device.dispose();
  }
}

async function loadFloor(device: NativeDevice, symbol: string): Promise<NativeModule> {
  const nvrtc = requireNvrtc();
  const text = readFileSync(path.join(packageRoot, "bench", "floor.cu"), "utf8");
  const image = await compileKernel({ symbol, text }, targetArch(device.info.arch, nvrtc), nvrtc);
  return calling(() => device.loadModule(image));
}
