/**
 * A NativeAddon without a GPU: device memory is host memory behind made-up addresses, launches are recorded, and those of one-kernel plans, whose
 * arguments say everything, are carried out by the oracle, as is a draw behind them, its tokens alone. Copies happen a turn of the event loop later, so that missing order shows.
 */
import { setImmediate as turn } from "node:timers/promises";
import { plans } from "../../dsl/index.ts";
import { addon } from "../../native/index.ts";
import type {
  CpuSampleJob,
  CpuTopkJob,
  DeviceInfo,
  DriverInfo,
  LaunchStep,
  NativeAddon,
  NativeDevice,
  NativeError,
  NativeEvent,
  NativeFunction,
  NativeMemory,
  NativeStream,
  NvrtcInfo,
} from "../../native/types.ts";
import { oracleTopk } from "../support/oracle.ts";
import { expectedSample } from "../support/sample-rows.ts";

export interface Launch extends Omit<LaunchStep, "function" | "slots"> {
  readonly symbol: string;
  /** 0 for the default stream. */
  readonly stream: bigint;
}

export function nativeError(code: NativeError["code"], message: string, more: Partial<NativeError> = {}): NativeError {
  return Object.assign(new Error(message), { code, ...more });
}

export const H200: DeviceInfo = {
  ordinal: 0,
  name: "Fake H200",
  arch: 90,
  multiprocessors: 132,
  memoryBytes: 2 ** 37,
  l2Bytes: 2 ** 26,
  maxThreadsPerBlock: 1024,
  maxSharedBytes: 227 * 1024,
  clusterLaunch: true,
};

/** Symbols of kernels that give the whole answer. */
const WHOLE = new RegExp(`^(?:${plans.flatMap(({ stages }) => (stages.length === 1 ? [stages[0]!.name] : [])).join("|")})_(f32|f16|bf16)_(largest|smallest)_`);

export class FakeNative implements NativeAddon {
  readonly version = "fake-1";
  driver: DriverInfo = { ok: true, version: [13, 0], path: "/fake/libcuda.so.1", devices: [H200] };
  nvrtc: NvrtcInfo = { ok: true, version: [13, 0], path: "/fake/libnvrtc.so.13", arches: [80, 90, 100], trail: [] };
  /** What the next calls of that name throw, instead of working. */
  readonly failing = new Map<"compile" | "allocate" | "run" | "upload" | "cpuTopk" | "createStream", NativeError>();
  readonly compiled: { symbol: string; arch: string; source: string }[] = [];
  readonly launches: Launch[] = [];
  readonly graphs: { nodes: number; launches: number; closed: boolean }[] = [];
  readonly filled: { destination: bigint; byte: number; bytes: number }[] = [];
  readonly sharedLimits: { symbol: string; bytes: number }[] = [];
  readonly streams: { pointer: bigint; synchronized: number; closed: boolean }[] = [];
  maxThreads = 1024;
  l2Bytes = H200.l2Bytes;
  /** Below 80: a device for which there is no kernel. */
  arch = H200.arch;
  /** What events tell: each launch moves it on by `microsecondsOf` its symbol. */
  clock = 0;
  microsecondsOf: (symbol: string) => number = () => 1;
  /** Where not, tokens stay as they were. */
  draws = true;
  deviceSynchronized = 0;
  openDevices = 0;
  readonly #memory = new Map<bigint, Uint8Array>();
  #next = 0x7f00_0000_0000n;

  get liveAllocations(): number {
    return this.#memory.size;
  }

  driverInfo = (): DriverInfo => this.driver;
  nvrtcInfo = (): NvrtcInfo => this.nvrtc;

  async compile(source: string, symbol: string, arch: string): Promise<{ image: Uint8Array; log: string; milliseconds: number }> {
    this.#fail("compile");
    this.compiled.push({ symbol, arch, source });
    await turn();
    return { image: new TextEncoder().encode(`${arch} ${symbol}`), log: "", milliseconds: 1 };
  }

