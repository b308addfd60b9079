import { expect, test } from "vitest";
import { addon } from "../../native/index.ts";
import type { NativeLaunchList } from "../../native/types.ts";
import { errorOf, failing, live, loadKernels, logged, loggedBy, storeList, useFakeDriver } from "./fake-driver/fake-driver.ts";

useFakeDriver();
const device = addon().openDevice(0);
const { module, store, idle } = loadKernels(device);
const memory = device.allocate(64);
const step = { function: store, grid: 1, block: 32, cluster: 1, sharedBytes: 0, parameters: [memory.pointer, 7n], slots: [] };

async function words(): Promise<bigint[]> {
  const host = new BigUint64Array(8);
  await device.download(host, memory.pointer, null);
  return [...host];
}

const launches = (lines: string[]): string[] => lines.filter((line) => line.startsWith("launch"));
const ordering = (lines: string[]): string[] => lines.filter((line) => /^(launch|record|wait|graph) /.test(line)).map((line) => line.split(" ")[0]!);

test("a list launches its steps in order, with their geometry, and its slots take each run's pointers", async () => {
  await device.fill(memory.pointer, 0, 64);
  const list = device.prepare(
    [
      { ...step, grid: 3, parameters: [0n, 11n], slots: [{ parameter: 0, pointer: 1 }] },
      {
        ...step,
        block: 64,
        sharedBytes: 1024,
        parameters: [0n, 0n],
        slots: [
          { parameter: 0, pointer: 0 },
          { parameter: 1, pointer: 1 },
        ],
      },
      { ...step, function: idle, parameters: [] },
    ],
    2,
  );
  const at = (word: number): bigint => memory.pointer + BigInt(8 * word);
  const lines = loggedBy(() => list.run(null, [at(1), at(2)]));
  expect(launches(lines)).toEqual([
    `launch store grid=3 block=32 cluster=1 shared=0 stream=(nil) values=${at(2)} 11`,
    `launch store grid=1 block=64 cluster=1 shared=1024 stream=(nil) values=${at(1)} ${at(2)}`,
    "launch idle grid=1 block=32 cluster=1 shared=0 stream=(nil) values=",
  ]);
  list.run(null, [at(3), at(4)]);
  expect(await words()).toEqual([0n, at(2), 11n, at(4), 11n, 0n, 0n, 0n]);
  list.close();
});

test("one driver call a run, whatever the launches; new pointers cost one more for each launch that takes them", async () => {
  const slotted = { ...step, parameters: [0n, 11n], slots: [{ parameter: 0, pointer: 0 }] };
  const list = device.prepare(
    [slotted, { ...slotted, parameters: [memory.pointer, 0n], slots: [{ parameter: 1, pointer: 0 }] }, { ...step, function: idle, parameters: [] }],
    1,
  );
  const calls = (pointer: bigint): string[] => loggedBy(() => list.run(null, [pointer])).filter((line) => line.startsWith("cu"));
  const [first, second] = [memory.pointer + 8n, memory.pointer + 16n];
  const changed = ["cuGraphExecKernelNodeSetParams", "cuGraphExecKernelNodeSetParams", "cuGraphLaunch"];
  expect(calls(first)).toEqual(changed);
  expect((await words()).slice(0, 2)).toEqual([first, 11n]);
  expect(calls(first)).toEqual(["cuGraphLaunch"]);
  expect(calls(second)).toEqual(changed);
  expect((await words()).slice(0, 3)).toEqual([second, 11n, 11n]);
  expect(calls(second)).toEqual(["cuGraphLaunch"]);
  list.close();
});

test("a list that cannot be prepared leaves nothing, and says for which kernels; one that can works", async () => {
  const prepare = (): NativeLaunchList => device.prepare([step, { ...step, function: idle, grid: 4, cluster: 2, parameters: [] }], 0);
  const refusals: Readonly<Record<string, string>> = {
    cuGraphCreate: "",
    cuGraphAddKernelNode: " launching store;",
    cuGraphKernelNodeSetAttribute: " launching idle;",
    cuGraphInstantiateWithFlags: " launching store, idle;",
  };
  const before = live();
  for (const [call, why] of Object.entries(refusals)) {
    const lines = loggedBy(() =>
      expect(failing(`${call}=2`, () => errorOf(prepare))).toMatchObject({ code: "TK_MEMORY", call, message: expect.stringContaining(why) }),
    );
    // a failed call is not logged
    expect(lines.filter((line) => /Destroy$/.test(line))).toEqual(call === "cuGraphCreate" ? [] : ["cuGraphDestroy"]);
  }
  expect(live()).toEqual(before);
  const list = prepare();
  await device.fill(memory.pointer, 0, 64);
  list.run(null, []);
  expect((await words())[0]).toBe(7n);
  list.close();
});

