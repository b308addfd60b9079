import { afterAll, beforeAll, expect, it } from "vitest";
import { type Device, open } from "../../runtime/index.ts";
import { oracleTopk } from "../support/oracle.ts";

// device.test.ts on the real addon's memory and threads
let device: Device;
beforeAll(async () => {
  device = await open({ backend: "cpu" });
});
afterAll(() => device.dispose());

const rows = 9;
const cols = 3000;
const data = Uint16Array.from({ length: rows * cols }, (_, place) => Math.imul(place + 1, 40503) >>> 3);

it("runs many plans side by side, each after its own upload", async () => {
  const jobs = await Promise.all(
    [1, 7, 50, 3000].flatMap((k) =>
      (["largest", "smallest"] as const).map(async (order) => {
        const plan = await device.plan({ rows, cols, k, dtype: "bf16", order });
        const x = device.tensor(data, { shape: [rows, cols], dtype: "bf16" });
        const out = { values: device.empty([rows, k], "bf16"), indices: device.empty([rows, k], "i32") };
        plan.run(x, out, { stream: device.stream() });
        const found = await Promise.all([out.values.toHost(), out.indices.toHost()]);
        const { values, indices } = oracleTopk({ data, rows, cols, k, dtype: "bf16", order });
        return { found, expected: [values, indices] };
      }),
    ),
  );
  for (const { found, expected } of jobs) expect(found).toEqual(expected);
});

it("reads and writes wrapped memory: padded rows, an odd base, 64-bit indices", async () => {
  const whole = device.tensor(data, { shape: [rows, cols], dtype: "f16" });
  await whole.toHost();
  const x = device.wrap(whole.pointer + 2n, { shape: [rows - 1, cols - 10], dtype: "f16", rowStride: cols });
  const plan = await device.plan({ rows: rows - 1, cols: cols - 10, rowStride: cols, k: 20, dtype: "f16", indices: "i64", lengths: true });
  const lengths = Int32Array.from({ length: rows - 1 }, (_, row) => row * 500 - 3);
  const ends = device.tensor(lengths, { shape: [rows - 1, 1], dtype: "i32" });
  const out = { values: device.empty([rows - 1, 20], "f16"), indices: device.empty([rows - 1, 20], "i64") };
  plan.run(x, out, { lengths: ends });
  const expected = oracleTopk({ data: data.subarray(1), rows: rows - 1, cols: cols - 10, rowStride: cols, k: 20, dtype: "f16", lengths });
  expect(await out.values.toHost()).toEqual(expected.values);
  expect(await out.indices.toHost()).toEqual(BigInt64Array.from(expected.indices, BigInt));
  expect(await x.toHost()).toEqual(
    Uint16Array.from({ length: (rows - 1) * (cols - 10) }, (_, place) => data[Math.floor(place / (cols - 10)) * cols + (place % (cols - 10)) + 1]!),
  );
});
