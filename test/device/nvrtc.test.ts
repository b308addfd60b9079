/** NVRTC takes the CUDA text of every shipped device function, and leaves its arithmetic uncontracted. */
import { expect, it } from "vitest";
import { deviceText } from "../../generator/device/cuda.ts";
import { addon } from "../../native/index.ts";
import { describeWithNvrtc } from "../support/nvrtc.ts";
import { shipped } from "./translated.ts";

const CONTRACTED = /\b(fma|mad)\.\S*f32/g;

/** Contraction on, whatever topkit's own options say: a user may compile the text elsewhere. */
async function ptxOf(body: string): Promise<string> {
  const { image } = await addon().compile(body, "device.cu", "compute_80", ["--fmad=true"]);
  return Buffer.from(image).toString("latin1");
}

const kernel = (expression: string): string => `extern "C" __global__ void apply(float* out, const float* x) { *out = ${expression}; }\n`;

describeWithNvrtc("NVRTC", () => {
  it("contracts plain operators with these options", async () => {
    expect(await ptxOf(kernel("x[0] * x[1] + x[2]"))).toMatch(CONTRACTED);
  });

  it.each([...shipped()])("compiles %s", async (_, { program }) => {
    const { symbol, text } = deviceText(program);
    const given = program.functions.at(-1)!.parameters.map((_, p) => `x[${p}]`);
    const ptx = await ptxOf(`${text}\n${kernel(`${symbol}(${given.join(", ")})`)}`);
    expect(ptx).toContain(".entry apply");
    expect(ptx.match(CONTRACTED) ?? []).toEqual([]);
  });
});
