/** Every function of the addon and every method of its handles, with any arguments, on the fake driver. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { addon } from "../../native/index.ts";
import type { CpuTopkJob, NativeError } from "../../native/types.ts";
import { live, loadKernels, useFakeDriver } from "../native/fake-driver/fake-driver.ts";
import { collected, fuzz, Mine } from "./fuzz.ts";
import { hostile, hostileArrays, make, mostly, options } from "./hostile.ts";

useFakeDriver({ devices: 1 });
// a compilation that gets so far ends there
process.env.TOPKIT_NVRTC = "/dev/null";

const CODES = ["TK_NO_DRIVER", "TK_NO_DEVICE", "TK_DRIVER", "TK_NO_NVRTC", "TK_COMPILE", "TK_HANDLE", "TK_ARGUMENT", "TK_MEMORY"];

/** What is called on what: the addon, or one of each kind of handle. */
function family() {
  const device = addon().openDevice(0);
  const { module, idle } = loadKernels(device);
  const stream = device.createStream();
  const list = device.prepare([{ function: idle, grid: 1, block: 32, cluster: 1, sharedBytes: 0, parameters: [], slots: [] }], 1);
  const memory = device.allocate(64);
  const host = addon().allocateHost(64);
  const captured = device.createStream();
  captured.beginCapture();
  list.run(captured, [0n]);
  const graph = captured.endCapture();
  const event = device.createEvent(true);
  return { addon: addon(), device, module, idle, stream, list, memory, host, graph, event, captured };
}
type Family = ReturnType<typeof family>;
const OWN = ["device", "module", "idle", "stream", "list", "memory", "host", "graph", "event"] as const;

const own = fc.oneof({ weight: 8, arbitrary: fc.record({ own: fc.constantFrom(...OWN) }) }, hostile);
const streams = fc.oneof({ weight: 3, arbitrary: fc.constant({ own: "stream" }) }, fc.constant(null), own);
const sizes = mostly(0, 1, 64, 65);
const pointers = fc.oneof({ weight: 3, arbitrary: fc.constantFrom({ own: "pointer" }, { own: "past" }) }, mostly(0n, 1n));
const arrays = fc.oneof({ weight: 3, arbitrary: hostileArrays }, hostile);
const images = fc.oneof(
  arrays,
  fc.uint8Array({ minLength: 60, maxLength: 300 }),
  // what looks like a cubin
  fc.uint8Array({ minLength: 60, maxLength: 300 }).map((bytes) => Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, ...bytes)),
);
const step = options({
  function: [{ own: "idle" }],
  grid: [1, 7],
  block: [32, 1024],
  cluster: [1, 2],
  sharedBytes: [0, 49152],
  parameters: [[], [1n], [1n, 2n]],
  slots: [[], [{ parameter: 0, pointer: 0 }]],
});
const job = options({
  ...{
    input: [new Float32Array(12), new Uint16Array(12)],
    values: [new Float32Array(6), new Uint16Array(6)],
    indices: [new Int32Array(6), new BigInt64Array(6)],
  },
  ...{
    lengths: [null, new Int32Array(3)],
    rows: [0, 1, 3],
    cols: [4],
    k: [1, 2],
    rowStride: [4],
    dtype: ["f32", "bf16"],
    order: ["largest"],
    indexBytes: [4, 8],
    threads: [0, 1, 3],
  },
});

const CALLS: Readonly<Record<string, fc.Arbitrary<readonly unknown[]>>> = {
  "addon.driverInfo": fc.tuple(hostile),
  "addon.nvrtcInfo": fc.tuple(mostly(true, false)),
  "addon.openDevice": fc.tuple(mostly(0, 1, -1)),
  "addon.compile": fc.tuple(mostly("extern"), mostly("name"), mostly("sm_90", "compute_80", "sm_9", "sm_90x"), fc.oneof(fc.array(mostly("-G")), hostile)),
  "addon.allocateHost": fc.tuple(sizes),
  "addon.cpuTopk": fc.tuple(job),
  "device.allocate": fc.tuple(sizes),
  "device.loadModule": fc.tuple(images),
  "device.createStream": fc.tuple(hostile),
  "device.createEvent": fc.tuple(mostly(true, false)),
  "device.prepare": fc.tuple(fc.oneof(fc.array(step, { maxLength: 3 }), hostile), mostly(0, 1, 4)),
  "device.upload": fc.tuple(pointers, arrays, streams),
  "device.download": fc.tuple(arrays, pointers, streams),
  "device.fill": fc.tuple(pointers, mostly(0, 255, 256), sizes),
  "device.synchronize": fc.tuple(),
  "memory.pointer": fc.tuple(),
  "host.pointer": fc.tuple(),
  "host.bytesView": fc.tuple(),
  "module.getFunction": fc.tuple(mostly("idle", "store", "none")),
  "idle.setMaxSharedBytes": fc.tuple(mostly(0, 65536)),
  "stream.pointer": fc.tuple(),
  "stream.synchronize": fc.tuple(),
  "stream.waitEvent": fc.tuple(own),
  "stream.beginCapture": fc.tuple(),
  "stream.endCapture": fc.tuple(),
  "event.record": fc.tuple(streams),
  "event.millisecondsSince": fc.tuple(own),
  "list.run": fc.tuple(streams, fc.oneof(fc.array(pointers, { maxLength: 2 }), hostile)),
  "graph.launch": fc.tuple(streams),
  ...Object.fromEntries(OWN.filter((name) => name !== "idle").map((name) => [`${name}.close`, fc.tuple()])),
};
const calls = fc.array(
  fc.constantFrom(...Object.keys(CALLS)).chain((call) => fc.tuple(fc.constant(call), CALLS[call]!)),
  { minLength: 1, maxLength: 12 },
);

