/** Cases of one kernel alone, for what no boundary of a request brings about: counts that just fill what a kernel has room for, or just do not. */
import type { AnyConfig, AnyKernel } from "../../dsl/index.ts";
import { sortExtremes } from "./mutation-sort-extremes.ts";
import type { Case } from "./property-case.ts";

type Spec = Pick<Case, "dtype" | "order">;
type Extreme = Pick<Case, "rows" | "cols" | "k" | "data"> & Partial<Case>;

const USUAL = { gap: 0, offset: 0, lengths: [], indexBytes: 4, dataSeed: 1, seed: 1 } as const;

/** Of a kernel's config, in the plan that is named after it unless a case says otherwise. */
export function extremesOf({ name }: AnyKernel, spec: Spec, tune: AnyConfig): Case[] {
  const force = Object.fromEntries(Object.entries(tune).map(([each, value]) => [`${name}.${each}`, value]));
  const extremes = EXTREMES[name]?.(spec, tune) ?? [];
  return extremes.map((each) => ({ plan: name, ...USUAL, ...spec, ...each, force: { ...force, ...each.force } }));
}

const EXTREMES: Readonly<Record<string, (spec: Spec, tune: AnyConfig) => readonly Extreme[]>> = {
  block_select: ({ dtype, order }, { warps, delegates, candidates, saved, blocksPerSm, multiprocessors }) => {
    const [threads, held] = [Number(warps) * 32, Number(candidates)];
    const blocks = Number(blocksPerSm) * Number(multiprocessors);
    /** Lengths of the two rows of one block; nobody else has any. */
    const twice = (first: number, second: number): number[] => [first, ...Array<number>(blocks - 1).fill(0), second];
    return [
      // every delegate is wanted
      ...(delegates === 4 && held === 8 * threads ? [{ rows: 3, cols: 5000, k: 4 * threads, data: "normal" } as const] : []),
      // exactly as many elements as are held, sorted before the next row's barriers are waited at
      ...(saved === 0 && held === 2048 && blocks === 32 ? [{ rows: 33, cols: 5000, k: 100, data: "allPosInf", lengths: twice(held, 5000) } as const] : []),
      // as many delegates reach the bar as words are held, and many more elements; and fewer delegates than are wanted
      ...(dtype === "bf16" && delegates === 1 ? [{ rows: 2, cols: 5000, k: 100, data: "allPosInf", lengths: [8 * held, 9] } as const] : []),
      // from the greatest bar to the least, and back
      ...(dtype === "f32" && order === "smallest" ? [{ rows: blocks + 1, cols: 5000, k: 32, data: "allNegInf", lengths: twice(4, 5000) } as const] : []),
    ];
  },

  cluster_select: ({ dtype }, { blocks, vectors, segment }) =>
    dtype !== "bf16" || blocks !== 4 || vectors !== 1 || segment !== 64
      ? []
      : [
          // a block has fewer survivors than are wanted, and with its edges, which are none, more than a segment takes
          { rows: 1, cols: 4096, k: 64, offset: 3, data: "quarterLess" },
          // of two blocks that have more survivors than are wanted one sorts them, and the other has as many as are not sorted yet
          { rows: 3, cols: 4096, k: 13, data: "quarterCrowds" },
          // better edges than any delegate, above masses of ties
          { rows: 1, cols: 4096, k: 32, offset: 3, data: "leadAbove" },
        ],

  cluster_sort: sortExtremes,

  /**
   * More words than it holds: in the one block of a long row, with nothing in the other rows; from the lists of a row's blocks, each of which is full; and
   * from the first words of the lists, of as many blocks as an H200 has.
   */
  wide_stream: ({ order }, { candidates }) => {
    const usual = { plan: "wide_select", data: "unsampled" } as const;
    const forced = (streamers: number): Case["force"] => ({ "wide_select.sample": 1, "wide_select.streamers": streamers });
    return [
      { ...usual, rows: 66, cols: 20500, k: 13, lengths: [20500, ...Array<number>(65).fill(0)], force: forced(66) },
      { ...usual, rows: 1, cols: 45000, k: 1100, force: forced(66), seed: 2 },
      // takes seconds, and overflows the least capacity only
      ...(candidates === 4096 && order === "largest" ? [{ ...usual, rows: 1, cols: 550_000, k: 100, force: forced(132), seed: 3 }] : []),
    ];
  },
};
