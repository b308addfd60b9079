/** What once ended the process, or was feared to: memory and handles that go away under a call, and threads that end in one. */
import { describe, expect, it } from "vitest";
import { clean, HEADER, node, script } from "./child.ts";

describe("memory that goes away under a call", () => {
  const LARGE = "const n = 1 << 25; const x = new Float32Array(n).fill(1); const large = job({ input: x, rows: 1, cols: n, rowStride: n, threads: 1 });";
  const SAY = ".then(() => console.log('computed'), (error) => console.log(error.code, error.message));";
  const flags = ["--expose-gc"];

  it("an input that is transferred, its new owner collected", async () => {
    const body = `${LARGE} const done = addon.cpuTopk(large); (() => void structuredClone(x.buffer, { transfer: [x.buffer] }))(); gc(); gc(); done${SAY}`;
    expect(await node(script(body), { flags })).toEqual(clean(expect.stringMatching(/^TK_ARGUMENT input was detached during the top-k/)));
  });

  it("an upload that is transferred, its new owner collected", async () => {
    const body = `
      const device = addon.openDevice(0); const memory = device.allocate(1 << 27); const x = new Uint8Array(1 << 27);
      const done = Promise.all([0, 1, 2, 3, 4].map(() => device.upload(memory.pointer, x, null)));
      (() => void structuredClone(x.buffer, { transfer: [x.buffer] }))(); gc(); gc(); done${SAY}`;
    expect(await node(script(body), { flags })).toEqual(clean(expect.stringMatching(/^TK_ARGUMENT the array was detached/)));
  });

  it("a buffer that says of itself that it cannot be resized", async () => {
    const body = `
      const memory = new ArrayBuffer(1 << 25, { maxByteLength: 1 << 26 });
      Object.defineProperty(memory, "resizable", { value: false });
      const n = (1 << 25) / 4; addon.cpuTopk(job({ input: new Float32Array(memory), rows: 1, cols: n, rowStride: n }))${SAY}`;
    expect(await node(script(body))).toEqual(clean(expect.stringMatching(/^TK_ARGUMENT input is an object; allowed: .* fixed length/)));
  });

  it("a buffer that transfers itself when it is asked anything", async () => {
    const body = `
      const device = addon.openDevice(0); const target = device.allocate(1 << 26);
      const memory = new ArrayBuffer(1 << 26);
      Object.defineProperty(memory, "resizable", { get() { structuredClone(memory, { transfer: [memory] }); gc(); return false; } });
      device.upload(target.pointer, new Uint8Array(memory), null)${SAY}`;
    expect(await node(script(body), { flags })).toEqual(clean("computed\n"));
  });
});

it("a launch list that is closed by its own arguments", async () => {
  const body = `
    const device = addon.openDevice(0); const memory = device.allocate(64);
    const store = device.loadModule(Buffer.from("kernel store 2".padEnd(64, "\\n"))).getFunction("store");
    for (let i = 0; i < 300; i += 1) {
      const step = { function: store, grid: 1, block: 32, cluster: 1, sharedBytes: 0, parameters: [memory.pointer, 7n], slots: [{ parameter: 1, pointer: 0 }] };
      const list = device.prepare([step], 1);
      list.run(null, Object.defineProperty([0n], 0, { get() { list.close(); return 5n; } }));
    }
    console.log("done");`;
  expect(await node(script(body))).toEqual(clean("done\n"));
});

describe("worker threads that are terminated in the middle of a call", () => {
  // each once ended the whole process now and then, within a dozen workers
  it.each([
    ["queueing work", "for (;;) { addon.cpuTopk(job({})); if (++n % 50 === 0) await 0; if (n % 500 === 0) await new Promise(setImmediate); }"],
    ["in a getter", "for (;;) { for (let i = 0; i < 50; i += 1) addon.cpuTopk(slow()).catch(() => {}); await 0; }"],
    ["making errors", "for (;;) { try { addon.allocateHost(-1); } catch {} addon.cpuTopk(7).catch(() => {}); await 0; }"],
    [
      "making handles",
      "for (;;) { const device = addon.openDevice(0); device.allocate(64); device.createStream(); device.info; if (++n % 100 === 0) await new Promise(setImmediate); }",
    ],
  ])("%s", { timeout: 60_000 }, async (_, loop) => {
    const worker = `${HEADER}
      let n = 0;
      const slow = () => Object.defineProperty(job({}), "values", { get() { for (let i = 0; i < 1e5; i += 1); return new Float32Array(12); } });
      (async () => { ${loop} })();`;
    const body = `
      const { Worker } = require("node:worker_threads");
      (async () => {
        for (let i = 0; i < 24; i += 1) {
          const worker = new Worker(${JSON.stringify(worker)}, { eval: true });
          await new Promise((done) => worker.on("online", done));
          await new Promise((done) => setTimeout(done, 15 + i));
          await worker.terminate();
        }
        await addon.cpuTopk(job({}));
        console.log("alive");
      })();`;
    expect(await node(script(body))).toEqual(clean("alive\n"));
  });

  it("several at once, on one array that all of them share", { timeout: 60_000 }, async () => {
    const worker = `${HEADER}
      const { workerData } = require("node:worker_threads");
      const input = new Float32Array(workerData);
      (async () => {
        for (let i = 0; i < 200; i += 1) {
          const mine = job({ input });
          await addon.cpuTopk(mine);
          if (String(mine.indices.subarray(0, 4)) !== "9,8,7,6") throw new Error(String(mine.indices));
        }
      })();`;
    const body = `
      const { Worker } = require("node:worker_threads");
      const shared = new SharedArrayBuffer(120);
      new Float32Array(shared).set(Array.from({ length: 30 }, (_, place) => place));
      const ends = Array.from({ length: 6 }, () => new Promise((done) => new Worker(${JSON.stringify(worker)}, { eval: true, workerData: shared }).on("exit", done)));
      Promise.all(ends).then((codes) => console.log(String(codes)));`;
    expect(await node(script(body))).toEqual(clean("0,0,0,0,0,0\n"));
  });
});

it("the public functions in several threads at once, half of them terminated in the middle", { timeout: 60_000 }, async () => {
  expect(await node(["test/fuzz/workers-child.ts"], { flags: ["--import", "tsx"] })).toEqual(clean("3 of 3 right\n"));
});