test("a closed list gives up its graph before the code that it launches", () => {
  const { module: own, store: ownStore } = loadKernels(device);
  const list = storeList(device, ownStore, 1n);
  list.run(null, [memory.pointer]);
  own.close();
  expect(loggedBy(() => list.close()).filter((line) => /Destroy|Unload/.test(line))).toEqual(["cuGraphExecDestroy", "cuGraphDestroy", "cuModuleUnload"]);
});

test("a capture with other pointers changes neither what the next run stores nor what the graph does", async () => {
  const stream = device.createStream();
  const list = storeList(device, store, 9n);
  const at = (word: number): bigint => memory.pointer + BigInt(8 * word);
  list.run(null, [at(0)]);
  stream.beginCapture();
  list.run(stream, [at(1)]);
  const graph = stream.endCapture();
  await device.fill(memory.pointer, 0, 64);
  expect(launches(loggedBy(() => list.run(null, [at(0)])))).toEqual([expect.stringContaining(`values=${at(0)} 9`)]);
  expect((await words()).slice(0, 2)).toEqual([9n, 0n]);
  list.run(null, [at(2)]);
  graph.launch(null);
  expect((await words()).slice(0, 3)).toEqual([9n, 9n, 9n]);
  for (const handle of [graph, list, stream]) handle.close();
});

test("after new pointers that only some launches got, the next run gives them to all", async () => {
  const slotted = { ...step, parameters: [0n, 5n], slots: [{ parameter: 0, pointer: 0 }] };
  const list = device.prepare([slotted, { ...slotted, slots: [{ parameter: 0, pointer: 1 }] }], 2);
  const at = (word: number): bigint => memory.pointer + BigInt(8 * word);
  list.run(null, [at(0), at(1)]);
  const before = logged().filter((line) => line === "cuGraphExecKernelNodeSetParams").length;
  expect(failing(`cuGraphExecKernelNodeSetParams@${before + 2}=1`, () => errorOf(() => list.run(null, [at(2), at(3)])))).toMatchObject({ status: 1 });
  await device.fill(memory.pointer, 0, 64);
  list.run(null, [at(0), at(1)]);
  expect((await words()).slice(0, 4)).toEqual([5n, 5n, 0n, 0n]);
  list.run(null, [at(2), at(3)]);
  expect((await words()).slice(0, 4)).toEqual([5n, 5n, 5n, 5n]);
  list.close();
});

test("a cluster's dimension goes along, eager and captured", () => {
  const stream = device.createStream();
  const list = device.prepare([{ ...step, grid: 8, cluster: 4 }], 0);
  expect(launches(loggedBy(() => list.run(null, [])))).toEqual([expect.stringContaining("grid=8 block=32 cluster=4")]);
  stream.beginCapture();
  expect(loggedBy(() => list.run(stream, []))).toEqual(["cuLaunchKernelEx", expect.stringContaining("grid=8 block=32 cluster=4")]);
  stream.endCapture().close();
  expect(loggedBy(() => device.prepare([{ ...step, grid: 16, cluster: 16 }], 0).close())).toContain("cuFuncSetAttribute");
  expect(errorOf(() => device.prepare([{ ...step, grid: 6, cluster: 4 }], 0))).toMatchObject({
    code: "TK_ARGUMENT",
    message: expect.stringContaining("no multiple of its cluster of 4"),
  });
  for (const handle of [list, stream]) handle.close();
});

test("runs on two streams are ordered by an event, runs on one stream cost none", () => {
  const [a, b] = [device.createStream(), device.createStream()];
  const list = storeList(device, store, 1n);
  expect(ordering(loggedBy(() => list.run(a, [memory.pointer])))).toEqual(["launch"]);
  expect(ordering(loggedBy(() => list.run(a, [memory.pointer])))).toEqual(["launch"]);
  const moved = loggedBy(() => list.run(b, [memory.pointer])).filter((line) => /^(record|wait)/.test(line));
  const hex = (pointer: bigint): string => `0x${pointer.toString(16)}`;
  const event = /event=(\S+)/.exec(moved[0]!)![1];
  expect(moved).toEqual([`record stream=${hex(a.pointer)} event=${event}`, `wait stream=${hex(b.pointer)} event=${event}`]);
  expect(ordering(loggedBy(() => list.run(null, [memory.pointer])))).toEqual(["record", "wait", "launch"]);
  for (const handle of [a, b, list]) handle.close();
});

