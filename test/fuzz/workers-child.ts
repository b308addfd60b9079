/**
 * topk() and devices in several worker threads at once, half of them terminated in the middle. Prints how many of those that were left to
 * end found every result right.
 */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { open, topk } from "../../runtime/index.ts";

const COLS = 5000;
const KEPT = 3;

if (isMainThread) {
  const shared = new SharedArrayBuffer(4 * COLS);
  new Float32Array(shared).forEach((_, col, all) => {
    all[col] = (col * 7919) % COLS;
  });
  // a thread does not inherit the loader that lets the process read TypeScript
  const loader = "tsx/esm/api";
  const script = `import(${JSON.stringify(loader)}).then(({ register }) => { register(); return import(${JSON.stringify(import.meta.url)}); });`;
  const workers = Array.from({ length: 2 * KEPT }, () => new Worker(script, { eval: true, execArgv: [], workerData: shared }));
  const ends = workers.slice(0, KEPT).map((worker) => new Promise<number>((done) => worker.once("exit", done)));
  for (const worker of workers.slice(KEPT)) worker.once("message", () => void worker.terminate());
  const codes = await Promise.all(ends);
  console.log(`${codes.filter((code) => code === 0).length} of ${KEPT} right`);
} else {
  const x = new Float32Array(workerData as SharedArrayBuffer);
  for (let round = 0; round < 60; round += 1) {
    const calls = [1, 7, 50].map(async (k) => {
      const { values } = await topk(x, { k, backend: "cpu" });
      if (!values.every((value, place) => value === COLS - 1 - place)) throw new Error(`wrong: ${values}`);
    });
    const device = await open({ backend: "cpu" });
    const plan = await device.plan({ rows: 1, cols: COLS, k: 5, dtype: "f32" });
    const out = { values: device.empty([1, 5], "f32"), indices: device.empty([1, 5], "i32") };
    plan.run(device.tensor(x, { shape: [1, COLS], dtype: "f32" }), out);
    const best = await out.values.toHost();
    if (Number(best[0]) !== COLS - 1) throw new Error(`wrong: ${best}`);
    await Promise.all(calls);
    // every other round leaves its handles to the thread's end
    if (round % 2 === 0) device.dispose();
    if (round === 5) parentPort?.postMessage("in the middle");
  }
}
