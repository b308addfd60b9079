/** topkWith(): rendered device functions through the public API, on the CPU and the emulator, against the oracle of their scores. */
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Operands, operandElements } from "../../dsl/index.ts";
import { type Device, type DeviceTensor, type Dtype, type HostArray, open } from "../../runtime/index.ts";
import { type TopkWith, topkWith } from "../../runtime/prologue.ts";
import { failsWith } from "../runtime/fails-with.ts";
import { oracleTopk, rawBits } from "../support/oracle.ts";
import { type RenderedModule, renderedModule } from "../support/rendered.ts";
import { entryFunctions, operandValues, oracleScores } from "../support/scored.ts";
import "../support/compiled-cache.ts";

let module: RenderedModule;
beforeAll(async () => {
  module = await renderedModule();
});
afterAll(() => module[Symbol.dispose]());

const [rows, cols, k, rowStride] = [3, 517, 20, 530];
const lengths = Int32Array.of(517, 9, 300);

function bitsLike(dtype: Dtype, length: number): HostArray {
  const bits = Uint32Array.from({ length }, (_, at) => Math.imul((at % 401) + 7, 0x9e3779b1));
  return dtype === "f32" ? new Float32Array(bits.buffer) : Uint16Array.from(bits, (each) => each >>> 16);
}

/** What is given for an operand on the host: a number where it is uniform. */
const hostOperands = (operands: Operands, values: Readonly<Record<string, Float32Array>>) =>
  Object.fromEntries(Object.entries(operands).map(([name, varies]) => [name, varies === "uniform" ? values[name]![0]! : values[name]!]));

const named = (name: string): TopkWith<Operands> => module.topks[name]!;

describe.each(["cpu", "emulate"] as const)("on %s, host in and host out", (backend) => {
  it.each(["cooled", "biased", "masked", "penalized", "capped", "composed"])("%s is the oracle's top-k of the scores", { timeout: 300_000 }, async (name) => {
    const topk = named(name);
    for (const dtype of backend === "cpu" ? (["f32", "f16", "bf16"] as const) : (["bf16"] as const)) {
      const data = bitsLike(dtype, rows * rowStride);
      const values = operandValues(topk.operands, { rows, cols }, 5);
      const scores = oracleScores(entryFunctions().get(name)!, { data, rows, cols, rowStride, dtype }, values);
      const expected = oracleTopk({ data: scores, rows, cols, k, rowStride, dtype: "f32", order: "smallest", lengths });
      const options = { rows, cols, k, rowStride, dtype, order: "smallest", lengths, backend } as const;
      const answer = await topk(data, hostOperands(topk.operands, values), options);
      expect([...rawBits(answer.values)]).toEqual([...rawBits(expected.values)]);
      expect(answer.indices).toEqual(expected.indices);
      expect(answer).toMatchObject({ dims: [rows, k], dtype: "f32", backend });
    }
  });

  it("takes a number for every row, and tensors", { timeout: 120_000 }, async () => {
    const x = { data: Float32Array.of(1, 2, 3, 4), dims: [1, 2, 2] };
    const answer = await named("penalized")(x, { penalty: 2, seen: Float32Array.of(0, 1, 0, 1) }, { k: 2, backend });
    expect([...answer.values]).toEqual([1, 1, 3, 2]);
    expect(answer.dims).toEqual([1, 2, 2]);
  });

  it("no rows are no work", async () => {
    const answer = await named("biased")(new Float32Array(0), { bias: new Float32Array(5) }, { rows: 0, cols: 5, k: 2, backend });
    expect(answer.values.length).toBe(0);
  });
});

it("a long row on the CPU lets the event loop go on", async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await named("capped")(new Float32Array(2_000_000).fill(3), { cap: 2 }, { k: 1, backend: "cpu" });
  clearInterval(timer);
  expect(turns).toBeGreaterThan(5);
});