test("a stream that was closed after a run still orders the next one, and is destroyed then", () => {
  const [a, b] = [device.createStream(), device.createStream()];
  const list = storeList(device, store, 1n);
  list.run(a, [memory.pointer]);
  expect(loggedBy(() => a.close())).not.toContain("cuStreamDestroy_v2");
  const lines = loggedBy(() => list.run(b, [memory.pointer]));
  expect(ordering(lines)).toEqual(["record", "wait", "launch"]);
  expect(lines.indexOf("cuStreamDestroy_v2")).toBeGreaterThan(lines.findIndex((line) => line.startsWith("wait")));
  for (const handle of [b, list]) handle.close();
});

test("a graph replays what was captured, and is ordered with eager runs of its list", async () => {
  const [a, b] = [device.createStream(), device.createStream()];
  const list = storeList(device, store, 5n);
  list.run(a, [memory.pointer]);
  const captured = loggedBy(() => {
    b.beginCapture();
    list.run(b, [memory.pointer]);
    list.run(b, [memory.pointer + 8n]);
  });
  expect(captured.filter((line) => line.startsWith("wait"))).toEqual([]);
  expect(launches(captured).every((line) => line.includes(" captured"))).toBe(true);
  const graph = b.endCapture();
  expect(graph.nodes).toBe(2);

  await device.fill(memory.pointer, 0, 64);
  // the eager run on a comes before the replay on b, the replay before the next eager run on a
  expect(ordering(loggedBy(() => graph.launch(b)))).toEqual(["record", "wait", "graph"]);
  expect((await words()).slice(0, 3)).toEqual([5n, 5n, 0n]);
  expect(ordering(loggedBy(() => graph.launch(b)))).toEqual(["graph"]);
  expect(ordering(loggedBy(() => list.run(a, [memory.pointer])))).toEqual(["record", "wait", "launch"]);

  list.close();
  module.close();
  expect(loggedBy(() => graph.launch(b)).filter((line) => line === "cuModuleUnload")).toEqual([]);
  for (const handle of [a, b, graph]) handle.close();
});

test("while the last run's stream captures, another stream waits for what was enqueued before the capture", () => {
  const { module: own, store: ownStore } = loadKernels(device);
  const [a, b] = [device.createStream(), device.createStream()];
  const list = storeList(device, ownStore, 5n);
  list.run(a, [memory.pointer]);
  a.beginCapture();
  const lines = loggedBy(() => list.run(b, [memory.pointer]));
  expect(ordering(lines)).toEqual(["wait", "launch"]);
  a.endCapture().close();
  for (const handle of [a, b, list, own]) handle.close();
});

test("what cannot be captured is refused, and closing a capturing stream ends its capture", async () => {
  const { module: own, store: ownStore } = loadKernels(device);
  const stream = device.createStream();
  const event = device.createEvent(true);
  const list = storeList(device, ownStore, 5n);
  stream.beginCapture();
  list.run(stream, [memory.pointer]);
  for (const refused of [() => stream.beginCapture(), () => event.record(stream), () => stream.waitEvent(event)]) {
    expect(errorOf(refused)).toMatchObject({ code: "TK_ARGUMENT", message: expect.stringContaining("capturing") });
  }
  await expect(device.upload(memory.pointer, new Uint8Array(8), stream)).rejects.toMatchObject({ code: "TK_ARGUMENT" });
  await expect(stream.synchronize()).rejects.toMatchObject({ code: "TK_ARGUMENT" });
  expect(loggedBy(() => stream.close())).toEqual(expect.arrayContaining(["cuStreamEndCapture", "cuGraphDestroy", "cuStreamDestroy_v2"]));
  const idleStream = device.createStream();
  expect(errorOf(() => idleStream.endCapture())).toMatchObject({ code: "TK_ARGUMENT", message: expect.stringContaining("not capturing") });
  idleStream.close();
  for (const handle of [event, list, own]) handle.close();
});

