/** What a rendered binding promises, compiled by tsc: each expected error must be one, each other line must not. */
import type { Device, DeviceTensor } from "../../runtime/index.ts";
import type { TopkWith } from "../../runtime/prologue.ts";

declare const topk: TopkWith<{ readonly cap: "uniform"; readonly penalty: "row"; readonly bias: "column"; readonly keep: "element" }>;
declare const x: Float32Array;
declare const device: Device;
declare const tensor: DeviceTensor;

const host = { cap: 1, penalty: 1, bias: x, keep: x };
topk(x, host, { k: 1 });
topk({ data: x, dims: [2, 3] }, { ...host, penalty: x }, { k: 1, order: "smallest", lengths: new Int32Array(2) });
// @ts-expect-error an operand is missing
topk(x, { cap: 1, penalty: 1, bias: x }, { k: 1 });
// @ts-expect-error a column has no number for all
topk(x, { ...host, bias: 1 }, { k: 1 });
// @ts-expect-error a uniform is a number
topk(x, { ...host, cap: x }, { k: 1 });
// @ts-expect-error no such operand
topk(x, { cap: 1, penalty: 1, bias: x, keep: x, more: 1 }, { k: 1 });

const plan = await topk.plan(device, { rows: 1, cols: 3, k: 1, dtype: "f16" });
const out = { values: tensor, indices: tensor };
plan.run(tensor, { cap: tensor, penalty: tensor, bias: tensor, keep: tensor }, out);
// @ts-expect-error a run takes tensors
plan.run(tensor, { cap: 1, penalty: tensor, bias: tensor, keep: tensor }, out);

const { tokens } = await topk.sample(x, { ...host, penalty: x }, { k: 1, seed: 1n, topP: x });
export const drawn: Int32Array = tokens;
// @ts-expect-error a draw has a seed
topk.sample(x, host, { k: 1 });
// @ts-expect-error a draw is from the greatest
topk.sample(x, host, { k: 1, seed: 1, order: "smallest" });
const draws = await topk.samplePlan(device, { rows: 1, cols: 3, k: 1, dtype: "f16" });
draws.run(tensor, { cap: tensor, penalty: tensor, bias: tensor, keep: tensor }, { seeds: tensor, offsets: tensor }, { tokens: tensor });
// @ts-expect-error a run has the operands too
draws.run(tensor, { seeds: tensor, offsets: tensor }, { tokens: tensor });
export const kind: "column" = topk.operands.bias;
