/** exp, log and Philox in a kernel: on the emulator the bits of TypeScript; from NVRTC, PTX that fuses and flushes nothing. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { random } from "../../bench/random.ts";
import { addon } from "../../native/index.ts";
import { exactExp, exactLog } from "../support/exact-math.ts";
import { describeWithNvrtc } from "../support/nvrtc.ts";
import { drawBits } from "../support/philox.ts";
import { compileKernel, runJob, scratch } from "./emulator.ts";

const DEVICE = fileURLToPath(new URL("../../templates/device", import.meta.url));
const COUNT = 65536;
const KERNEL = `${["types.cuh", "exp_log.cuh", "philox.cuh"].map((name) => readFileSync(join(DEVICE, name), "utf8")).join("\n")}
extern "C" __global__ void exact_math(u32* exps, u32* logs, u64* draws, const u32* in) {
  const u32 i = blockIdx.x * 256 + threadIdx.x;
  exps[i] = __float_as_uint(exact_exp(__uint_as_float(in[i])));
  logs[i] = __float_as_uint(exact_log(__uint_as_float(in[i])));
  draws[i] = draw_bits((u64)in[i] << 32 | i, (u64)i << 32 | in[i]);
}
`;

it("gives TypeScript's bits on the emulator", () => {
  using folder = scratch();
  const at = (name: string): string => join(folder.path, name);
  const words = (name: string): Uint32Array => new Uint32Array(Uint8Array.from(readFileSync(at(name))).buffer);
  const source = random(5, 0);
  // half of all patterns, half of exponents where results are finite
  const input = Uint32Array.from({ length: COUNT }, (_, i) => (i % 2 === 0 ? source.bits() : (source.bits() & 0x80ffffff) | 0x3e000000));
  writeFileSync(at("in"), input);
  const outcome = runJob("plain", [
    ["buffer", "exps", COUNT * 4, 0, "-", at("exps")],
    ["buffer", "logs", COUNT * 4, 0, "-", at("logs")],
    ["buffer", "draws", COUNT * 8, 0, "-", at("draws")],
    ["buffer", "in", COUNT * 4, 0, at("in"), "-"],
    [
      "launch",
      compileKernel("exact_math.cu", KERNEL, "fast"),
      "exact_math",
      `grid=${COUNT / 256}`,
      "block=256",
      "checked=0",
      "--",
      "@exps",
      "@logs",
      "@draws",
      "@in",
    ],
  ]);
  expect(outcome).toEqual({ status: 0, text: "" });
  const floats = new Float32Array(input.buffer);
  expect(words("exps")).toEqual(new Uint32Array(Float32Array.from(floats, exactExp).buffer));
  expect(words("logs")).toEqual(new Uint32Array(Float32Array.from(floats, exactLog).buffer));
  const draws = BigUint64Array.from(input, (bits, i) => drawBits((BigInt(bits) << 32n) | BigInt(i), (BigInt(i) << 32n) | BigInt(bits)));
  expect(words("draws")).toEqual(new Uint32Array(draws.buffer));
});

describeWithNvrtc("the kernel's PTX", () => {
  it("has products and sums of its own, rounded to nearest, subnormals kept", async () => {
    const { image } = await addon().compile(KERNEL, "exact_math.cu", "compute_90", []);
    const ptx = Buffer.from(image).toString();
    expect(ptx).toMatch(/mul\.rn\.f32/);
    expect(ptx).toMatch(/add\.rn\.f32/);
    expect(ptx).not.toMatch(/fma|\.ftz|\.approx/);
  });
});