describe.each(["cpu", "emulate"] as const)("on a device of %s", (backend) => {
  let device: Device;
  beforeAll(async () => {
    device = await open({ backend });
  });
  afterAll(() => device.dispose());

  it("plans, runs and captures", { timeout: 120_000 }, async () => {
    const topk = named("composed");
    const dtype = "f16";
    const data = bitsLike(dtype, rows * cols);
    const plan = await topk.plan(device, { rows, cols, k, dtype, lengths: true, indices: "i64" });
    if (backend === "emulate") expect(plan.explain.kernels[0]!.name).toMatch(/_composed_[0-9a-f]{8}_of_f16$/);
    const x = device.tensor(data, { shape: [rows, cols], dtype });
    const lengthsTensor = device.tensor(lengths, { shape: [rows, 1], dtype: "i32" });
    const out = { values: device.empty([rows, k], "f32"), indices: device.empty([rows, k], "i64") };
    const values = operandValues(topk.operands, { rows, cols }, 6);
    const operands = tensorsOf(device, topk.operands, values);
    const check = async (): Promise<void> => {
      const scores = oracleScores(entryFunctions().get("composed")!, { data, rows, cols, rowStride: cols, dtype }, values);
      const expected = oracleTopk({ data: scores, rows, cols, k, dtype: "f32", lengths });
      expect([...rawBits((await out.values.toHost()) as Float32Array)]).toEqual([...rawBits(expected.values)]);
      expect(Array.from((await out.indices.toHost()) as BigInt64Array, Number)).toEqual([...expected.indices]);
    };
    plan.run(x, operands, out, { lengths: lengthsTensor });
    await check();
    const captured = await plan.capture(x, operands, out, { lengths: lengthsTensor });
    values.bias!.fill(0.25);
    await operands.bias!.upload(values.bias!);
    captured.replay();
    await check();
  });

  it("refuses operands that do not fit, by name", async () => {
    const plan = await named("biased").plan(device, { rows, cols, k, dtype: "f32" });
    const x = device.empty([rows, cols], "f32");
    const out = { values: device.empty([rows, k], "f32"), indices: device.empty([rows, k], "i32") };
    const bias = device.empty([1, cols], "f32");
    await failsWith("TK110", () => plan.run(x, { bias: device.empty([1, cols - 1], "f32") }, out), /bias is 1 x 516 f32; the plan takes 1 x 517 f32/);
    await failsWith("TK110", () => plan.run(x, { bias: device.empty([1, cols], "f16") }, out), /bias/);
    await failsWith(
      "TK110",
      () => plan.run(x, { bias }, { ...out, values: device.empty([rows, k], "bf16") }),
      /values is 3 x 20 bf16; the plan takes 3 x 20 f32/,
    );
    await failsWith("TK403", () => plan.run(x, {}, out), /bias is undefined/);
    await failsWith("TK101", () => plan.run(x, { bias, scale: bias }, out), /no option "scale"/);
    await failsWith("TK110", () => plan.run(x, { bias }, { ...out, values: x }), /values/);
    await failsWith("TK113", () => named("biased").plan(device, { rows, cols, k, dtype: "f32", force: { plan: "cluster_select" } }));
    await failsWith("TK403", () => named("biased").plan({} as Device, { rows, cols, k, dtype: "f32" }), /the device is a Object/);
    plan.dispose();
    await failsWith("TK401", () => plan.run(x, { bias }, out));
  });
});

function tensorsOf(device: Device, operands: Operands, values: Readonly<Record<string, Float32Array>>): Record<string, DeviceTensor> {
  return Object.fromEntries(
    Object.entries(operands).map(([name, varies]) => {
      const width = varies === "column" || varies === "element" ? cols : 1;
      return [name, device.tensor(values[name]!, { shape: [operandElements(varies, { rows, cols }) / width, width], dtype: "f32" })];
    }),
  );
}

