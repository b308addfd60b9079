import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { readInput, readLengths } from "../../cli/load-input.ts";
import { type Npy, readNpy, writeNpy } from "../../cli/npy.ts";
import { failsWith } from "../runtime/fails-with.ts";

const folder = mkdtempSync(path.join(tmpdir(), "topkit-npy-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
function file(content: Uint8Array | string): string {
  count += 1;
  const name = path.join(folder, `${count}.npy`);
  writeFileSync(name, content);
  return name;
}

/** As numpy.save() writes it, in any version of the format. */
function npy(dictionary: string, data: Uint8Array, version: 1 | 2 | 3 = 1): Buffer {
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) length.writeUInt16LE(dictionary.length);
  else length.writeUInt32LE(dictionary.length);
  return Buffer.concat([Buffer.from("\x93NUMPY", "latin1"), Uint8Array.of(version, 0), length, Buffer.from(dictionary), data]);
}
const header = (descr: string, shape: string, fortran = "False"): string => `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;
const six = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);

describe("reading", () => {
  it.each([1, 2, 3] as const)("knows format version %i", async (version) => {
    expect(await readNpy(file(npy(header("<f4", "(2, 3)"), six, version)))).toEqual({ type: "<f4", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) });
  });

  it("knows vectors, many dimensions, none, empty ones, and keys in another order", async () => {
    expect((await readNpy(file(npy(header("<f4", "(6,)"), six)))).shape).toEqual([6]);
    expect((await readNpy(file(npy(header("<f4", "(1, 3, 1, 2)"), six)))).shape).toEqual([1, 3, 1, 2]);
    expect((await readNpy(file(npy(header("<f4", "()"), six.subarray(0, 4))))).data).toEqual(Float32Array.of(1));
    expect((await readNpy(file(npy(header("<f4", "(0, 3)"), six.subarray(0, 0))))).data).toHaveLength(0);
    expect((await readNpy(file(npy("{'shape': (6,), 'fortran_order': True, 'descr': '<f4'}", six)))).shape).toEqual([6]);
  });

  it("refuses what is no .npy file, or a part of one", async () => {
    const whole = npy(header("<f4", "(2, 3)"), six);
    await failsWith("TK502", () => readNpy(file("")), /has 0 bytes/);
    await failsWith("TK502", () => readNpy(file("PK\x03\x04 a zip archive")), /does not begin with/);
    for (let length = 1; length < whole.length; length += 1) await failsWith("TK502", () => readNpy(file(whole.subarray(0, length))));
    await failsWith("TK502", () => readNpy(file(npy("{'descr': '<f4'}", six))), /lacks descr, fortran_order or shape/);
    await failsWith("TK502", () => readNpy(file(Buffer.concat([whole.subarray(0, 6), Uint8Array.of(9), whole.subarray(7)]))), /version 9/);
  });

  it("refuses sizes beyond the file without allocating them", async () => {
    await failsWith("TK502", () => readNpy(file(npy(header("<f4", "(1000000000, 1000000)"), six))), /truncated/);
    await failsWith("TK502", () => readNpy(file(npy(header("<f4", `(${"9".repeat(400)},)`), six))), /truncated/);
    const huge = npy(header("<f4", "(2, 3)"), six, 2);
    huge.writeUInt32LE(0xffffffff, 8);
    await failsWith("TK502", () => readNpy(file(huge)), /header of 4294967295 bytes/);
  });

  it("refuses other dtypes and Fortran order", async () => {
    for (const descr of [">f4", "<f8", "|u1", "<c8"]) await failsWith("TK503", () => readNpy(file(npy(header(descr, "(2, 3)"), six))), /are taken: convert it/);
    await failsWith("TK503", () => readNpy(file(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,), }", six))), /a record/);
    await failsWith("TK503", () => readNpy(file(npy(header("<f4", "(2, 3)", "True"), six))), /ascontiguousarray/);
  });

  it("refuses what cannot be opened, and what is no file", async () => {
    await failsWith("TK501", () => readNpy(path.join(folder, "none.npy")), /none\.npy cannot be read: ENOENT/);
    mkdirSync(path.join(folder, "folder.npy"));
    await failsWith("TK501", () => readNpy(path.join(folder, "folder.npy")), /not a regular file|EISDIR/);
  });

  it("never crashes on damaged headers", async () => {
    const whole = npy(header("<f4", "(2, 3)"), six);
    const damage = fc.record({ place: fc.nat(whole.length - 1), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(damage, async ({ place, byte }) => {
        const bytes = Uint8Array.from(whole);
        bytes[place] = byte;
        await readNpy(file(bytes)).catch((error) => expect(error.code).toMatch(/^TK50[23]$/));
      }),
      { numRuns: 200 },
    );
  });
});

describe("writing", () => {
  it.each([
    ["<f4", Float32Array.of(1, Number.NaN, -0, 4, 5, 6), [2, 3]],
    ["<f2", Uint16Array.of(1, 0xffff, 3), [3]],
    ["<i4", Int32Array.of(-1, 2), [1, 1, 2]],
    ["<i8", BigInt64Array.of(-1n, 2n ** 40n), [2, 1]],
  ] as const)("%s is read back as it was", async (type, data, shape) => {
    const name = path.join(folder, `${type.slice(1)}.out.npy`);
    await writeNpy(name, { type, data, shape } as Npy);
    expect(await readNpy(name)).toEqual({ type, data, shape });
    // NumPy maps files: data begins at a multiple of 64
    expect((readFileSync(name).length - data.byteLength) % 64).toBe(0);
  });

  it("says what cannot be written", () =>
    failsWith(
      "TK506",
      () => writeNpy(path.join(folder, "no", "such", "v.npy"), { type: "<i4", shape: [1], data: Int32Array.of(1) }),
      /cannot be written: ENOENT/,
    ));
});

describe("as input", () => {
  it("takes f4 and f2 as what they are, u2 as --dtype says", async () => {
    const f2 = file(npy(header("<f2", "(3,)"), six.subarray(0, 6)));
    const u2 = file(npy(header("<u2", "(3,)"), six.subarray(0, 6)));
    expect(await readInput(f2, undefined, undefined)).toMatchObject({ dtype: "f16", dims: [3] });
    expect(await readInput(u2, undefined, "bf16")).toMatchObject({ dtype: "bf16" });
    await failsWith("TK103", () => readInput(u2, undefined, undefined), /holds uint16; say with --dtype/);
    await failsWith("TK103", () => readInput(f2, undefined, "bf16"), /holds f16, --dtype says bf16/);
  });

  it("refuses integers, scalars, names, other files", async () => {
    await failsWith("TK503", () => readInput(file(npy(header("<i4", "(6,)"), six)), undefined, undefined), /'<i4'/);
    await failsWith("TK104", () => readInput(file(npy(header("<f4", "()"), six)), undefined, undefined), /single number/);
    await failsWith("TK101", () => readInput(file(npy(header("<f4", "(6,)"), six)), "logits", undefined), /--tensor logits/);
    await failsWith("TK501", () => readInput("logits.pt", undefined, undefined), /neither \.npy nor \.safetensors/);
  });

  it("takes int32 lengths only", async () => {
    expect(await readLengths(file(npy(header("<i4", "(6,)"), six)))).toHaveLength(6);
    await failsWith("TK108", () => readLengths(file(npy(header("<f4", "(6,)"), six))), /lengths are '<i4'/);
  });
});
