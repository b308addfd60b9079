import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { readNpy } from "../../cli/npy.ts";
import { failsWith } from "../runtime/fails-with.ts";
import { fuzz, outcomeOf } from "./fuzz.ts";

const folder = mkdtempSync(path.join(tmpdir(), "topkit-fuzz-npy-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = path.join(folder, "fuzz.npy");

const DESCRS = { "<f4": 4, "<f2": 2, "<u2": 2, "<i4": 4, "<i8": 8 } as const;
const shapeText = (dims: readonly number[]): string => `(${dims.join(", ")}${dims.length === 1 ? "," : ""})`;

/** A field of the header, and its value where it is good. */
const good = <T>(text: string, value: T) => ({ text, value });
const bad = (text: string) => ({ text, value: undefined });
const shapes = fc.oneof(
  { weight: 3, arbitrary: fc.array(fc.nat(4), { maxLength: 4 }).map((dims) => good(shapeText(dims), dims)) },
  fc.constantFrom(
    ...["(-1,)", "(1.5,)", "(1e3,)", "(0x10,)", "(2 3)", "(2,,3)", "(,2)", "(L,)", "(True,)", "((2,3),)", "[2, 3]", "2", "None", "(2, 3", "2, 3)", "()()"].map(
      bad,
    ),
    bad(`(${"9".repeat(400)},)`),
    bad(`(${"4294967296, ".repeat(40)})`),
    bad("(9007199254740993,)"),
    bad("(\u0662,)"),
    good("(2L, 3L)", [2, 3]),
    good("( 2 ,\r\n 3 , )", [2, 3]),
  ),
);
const descrs = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...(Object.keys(DESCRS) as (keyof typeof DESCRS)[]).map((type) => good(`'${type}'`, type))) },
  fc.constantFrom(
    ...[
      "'>f4'",
      "'=f4'",
      "'f4'",
      "'<f8'",
      "'|O'",
      "'|b1'",
      "'<c8'",
      "'<F4'",
      "''",
      "'<f4\\n'",
      "'<f4 '",
      '"<f4"',
      "<f4",
      "[('a', '<f4')]",
      "'\u00e9'",
      "'__proto__'",
      "'constructor'",
      "None",
    ].map(bad),
  ),
);
const orders = fc.oneof(
  { weight: 4, arbitrary: fc.constant(good("False", false)) },
  fc.constantFrom(good("True", true), ...["1", "'True'", "true", "None"].map(bad)),
);
const ends = fc.constantFrom("}\n", "}", "}\r\n", `}${" ".repeat(60)}\n`, ", }\n");

const headers = fc.record({
  version: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(1, 2, 3) }, fc.constantFrom(0, 4, 255)),
  descr: descrs,
  order: orders,
  shape: shapes,
  places: fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
  extra: fc.oneof(
    { weight: 5, arbitrary: fc.constant("") },
    fc.constantFrom("'shape': (1,), ", "'descr': '<f4', ", "'fortran_order': False, ", "'other': 'x', "),
  ),
  end: ends,
  /** What the length field says beyond the truth. */
  lie: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.constantFrom(-1, 1, 17, 0xffff, 0x7fffffff, 0xffffffff)),
  data: fc.uint8Array({ maxLength: 600 }),
  /** Bytes cut from the end of the whole file. */
  cut: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(200)),
});
type Header = typeof headers extends fc.Arbitrary<infer T> ? T : never;

function bytesOf({ version, descr, order, shape, places, extra, end, lie, data, cut }: Header): { bytes: Buffer; dataStart: number } {
  const fields = [`'descr': ${descr.text}, `, `'fortran_order': ${order.text}, `, `'shape': ${shape.text}, `];
  const text = Buffer.from(`{${extra}${places.map((place) => fields[place]).join("")}${end}`, version === 3 ? "utf8" : "latin1");
  const wide = version !== 1;
  const length = Buffer.alloc(wide ? 4 : 2);
  const said = Math.max(0, text.length + lie);
  if (wide) length.writeUInt32LE(said % 2 ** 32);
  else length.writeUInt16LE(said % 2 ** 16);
  const whole = Buffer.concat([Buffer.from("\x93NUMPY", "latin1"), Uint8Array.of(version, 0), length, text, data]);
  return { bytes: whole.subarray(0, Math.max(0, whole.length - cut)), dataStart: whole.length - data.length };
}

it("takes what is whole, bit for bit, and refuses everything else by code", () =>
  fuzz(".npy headers", 1500, headers, async (header) => {
    const { bytes, dataStart } = bytesOf(header);
    writeFileSync(file, bytes);
    const outcome = await outcomeOf(() => readNpy(file), /^TK50[23]$/);
    const { version, descr, order, shape, extra, end, lie } = header;
    const dims = shape.value;
    const needed = descr.value && dims ? dims.reduce((product, dim) => product * dim, DESCRS[descr.value]) : undefined;
    const wide = order.value === true && (dims ?? []).filter((dim) => dim !== 1).length > 1;
    const sound = [1, 2, 3].includes(version) && order.value !== undefined && !wide && extra === "" && !end.startsWith(",") && lie === 0;
    if (sound && needed !== undefined && dataStart + needed <= bytes.length) {
      expect(outcome).toEqual({ value: { type: descr.value, shape: dims, data: expect.anything() } });
      const { data } = (outcome as { value: { data: Float32Array } }).value;
      expect(Buffer.from(data.buffer, data.byteOffset, data.byteLength).equals(bytes.subarray(dataStart, dataStart + needed))).toBe(true);
    } else if (lie === 0) {
      expect(outcome).toHaveProperty("error");
    } else if ("value" in outcome) {
      // a header whose length is a lie may still be read as another whole file, never as more than there is
      expect(outcome.value.data.byteLength).toBeLessThanOrEqual(bytes.length);
    }
  }));

it("survives any bytes behind the magic", () =>
  fuzz(".npy bytes", 400, fc.tuple(fc.constantFrom(1, 2, 3), fc.uint8Array({ maxLength: 300 })), async ([version, tail]) => {
    writeFileSync(file, Buffer.concat([Buffer.from("\x93NUMPY", "latin1"), Uint8Array.of(version, 0), tail]));
    expect(await outcomeOf(() => readNpy(file), /^TK50[23]$/)).toHaveProperty("error");
  }));

it.each([
  ["spaces", `{'descr'${" ".repeat(2 ** 20 - 40)}}`],
  ["keys without values", "'shape': 'descr': 'fortran_order': ".repeat(2 ** 14)],
  ["a shape that never ends", `{'descr': '<f4', 'fortran_order': False, 'shape': (${"1, ".repeat(3 * 10 ** 5)}`],
  ["shapes that never end", "'shape': (1, 1, 1, ".repeat(5 * 10 ** 4)],
  ["digits", `{'descr': '<f4', 'fortran_order': False, 'shape': (${"1".repeat(10 ** 6)}}`],
  ["a dtype that never ends", `{'descr': '${"x".repeat(10 ** 6)}`],
])("refuses a header of a megabyte of %s within a second", async (_, text) => {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  writeFileSync(file, Buffer.concat([Buffer.from("\x93NUMPY\x02\x00", "latin1"), length, Buffer.from(text)]));
  const start = performance.now();
  await failsWith("TK502", () => readNpy(file));
  expect(performance.now() - start).toBeLessThan(1000);
});
