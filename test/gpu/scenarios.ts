/** Streams, graphs, repeats and surroundings: what a single run does not show. */
import { plans } from "../../dsl/index.ts";
import type { Device, Plan } from "../../runtime/index.ts";
import { type Scenario, type ScenarioContext, type SuiteBackend, scoped } from "./case.ts";
import { answers } from "./cases-shapes.ts";
import { Mismatch } from "./check.ts";
import { farScenarios } from "./far.ts";
import { hostScenarios } from "./host-scenarios.ts";
import type { PatternName } from "./patterns.ts";
import { sampleScenarios } from "./sample-scenarios.ts";
import { scoredScenarios } from "./scored-scenarios.ts";
import { optionsOf, type Shape, Slot } from "./slot.ts";

type Own = <D extends Disposable>(disposable: D) => D;
type Work = (device: Device, own: Own, shape: Shape) => Promise<void>;

const CHANGING: readonly PatternName[] = ["normal", "allNegInf", "ties", "nans", "asc", "equal", "desc", "zeros", "anyBits", "normal"];
const RUNS = 40;

const planOf = async (device: Device, own: Own, shape: Shape): Promise<Plan> => own(await device.plan(optionsOf(shape)));

/** The workspace holds what the run before left in it: other data, another threshold, more candidates. */
const dirtyWorkspace: Work = async (device, own, shape) => {
  const plan = await planOf(device, own, shape);
  const slot = await Slot.of(device, own, shape, "normal");
  for (const [seed, pattern] of CHANGING.entries()) {
    await slot.fill(pattern, seed);
    slot.run(plan);
    await slot.check();
  }
};

/** Nobody waits between upload, run and read: the tensors' own order must do. */
const unawaited: Work = async (device, own, shape) => {
  const plan = await planOf(device, own, shape);
  const slot = await Slot.of(device, own, shape, "normal");
  for (const [seed, pattern] of CHANGING.entries()) {
    const wiped = slot.wipe();
    const filled = slot.fill(pattern, seed);
    slot.run(plan);
    await Promise.all([slot.check(), wiped, filled]);
  }
};

const twoPlansTwoStreams: Work = async (device, own, shape) => {
  const streams = [own(device.stream()), own(device.stream())];
  const sides = await Promise.all(
    streams.map(async (stream, seed) => ({ stream, plan: await planOf(device, own, shape), slot: await Slot.of(device, own, shape, "normal", seed + 1) })),
  );
  for (let run = 0; run < RUNS; run++) for (const { slot, plan, stream } of sides) slot.run(plan, stream);
  for (const { slot, stream } of sides) {
    await stream.synchronize();
    await slot.check();
  }
};

/** One workspace, two streams: the second run must wait on the device for the first. */
const onePlanTwoStreams: Work = async (device, own, shape) => {
  const plan = await planOf(device, own, shape);
  const streams = [own(device.stream()), own(device.stream())];
  const slots = await Promise.all([Slot.of(device, own, shape, "normal", 1), Slot.of(device, own, shape, "ties", 2)]);
  for (let run = 0; run < RUNS; run++) for (const [side, slot] of slots.entries()) slot.run(plan, streams[side]);
  for (const stream of streams) await stream.synchronize();
  for (const slot of slots) await slot.check();
};

const graphReplay: Work = async (device, own, shape) => {
  const plan = await planOf(device, own, shape);
  const slot = await Slot.of(device, own, shape, "normal");
  const captured = own(await slot.capture(plan));
  const streams = [undefined, own(device.stream()), own(device.stream())];
  for (const [seed, pattern] of CHANGING.entries()) {
    await slot.fill(pattern, seed);
    await slot.wipe();
    captured.replay(streams[seed % streams.length]);
    await slot.check();
  }
};

/** A graph and eager runs of one plan share its workspace, on several streams. */
const graphAndEager: Work = async (device, own, shape) => {
  const plan = await planOf(device, own, shape);
  const [a, b] = await Promise.all([Slot.of(device, own, shape, "normal", 1), Slot.of(device, own, shape, "desc", 2)]);
  const captured = own(await a.capture(plan));
  const streams = [own(device.stream()), own(device.stream())];
  for (let run = 0; run < RUNS; run++) {
    captured.replay(streams[run % 2]);
    b.run(plan, streams[(run >> 1) % 2]);
  }
  for (const stream of streams) await stream.synchronize();
  await a.check();
  await b.check();
};

const hundredRepeats: Work = async (device, own, shape) => {
  const plan = await planOf(device, own, shape);
  const slot = await Slot.of(device, own, shape, "ties");
  for (let repeat = 0; repeat < 100; repeat++) {
    if (repeat % 10 === 0) await slot.wipe();
    slot.run(plan);
    await slot.check();
  }
};

