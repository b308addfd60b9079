/** Top-ks of scores: rendered device functions on every plan that takes one, against the reference of what the evaluator says (of long rows, the binding's JavaScript), bit for bit. */
import { deepEqual } from "node:assert/strict";
import { referenceTopk } from "../../bench/reference.ts";
import { type Dtype, type Operands, type Order, operandElements, SCORE_DTYPE } from "../../dsl/index.ts";
import { type Device, type DeviceTensor, type HostArray, type IndexArray, sample } from "../../runtime/index.ts";
import type { TopkWith } from "../../runtime/prologue.ts";
import { type RenderedModule, renderedModule } from "../support/rendered.ts";
import { compiledScore, entryFunctions, operandValues, oracleScores } from "../support/scored.ts";
import { DTYPES, ORDERS, type Scenario, type SuiteBackend, scoped } from "./case.ts";
import { checkAnswer } from "./check.ts";
import { makePattern, type PatternName } from "./patterns.ts";

type Own = <D extends Disposable>(disposable: D) => D;

interface ScoredShape {
  readonly plan: string;
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly quick?: boolean;
}

const SHAPES: readonly ScoredShape[] = [
  { plan: "cluster_select", rows: 3, cols: 4099, k: 60, quick: true },
  { plan: "cluster_sort", rows: 2, cols: 5001, k: 400, quick: true },
  { plan: "block_select", rows: 35, cols: 5003, k: 50, quick: true },
  { plan: "warp_select", rows: 35, cols: 515, k: 20, quick: true },
  { plan: "bitonic_block", rows: 5, cols: 701, k: 300, quick: true },
  { plan: "wide_select", rows: 2, cols: 12003, k: 50, quick: true },
  { plan: "stream_tile", rows: 5, cols: 5003, k: 50, quick: true },
  { plan: "stream_heap", rows: 5, cols: 1001, k: 50, quick: true },
  { plan: "radix_select", rows: 5, cols: 3001, k: 700, quick: true },
  { plan: "cluster_select", rows: 8, cols: 50304, k: 200 },
  { plan: "cluster_sort", rows: 4, cols: 50304, k: 1000 },
  { plan: "block_select", rows: 36, cols: 32003, k: 200 },
  { plan: "warp_select", rows: 300, cols: 2049, k: 64 },
  { plan: "wide_select", rows: 3, cols: 151936, k: 50 },
  { plan: "stream_tile", rows: 16, cols: 50304, k: 200 },
  { plan: "radix_select", rows: 2, cols: 151936, k: 20000 },
];
const PATTERNS: readonly PatternName[] = ["normal", "anyBits", "ties"];

/** Elements of x above which a shape is left to the GPU. */
const CPU_ELEMENTS = 26_000;

export function scoredScenarios(backend: SuiteBackend): Scenario[] {
  let making: Promise<RenderedModule> | undefined;
  const made = async (name: string): Promise<TopkWith<Operands>> => {
    making ??= renderedUntilExit();
    return (await making).topks[name]!;
  };
  const shapes = SHAPES.filter(({ rows, cols }) => backend === "cuda" || rows * cols <= CPU_ELEMENTS);
  const others = [...entryFunctions().keys()].filter((name) => name !== "composed");
  // each is a compilation: the one that reads most everywhere, with the one that computes most on long rows, and on others two that take turns
  const namesFor = (quick: boolean, turn: number): readonly string[] =>
    quick ? ["composed", ...[2 * turn, 2 * turn + 1].map((each) => others[each % others.length]!)] : ["composed", "capped"];
  const topks = shapes.flatMap(({ quick = false, ...shape }, at) =>
    DTYPES.flatMap((dtype, which) =>
      namesFor(quick, at * DTYPES.length + which).map((name, of): Scenario => {
        const order = ORDERS[(at + which + of) % 2]!;
        const pattern = PATTERNS[(at + of) % PATTERNS.length]!;
        return {
          group: "prologues",
          name: `${name} of ${shape.rows}x${shape.cols} k${shape.k} ${dtype} ${order} ${pattern} ${backend === "cpu" ? "cpu" : shape.plan}`,
          // one function of each plan and dtype for compute-sanitizer: that which reads every kind of operand
          quick: quick && name === "composed",
          run: async ({ device }) => {
            const topk = await made(name);
            await scoped((own) => compare(device, own, topk, name, { ...shape, quick, dtype, order, pattern }, backend !== "cpu"));
          },
        };
      }),
    ),
  );
  const draws = DTYPES.map((dtype): Scenario => {
    const [rows, cols, k] = [3, 4099, 60];
    return {
      group: "prologues",
      name: `a draw from composed of ${rows}x${cols} k${k} ${dtype}`,
      quick: false,
      run: async () => compareDraws(await made("composed"), { rows, cols, k, dtype }, backend),
    };
  });
  return [...topks, ...draws];
}

