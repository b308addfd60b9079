/** topk(), host in and host out, on the suite's backend. */
import { rawBits, referenceTopk } from "../../bench/reference.ts";
import { type TopkOptions, topk } from "../../runtime/index.ts";
import { DTYPES, ORDERS, type Scenario } from "./case.ts";
import { checkAnswer, checkUntouched, Mismatch } from "./check.ts";
import { emptyOf, makePattern, winner } from "./patterns.ts";

interface HostCase {
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly gap?: number;
  readonly lengths?: readonly number[];
  readonly indices?: "i32" | "i64";
}

const HOST_CASES: readonly HostCase[] = [
  { rows: 1, cols: 1, k: 1 },
  { rows: 3, cols: 50304, k: 50 },
  { rows: 5, cols: 100, k: 100, gap: 3 },
  { rows: 4, cols: 9000, k: 8, lengths: [0, 5, 9000, 99999] },
  { rows: 2, cols: 30000, k: 1000, indices: "i64" },
  { rows: 0, cols: 10, k: 3 },
];

export function hostScenarios(): Scenario[] {
  return HOST_CASES.map(
    (host): Scenario => ({
      group: "host in, host out",
      name: `topk() of ${host.rows}x${host.cols}, k ${host.k}${host.gap ? ", strided" : ""}${host.lengths ? ", lengths" : ""}${host.indices ? ", i64" : ""}`,
      quick: host.cols < 1000,
      run: async ({ backend }) => {
        const { rows, cols, k, gap = 0, indices = "i32" } = host;
        for (const dtype of DTYPES) {
          for (const order of ORDERS) {
            const rowStride = cols + gap;
            const data = emptyOf(dtype, rows * rowStride);
            const bits = rawBits(data).fill(winner(dtype, order));
            const packed = rawBits(makePattern({ ...host, dtype, pattern: "someNans", seed: 3 }));
            for (let row = 0; row < rows; row++) bits.set(packed.subarray(row * cols, (row + 1) * cols), row * rowStride);
            const before = data.slice();
            const lengths = host.lengths && Int32Array.from(host.lengths);
            const options: TopkOptions = { k, dtype, rows, cols, rowStride, order, indices, backend, ...(lengths && { lengths }) };
            // three at once: calls share a device and perhaps a plan
            const answers = await Promise.all([topk(data, options), topk(data, options), topk(data, options)]);
            const expected = referenceTopk({ data, rows, cols, k, rowStride, dtype, order, ...(lengths && { lengths }) });
            for (const answer of answers) {
              if (answer.backend !== backend) throw new Mismatch(`backend ${backend} was asked for, ${answer.backend} computed`);
              if (answer.indices instanceof BigInt64Array !== (indices === "i64")) throw new Mismatch(`indices are a ${answer.indices.constructor.name}`);
              checkAnswer(answer, rows, k, expected, k);
            }
            checkUntouched("the input", data, before);
          }
        }
      },
    }),
  );
}
