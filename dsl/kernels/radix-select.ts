/** Any rows, any columns, any k: the k-th key digit by digit, the elements above it collected in column order, and sorted. */
import { chain, pass } from "../plan.ts";
import { radixShape, radixTune } from "./radix.ts";
import { radixCollect } from "./radix-collect.ts";
import { radixCount } from "./radix-count.ts";
import { radixOffsets } from "./radix-offsets.ts";
import { radixRow } from "./radix-row.ts";
import { radixScatter } from "./radix-scatter.ts";
import { radixSort } from "./radix-sort.ts";
import { radixTally } from "./radix-tally.ts";

export const radixKernels = [radixRow, radixCount, radixCollect, radixSort, radixTally, radixOffsets, radixScatter] as const;

const sortPass = <D extends number>(digit: D) => [pass(radixTally, { digit }), pass(radixOffsets, { digit }), pass(radixScatter, { digit })] as const;

/** Launches that a dtype, or k, does not need have no blocks: a 16-bit key has two digits to find and two to sort by, and few words are sorted by one block a row. */
export const radixSelect = chain(
  "radix_select",
  [
    radixRow,
    pass(radixCount, { digit: 0 }),
    pass(radixCount, { digit: 1 }),
    pass(radixCount, { digit: 2 }),
    radixCollect,
    radixSort,
    ...sortPass(0),
    ...sortPass(1),
    ...sortPass(2),
    ...sortPass(3),
  ],
  {
    tune: radixTune,
    untuned: () => ({ blocks: 528, sortLimit: 10240, rowLimit: 32768 }),
    shape: (request, config) => radixShape(request, config),
  },
);