const WORKS: Readonly<Record<string, Work>> = {
  "dirty workspace": dirtyWorkspace,
  "nothing awaited": unawaited,
  "two plans on two streams": twoPlansTwoStreams,
  "one plan on two streams": onePlanTwoStreams,
  "graph replay with changed input": graphReplay,
  "graph replays among eager runs": graphAndEager,
  "a hundred repeats": hundredRepeats,
};

function shapesFor(backend: SuiteBackend): readonly Shape[] {
  if (backend === "cpu") return [{ rows: 6, cols: 9001, k: 60, dtype: "bf16" }];
  if (backend === "emulate") {
    const sizes = [
      { rows: 3, cols: 300 },
      { rows: 3, cols: 5001 },
      { rows: 33, cols: 4101 },
      { rows: 1, cols: 5001, k: 300 },
    ];
    return plans.map(({ name, stages }): Shape => {
      const shapes = sizes.map((size): Shape => ({ k: 40, ...size, dtype: "bf16", plan: name }));
      // two stages make more than one list only of long rows
      return shapes.slice(Math.min(1, stages.length - 1)).find((shape) => answers(name, { ...shape, order: "largest" }))!;
    });
  }
  return plans.flatMap(({ name, stages }): Shape[] => {
    const shapes: readonly Shape[] =
      stages.length === 1
        ? [
            { rows: 300, cols: 1000, k: 50, dtype: "bf16", plan: name },
            { rows: 40, cols: 4096, k: 4096, dtype: "f32", plan: name },
            { rows: 7, cols: 3000, k: 200, dtype: "f32", plan: name },
            { rows: 4, cols: 50304, k: 50, dtype: "bf16", plan: name },
            { rows: 270, cols: 4101, k: 50, dtype: "bf16", plan: name },
          ]
        : [
            { rows: 8, cols: 50304, k: 100, dtype: "bf16", plan: name },
            { rows: 2, cols: 200001, k: 1000, dtype: "f32", plan: name },
            // more than one block sorts
            ...(stages.length > 2 ? [{ rows: 2, cols: 60001, k: 20000, dtype: "f32", plan: name } as const] : []),
          ];
    return shapes.filter((shape) => answers(name, { ...shape, order: "largest" }));
  });
}

/** TOPKIT_CANDIDATE_TARGET reaches the plans that it is for, and changes no answer. */
const candidateTargets: Scenario = {
  group: "surroundings",
  name: "TOPKIT_CANDIDATE_TARGET",
  run: async ({ device }: ScenarioContext) => {
    const before = process.env.TOPKIT_CANDIDATE_TARGET;
    const shape: Shape = { rows: 3, cols: 50304, k: 10, dtype: "bf16", plan: "stream_tile" };
    try {
      await scoped(async (own) => {
        const slot = await Slot.of(device, own, shape, "normal");
        for (const target of [1, 7, 125, 500, 3000, 100000]) {
          process.env.TOPKIT_CANDIDATE_TARGET = String(target);
          const plan = await planOf(device, own, shape);
          if (plan.explain.config.candidateTarget !== target) throw new Mismatch(`candidateTarget is ${plan.explain.config.candidateTarget}, not ${target}`);
          await slot.wipe();
          slot.run(plan);
          await slot.check();
        }
        process.env.TOPKIT_CANDIDATE_TARGET = "many";
        const refused = await device.plan(optionsOf(shape)).then(
          (plan) => plan.dispose(),
          (error: Error) => error.message,
        );
        if (!refused?.includes("TOPKIT_CANDIDATE_TARGET")) throw new Mismatch(`TOPKIT_CANDIDATE_TARGET=many was not refused by its name: ${refused}`);
      });
    } finally {
      if (before === undefined) delete process.env.TOPKIT_CANDIDATE_TARGET;
      else process.env.TOPKIT_CANDIDATE_TARGET = before;
    }
  },
};

export function allScenarios(backend: SuiteBackend): Scenario[] {
  const works = Object.entries(WORKS).flatMap(([name, work]) =>
    shapesFor(backend).map((shape, at, all): Scenario => {
      const label = `${name}, ${shape.plan ?? "the CPU"}, ${shape.rows}x${shape.cols} k${shape.k} ${shape.dtype}`;
      return {
        group: "scenarios",
        name: label,
        quick: all.findIndex(({ plan }) => plan === shape.plan) === at && work !== hundredRepeats,
        run: ({ device }) => scoped((own) => work(device, own, shape)),
      };
    }),
  );
  return [
    ...works,
    ...hostScenarios(),
    ...sampleScenarios(backend),
    ...scoredScenarios(backend),
    ...(backend === "cpu" ? [] : [candidateTargets]),
    ...(backend === "cuda" ? farScenarios() : []),
  ];
}
