/** Draws from scores: on the CPU and the emulator, what sample() draws from the oracle's scores. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random } from "../../bench/random.ts";
import { type Operands, operandElements, toBf16 } from "../../dsl/index.ts";
import { type Device, open, type SampleOptions, type SampleResult, sample } from "../../runtime/index.ts";
import type { TopkWith } from "../../runtime/prologue.ts";
import { failsWith } from "../runtime/fails-with.ts";
import { type RenderedModule, renderedModule } from "../support/rendered.ts";
import { entryFunctions, oracleScores } from "../support/scored.ts";
import "../support/compiled-cache.ts";

let module: RenderedModule;
beforeAll(async () => {
  module = await renderedModule();
});
afterAll(() => module[Symbol.dispose]());

const named = (name: string): TopkWith<Operands> => module.topks[name]!;

const settings = { topP: 0.9, minP: 0.01, temperature: 0.7, seed: 11, logprobs: true, candidates: true } as const;

/** bf16 logits, and operands of sizes that change what is drawn. */
function given(name: string, rows: number, cols: number) {
  const source = random(cols, rows);
  const data = Uint16Array.from({ length: rows * cols }, () => toBf16(source.normal() * 3));
  const { operands } = named(name);
  const values = Object.fromEntries(
    Object.entries(operands).map(([operand, varies]) => [
      operand,
      Float32Array.from({ length: operandElements(varies, { rows, cols }) }, () =>
        operand === "keep" || operand === "seen" ? source.below(2) : 0.5 + source.uniform(),
      ),
    ]),
  );
  return { data, values, operands };
}

/** From the oracle's scores, by the CPU backend, which test/runtime/sample.test.ts judges. */
function fromScores(name: string, rows: number, cols: number, options: Partial<SampleOptions> & Pick<SampleOptions, "k" | "seed">): Promise<SampleResult> {
  const { data, values } = given(name, rows, cols);
  const scores = oracleScores(entryFunctions().get(name)!, { data, rows, cols, rowStride: cols, dtype: "bf16" }, values);
  return sample(scores, { rows, ...options, backend: "cpu" });
}

/** All but the backend, with the bits of what is a number. */
const bitsOf = ({ tokens, logprobs, candidates }: SampleResult) => ({
  tokens,
  logprobs: logprobs && new Uint32Array(logprobs.buffer),
  ...(candidates && { kept: candidates.kept, indices: candidates.indices, candidates: new Uint32Array(candidates.logprobs.buffer) }),
});

