/** One process of runtime-cost.ts: SHAPE STATE. Prints its samples as a line of JSON. STATE: whether the cache folder is new (cold) or not (warm). */
import type { Dtype } from "../dsl/index.ts";
import type { Costs } from "./runtime-cost.ts";

/** Calls between two waits: the device's queue holds a thousand launches. */
const CALLS = 100;
const GOES = 30;
/** What V8 takes to compile what is called a hundred times a go: a call took 12 us at first and 4.7 after some thirty goes (docs/log/tune.md). */
const WARM_UP = 100;
const PLANS = 30;

const [shape = "", state = ""] = process.argv.slice(2);
const [rows, cols, k] = shape.split(",").map(Number) as [number, number, number];
const dtype = shape.split(",")[3] as Dtype;
const started = Number(process.env.TOPKIT_STARTED);
const samples: Record<string, number[]> = {};
const add = (name: string, figure: number): void => {
  samples[name] = [...(samples[name] ?? []), figure];
};

// what a program does that has nothing but the package
const { open } = await import("../runtime/index.ts");
const imported = Date.now();
const device = await open();
const opened = performance.now();
const plan = await device.plan({ rows, cols, k, dtype });
const planned = performance.now();
const x = device.empty([rows, cols], dtype);
await x.upload(dtype === "f32" ? new Float32Array(rows * cols) : new Uint16Array(rows * cols));
const out = { values: device.empty([rows, k], dtype), indices: device.empty([rows, k], "i32") };
const stream = device.stream();
plan.run(x, out, { stream });
await stream.synchronize();
add(`start of the process to the first result (${state} cache) ms`, Date.now() - started);
add("start of the process to topkit imported ms", imported - started);
add(`first plan (${state} cache) ms`, planned - opened);

for (let at = 0; at < PLANS; at++) {
  const before = performance.now();
  const again = await device.plan({ rows, cols, k, dtype });
  add("plan made again us", 1000 * (performance.now() - before));
  again.dispose();
}

/** Host microseconds a call, of each go; the device is idle when a go begins. */
async function enqueue(name: string, call: () => void): Promise<void> {
  for (let go = 0; go < WARM_UP + GOES; go++) {
    await stream.synchronize();
    const before = performance.now();
    for (let at = 0; at < CALLS; at++) call();
    if (go >= WARM_UP) add(name, (1000 * (performance.now() - before)) / CALLS);
  }
  await stream.synchronize();
}
await enqueue("call enqueued us", () => plan.run(x, out, { stream }));
const captured = await plan.capture(x, out);
await enqueue("replay of a captured call enqueued us", () => captured.replay(stream));

const { native } = await import("../runtime/native-access.ts");
const { version } = native().nvrtcInfo() as { version?: readonly number[] };
const costs: Costs = { device: device.name, versions: `node=${process.versions.node};nvrtc=${version?.join(".")}`, samples };
console.log(JSON.stringify(costs));