function resolve(drawn: unknown, all: Family): unknown {
  if (typeof drawn !== "object" || drawn === null || ArrayBuffer.isView(drawn) || "made" in drawn) return make(drawn);
  if (Array.isArray(drawn)) return drawn.map((each) => resolve(each, all));
  if ("own" in drawn) {
    if (drawn.own === "pointer") return all.memory.pointer;
    return drawn.own === "past" ? all.memory.pointer + 63n : all[drawn.own as keyof Family];
  }
  return Object.fromEntries(Object.entries(drawn).map(([name, value]) => [name, resolve(value, all)]));
}

let imagesRefused = 0;

function check(error: unknown): void {
  if (error instanceof Mine) return;
  expect(error).toBeInstanceOf(Error);
  if ((error as NativeError).call === "cuModuleLoadDataEx") imagesRefused += 1;
  expect(CODES).toContain((error as NativeError).code);
  expect((error as Error).message).not.toMatch(/^$|\[object |the native addon failed/);
}

it("no call does more than refuse", async () => {
  let refused = 0;
  let done = 0;
  await fuzz("the addon", 1500, calls, async (sequence) => {
    const all = family();
    const pending: Promise<unknown>[] = [];
    for (const [call, drawn] of sequence) {
      const [on, name] = call.split(".") as [keyof Family, string];
      try {
        const given = drawn.map((each) => resolve(each, all));
        const target = all[on] as unknown as Record<string, unknown>;
        const member = target[name];
        const result: unknown = typeof member === "function" ? Reflect.apply(member, target, given) : member;
        if (result instanceof Promise) pending.push(result.catch(check));
        done += 1;
      } catch (error) {
        check(error);
        refused += 1;
      }
    }
    await Promise.all(pending);
    for (const name of OWN) if (name !== "idle") all[name].close();
    all.captured.close();
  });
  expect(done).toBeGreaterThan(500);
  expect(refused).toBeGreaterThan(500);
});

it.each([[5], ["text"], [null], [undefined], [Symbol("mine")], [new Mine("mine")]])("what a getter throws comes out as it is: %o", async (thrown) => {
  const hostileJob = Object.defineProperty({ rows: 1 }, "cols", {
    get: () => {
      throw thrown;
    },
  });
  const came = await addon()
    .cpuTopk(hostileJob as unknown as CpuTopkJob)
    .then(
      () => "nothing",
      (error: unknown) => ({ error }),
    );
  expect(came).toEqual({ error: thrown });
});

it("methods on what is no handle, and constructors called", () => {
  const all = family();
  for (const name of OWN) {
    const prototype = Object.getPrototypeOf(all[name]) as object;
    for (const member of Object.getOwnPropertyNames(prototype)) {
      const { value, get } = Object.getOwnPropertyDescriptor(prototype, member) ?? {};
      for (const self of [undefined, null, {}, Object.create(prototype), new Proxy(all[name], {}), addon()]) {
        // V8 itself refuses some with a TypeError
        expect(() => Reflect.apply(value ?? get, self, [])).toThrow();
      }
    }
  }
  for (const name of OWN) if (name !== "idle") all[name].close();
  all.captured.close();
});

it("nothing of it is left on the driver when all is collected", () =>
  collected(() => {
    // the driver's log has the images that it refused, too
    const { cuModuleLoadDataEx = 0, ...others } = live();
    return cuModuleLoadDataEx === imagesRefused ? others : { ...others, cuModuleLoadDataEx };
  }));