test("a stream with transfers under way does not begin a capture", async () => {
  const stream = device.createStream();
  const pending = stream.synchronize();
  expect(errorOf(() => stream.beginCapture())).toMatchObject({ code: "TK_ARGUMENT", message: expect.stringContaining("await them") });
  await pending;
  stream.beginCapture();
  stream.endCapture().close();
  stream.close();
});

test("steps and pointers are checked", () => {
  const { module: own, store: ownStore } = loadKernels(device);
  const good = { ...step, function: ownStore };
  const refused = [
    [{ ...good, grid: 0 }, "steps[0].grid is 0; allowed: an integer from 1 to 2147483647"],
    [{ ...good, grid: 1.5 }, "steps[0].grid is 1.5"],
    [{ ...good, block: 1025 }, "steps[0].block is 1025; allowed: an integer from 1 to 1024"],
    [{ ...good, block: 513 }, "registers allow 512"],
    [{ ...good, sharedBytes: 50_000 }, "call setMaxSharedBytes()"],
    [{ ...good, parameters: [1n, 2n, 3n] }, "has 3 parameters; the kernel store takes 2"],
    [{ ...good, parameters: [1n, -1n] }, "steps[0].parameters[1] is -1n; allowed: a bigint from 0n"],
    [{ ...good, slots: [{ parameter: 2, pointer: 0 }] }, "steps[0].slots[0].parameter is 2; allowed: an integer from 0 to 1"],
    [{ ...good, slots: [{ parameter: 0, pointer: 1 }] }, "steps[0].slots[0].pointer is 1; allowed: an integer from 0 to 0"],
  ] as const;
  for (const [bad, message] of refused) {
    expect(errorOf(() => device.prepare([bad], 1))).toMatchObject({ code: "TK_ARGUMENT", message: expect.stringContaining(message) });
  }
  ownStore.setMaxSharedBytes(50_000);
  device.prepare([{ ...good, sharedBytes: 50_000 }], 0).close();
  expect(errorOf(() => ownStore.setMaxSharedBytes(1 << 20))).toMatchObject({ code: "TK_ARGUMENT" });

  const list = storeList(device, ownStore, 1n);
  const before = launches(logged()).length;
  expect(errorOf(() => list.run(null, []))).toMatchObject({ code: "TK_ARGUMENT", message: expect.stringContaining("takes an array of 1") });
  expect(errorOf(() => list.run(null, [1n << 64n]))).toMatchObject({ code: "TK_ARGUMENT" });
  // @ts-expect-error a number is no pointer
  expect(errorOf(() => list.run(null, [1]))).toMatchObject({ code: "TK_ARGUMENT", message: expect.stringContaining("is 1; allowed: a bigint") });
  expect(launches(logged()).length).toBe(before);
  for (const handle of [list, own]) handle.close();
});

test("a launch that the driver refuses names the call and the kernel", () => {
  const { module: own, store: ownStore } = loadKernels(device);
  const list = storeList(device, ownStore, 1n);
  for (const [call, pointer] of [
    ["cuGraphExecKernelNodeSetParams", memory.pointer + 8n],
    ["cuGraphLaunch", memory.pointer],
  ] as const) {
    const error = failing(`${call}=701`, () => errorOf(() => list.run(null, [pointer])));
    expect(error).toMatchObject({ code: "TK_DRIVER", call, status: 701, message: expect.stringContaining(" launching store;") });
    list.run(null, [memory.pointer]);
  }
  for (const handle of [list, own]) handle.close();
});

test("times between events", async () => {
  const stream = device.createStream();
  const [start, end, untimed] = [device.createEvent(true), device.createEvent(true), device.createEvent(false)];
  await expect(end.millisecondsSince(start)).rejects.toMatchObject({ code: "TK_ARGUMENT", message: expect.stringContaining("never recorded") });
  for (const event of [start, end, untimed]) event.record(stream);
  expect(await end.millisecondsSince(start)).toBe(1.5);
  await expect(untimed.millisecondsSince(start)).rejects.toMatchObject({ code: "TK_ARGUMENT", message: expect.stringContaining("createEvent(true)") });
  stream.waitEvent(end);
  for (const handle of [stream, start, end, untimed]) handle.close();
});

test("nothing is left", () => {
  memory.close();
  device.close();
  expect(live()).toEqual({});
});
