/** What `topkit tune` prints at its end: the ranked list of each workload, and what changed. */
import type { Ranked } from "../bench/autotune/ranking.ts";
import { choiceText } from "../bench/autotune/space.ts";
import type { Tuned } from "../bench/autotune/tune.ts";
import { fixed, percent, type Table, toText } from "../bench/report/table.ts";
import { describe } from "../bench/run-bench.ts";

const SHOWN = 5;

export function rankedText({ workload, candidates, measured, ranked, winner, present, invalid }: Tuned): string {
  const failures = Object.entries(invalid).map(([why, count]) => `${count} ${why}`);
  const counts = `${measured} of ${candidates} candidates measured${failures.length === 0 ? "" : `, without a time: ${failures.join(", ")}`}`;
  const title = `${describe(workload)}: ${counts}`;
  if (ranked.length === 0) return title;
  const shown = ranked.filter((each, at) => at < SHOWN || each === winner || each.candidate.id === present?.candidate.id);
  const marks = (each: Ranked): string =>
    [each.candidate.id === winner?.candidate.id ? "winner" : "", each.candidate.id === present?.candidate.id ? "present" : ""]
      .filter((mark) => mark !== "")
      .join(", ");
  const table: Table = {
    words: 2,
    header: ["config", "", "us", "of best", "rounds"],
    rows: shown.map((each) => [choiceText(each.candidate), marks(each), fixed(each.median), percent(each.share), String(each.rounds)]),
  };
  return `${title}\n${toText(table)}`;
}

export function summaryText(tuned: readonly Tuned[]): string {
  const table: Table = {
    words: 1,
    header: ["shape", "candidates", "measured", "present us", "winner us", "gain"],
    rows: tuned.map(({ workload, candidates, measured, winner, present }) => [
      ...[describe(workload), String(candidates), String(measured)],
      ...[present === undefined ? "-" : fixed(present.median), winner === undefined ? "-" : fixed(winner.median)],
      present === undefined || winner === undefined ? "-" : `${(100 * (1 - winner.median / present.median)).toFixed(1)} %`,
    ]),
  };
  return toText(table);
}

/** For --json. */
export const asJson = ({ workload, candidates, measured, ranked, winner, present, invalid }: Tuned): object => {
  const plain = (each: Ranked | undefined): object | undefined =>
    each && { plan: each.candidate.plan, config: each.candidate.config, us: each.median, share: each.share, rounds: each.rounds, tied: each.tied };
  const { rows, cols, k, dtype } = workload;
  return { rows, cols, k, dtype, candidates, measured, invalid, winner: plain(winner), present: plain(present), ranked: ranked.slice(0, SHOWN).map(plain) };
};
