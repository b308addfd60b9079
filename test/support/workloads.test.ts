import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { random } from "../../bench/random.ts";
import { rawBits } from "../../bench/reference.ts";
import { DISTRIBUTIONS, makeInput, readSuites, withNormal } from "../../bench/workloads.ts";
import { toBf16, toF16 } from "../../dsl/rounding.ts";
import { allPatterns, decode } from "./prose-order.ts";

const ROUND = { bf16: toBf16, f16: toF16 } as const;
const dtypes = ["bf16", "f16"] as const;

test("rounding gives back every pattern that is no NaN, and keeps NaNs NaN, of their sign", () => {
  for (const dtype of dtypes) {
    for (const bits of allPatterns()) {
      const value = decode(bits, dtype);
      if (Number.isNaN(value)) expect(Number.isNaN(decode(ROUND[dtype](value), dtype))).toBe(true);
      else if (ROUND[dtype](value) !== bits) expect.fail(`${dtype} ${bits.toString(16)} became ${ROUND[dtype](value).toString(16)}`);
    }
  }
});

test("rounding is to nearest, ties to even: at, just below and just above the middle of every two neighbours", () => {
  const f32 = new Float32Array(1);
  const f32Bits = new Uint32Array(f32.buffer);
  const nudged = (value: number, by: number): number => {
    f32[0] = value;
    f32Bits[0]! += by;
    return f32[0]!;
  };
  for (const dtype of dtypes) {
    const infinity = dtype === "bf16" ? 0x7f80 : 0x7c00;
    for (let low = 0; low < infinity - 1; low++) {
      const middle = (decode(low, dtype) + decode(low + 1, dtype)) / 2;
      const even = low % 2 === 0 ? low : low + 1;
      const got = [nudged(middle, -1), middle, nudged(middle, 1), -middle].map(ROUND[dtype]);
      const wanted = [low, even, low + 1, even + 0x8000];
      if (Math.fround(middle) === middle && got.join() !== wanted.join()) expect.fail(`${dtype} around ${middle}: ${got}, wanted ${wanted}`);
    }
  }
});

test("rounding overflows to infinity from half-way to the next power of two", () => {
  expect(toF16(65519.996)).toBe(0x7bff);
  expect(toF16(65520)).toBe(0x7c00);
  expect(toF16(-1e30)).toBe(0xfc00);
  expect(toBf16(3.4e38)).toBe(0x7f80);
  expect(toBf16(3.38e38)).toBe(0x7f7e);
  expect([toF16(2 ** -25), toF16(2 ** -25 * 1.001), toF16(2 ** -26)]).toEqual([0, 1, 0]);
});

test("the same seed gives the same bits; another seed, and another row, others", () => {
  const make = (seed: number) => rawBits(makeInput({ rows: 2, cols: 1000, dtype: "f32", dist: "normal", seed }));
  expect(make(3)).toEqual(make(3));
  expect(make(3)).not.toEqual(make(4));
  expect(make(3).subarray(0, 1000)).not.toEqual(make(3).subarray(1000));
});

test("a row does not depend on how many rows follow, nor a 16-bit element on more than its f32 one", () => {
  const f32 = makeInput({ rows: 3, cols: 500, dtype: "f32", dist: "llm", seed: 9 });
  expect(makeInput({ rows: 1, cols: 500, dtype: "f32", dist: "llm", seed: 9 })).toEqual(f32.subarray(0, 500));
  expect(makeInput({ rows: 3, cols: 500, dtype: "bf16", dist: "llm", seed: 9 })).toEqual(Uint16Array.from(f32, toBf16));
});

test("random numbers lie where they should", () => {
  const source = random(1, 2);
  const uniform = Array.from({ length: 20000 }, () => source.uniform());
  const mean = uniform.reduce((a, b) => a + b) / uniform.length;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.01);
  const normal = Array.from({ length: 20000 }, () => source.normal());
  expect(Math.abs(normal.reduce((a, b) => a + b) / normal.length)).toBeLessThan(0.03);
  expect(Math.abs(normal.reduce((a, b) => a + b * b, 0) / normal.length - 1)).toBeLessThan(0.05);
  expect(new Set(Array.from({ length: 1000 }, () => source.below(7)))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
});

const row = (dist: (typeof DISTRIBUTIONS)[number], cols = 4850) => makeInput({ rows: 1, cols, dtype: "f32", dist, seed: 2, k: 60 }) as Float32Array;