describe.each(["cpu", "emulate"] as const)("on %s", { timeout: 120_000 }, (backend) => {
  it.each([
    ["penalized", 3, 517, 20],
    ["composed", 2, 3001, 50],
    ["biased", 1, 300, 1],
  ])("%s: host in, tokens out (%d x %d, k %d)", async (name, rows, cols, k) => {
    const { data, values, operands } = given(name, rows, cols);
    const host = Object.fromEntries(
      Object.entries(operands).map(([operand, varies]) => [operand, varies === "uniform" ? values[operand]![0]! : values[operand]!]),
    );
    const drawn = await named(name).sample(data, host, { ...settings, rows, k, dtype: "bf16", backend });
    expect(drawn).toMatchObject({ dims: [rows], backend });
    expect(Math.min(...drawn.tokens)).toBeGreaterThanOrEqual(0);
    expect(bitsOf(drawn)).toEqual(bitsOf(await fromScores(name, rows, cols, { ...settings, k })));
    // the scores are what is drawn from, not the logits
    if (k > 1) expect(bitsOf(drawn)).not.toEqual(bitsOf(await sample(data, { ...settings, rows, k, dtype: "bf16", backend: "cpu" })));
  });

  it("no rows are no work", async () => {
    const { tokens } = await named("biased").sample(new Float32Array(0), { bias: new Float32Array(5) }, { rows: 0, cols: 5, k: 2, seed: 1, backend });
    expect(tokens.length).toBe(0);
  });

  it("plans, runs and captures, in one launch more than the top-k", async () => {
    using device = await open({ backend });
    const [rows, cols, k] = [2, 3001, 50];
    const topk = named("composed");
    using plan = await topk.samplePlan(device, {
      rows,
      cols,
      k,
      dtype: "bf16",
      lengths: true,
      ...(backend === "emulate" && { force: { plan: "cluster_select" } }),
    });
    const kernels = plan.explain.kernels.map(({ name }) => name.replace(/composed_[0-9a-f]{8}/, "composed"));
    expect(kernels).toEqual(backend === "cpu" ? ["cpu_score", "cpu_topk", "cpu_sample"] : ["cluster_select_composed_of_bf16", "sample_row"]);
    const { data, values, operands } = given("composed", rows, cols);
    const ends = Int32Array.of(2999, 1500);
    const lengths = device.tensor(ends, { shape: [rows, 1], dtype: "i32" });
    const x = device.tensor(data, { shape: [rows, cols], dtype: "bf16" });
    const tensors = Object.fromEntries(
      Object.entries(operands).map(([operand, varies]) => {
        const width = varies === "column" || varies === "element" ? cols : 1;
        return [operand, device.tensor(values[operand]!, { shape: [values[operand]!.length / width, width], dtype: "f32" })];
      }),
    );
    const words = (first: bigint) => BigInt64Array.from({ length: rows }, (_, row) => first + BigInt(row));
    const parameters = {
      temperature: device.tensor(new Float32Array(rows).fill(settings.temperature), { shape: [rows, 1], dtype: "f32" }),
      seeds: device.tensor(new BigInt64Array(rows).fill(11n), { shape: [rows, 1], dtype: "i64" }),
      offsets: device.tensor(words(3n), { shape: [rows, 1], dtype: "i64" }),
    };
    const out = { tokens: device.empty([rows, 1], "i32"), logprobs: device.empty([rows, 1], "f32") };
    const expected = async (offset: number) => fromScores("composed", rows, cols, { k, seed: 11, offset, temperature: 0.7, lengths: ends, logprobs: true });
    const drawn = async () => ({ tokens: await out.tokens.toHost(), logprobs: await out.logprobs.toHost() });
    plan.run(x, tensors, parameters, out, { lengths });
    expect(await drawn()).toMatchObject(await pick(expected(3)));
    using captured = await plan.capture(x, tensors, parameters, out, { lengths });
    await parameters.offsets.upload(words(400n));
    captured.replay();
    expect(await drawn()).toMatchObject(await pick(expected(400)));
  });

  it("refuses what does not fit, by name", async () => {
    using device = await open({ backend });
    const topk = named("biased");
    using plan = await topk.samplePlan(device, { rows: 1, cols: 8, k: 2, dtype: "f32" });
    const [x, bias, words] = [device.empty([1, 8], "f32"), device.empty([1, 8], "f32"), device.empty([1, 1], "i64")];
    const parameters = { seeds: words, offsets: words };
    const out = { tokens: device.empty([1, 1], "i32") };
    await failsWith("TK403", () => plan.run(x, {} as never, parameters, out), /bias is undefined/);
    await failsWith("TK110", () => plan.run(x, { bias: words }, parameters, out), /bias/);
    await failsWith("TK110", () => plan.run(x, { bias }, { ...parameters, seeds: bias }, out), /seeds/);
    await failsWith("TK101", () => plan.run(x, { bias }, parameters, { ...out, more: x } as never), /more/);
    plan.dispose();
    await failsWith("TK401", () => plan.run(x, { bias }, parameters, out));
    await failsWith("TK101", () => topk.samplePlan(device, { rows: 1, cols: 8, k: 2, dtype: "f32", order: "smallest" } as never), /order/);
  });
});

const pick = async (result: Promise<SampleResult>) => {
  const { tokens, logprobs } = await result;
  return { tokens, logprobs };
};

it("refuses parameters and operands that do not fit, and what is no device", async () => {
  const topk = named("biased");
  const x = new Float32Array(6);
  const bias = new Float32Array(6);
  await failsWith("TK116", () => topk.sample(x, { bias }, { k: 1, seed: 1, temperature: -1 }));
  await failsWith("TK117", () => topk.sample(x, { bias: x.subarray(1) }, { k: 1, seed: 1 }), /operand bias has 5 entries/);
  await failsWith("TK105", () => topk.sample(x, { bias }, { k: 7, seed: 1 }));
  await failsWith("TK403", () => topk.samplePlan({} as Device, { rows: 1, cols: 6, k: 1, dtype: "f32" }), /the device is a Object/);
});
