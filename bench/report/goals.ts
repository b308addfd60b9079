/** What the benchmark is to show, and whether it does: each goal with its figure and, by name, the shapes that miss it. */
import type { CompiledRow } from "../compile-report.ts";
import type { Must } from "../musts.ts";
import { geometricMean } from "../statistics.ts";
import { type Entry, normalOf, ratio, suitesOf } from "./entries.ts";
import { isScaling } from "./plots.ts";

export interface Miss {
  /** A shape, mostly. */
  readonly name: string;
  readonly figure: string;
}

export interface Goal {
  readonly name: string;
  /** undefined where nothing that tells was measured. */
  readonly met: boolean | undefined;
  readonly figure: string;
  /** What misses it. */
  readonly misses: readonly Miss[];
}

/** The suite of which the mean counts. */
const MAIN_SUITE = "nanochat";
const MEAN_OVER_TORCH = 10;
const LEAST_OVER_TORCH = 8;
const MOST_OVER_NORMAL = 2;
/** A step of the rows may take as many times as long as there are rows more; beyond this, of noise and the last round of blocks, it is a cliff. */
const STEEPEST_STEP = 1.1;

export function goalsOf(entries: readonly Entry[], musts: readonly Must[], compiled: readonly CompiledRow[]): Goal[] {
  const main = entries.filter(({ suite }) => suite === MAIN_SUITE);
  const overTorch = measuresOf(main, ({ torch, topkit }) => ratio(torch, topkit));
  const mean = overTorch.length === 0 ? undefined : geometricMean(overTorch.map(({ value }) => value));
  const adversarial = entries.filter(({ dist }) => dist !== "normal");
  return [
    {
      name: "every row of every result equals the reference, bit for bit",
      met: entries.length === 0 ? undefined : entries.every(({ topkit }) => topkit?.exact === "yes"),
      figure: `${entries.filter(({ topkit }) => topkit?.exact === "yes").length} of ${entries.length} workloads`,
      misses: entries.filter(({ topkit }) => topkit?.exact !== "yes").map((entry) => ({ name: nameOf(entry), figure: entry.topkit?.exact ?? "no answer" })),
    },
    reached(musts, entries),
    {
      name: `suite ${MAIN_SUITE}: torch / topkit at least ${MEAN_OVER_TORCH} in geometric mean`,
      met: mean === undefined ? undefined : mean >= MEAN_OVER_TORCH,
      figure: mean === undefined ? "-" : times(mean),
      misses: [],
    },
    atLeast(`suite ${MAIN_SUITE}: no shape under ${LEAST_OVER_TORCH} times torch`, overTorch, LEAST_OVER_TORCH),
    atLeast(
      "no shape of any suite slower than torch",
      measuresOf(entries, ({ torch, topkit }) => ratio(torch, topkit)),
      1,
    ),
    atLeast("never slower than any recorded peer", measuresOf(entries, peerRatio), 1),
    atMost(
      `other data: at most ${MOST_OVER_NORMAL} times the time on normal data`,
      measuresOf(adversarial, (entry) => ratio(entry.topkit, normalOf(entry, entries)?.topkit)),
      MOST_OVER_NORMAL,
    ),
    atLeast(
      "other data: faster than torch",
      measuresOf(adversarial, ({ torch, topkit }) => ratio(torch, topkit)),
      1,
    ),
    ...suitesOf(entries).flatMap((suite) => growth(entries.filter((entry) => entry.suite === suite))),
    spills(compiled),
  ];
}

interface Measure {
  readonly name: string;
  readonly value: number;
}

const nameOf = ({ suite, shape, dist }: Entry): string => `${suite} ${shape}${dist === "normal" ? "" : `, ${dist}`}`;
const times = (value: number): string => `${value.toFixed(2)}x`;
export const peerRatio = ({ peers, topkit }: Entry): number | undefined => (peers[0] === undefined ? undefined : ratio({ usMedian: peers[0].us }, topkit));

const measuresOf = (entries: readonly Entry[], value: (entry: Entry) => number | undefined): Measure[] =>
  entries.flatMap((entry) => {
    const known = value(entry);
    return known === undefined ? [] : [{ name: nameOf(entry), value: known }];
  });

