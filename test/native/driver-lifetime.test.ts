/** Ends of processes and threads: with handles open, with work under way. Each in a process of its own, which must end by itself and cleanly. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { builtFile, KERNELS } from "./fake-driver/fake-driver.ts";

const HEADER = `
const { Worker, isMainThread } = require("node:worker_threads");
const addon = require(${JSON.stringify(builtFile("topkit.node"))});
const image = new TextEncoder().encode(${JSON.stringify(new TextDecoder().decode(KERNELS))});
function useAll() {
  const device = addon.openDevice(0);
  const memory = device.allocate(64);
  const store = device.loadModule(image).getFunction("store");
  const list = device.prepare([{ function: store, grid: 1, block: 32, cluster: 1, sharedBytes: 0, parameters: [memory.pointer, 7n], slots: [] }], 0);
  const stream = device.createStream();
  list.run(stream, []);
  return { device, memory, list, stream };
}
`;

async function run(script: string, environment: Record<string, string> = {}): Promise<string> {
  const env = { ...process.env, TOPKIT_CUDA_DRIVER: builtFile("libfake_cuda.so"), ...environment };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["-e", HEADER + script], { env, timeout: 60_000 });
  expect(stderr).toBe("");
  return stdout.trim();
}

test("a process ends with all handles open", async () => {
  expect(await run("globalThis.kept = useAll(); console.log('done')")).toBe("done");
});

test("process.exit() with transfers under way and queued", async () => {
  const script = `
    const { device, memory, stream } = useAll();
    for (let i = 0; i < 8; i++) device.upload(memory.pointer, new Uint8Array(64), stream);
    setTimeout(() => { console.log("leaving"); process.exit(0); }, 10);`;
  expect(await run(script, { TOPKIT_FAKE_DELAY_MS: "50" })).toBe("leaving");
});

test("an uncaught error with transfers under way ends as Node ends", async () => {
  const script = `
    const { device, memory, stream } = useAll();
    device.upload(memory.pointer, new Uint8Array(64), stream);
    process.on("exit", (code) => console.log("exit", code));
    process.on("uncaughtException", () => process.exit(3));
    setTimeout(() => { throw new Error("on purpose"); }, 5);`;
  await expect(run(script, { TOPKIT_FAKE_DELAY_MS: "50" })).rejects.toMatchObject({ code: 3, stdout: "exit 3\n" });
});

test("worker threads use devices side by side, and end with handles open", async () => {
  const script = `
    if (isMainThread) {
      useAll();
      const workers = Array.from({ length: 6 }, () => new Worker(process.argv[1] ?? WORKER, { eval: true }));
      let left = workers.length;
      for (const worker of workers) worker.on("exit", (code) => { if (code !== 0) process.exit(9); if (--left === 0) console.log("all ended"); });
    }`;
  const worker = `${HEADER}
    (async () => {
      for (let i = 0; i < 50; i++) {
        const { device, memory, list, stream } = useAll();
        const host = new BigUint64Array(8);
        await device.download(host, memory.pointer, stream);
        if (host[0] !== 7n) process.exit(8);
        if (i % 2) for (const handle of [list, stream, memory, device]) handle.close();
      }
    })();`;
  expect(await run(`const WORKER = ${JSON.stringify(worker)};${script}`)).toBe("all ended");
});

test("a worker terminated in the middle of transfers", async () => {
  const worker = `${HEADER}
    const { device, memory, stream } = useAll();
    setInterval(() => { for (let i = 0; i < 4; i++) device.upload(memory.pointer, new Uint8Array(64), stream); }, 1);`;
  const script = `
    const worker = new Worker(${JSON.stringify(worker)}, { eval: true });
    setTimeout(async () => { await worker.terminate(); useAll(); console.log("terminated"); }, 150);`;
  expect(await run(script, { TOPKIT_FAKE_DELAY_MS: "5" })).toBe("terminated");
});
