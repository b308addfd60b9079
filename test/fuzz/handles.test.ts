/** Devices, tensors, streams, plans and captured runs, used in any order, with anything, after dispose() too. */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { open } from "../../runtime/index.ts";
import type { CapturedRun, ConcreteBackend, Device, DeviceTensor, Plan, PlanOptions, Stream } from "../../runtime/types.ts";
import "../runtime/private-cache.ts";
import { useNative } from "../../runtime/native-access.ts";
import { live, useFakeDriver } from "../native/fake-driver/fake-driver.ts";
import { useFakeCuda } from "./fake-cuda.ts";
import { collected, fuzz, outcomeOf } from "./fuzz.ts";
import { hostile, make, mostly, options } from "./hostile.ts";

useFakeDriver({ devices: 2 });
useFakeCuda();
afterAll(() => useNative(undefined));

const KINDS = ["device", "tensor", "stream", "plan", "captured"] as const;
type Kind = (typeof KINDS)[number];
type Pool = { readonly [K in Kind]: unknown[] };

/** An argument of a step: what the pool has at a place, a proxy or a heir of it, or anything. */
const held = (kind: Kind): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 14, arbitrary: fc.record({ held: fc.constant(kind), place: fc.nat(30), as: fc.constant("itself") }) },
    fc.record({ held: fc.constantFrom(...KINDS), place: fc.nat(30), as: fc.constantFrom("itself", "proxy", "heir", "disguised") }),
    hostile,
  );

const SHAPES = [
  [2, 4],
  [2, 2],
  [2, 4],
  [2, 1],
  [0, 4],
  [1, 5000],
];
const DTYPES = ["f32", "f32", "f16", "i32", "i64"];
const PLAN = {
  rows: [2, 2, 2, 0, 1],
  cols: [4, 4, 4, 5000],
  k: [2, 2, 2, 1],
  dtype: ["f32", "f32", "f16"],
  order: ["largest", "smallest", undefined],
  rowStride: [4, 5, undefined, undefined],
  lengths: [false, false, true],
  indices: ["i32", "i32", "i64"],
  force: [undefined, undefined, undefined, { plan: "stream_heap" }, { plan: "bitonic_block", config: { warps: 8 } }],
};
/** A plan that most of the pool's tensors fit. */
const usualPlan = fc.constant({ rows: 2, cols: 4, k: 2, dtype: "f32" });

const STEPS = {
  tensor: fc.tuple(
    held("device"),
    mostly(Float32Array.of(4, 3, 2, 1, 1, 2, 3, 4), new Uint16Array(8), new Int32Array(2)),
    options({ shape: SHAPES, dtype: DTYPES }),
  ),
  empty: fc.tuple(held("device"), mostly(...SHAPES), mostly(...DTYPES)),
  outputs: fc.tuple(held("device")),
  stream: fc.tuple(held("device")),
  plan: fc.tuple(held("device"), fc.oneof(usualPlan, options(PLAN))),
  run: fc.tuple(
    held("plan"),
    held("tensor"),
    fc.record({ values: held("tensor"), indices: held("tensor") }),
    fc.option(fc.record({ stream: held("stream"), lengths: held("tensor") }, { requiredKeys: [] }), { nil: undefined }),
  ),
  fitting: fc.tuple(held("plan")),
  capture: fc.tuple(held("plan"), held("tensor"), fc.record({ values: held("tensor"), indices: held("tensor") })),
  replay: fc.tuple(held("captured"), fc.option(held("stream"), { nil: undefined })),
  upload: fc.tuple(held("tensor"), mostly(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), new Uint16Array(8))),
  toHost: fc.tuple(held("tensor")),
  synchronize: fc.tuple(held("stream")),
  assign: fc.tuple(held("tensor"), fc.constantFrom("pointer", "shape", "dtype", "rowStride", "start", "end", "elements"), hostile),
  dispose: fc.tuple(fc.constantFrom(...KINDS).chain(held)),
} as const;
type Step = { readonly step: keyof typeof STEPS; readonly given: readonly unknown[]; readonly wait: boolean };
const steps = fc.array(
  fc
    .constantFrom(...(Object.keys(STEPS) as (keyof typeof STEPS)[]))
    .chain((step) => fc.record({ step: fc.constant(step), given: STEPS[step] as fc.Arbitrary<unknown[]>, wait: fc.boolean() })),
  { minLength: 5, maxLength: 40 },
) as fc.Arbitrary<Step[]>;

interface Held {
  readonly held: Kind;
  readonly place: number;
  readonly as: string;
}
const isHeld = (value: unknown): value is Held => typeof value === "object" && value !== null && "held" in value && "place" in value;