  allocateHost(bytes: number): ReturnType<NativeAddon["allocateHost"]> {
    const memory = this.#allocate(bytes);
    return { ...memory, bytesView: this.#memory.get(memory.pointer)! };
  }

  async cpuTopk(job: CpuTopkJob): Promise<void> {
    this.#fail("cpuTopk");
    await turn();
    const bytes = (buffer: ArrayBufferView | { pointer: bigint; bytes: number }): Uint8Array =>
      "pointer" in buffer ? this.bytesAt(buffer.pointer, buffer.bytes) : new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    const ends = job.lengths === null ? undefined : new Int32Array(bytes(job.lengths).slice().buffer);
    this.#answer(job, bytes(job.input), bytes(job.values), bytes(job.indices), ends);
  }

  /** The real one: of arrays, it needs no device. */
  cpuSample(job: CpuSampleJob): Promise<void> {
    return addon().cpuSample(job);
  }

  loadEmulatedKernel(): never {
    throw new Error("the emulator is not faked");
  }

  openDevice(ordinal: number): NativeDevice {
    this.openDevices += 1;
    let open = true;
    const copy = async (move: () => void): Promise<void> => {
      this.#fail("upload");
      await turn();
      move();
    };
    return {
      info: { ...H200, ordinal, l2Bytes: this.l2Bytes, arch: this.arch },
      allocate: (bytes) => this.#allocate(bytes),
      loadModule: (image) => ({ getFunction: (symbol) => this.#function(symbol, new TextDecoder().decode(image)), close: () => {} }),
      createStream: () => this.#stream(),
      createEvent: () => this.#event(),
      prepare: (steps, pointers) => this.#list(steps, pointers),
      upload: (destination, source) =>
        copy(() => this.bytesAt(destination, source.byteLength).set(new Uint8Array(source.buffer, source.byteOffset, source.byteLength))),
      download: (destination, source) =>
        copy(() => new Uint8Array(destination.buffer, destination.byteOffset, destination.byteLength).set(this.bytesAt(source, destination.byteLength))),
      fill: async (destination, byte, bytes) => {
        this.filled.push({ destination, byte, bytes });
        this.bytesAt(destination, bytes).fill(byte);
      },
      synchronize: async () => {
        await turn();
        this.deviceSynchronized += 1;
      },
      close: () => {
        if (open) this.openDevices -= 1;
        open = false;
      },
    };
  }

  /** The memory at an address; throws where it is not one whole live allocation's part, as a GPU would fault. */
  bytesAt(pointer: bigint, bytes: number): Uint8Array {
    for (const [start, memory] of this.#memory) {
      const offset = Number(pointer - start);
      if (offset >= 0 && offset + bytes <= memory.length) return memory.subarray(offset, offset + bytes);
    }
    throw new Error(`illegal address 0x${pointer.toString(16)}`);
  }

  #fail(name: "compile" | "allocate" | "run" | "upload" | "cpuTopk" | "createStream"): void {
    const error = this.failing.get(name);
    if (error !== undefined) throw error;
  }

  #allocate(bytes: number): NativeMemory {
    this.#fail("allocate");
    const pointer = this.#next;
    this.#next += BigInt(Math.ceil(bytes / 256 + 1) * 256);
    // memory comes dirty
    this.#memory.set(pointer, new Uint8Array(bytes).fill(0xa5));
    return { pointer, bytes, close: () => void this.#memory.delete(pointer) };
  }

  #stream(): NativeStream {
    this.#fail("createStream");
    const record = { pointer: BigInt(this.streams.length + 1), synchronized: 0, closed: false };
    this.streams.push(record);
    return {
      pointer: record.pointer,
      synchronize: async () => {
        await turn();
        record.synchronized += 1;
      },
      waitEvent: () => {},
      beginCapture: () => {
        this.#capture = [];
      },
      endCapture: () => {
        const captured = this.#capture ?? [];
        this.#capture = undefined;
        const graph = { nodes: captured.length, launches: 0, closed: false };
        this.graphs.push(graph);
        return {
          nodes: captured.length,
          launch: (stream) => {
            graph.launches += 1;
            for (const launch of captured) this.#launch({ ...launch, stream: stream?.pointer ?? 0n });
          },
          close: () => {
            graph.closed = true;
          },
        };
      },
      close: () => {
        record.closed = true;
      },
    };
  }
  #capture: Launch[] | undefined;

  #function(symbol: string, image: string): NativeFunction & { symbol: string } {
    if (image.split(" ")[1] !== symbol)
      throw nativeError("TK_DRIVER", `no ${symbol} in ${image}`, { call: "cuModuleGetFunction", status: 500, statusName: "CUDA_ERROR_NOT_FOUND" });
    return {
      symbol,
      info: { registers: 32, localBytes: 0, staticSharedBytes: 0, maxThreadsPerBlock: this.maxThreads },
      setMaxSharedBytes: (bytes) => void this.sharedLimits.push({ symbol, bytes }),
    };
  }

