/** Which of a device's tuned shapes are near a request, and which choice their times speak for. Pure. */
import { type AnyConfig, DTYPE_BYTES, type Request } from "../dsl/index.ts";
import { localFit, type Sample } from "./local-fit.ts";
import type { LoadedTable, Tuning } from "./tuning.ts";
import type { TableChoice, TunedEntry } from "./tuning-table.ts";

export interface NearEntry {
  readonly entry: TunedEntry;
  readonly table: LoadedTable;
  /** Octaves from the request's rows, columns and k to the entry's. */
  readonly offset: readonly number[];
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
  /** How far over the best it should be here, the logarithm, as the nearest entries have it and as it changes among those around; less is better. */
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
const VOTERS = 8;
/** Octaves in which an entry's say falls off, from the nearest one's. */
const FALL_OFF = 0.4;
/** What counts for an entry that does not have a choice's time, and the most that counts for one that has. */
const UNMEASURED = 0.3;
/** Of all voters' 1, so that few that know a choice do not speak for all. */
const LEAST_SAY = 0.2;
const WORST = 1.5;

/** Entries that show how a choice changes from shape to shape, and of those that have it, how many are asked. */
const AROUND = 32;
const FITTED = 16;

const SIDES = ["rows", "cols", "k"] as const;

/** Squared; the offsets are in octaves. Looked at for every entry of a table: nothing is allocated. */
function squaredDistance(request: Request, entry: TunedEntry, rows: number, cols: number, k: number): number {
  let sum = entry.dtype === request.dtype ? 0 : OTHER_DTYPE;
  sum += WEIGHTS.rows * rows ** 2 + WEIGHTS.cols * cols ** 2 + WEIGHTS.k * k ** 2;
  if (octave(entry.rows) !== octave(request.rows)) sum += ACROSS.rows;
  if (octave(entry.cols) !== octave(request.cols)) sum += ACROSS.cols;
  if (octave(entry.k) !== octave(request.k)) sum += ACROSS.k;
  return sum;
}

/** Of the least power of two that is not less, the exponent: 32 - clz32 counts digits. */
const octave = (count: number): number => 32 - Math.clz32(count - 1);

const isClose = (request: Request, entry: TunedEntry): boolean =>
  entry.dtype === request.dtype && SIDES.every((side) => Math.abs(Math.log2(entry[side] / request[side])) <= Math.log2(CLOSE));

/** Those that know something, the nearest first; of one shape, the user's first. What draws is served by what drew. */
export function entriesNear(request: Request, { tables }: Tuning): NearEntry[] {
  const width = DTYPE_BYTES[request.dtype];
  const near: NearEntry[] = [];
  for (const table of tables) {
    for (const entry of table.entries) {
      if (DTYPE_BYTES[entry.dtype] !== width || entry.sample !== request.sample) continue;
      const rows = Math.log2(entry.rows / request.rows);
      const cols = Math.log2(entry.cols / request.cols);
      const k = Math.log2(entry.k / request.k);
      const squared = squaredDistance(request, entry, rows, cols, k);
      if (squared <= REACH ** 2) near.push({ entry, table, offset: [rows, cols, k], distance: Math.sqrt(squared) });
    }
  }
  near.sort((a, b) => a.distance - b.distance);
  if (near[0] === undefined || near[0].distance > NEAREST) return [];
  return (near.length < FEW ? near.filter(({ entry }) => isClose(request, entry)) : near).slice(0, AROUND);
}

/** Whether a choice's times are still of some use, and whether the rules of its plan let it answer an entry's shape. */
export interface Rules {
  readonly counts: (choice: TableChoice) => boolean;
  readonly allows: (choice: TableChoice, entry: TunedEntry) => boolean;
}

/**
 * The best guess first, each when it is asked for. An entry of the request's own shape has the only say. Rules take longer to ask than all the rest,
 * so they are asked of a choice only when nothing else could be better: until then its score is the least that they leave possible.
 */
export function* candidatesOf(near: readonly NearEntry[], { counts, allows }: Rules): Generator<Candidate> {
  const known = near[0]?.distance === 0 ? near.slice(0, 1) : near;
  const voters = votersOf(known.slice(0, VOTERS));
  const waiting = measuredNear(known, counts).map((measured) => {
    const fit = localFit(measured.overs.slice(0, FITTED).map(sampleOf));
    return { measured, fit, score: leastVote(voters, measured) + fit, sure: false };
  });
  while (waiting.length > 0) {
    const best = waiting.reduce((least, each) => (each.score < least.score ? each : least));
    if (best.sure) {
      waiting.splice(waiting.indexOf(best), 1);
      const { overs: _, ...candidate } = best.measured;
      yield { ...candidate, score: best.score };
    } else {
      best.score = vote(voters, best.measured, allows) + best.fit;
      best.sure = true;
    }
  }
}

/** How far over the best of an entry a choice was there, the logarithm. */
interface Over {
  readonly near: NearEntry;
  readonly over: number;
}

type Measured = Omit<Candidate, "score"> & { readonly overs: Over[] };

/** Each choice once, with what the entries measured of it, the nearest first. */
function measuredNear(known: readonly NearEntry[], counts: (choice: TableChoice) => boolean): Measured[] {
  const found = new Map<string, Measured>();
  for (const near of known) {
    const { choices } = near.table;
    const counting = [...near.entry.choices.keys()].filter((at) => counts(choices[near.entry.choices[at]!]!));
    const best = Math.min(...counting.map((at) => near.entry.us[at]!));
    for (const at of counting) {
      const measured = choices[near.entry.choices[at]!]!;
      const us = near.entry.us[at]!;
      const id = idOf(measured);
      let each = found.get(id);
      if (each === undefined) {
        each = { plan: measured.plan, config: measured.config, near, measured, us, overs: [] };
        found.set(id, each);
      }
      // the winner stands first: among those that figures could not tell apart it was taken for a reason
      each.overs.push({ near, over: at === counting[0] ? 0 : Math.min(WORST, Math.log(us / best)) });
    }
  }
  return [...found.values()];
}

const ids = new WeakMap<TableChoice, string>();

/** The same for what two tables, or two dtypes, name alike. Kept: a request meets each of a hundred choices in many entries. */
function idOf(choice: TableChoice): string {
  const known = ids.get(choice);
  if (known !== undefined) return known;
  const id = JSON.stringify([choice.plan, Object.entries(choice.config).sort(([a], [b]) => (a < b ? -1 : 1))]);
  ids.set(choice, id);
  return id;
}

interface Voter {
  readonly near: NearEntry;
  /** Of all voters' 1. */
  readonly weight: number;
}

function votersOf(nearest: readonly NearEntry[]): Voter[] {
  const weights = nearest.map(({ distance }) => Math.exp((nearest[0]!.distance ** 2 - distance ** 2) / (2 * FALL_OFF ** 2)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return nearest.map((near, at) => ({ near, weight: weights[at]! / total }));
}

/** What the voters say of a choice, on average. One without a time of it speaks against it, but where rules refused it: that says nothing of other shapes. */
function vote(voters: readonly Voter[], measured: Measured, allows: Rules["allows"]): number {
  let [say, told] = [0, 0];
  for (const { near, weight } of voters) {
    const over = measured.overs.find((each) => each.near === near)?.over;
    if (over === undefined && !allows(measured.measured, near.entry)) continue;
    say += weight;
    told += weight * ((over ?? UNMEASURED) - UNMEASURED);
  }
  return UNMEASURED + told / Math.max(say, LEAST_SAY);
}

/** Of all votes that are possible, whatever rules refuse. */
function leastVote(voters: readonly Voter[], measured: Measured): number {
  let [say, told] = [0, 0];
  for (const { near, weight } of voters) {
    const over = measured.overs.find((each) => each.near === near)?.over;
    if (over === undefined) continue;
    say += weight;
    told += weight * (over - UNMEASURED);
  }
  return UNMEASURED + (told < 0 ? told / Math.max(say, LEAST_SAY) : told);
}

const sampleOf = ({ near: { offset, distance }, over }: Over): Sample => ({ offset, squaredDistance: distance ** 2, value: over });
