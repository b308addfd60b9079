import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { readInput } from "../../cli/load-input.ts";
import { readSafetensors } from "../../cli/safetensors.ts";
import { failsWith } from "../runtime/fails-with.ts";
import { fuzz, outcomeOf } from "./fuzz.ts";

const folder = mkdtempSync(path.join(tmpdir(), "topkit-fuzz-safetensors-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = path.join(folder, "fuzz.safetensors");

function write(header: string, data: Uint8Array, length = BigInt(Buffer.byteLength(header))): Buffer {
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt.asUintN(64, length));
  const bytes = Buffer.concat([size, Buffer.from(header), data]);
  writeFileSync(file, bytes);
  return bytes;
}

const DTYPES = { F32: 4, F16: 2, BF16: 2 } as const;
const dtypes = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...Object.keys(DTYPES)) },
  fc.constantFrom("f32", "F64", "I64", "BOOL", "", "__proto__", "constructor", "F32\n", 4, null, ["F32"]),
);
const naturals = fc.oneof(
  { weight: 6, arbitrary: fc.nat(8) },
  fc.constantFrom(-1, -0, 0.5, 1e3, 2 ** 31, 2 ** 53, 2 ** 53 - 1, 1e308, 1e-300, "4", null, [1], true),
);
const offsets = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.nat(64), fc.nat(64)) },
  fc.tuple(naturals, naturals),
  fc.array(naturals, { maxLength: 3 }),
  fc.constantFrom(null, "0,4", {}),
);
const entries = fc.oneof(
  // sized as it says, so that many are whole
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...(Object.keys(DTYPES) as (keyof typeof DTYPES)[])), fc.array(fc.nat(3), { maxLength: 3 }), fc.nat(20))
      .map(([dtype, shape, begin]) => ({
        dtype,
        shape,
        data_offsets: [begin, begin + shape.reduce((product, dim) => product * dim, DTYPES[dtype])],
      })),
  },
  {
    weight: 2,
    arbitrary: fc.record({ dtype: dtypes, shape: fc.oneof(fc.array(naturals, { maxLength: 4 }), fc.constantFrom(null, 3, "2,3")), data_offsets: offsets }),
  },
  fc.constantFrom(null, 7, "x", [], {}, { dtype: "F32" }),
);
const names = fc.oneof(fc.constantFrom("a", "b", "logits", "__metadata__", "__proto__", "", "a\nb", "\u001b[2J", '"', "\\"), fc.string({ maxLength: 5 }));
const headers = fc.array(fc.tuple(names, entries), { maxLength: 4 });

/** Written out by hand: JSON.stringify() of an object cannot name a key twice. */
const json = (list: readonly (readonly [string, unknown])[]): string =>
  `{${list.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;

it("takes what is whole, bit for bit, and refuses everything else by code", () => {
  const files = fc.record({ list: headers, data: fc.uint8Array({ maxLength: 80 }), asked: fc.option(names, { nil: undefined }) });
  return fuzz(".safetensors headers", 1500, files, async ({ list, data, asked }) => {
    const header = json(list);
    const bytes = write(header, data);
    const outcome = await outcomeOf(() => readSafetensors(file, asked), /^TK50[45]$/);
    if (new Set(list.map(([name]) => name)).size < list.length) expect(outcome).toMatchObject({ error: { code: "TK504" } });
    if ("error" in outcome) return;
    const { name, dtype, shape, data: found } = outcome.value;
    const entry = Object.fromEntries(list.filter(([each]) => each === name).map(([, value]) => ["entry", value])).entry as { data_offsets: [number, number] };
    expect(shape.reduce((product, dim) => product * dim, 1)).toBe(found.length);
    expect(dtype === "f32").toBe(found instanceof Float32Array);
    const start = 8 + Buffer.byteLength(header);
    const [begin, end] = entry.data_offsets;
    expect(Buffer.from(found.buffer).equals(bytes.subarray(start + begin, start + end))).toBe(true);
  });
});

it("refuses any lie about the header's length", () => {
  const whole = json([["a", { dtype: "F32", shape: [2], data_offsets: [0, 8] }]]);
  const lies = fc.oneof(fc.bigInt(0n, 400n), fc.bigInt(0n, 2n ** 64n - 1n)).filter((length) => length !== BigInt(whole.length));
  return fuzz(".safetensors lengths", 300, lies, async (length) => {
    write(whole, new Uint8Array(8), length);
    expect(await outcomeOf(() => readSafetensors(file, undefined), /^TK504$/)).toHaveProperty("error");
  });
});

it("survives damage to any byte", () => {
  const header = json([
    ["__metadata__", { format: "pt" }],
    ["a", { dtype: "F32", shape: [2], data_offsets: [0, 8] }],
    ["b", { dtype: "BF16", shape: [2, 2], data_offsets: [8, 16] }],
  ]);
  const bytes = write(header, new Uint8Array(16));
  const damages = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  return fuzz(".safetensors bytes", 500, damages, async (damage) => {
    const damaged = Buffer.from(bytes);
    for (const [place, byte] of damage) damaged[place] = byte;
    writeFileSync(file, damaged);
    const outcome = await outcomeOf(() => readSafetensors(file, "a"), /^TK50[45]$/);
    if ("value" in outcome) expect(outcome.value.data.byteLength).toBeLessThanOrEqual(16);
  });
});

it.each([
  ["nested lists", "[".repeat(10 ** 6)],
  ["nested objects", `{"a":${'{"a":'.repeat(10 ** 6)}`],
  ["nested lists that close", `{"a":${"[".repeat(10 ** 6)}${"]".repeat(10 ** 6)}}`],
  ["one long name", `{"${"x".repeat(10 ** 7)}":1}`],
  ["one long name of escapes", `{"${'\\"'.repeat(5 * 10 ** 6)}":1}`],
  ["dimensions", `{"a":{"dtype":"F32","shape":[${"9,".repeat(10 ** 6)}9],"data_offsets":[0,8]}}`],
])("refuses %s by the megabyte", async (_, header) => {
  write(header, new Uint8Array(8));
  await failsWith("TK504", () => readSafetensors(file, undefined));
});

it("finds one of a hundred thousand tensors, and tells two of one name", async () => {
  const many = Array.from({ length: 100_000 }, (_, place) => [`t${place}`, { dtype: "F16", shape: [0], data_offsets: [0, 0] }] as const);
  write(json(many), new Uint8Array(8));
  expect((await readSafetensors(file, "t99999")).data).toHaveLength(0);
  write(json([...many, many[7]!]), new Uint8Array(8));
  await failsWith("TK504", () => readSafetensors(file, "t99999"), /names a tensor twice/);
});

it("does not wait for a named pipe that nobody writes", async () => {
  for (const name of ["pipe.safetensors", "pipe.npy"]) {
    const pipe = path.join(folder, name);
    execFileSync("mkfifo", [pipe]);
    await failsWith("TK501", () => readInput(pipe, undefined, undefined), /not a regular file/);
  }
});