function resolve(drawn: unknown, pool: Pool): unknown {
  if (isHeld(drawn)) {
    const from = pool[drawn.held];
    const found = from[drawn.place % Math.max(1, from.length)];
    if (typeof found !== "object" || found === null) return found;
    if (drawn.as === "proxy") return new Proxy(found, {});
    if (drawn.as === "heir") return Object.create(found);
    return drawn.as === "disguised" ? Object.create(Object.getPrototypeOf(found)) : found;
  }
  if (typeof drawn === "object" && drawn !== null && !ArrayBuffer.isView(drawn) && !Array.isArray(drawn) && !("made" in drawn)) {
    return Object.fromEntries(Object.entries(drawn).map(([name, value]) => [name, resolve(value, pool)]));
  }
  return make(drawn);
}

/** Calls a method of one of our objects; of anything else there is nothing to call. */
function act(pool: Pool, { step, given }: Step): unknown {
  const [on, ...rest] = given.map((each) => resolve(each, pool)) as [unknown, ...never[]];
  const real = KINDS.find((kind) => pool[kind].includes(on));
  switch (step) {
    case "tensor":
    case "empty": {
      if (real !== "device") return;
      const tensor = step === "tensor" ? (on as Device).tensor(rest[0]!, rest[1]!) : (on as Device).empty(rest[0]!, rest[1]!);
      return pool.tensor.push(tensor);
    }
    case "outputs":
      if (real === "device") pool.tensor.push((on as Device).empty([2, 2], "f32"), (on as Device).empty([2, 2], "i32"), (on as Device).empty([2, 4], "f32"));
      return;
    case "stream":
      return real === "device" && pool.stream.push((on as Device).stream());
    case "plan":
      return real === "device" && (on as Device).plan(rest[0] as unknown as PlanOptions).then((plan) => pool.plan.push(plan));
    case "run":
      return real === "plan" && (on as Plan).run(rest[0]!, rest[1]!, rest[2]!);
    case "fitting": {
      const fits = (shape: string, dtype: string) =>
        pool.tensor.find((each) => `${(each as DeviceTensor).shape} ${(each as DeviceTensor).dtype}` === `${shape} ${dtype}`) as DeviceTensor;
      if (real !== "plan") return;
      const out = { values: fits("2,2", "f32"), indices: fits("2,2", "i32") };
      (on as Plan).run(fits("2,4", "f32"), out);
      return (on as Plan).capture(fits("2,4", "f32"), out).then((captured) => pool.captured.push(captured));
    }
    case "capture":
      return real === "plan" && (on as Plan).capture(rest[0]!, rest[1]!).then((captured) => pool.captured.push(captured));
    case "replay":
      return real === "captured" && (on as CapturedRun).replay(rest[0] as unknown as Stream);
    case "upload":
      return real === "tensor" && (on as DeviceTensor).upload(rest[0]!);
    case "toHost":
      return real === "tensor" && (on as DeviceTensor).toHost();
    case "synchronize":
      return real === "stream" && (on as Stream).synchronize();
    case "assign":
      // a TypeError of the engine: there is nothing to set
      return real === "tensor" && expect(() => Object.assign(on as object, { [rest[0] as unknown as string]: rest[1] })).toThrow(TypeError);
    case "dispose":
      if (real !== undefined) (on as Disposable)[Symbol.dispose]();
      return;
  }
}

describe.each([["cpu"], ["cuda"]] as const)("%s", (backend: ConcreteBackend) => {
  it("no order of calls does more than refuse", () => {
    let runs = 0;
    let refused = 0;
    return fuzz(`handles of ${backend}`, 400, steps, async (sequence) => {
      const devices = [await open({ backend }), await open({ backend, device: backend === "cuda" ? 1 : 0 })];
      const pool: Pool = { device: devices, tensor: [], stream: [], plan: [], captured: [] };
      for (const device of devices) pool.tensor.push(device.empty([2, 4], "f32"), device.empty([2, 2], "f32"), device.empty([2, 2], "i32"));
      pool.plan.push(await devices[0]?.plan({ rows: 2, cols: 4, k: 2, dtype: "f32" }));
      const pending: Promise<unknown>[] = [];
      for (const step of sequence) {
        const outcome = outcomeOf(() => act(pool, step)).then((each) => {
          if ("error" in each) refused += 1;
          else if (step.step === "fitting") runs += 1;
        });
        if (step.wait) await outcome;
        else pending.push(outcome);
      }
      await Promise.all(pending);
      for (const device of devices) device.dispose();
    }).then(() => {
      // the sample is worth something: it both runs and is refused
      expect(runs).toBeGreaterThan(20);
      expect(refused).toBeGreaterThan(20);
    });
  });
});

it("nothing of it is left on the driver", () => collected(live));