const atLeast = (name: string, measures: readonly Measure[], bound: number): Goal =>
  bounded(
    name,
    measures.toSorted((a, b) => a.value - b.value),
    (value) => value >= bound,
    "least",
  );

const atMost = (name: string, measures: readonly Measure[], bound: number): Goal =>
  bounded(
    name,
    measures.toSorted((a, b) => b.value - a.value),
    (value) => value <= bound,
    "most",
  );

function bounded(name: string, worstFirst: readonly Measure[], within: (value: number) => boolean, word: string): Goal {
  const misses = worstFirst.filter(({ value }) => !within(value));
  const worst = worstFirst[0];
  return {
    name,
    met: worst === undefined ? undefined : misses.length === 0,
    figure: worst === undefined ? "-" : `${word} ${times(worst.value)} (${worst.name}); ${worstFirst.length - misses.length} of ${worstFirst.length}`,
    misses: misses.map((miss) => ({ name: miss.name, figure: times(miss.value) })),
  };
}

/** A time to reach beside what was measured: where several suites have the shape, the slowest. */
export interface Reached {
  readonly must: Must;
  readonly entry: Entry | undefined;
  readonly met: boolean;
}

export function reachedOf(musts: readonly Must[], entries: readonly Entry[]): Reached[] {
  return musts.map((must) => {
    const [entry] = entries
      .filter(({ dist, dtype, rows, cols, k, topkit }) => topkit !== undefined && dist === "normal" && isShape(must, { dtype, rows, cols, k }))
      .toSorted((a, b) => b.topkit!.usMedian - a.topkit!.usMedian);
    return { must, entry, met: entry?.topkit?.exact === "yes" && entry.topkit.usMedian <= must.us };
  });
}

const isShape = (must: Must, other: Pick<Entry, "rows" | "cols" | "k" | "dtype">): boolean =>
  must.rows === other.rows && must.cols === other.cols && must.k === other.k && must.dtype === other.dtype;

function reached(musts: readonly Must[], entries: readonly Entry[]): Goal {
  const all = reachedOf(musts, entries);
  const missed = all.filter(({ met }) => !met);
  return {
    name: "the times to reach (bench/musts.csv)",
    met: all.every(({ entry }) => entry === undefined) ? undefined : missed.length === 0,
    figure: `${all.length - missed.length} of ${all.length}`,
    misses: missed.map(({ must: { rows, cols, k, dtype, us }, entry }) => ({
      name: `${rows} x ${cols}, k ${k}, ${dtype}`,
      figure: entry?.topkit === undefined ? "not measured" : `${entry.topkit.usMedian.toFixed(2)} us, not ${us}`,
    })),
  };
}

/** For a suite in which only the rows grow: its steepest step. */
function growth(entries: readonly Entry[]): Goal[] {
  const measured = entries.filter(({ topkit }) => topkit !== undefined).toSorted((a, b) => a.rows - b.rows);
  if (!isScaling(entries) || measured.length < 2) return [];
  const steps = measured.slice(1).map((entry, at) => {
    const before = measured[at]!;
    const slower = entry.topkit!.usMedian / before.topkit!.usMedian;
    return { name: `${before.rows} to ${entry.rows} rows`, value: slower / (entry.rows / before.rows) };
  });
  const goal = atMost(
    `suite ${entries[0]!.suite}: no step grows faster than its rows (time ratio / rows ratio at most ${STEEPEST_STEP})`,
    steps,
    STEEPEST_STEP,
  );
  return [goal];
}

function spills(compiled: readonly CompiledRow[]): Goal {
  const spilled = compiled.filter(({ spillBytes }) => spillBytes !== "0");
  return {
    name: "no shipped kernel spills registers",
    met: compiled.length === 0 ? undefined : spilled.length === 0,
    figure: compiled.length === 0 ? "-" : `${compiled.length - spilled.length} of ${compiled.length} compilations`,
    misses: spilled.map(({ symbol, arch, spillBytes }) => ({ name: `${symbol} for sm_${arch}`, figure: `${spillBytes} bytes` })),
  };
}