/** Host in, tokens out, against what the CPU backend draws from the oracle's scores. */
async function compareDraws(
  topk: TopkWith<Operands>,
  given: { readonly rows: number; readonly cols: number; readonly k: number; readonly dtype: Dtype },
  backend: SuiteBackend,
): Promise<void> {
  const { rows, cols, k, dtype } = given;
  const data = makePattern({ ...given, pattern: "normal", seed: cols });
  const values = operandValues(topk.operands, given, 4);
  const host = Object.fromEntries(Object.entries(topk.operands).map(([name, varies]) => [name, varies === "uniform" ? values[name]![0]! : values[name]!]));
  const settings = { rows, k, topP: 0.95, seed: 7, logprobs: true, candidates: true } as const;
  const scores = oracleScores(entryFunctions().get("composed")!, { data, rows, cols, rowStride: cols, dtype }, values);
  const { backend: on, ...drawn } = await topk.sample(data, host, { ...settings, dtype, backend });
  const { backend: judge, ...expected } = await sample(scores, { ...settings, backend: "cpu" });
  deepEqual(drawn, expected);
}

/** The scenarios of a suite share it. */
async function renderedUntilExit(): Promise<RenderedModule> {
  const module = await renderedModule();
  process.once("exit", () => module[Symbol.dispose]());
  return module;
}

interface Given extends ScoredShape {
  readonly dtype: Dtype;
  readonly order: Order;
  readonly pattern: PatternName;
}

async function compare(device: Device, own: Own, topk: TopkWith<Operands>, name: string, given: Given, forced: boolean): Promise<void> {
  const { rows, cols, k, dtype, order, pattern, plan: wanted } = given;
  const data = makePattern({ rows, cols, k, dtype, pattern, seed: cols });
  const values = operandValues(topk.operands, given, rows + cols);
  const fn = entryFunctions().get(name)!;
  const scores = oracleScores(fn, { data, rows, cols, rowStride: cols, dtype }, values, given.quick ? undefined : compiledScore(fn));
  const plan = own(await topk.plan(device, { rows, cols, k, dtype, order, ...(forced && { force: { plan: wanted } }) }));
  const x = own(device.tensor(data, { shape: [rows, cols], dtype }));
  const operands = Object.fromEntries(
    Object.entries(topk.operands).map(([operand, varies]): [string, DeviceTensor] => {
      const width = varies === "column" || varies === "element" ? cols : 1;
      return [operand, own(device.tensor(values[operand]!, { shape: [operandElements(varies, given) / width, width], dtype: "f32" }))];
    }),
  );
  const out = { values: own(device.empty([rows, k], SCORE_DTYPE)), indices: own(device.empty([rows, k], "i32")) };
  plan.run(x, operands, out);
  const answer = { values: (await out.values.toHost()) as HostArray, indices: (await out.indices.toHost()) as IndexArray };
  checkAnswer(answer, rows, k, referenceTopk({ data: scores, rows, cols, k, dtype: SCORE_DTYPE, order }), k);
}