describe("operands on the host", () => {
  const x = new Float32Array(6);
  const call = (name: string, operands: object) => () => named(name)(x, operands as never, { rows: 2, k: 1, backend: "cpu" });
  it.each([
    ["biased", null, /the operands are null; give an object with bias/],
    ["biased", {}, /operand bias is undefined; it has one value for each column: give a Float32Array of 3, one a column/],
    ["biased", { bias: 1 }, /operand bias is 1;/],
    ["biased", { bias: new Float32Array(2) }, /operand bias has 2 entries; .* a Float32Array of 3/],
    ["biased", { bias: new Float64Array(3) }, /a Float64Array/],
    ["biased", { bias: new Float32Array(3), more: 1 }, /there is no operand "more"; the operands are bias/],
    ["cooled", { invTemp: Float32Array.of(1) }, /for each call: give a number/],
    [
      "penalized",
      { penalty: new Float32Array(3), seen: new Float32Array(6) },
      /operand penalty has 3 entries; .* a number for all rows, or a Float32Array of 2/,
    ],
    ["masked", { keep: new Float32Array(3) }, /a Float32Array of 6, rows x cols, rows packed/],
  ])("%s of %j", async (name, operands, message) => failsWith("TK117", call(name, operands as object), message));

  it("what topk() refuses is refused", async () => {
    await failsWith("TK105", () => named("cooled")(x, { invTemp: 1 }, { k: 7 }));
    await failsWith("TK101", () => named("cooled")(x, { invTemp: 1 }, { k: 1, temperature: 2 } as never));
  });
});

describe("kernels that are not as they were rendered", () => {
  const run = (topk: TopkWith<Operands>) => () => topk(new Float32Array(8), { invTemp: 1 }, { k: 1, backend: "emulate" });

  it("a changed text, a lost one, a lost manifest", async () => {
    using own = await renderedModule();
    const again = (): TopkWith<Operands> => topkWith(own.rendered.cooled!);
    const { prologue } = own.rendered.cooled!;
    const folder = join(own.folder, "kernels");
    const kernels = readdirSync(folder).flatMap((name) => (name.includes(`_${prologue.name}_of_f32_`) ? [join(folder, name)] : []));
    for (const kernel of kernels) writeFileSync(kernel, "// another");
    await failsWith("TK207", run(again()), /not the text that codegen rendered .*; run `topkit codegen --entry` again/);
    for (const kernel of kernels) rmSync(kernel);
    await failsWith("TK207", run(again()), /cannot be read/);
    writeFileSync(join(own.folder, "manifest.json"), '{"version":2,"prologues":{}}');
    await failsWith("TK207", run(again()), /has no kernels of cooled_[0-9a-f]{8}/);
    writeFileSync(join(own.folder, "manifest.json"), '{"version":1}');
    await failsWith("TK212", run(again()), /its form differs/);
    writeFileSync(join(own.folder, "manifest.json"), '{"version":');
    await failsWith("TK207", run(again()), /manifest\.json cannot be read/);
    await failsWith("TK207", run(topkWith({ ...own.rendered.cooled!, folder: pathToFileURL("/nowhere/") })), /manifest\.json cannot be read/);
  });

  it("other dtypes than the call's", async () => {
    using own = await renderedModule(undefined, ["bf16"]);
    await failsWith("TK113", run(own.topks.cooled!), /cooled_[0-9a-f]{8} are rendered for bf16, not for f32; .* with --dtype f32 too/);
    expect((await own.topks.cooled!(Float32Array.of(2, 4), { invTemp: 0.5 }, { k: 1, backend: "cpu" })).values[0]).toBe(2);
  });

  it("those of another topkit", { timeout: 120_000 }, async () => {
    using other = await renderedModule(undefined, undefined, () => "another declaration or template");
    await failsWith("TK212", run(other.topks.cooled!), /rendered by another topkit .*cluster_select differs/);
    expect((await other.topks.cooled!(Float32Array.of(2, 4), { invTemp: 0.5 }, { k: 1, backend: "cpu" })).values[0]).toBe(2);
  });
});
