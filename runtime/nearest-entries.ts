/** Which of a device's tuned shapes are near a request, and which choice their times speak for. Pure. */
import { type AnyConfig, DTYPE_BYTES, type Request } from "../dsl/index.ts";
import type { LoadedTable, Tuning } from "./tuning.ts";
import type { TableChoice, TunedEntry } from "./tuning-table.ts";

export interface NearEntry {
  readonly entry: TunedEntry;
  readonly table: LoadedTable;
  /** 0 for the request's own shape. In octaves, more or less: the root of a weighted sum of squares. */
  readonly distance: number;
}

/** What near entries measured, by what would be asked for. */
export interface Candidate {
  readonly plan: string;
  readonly config: AnyConfig;
  /** The nearest entry that has its time, and what its table says of it. */
  readonly near: NearEntry;
  readonly measured: TableChoice;
  readonly us: number;
  /** How far over the best of each entry it was, the logarithm, by the entries' weights; less is better. */
  readonly score: number;
}

/** Weights of squared octaves. Times change with columns the most, and with rows the least. Fitted to the H200's records by `topkit tune judge` (docs/log/tune.md). */
const WEIGHTS = { rows: 0.15, cols: 1, k: 0.7 } as const;
/** What is added where a power of two lies between two shapes: networks, lists and registers come in those, and about there a device is full. */
const ACROSS = { rows: 0.3, cols: 1, k: 0.3 } as const;
/** Between two dtypes of one width. Of another width a time says nothing. */
const OTHER_DTYPE = 0.3;
/** Where even the nearest entry is further away, the untuned rules are the better guess. */
const NEAREST = 1.3;
/** Beyond that an entry has no say. */
const REACH = 3;
/** Where fewer entries are as near, nothing is known of how choices change from shape to shape: each side may then differ by this factor alone. */
const FEW = 4;
const CLOSE = 1.25;

/** Entries that have a say. */
const MOST = 8;
/** Octaves in which an entry's say falls off, from the nearest one's. */
const FALL_OFF = 0.4;
/** What counts for an entry that does not have a choice's time, and the most that counts for one that has. */
const UNMEASURED = 0.3;
const WORST = 1.5;

const SIDES = ["rows", "cols", "k"] as const;

function distanceOf(request: Request, entry: TunedEntry): number {
  let sum = entry.dtype === request.dtype ? 0 : OTHER_DTYPE;
  for (const side of SIDES) {
    sum += WEIGHTS[side] * Math.log2(entry[side] / request[side]) ** 2;
    if (Math.ceil(Math.log2(entry[side])) !== Math.ceil(Math.log2(request[side]))) sum += ACROSS[side];
  }
  return Math.sqrt(sum);
}

const isClose = (request: Request, entry: TunedEntry): boolean =>
  entry.dtype === request.dtype && SIDES.every((side) => Math.abs(Math.log2(entry[side] / request[side])) <= Math.log2(CLOSE));

/** Those that have a say, the nearest first; of one shape, the user's first. */
export function entriesNear(request: Request, { tables }: Tuning): NearEntry[] {
  const width = DTYPE_BYTES[request.dtype];
  const near = tables
    .flatMap((table) => table.entries.map((entry) => ({ entry, table })))
    .filter(({ entry }) => DTYPE_BYTES[entry.dtype] === width)
    .map(({ entry, table }) => ({ entry, table, distance: distanceOf(request, entry) }))
    .filter(({ distance }) => distance <= REACH)
    .sort((a, b) => a.distance - b.distance);
  if (near[0] === undefined || near[0].distance > NEAREST) return [];
  return (near.length < FEW ? near.filter(({ entry }) => isClose(request, entry)) : near).slice(0, MOST);
}

/** The best guess first. An entry of the request's own shape has the only say. `counts`: whether a choice's times are still of some use. */
export function candidatesOf(near: readonly NearEntry[], counts: (choice: TableChoice) => boolean): Candidate[] {
  const [first] = near;
  if (first === undefined) return [];
  const having = first.distance === 0 ? [first] : near;
  const weights = having.map(({ distance }) => Math.exp((first.distance ** 2 - distance ** 2) / (2 * FALL_OFF ** 2)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const candidates = new Map<string, { candidate: Omit<Candidate, "score">; score: number }>();
  for (const [at, each] of having.entries()) {
    const times = each.entry.times.flatMap(([choice, us]) => {
      const measured = each.table.choices[choice]!;
      return counts(measured) ? [{ measured, us }] : [];
    });
    const best = Math.min(...times.map(({ us }) => us));
    for (const [place, { measured, us }] of times.entries()) {
      const { plan, config } = measured;
      const id = JSON.stringify([plan, Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1))]);
      const known = candidates.get(id) ?? { candidate: { plan, config, near: each, measured, us }, score: UNMEASURED * total };
      // the winner stands first: among those that figures could not tell apart it was taken for a reason
      const over = place === 0 ? 0 : Math.min(WORST, Math.log(us / best));
      known.score += weights[at]! * (over - UNMEASURED);
      candidates.set(id, known);
    }
  }
  return [...candidates.values()].map(({ candidate, score }) => ({ ...candidate, score: score / total })).sort((a, b) => a.score - b.score);
}
