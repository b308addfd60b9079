/** The report's first tables: what it comes to, by goal, by suite and by the times to reach. */
import type { Must } from "../musts.ts";
import { geometricMean } from "../statistics.ts";
import { type Entry, ratio, suitesOf } from "./entries.ts";
import { type Goal, peerRatio, reachedOf } from "./goals.ts";
import { fixed, NONE, percent, type Table, times, us } from "./table.ts";

export const goalsTable = (goals: readonly Goal[]): Table => ({
  words: 3,
  header: ["goal", "met", "figure", "missed by"],
  rows: goals.map(({ name, met, figure, misses }) => [name, met === undefined ? "not measured" : met ? "yes" : "NO", figure, `${misses.length}`]),
});

/** By name, each shape that misses a goal. */
export const missesTable = (goals: readonly Goal[]): Table => ({
  words: 2,
  header: ["goal", "missed by", "figure"],
  rows: goals.filter(({ met }) => met === false).flatMap(({ name: goal, misses }) => misses.map(({ name, figure }) => [goal, name, figure])),
});

/** Geometric means, and the worst shape by name, a suite each. */
export function summaryTable(entries: readonly Entry[]): Table {
  return {
    words: 1,
    header: ["suite", "shapes", "torch / topkit, mean", "least", "best peer / topkit, mean", "least", "floor / topkit, mean", "exact"],
    rows: suitesOf(entries).map((suite) => {
      const own = entries.filter((entry) => entry.suite === suite);
      const mixed = new Set(own.map(({ dist }) => dist)).size > 1;
      const torch = known(own, ({ torch, topkit }) => ratio(torch, topkit));
      const peer = known(own, peerRatio);
      const worst = (least: Known | undefined): string =>
        least === undefined ? NONE : `${times(least.value)} (${least.entry.shape}${mixed ? `, ${least.entry.dist}` : ""})`;
      const exact = own.filter(({ topkit }) => topkit?.exact === "yes").length;
      return [
        ...[suite, `${own.length}`, times(mean(torch)), worst(torch[0]), times(mean(peer)), worst(peer[0])],
        ...[percent(mean(known(own, ({ floor, topkit }) => ratio(floor, topkit)))), `${exact} of ${own.length}`],
      ];
    }),
  };
}

interface Known {
  readonly entry: Entry;
  readonly value: number;
}

/** The least first. */
const known = (entries: readonly Entry[], value: (entry: Entry) => number | undefined): Known[] =>
  entries
    .flatMap((entry) => {
      const figure = value(entry);
      return figure === undefined ? [] : [{ entry, value: figure }];
    })
    .toSorted((a, b) => a.value - b.value);

const mean = (values: readonly Known[]): number | undefined => (values.length === 0 ? undefined : geometricMean(values.map(({ value }) => value)));

/** The times to reach, beside everything that is known of their shapes. */
export const mustTable = (musts: readonly Must[], entries: readonly Entry[]): Table => ({
  words: 1,
  header: ["shape", "topkit us", "to reach us", "met", "floor us", "torch us", "torch / topkit", "best peer us", "peer / topkit", "exact"],
  rows: reachedOf(musts, entries).map(({ must: { rows, cols, k, dtype, us: goal }, entry, met }) => {
    const best = entry?.peers[0];
    return [
      ...[`${rows} x ${cols}, k ${k}, ${dtype}`, us(entry?.topkit), `${goal}`, entry === undefined ? NONE : met ? "yes" : "NO"],
      ...[us(entry?.floor), us(entry?.torch), times(entry && ratio(entry.torch, entry.topkit))],
      ...[best === undefined ? NONE : `${fixed(best.us)} ${best.impl}`, times(entry && peerRatio(entry)), entry?.topkit?.exact ?? NONE],
    ];
  }),
});