  #list(steps: readonly LaunchStep[], count: number): ReturnType<NativeDevice["prepare"]> {
    return {
      run: (stream, pointers) => {
        this.#fail("run");
        if (pointers.length !== count) throw nativeError("TK_ARGUMENT", `${pointers.length} pointers for ${count} slots`);
        for (const { function: called, slots, parameters, ...geometry } of steps) {
          const patched = parameters.map((value, parameter) => {
            const slot = slots.find((each) => each.parameter === parameter);
            return slot === undefined ? value : pointers[slot.pointer]!;
          });
          const { symbol } = called as NativeFunction & { symbol: string };
          const launch: Launch = { ...geometry, symbol, parameters: patched, stream: stream?.pointer ?? 0n };
          if (this.#capture === undefined) this.#launch(launch);
          else this.#capture.push(launch);
        }
      },
      close: () => {},
    };
  }

  readonly #times = new WeakMap<NativeEvent, number>();

  #event(): NativeEvent {
    const event: NativeEvent = {
      record: () => void this.#times.set(event, this.clock),
      millisecondsSince: async (start) => {
        await turn();
        return (this.#times.get(event)! - this.#times.get(start)!) / 1000;
      },
      close: () => {},
    };
    return event;
  }

  #launch(launch: Launch): void {
    this.launches.push(launch);
    this.clock += this.microsecondsOf(launch.symbol);
    const draw = /^sample_row_(f32|f16|bf16)_/.exec(launch.symbol);
    if (draw !== null && this.draws) this.#draw(draw[1] as "f32" | "f16" | "bf16", launch.parameters as bigint[]);
    const match = WHOLE.exec(launch.symbol);
    if (match === null) return;
    const [x, lengths, values, indices, ...shape] = launch.parameters as [bigint, bigint, bigint, bigint, ...bigint[]];
    const [rows, cols, k, rowStride, indexBytes] = shape.map(Number) as [number, number, number, number, 4 | 8];
    const dtype = match[1] as "f32" | "f16" | "bf16";
    const order = match[2] as "largest" | "smallest";
    const size = dtype === "f32" ? 4 : 2;
    const ends = lengths === 0n ? undefined : new Int32Array(this.bytesAt(lengths, rows * 4).slice().buffer);
    const input = this.bytesAt(x, ((rows - 1) * rowStride + cols) * size);
    const job = { rows, cols, k, rowStride, dtype, order, indexBytes };
    this.#answer(job, input, this.bytesAt(values, rows * k * size), this.bytesAt(indices, rows * k * indexBytes), ends);
  }

  #draw(dtype: "f32" | "f16" | "bf16", [values, indices, temperature, topP, minP, seeds, offsets, tokens, ...rest]: bigint[]): void {
    const [rows, k] = rest.slice(3).map(Number) as [number, number];
    const copy = (pointer: bigint, bytes: number): ArrayBuffer => this.bytesAt(pointer, bytes).slice().buffer as ArrayBuffer;
    const numbers = (pointer: bigint, absent: number): Float32Array =>
      pointer === 0n ? new Float32Array(rows).fill(absent) : new Float32Array(copy(pointer, rows * 4));
    const answer = expectedSample({
      ...{ rows, k, dtype },
      values: dtype === "f32" ? new Float32Array(copy(values!, rows * k * 4)) : new Uint16Array(copy(values!, rows * k * 2)),
      indices: new Int32Array(copy(indices!, rows * k * 4)),
      ...{ temperature: numbers(temperature!, 1), topP: numbers(topP!, 1), minP: numbers(minP!, 0) },
      ...{ seeds: new BigUint64Array(copy(seeds!, rows * 8)), offsets: new BigUint64Array(copy(offsets!, rows * 8)) },
    });
    this.bytesAt(tokens!, rows * 4).set(new Uint8Array(answer.tokens.buffer));
  }

  #answer(
    { rows, cols, k, rowStride, dtype, order, indexBytes }: Omit<CpuTopkJob, "input" | "values" | "indices" | "lengths" | "threads">,
    input: Uint8Array,
    values: Uint8Array,
    indices: Uint8Array,
    lengths: Int32Array | undefined,
  ): void {
    const buffer = input.slice().buffer;
    const data = dtype === "f32" ? new Float32Array(buffer) : new Uint16Array(buffer);
    const answer = oracleTopk({ data, rows, cols, k, rowStride, dtype, order, ...(lengths === undefined ? {} : { lengths }) });
    values.set(new Uint8Array(answer.values.buffer));
    const found = indexBytes === 4 ? answer.indices : BigInt64Array.from(answer.indices, BigInt);
    indices.set(new Uint8Array(found.buffer));
  }
}
