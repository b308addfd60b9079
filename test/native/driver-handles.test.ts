import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { addon } from "../../native/index.ts";
import { errorOf, KERNELS, live, loadKernels, logged, storeList, useFakeDriver } from "./fake-driver/fake-driver.ts";

useFakeDriver({ devices: 2 });

/** One of each kind of handle. */
function family(ordinal: number) {
  const device = addon().openDevice(ordinal);
  const { module, store } = loadKernels(device);
  const stream = device.createStream();
  stream.beginCapture();
  const list = storeList(device, store, 1n);
  list.run(stream, [0n]);
  const graph = stream.endCapture();
  return { device, module, store, stream, list, graph, memory: device.allocate(8), event: device.createEvent(false) };
}

function close({ store: _, ...handles }: ReturnType<typeof family>): void {
  for (const handle of Object.values(handles)) handle.close();
}

test("what a handle tells", () => {
  const all = family(1);
  expect(all.device.info).toEqual({
    ordinal: 1,
    name: "Fake GPU 1",
    arch: 90,
    multiprocessors: 132,
    memoryBytes: 2 ** 37,
    l2Bytes: 50 * 2 ** 20,
    maxThreadsPerBlock: 1024,
    maxSharedBytes: 227 * 1024,
    clusterLaunch: true,
  });
  expect(all.store.info).toEqual({ registers: 40, localBytes: 0, staticSharedBytes: 0, maxThreadsPerBlock: 512 });
  expect(all.memory.bytes).toBe(8);
  expect(all.memory.pointer).toBeTypeOf("bigint");
  expect(all.graph.nodes).toBe(1);
  close(all);
  expect(live()).toEqual({});
});

test("a device that does not exist", () => {
  expect(errorOf(() => addon().openDevice(2))).toMatchObject({ code: "TK_NO_DEVICE", message: expect.stringContaining("allowed: 0 to 1") });
  expect(errorOf(() => addon().openDevice(-1))).toMatchObject({ code: "TK_ARGUMENT" });
  expect(errorOf(() => addon().openDevice(0.5))).toMatchObject({ code: "TK_ARGUMENT" });
});

test("use after close is TK_HANDLE, close is idempotent", async () => {
  const all = family(0);
  const step = { function: all.store, grid: 1, block: 32, cluster: 1, sharedBytes: 0, parameters: [0n, 0n], slots: [] };
  close(all);
  close(all);
  const uses = [
    () => all.device.allocate(8),
    () => all.device.createStream(),
    () => all.memory.pointer,
    () => all.module.getFunction("store"),
    () => all.store.setMaxSharedBytes(0),
    () => all.stream.pointer,
    () => all.stream.beginCapture(),
    () => all.event.record(null),
    () => all.list.run(null, [0n]),
    () => all.graph.launch(null),
  ];
  for (const use of uses) expect(errorOf(use)).toMatchObject({ code: "TK_HANDLE", message: expect.stringContaining("closed") });
  await expect(all.device.upload(0n, new Uint8Array(8), null)).rejects.toMatchObject({ code: "TK_HANDLE" });
  await expect(all.stream.synchronize()).rejects.toMatchObject({ code: "TK_HANDLE" });

  const other = family(0);
  expect(errorOf(() => other.list.run(all.stream, [0n]))).toMatchObject({
    code: "TK_HANDLE",
    message: "the stream is a NativeStream that was closed; keep it open for as long as it is used",
  });
  expect(errorOf(() => other.device.prepare([step], 0))).toMatchObject({
    code: "TK_HANDLE",
    message: expect.stringContaining("module of function store was closed"),
  });
  close(other);
});

test("a wrong or forged handle is TK_HANDLE", () => {
  const all = family(0);
  const forged = Object.create(Object.getPrototypeOf(all.stream)) as typeof all.stream;
  const disguised = Object.setPrototypeOf(all.device.allocate(8), Object.getPrototypeOf(all.stream)) as typeof all.stream;
  for (const wrong of [all.event, {}, 7, "stream", forged, disguised]) {
    expect(errorOf(() => all.list.run(wrong as typeof all.stream, [0n]))).toMatchObject({
      code: "TK_HANDLE",
      message: "the stream is not a NativeStream; pass the handle that the addon returned",
    });
  }
  const pointer = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(all.stream), "pointer")!.get!;
  expect(errorOf(() => pointer.call(all.memory))).toMatchObject({ code: "TK_HANDLE" });
  expect(() => all.stream.close.call(all.memory)).toThrow();
  expect(errorOf(() => Reflect.construct(all.stream.constructor, []))).toMatchObject({
    code: "TK_HANDLE",
    message: expect.stringContaining("cannot be constructed"),
  });
  close(all);
});

test("handles of two devices do not mix", async () => {
  const [first, second] = [family(0), family(1)];
  const mixes = [
    () => first.list.run(second.stream, [0n]),
    () => first.graph.launch(second.stream),
    () => first.stream.waitEvent(second.event),
    () => first.event.record(second.stream),
    () => storeList(first.device, second.store, 0n),
  ];
  for (const mix of mixes) expect(errorOf(mix)).toMatchObject({ code: "TK_HANDLE", message: expect.stringMatching(/device 1, this handle to device 0/) });
  await expect(first.device.upload(first.memory.pointer, new Uint8Array(8), second.stream)).rejects.toMatchObject({ code: "TK_HANDLE" });
  close(first);
  close(second);
});

test("a device closed before its children: they go on, and the context is released with the last", () => {
  const { device, store, ...rest } = family(0);
  const contexts = (): number => live().cuDevicePrimaryCtxRetain ?? 0;
  const before = contexts();
  device.close();
  expect(contexts()).toBe(before);
  rest.list.run(rest.stream, [rest.memory.pointer]);
  rest.graph.close();
  rest.module.close();
  rest.list.close();
  rest.stream.close();
  rest.event.close();
  expect(contexts()).toBe(before);
  rest.memory.close();
  expect(contexts()).toBe(before - 1);
});

test("handles that are collected are closed", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const before = live();
  for (let i = 0; i < 20; i++) family(0);
  expect(live().cuMemAlloc_v2).toBe(20 + (before.cuMemAlloc_v2 ?? 0));
  for (let attempt = 0; attempt < 50 && live().cuDevicePrimaryCtxRetain !== undefined; attempt++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(live()).toEqual({});
});

test("ten thousand times opened and closed leave nothing", () => {
  const device = addon().openDevice(0);
  const count = (): number => logged().filter((line) => line === "cuMemAlloc_v2").length;
  const before = count();
  for (let i = 0; i < 10_000; i++) device.allocate(64).close();
  for (let i = 0; i < 200; i++) close(family(0));
  expect(count()).toBe(before + 10_200);
  device.close();
  expect(live()).toEqual({});
});

test("an image that is no kernel image", () => {
  const device = addon().openDevice(0);
  const elf = new Uint8Array(128);
  elf.set([0x7f, 0x45, 0x4c, 0x46]);
  new DataView(elf.buffer).setBigUint64(40, 1000n, true);
  for (const cut of [new Uint8Array(0), KERNELS.subarray(0, 20), elf]) {
    expect(errorOf(() => device.loadModule(cut))).toMatchObject({ code: "TK_ARGUMENT", message: expect.stringContaining("no whole cubin or PTX text") });
  }
  // @ts-expect-error a string is no image
  expect(errorOf(() => device.loadModule("kernel"))).toMatchObject({ code: "TK_ARGUMENT" });
  device.close();
});
