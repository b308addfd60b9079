import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { readInput } from "../../cli/load-input.ts";
import { readSafetensors } from "../../cli/safetensors.ts";
import { failsWith } from "../runtime/fails-with.ts";

const folder = mkdtempSync(path.join(tmpdir(), "topkit-safetensors-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
function file(header: object | string, data: Uint8Array, length?: bigint): string {
  count += 1;
  const name = path.join(folder, `${count}.safetensors`);
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(length ?? BigInt(text.length));
  writeFileSync(name, Buffer.concat([size, text, data]));
  return name;
}
const data = new Uint8Array(32).map((_, place) => place);
const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({ dtype: "F32", shape, data_offsets: [begin, end] });
const bf16 = (begin: number, end: number, shape = [(end - begin) / 2]) => ({ dtype: "BF16", shape, data_offsets: [begin, end] });

it("reads the tensor that is named, and only its bytes", async () => {
  const name = file(
    { __metadata__: { format: "pt" }, a: f32(0, 16, [2, 2]), b: bf16(16, 24, [1, 4]), c: { dtype: "F16", shape: [4], data_offsets: [24, 32] } },
    data,
  );
  expect(await readSafetensors(name, "a")).toEqual({ name: "a", dtype: "f32", shape: [2, 2], data: new Float32Array(data.slice(0, 16).buffer) });
  expect(await readSafetensors(name, "b")).toEqual({ name: "b", dtype: "bf16", shape: [1, 4], data: new Uint16Array(data.slice(16, 24).buffer) });
  expect(await readSafetensors(name, "c")).toMatchObject({ dtype: "f16" });
});

it("reads data at odd offsets", async () => {
  const name = file({ pad: { dtype: "U8", shape: [1], data_offsets: [0, 1] }, a: f32(1, 9) }, data);
  expect((await readSafetensors(name, "a")).data).toEqual(new Float32Array(data.slice(1, 9).buffer));
});

it("needs no name where there is one tensor", async () => {
  const only = file({ logits: bf16(0, 32, [2, 8]) }, data);
  expect(await readInput(only, undefined, undefined)).toMatchObject({ title: expect.stringContaining('tensor "logits"'), dims: [2, 8], dtype: "bf16" });
  await failsWith("TK103", () => readInput(only, undefined, "f32"), /holds bf16/);
});

it("refuses names that are missing or unknown, and other dtypes", async () => {
  const two = file({ a: f32(0, 16), b: { dtype: "I64", shape: [2], data_offsets: [16, 32] } }, data);
  await failsWith("TK505", () => readSafetensors(two, undefined), /2 tensors; name one with --tensor: "a", "b"/);
  await failsWith("TK505", () => readSafetensors(two, "c"), /no tensor "c"; it has "a", "b"/);
  await failsWith("TK505", () => readSafetensors(two, "b"), /is I64; F32, F16 and BF16 are taken/);
  await failsWith("TK505", () => readSafetensors(two, "__proto__"));
  await failsWith("TK505", () => readSafetensors(file({}, data), undefined), /0 tensors/);
});

it("refuses damaged files", async () => {
  const whole = { a: f32(0, 16), b: bf16(16, 32) };
  await failsWith("TK504", () => readSafetensors(file(whole, data.subarray(0, 31)), "a"), /tensor "b" lies at bytes 16 to 32 of 31/);
  await failsWith("TK504", () => readSafetensors(file(whole, data, 1_000_000n), "a"), /cut off/);
  await failsWith("TK504", () => readSafetensors(file(whole, data, 2n ** 63n), "a"), /beyond the format's/);
  await failsWith("TK504", () => readSafetensors(file("{not json", data), "a"), /no JSON/);
  await failsWith("TK504", () => readSafetensors(file("[]", data), "a"), /no JSON object/);
  const tiny = path.join(folder, "tiny.safetensors");
  writeFileSync(tiny, "1234567");
  await failsWith("TK504", () => readSafetensors(tiny, "a"), /it has 7 bytes/);
});

it.each([
  ["overlapping tensors", { a: f32(0, 16), b: f32(12, 20) }, /"a" and "b" overlap/],
  ["an end before its beginning", { a: f32(8, 4, [1]) }, /bytes 8 to 4/],
  ["a shape of another size", { a: f32(0, 16, [5]) }, /needs 20 bytes, it has 16/],
  ["a shape beyond numbers", { a: f32(0, 16, [2 ** 40, 2 ** 40]) }, /needs .* bytes/],
  ["negative offsets", { a: f32(-4, 4) }, /lacks dtype, shape or data_offsets/],
  ["a fraction as a dimension", { a: f32(0, 16, [2.5]) }, /lacks/],
  ["no offsets", { a: { dtype: "F32", shape: [4] } }, /lacks/],
  ["no object", { a: null }, /lacks/],
])("refuses %s", async (_, header, message) => {
  await failsWith("TK504", () => readSafetensors(file(header, data), "a"), message);
});
