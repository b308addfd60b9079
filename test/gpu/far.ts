/** Offsets past 2^31 elements. Only a few rows are filled and checked: what memory holds elsewhere is as good an input as any. */
import { referenceTopk } from "../../bench/reference.ts";
import { DTYPE_BYTES, type Dtype } from "../../dsl/index.ts";
import type { HostArray, IndexArray } from "../../runtime/index.ts";
import { type Scenario, scoped } from "./case.ts";
import { checkAnswer, Mismatch } from "./check.ts";
import { makePattern } from "./patterns.ts";

interface Far {
  readonly name: string;
  readonly plan: string;
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly rowStride: number;
  readonly dtype: Dtype;
  readonly checked: readonly number[];
}

const WIDE = 2 ** 26 + 3;
/** Of rows WIDE apart: the first, the last before 2^31 elements, those after. */
const WIDE_ROWS = { rows: 40, rowStride: WIDE, checked: [0, 1, 30, 31, 32, 33, 39] };

const FAR: readonly Far[] = [
  { name: "strided rows", plan: "bitonic_block", ...WIDE_ROWS, cols: 1000, k: 50, dtype: "f32" },
  { name: "strided rows", plan: "warp_select", ...WIDE_ROWS, cols: 1000, k: 50, dtype: "f32" },
  { name: "strided rows", plan: "cluster_select", ...WIDE_ROWS, cols: 50304, k: 50, dtype: "f32" },
  { name: "strided rows", plan: "block_select", ...WIDE_ROWS, cols: 50304, k: 50, dtype: "bf16" },
  { name: "strided rows", plan: "wide_select", ...WIDE_ROWS, cols: 50304, k: 1000, dtype: "f32" },
  { name: "strided rows", plan: "stream_heap", ...WIDE_ROWS, cols: 50304, k: 50, dtype: "f32" },
  { name: "strided rows", plan: "stream_tile", ...WIDE_ROWS, cols: 50304, k: 1000, dtype: "bf16" },
  // rows x k passes 2^31, as rows x cols does: 4 GiB of input, 4 of values, 8 of indices
  {
    name: "outputs",
    plan: "bitonic_block",
    rows: 2 ** 19 + 12,
    cols: 4096,
    k: 4096,
    rowStride: 4096,
    dtype: "bf16",
    checked: [0, 262143, 524287, 524288, 524299],
  },
  { name: "packed rows", plan: "warp_select", rows: 4200000, cols: 520, k: 8, rowStride: 520, dtype: "f16", checked: [0, 4129775, 4129776, 4129777, 4199999] },
  { name: "packed rows", plan: "block_select", rows: 530000, cols: 4097, k: 8, rowStride: 4097, dtype: "f16", checked: [0, 262080, 524160, 524161, 529999] },
  { name: "packed rows", plan: "stream_heap", rows: 530000, cols: 4097, k: 8, rowStride: 4097, dtype: "f16", checked: [0, 262080, 524160, 524161, 529999] },
  { name: "packed rows", plan: "stream_tile", rows: 530000, cols: 4097, k: 8, rowStride: 4097, dtype: "f16", checked: [0, 262080, 524160, 524161, 529999] },
];

export function farScenarios(): Scenario[] {
  return FAR.map((far): Scenario => {
    const { name, plan: planName, rows, cols, k, rowStride, dtype, checked } = far;
    return {
      group: "past 2^31 elements",
      name: `${name}, ${planName}, ${rows}x${cols} k${k} ${dtype}, ${rowStride} apart`,
      run: ({ device }) =>
        scoped(async (own) => {
          if ((rows - 1) * rowStride + cols <= 2 ** 31) throw new Mismatch("the tensor does not reach past 2^31 elements");
          const bytes = DTYPE_BYTES[dtype];
          const memory = own(device.empty([rows, rowStride], dtype));
          const values = own(device.empty([rows, k], dtype));
          const indices = own(device.empty([rows, k], "i32"));
          const data = new Map(checked.map((row) => [row, makePattern({ rows: 1, cols, k, dtype, pattern: "normal", seed: row })]));
          const at = (pointer: bigint, elements: number, size: number): bigint => pointer + BigInt(elements) * BigInt(size);
          for (const [row, elements] of data) await device.wrap(at(memory.pointer, row * rowStride, bytes), { shape: [1, cols], dtype }).upload(elements);

          const plan = own(await device.plan({ rows, cols, k, dtype, rowStride, force: { plan: planName } }));
          const stream = own(device.stream());
          plan.run(device.wrap(memory.pointer, { shape: [rows, cols], dtype, rowStride }), { values, indices }, { stream });
          await stream.synchronize();

          for (const [row, elements] of data) {
            const answer = {
              values: (await device.wrap(at(values.pointer, row * k, bytes), { shape: [1, k], dtype }).toHost()) as HostArray,
              indices: (await device.wrap(at(indices.pointer, row * k, 4), { shape: [1, k], dtype: "i32" }).toHost()) as IndexArray,
            };
            try {
              checkAnswer(answer, 1, k, referenceTopk({ data: elements, rows: 1, cols, k, dtype }), k);
            } catch (error) {
              throw new Mismatch(`of row ${row}: ${(error as Error).message}`);
            }
          }
        }),
    };
  });
}