test("each distribution is what its description says", () => {
  expect(row("logprob").every((value) => value < 0)).toBe(true);
  expect(row("logprob").reduce((sum, value) => sum + Math.exp(value), 0)).toBeCloseTo(1, 3);
  expect(new Set(row("equal")).size).toBe(1);
  expect(new Set(rawBits(row("few"))).size).toBe(5);
  expect([...row("few")].some((value) => Object.is(value, -0)) && [...row("few")].some((value) => Object.is(value, 0))).toBe(true);
  expect([row("asc")[0], row("asc").at(-1), row("desc")[0], row("desc").at(-1)]).toEqual([-4, 4, 4, -4]);
  expect(row("asc").every((value, col, all) => col === 0 || value > all[col - 1]!)).toBe(true);
  expect(new Set(makeInput({ rows: 1, cols: 999, dtype: "bf16", dist: "clustered" })).size).toBe(1);
  expect(new Set(row("clustered")).size).toBe(64);
  expect(row("ties").filter((value) => value === 2).length).toBe(50);
  expect(Math.abs(row("ties").filter((value) => value === 1).length - 2400)).toBeLessThan(200);
  const winners = [...row("spike").entries()].filter(([, value]) => value >= 100).map(([col]) => col);
  expect(winners).toEqual(Array.from({ length: 120 }, (_, at) => (4850 - 120) / 2 + at));
  expect(Math.max(...row("llm"))).toBeGreaterThan(14);
  expect(row("llm").filter((value) => value > 6).length).toBeLessThan(300);
});

test("bf16ramp holds every pattern of 16 bits, and repeats", () => {
  const cols = 65536 + 10;
  for (const dtype of dtypes)
    expect(makeInput({ rows: 1, cols, dtype, dist: "bf16ramp" })).toEqual(Uint16Array.from({ length: cols }, (_, col) => col & 0xffff));
  const bits = rawBits(row("bf16ramp", cols));
  expect([bits[0x7f81], bits[0xffff], bits[65536 + 9]]).toEqual([0x7f810000, 0xffff0000, 0x90000]);
});

test("rows of one column, and an unknown distribution", () => {
  for (const dist of DISTRIBUTIONS) expect(makeInput({ rows: 3, cols: 1, dtype: "bf16", dist }).length).toBe(3);
  expect(() => makeInput({ rows: 1, cols: 1, dtype: "f32", dist: "cauchy" as "normal" })).toThrow('no distribution "cauchy"; there are normal');
});

test("the suites that ship are read whole", () => {
  const suites = readSuites(readFileSync(new URL("../../bench/suites.csv", import.meta.url), "utf8"));
  expect(new Set(suites.map(({ suite }) => suite))).toEqual(new Set(["nanochat", "llm", "router", "large", "adversarial", "scaling", "sampling"]));
  expect(suites[0]).toEqual({ suite: "nanochat", rows: 1, cols: 50304, k: 50, dtype: "bf16", dist: "normal" });
  expect(suites.length).toBe(148);
});

test.each([
  ["rows,cols", 'line 1 is "rows,cols"'],
  ["suite,rows,cols,k,dtype,dist\na,1,2,3", 'line 2, "a,1,2,3": 4 fields'],
  ["suite,rows,cols,k,dtype,dist\n\na,1,8,9,f32,normal", 'line 3, "a,1,8,9,f32,normal": k is "9"; allowed: 1..8'],
  ["suite,rows,cols,k,dtype,dist\na,x,8,2,f32,normal", 'rows is "x"'],
  ["suite,rows,cols,k,dtype,dist\na,1,8,2,f64,normal", 'dtype is "f64"; allowed: f32, f16, bf16'],
  ["suite,rows,cols,k,dtype,dist\na,1,8,2,f32,odd", 'dist is "odd"'],
  ["suite,rows,cols,k,dtype,dist\n,1,8,2,f32,normal", "the suite has no name"],
])("a malformed suites file is refused: %s", (text, message) => expect(() => readSuites(text)).toThrow(message));

test("a suite's shape on other data brings its normal row along, once, ahead of it", () => {
  const shape = { suite: "a", rows: 1, cols: 9, k: 1, dtype: "f32" } as const;
  const [normal, few, asc] = (["normal", "few", "asc"] as const).map((dist) => ({ ...shape, dist }));
  expect(withNormal([few!, asc!])).toEqual([normal, few, asc]);
  expect(withNormal([few!, normal!])).toEqual([few, normal]);
  expect(withNormal([normal!, { ...few!, suite: "b" }])).toEqual([normal, { ...normal!, suite: "b" }, { ...few!, suite: "b" }]);
});
