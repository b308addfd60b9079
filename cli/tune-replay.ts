/** `topkit tune --replay`: a strategy on recorded times: what it would have found, and for how many rounds. */
import { EFFORT_PLANS } from "../bench/autotune/effort.ts";
import { type Ranked, ranking, winner } from "../bench/autotune/ranking.ts";
import { readRecords } from "../bench/autotune/records.ts";
import { recordedSpaces, replayMeasurer } from "../bench/autotune/replay.ts";
import { Session } from "../bench/autotune/session.ts";
import { choiceText } from "../bench/autotune/space.ts";
import { strategies } from "../bench/autotune/strategies/index.ts";
import { BudgetSpent } from "../bench/autotune/strategy.ts";
import { random } from "../bench/random.ts";
import { fixed, type Table, toText } from "../bench/report/table.ts";
import { shapeText } from "../bench/workloads.ts";
import { TopkitError } from "../runtime/errors.ts";
import { log, print, printJson } from "./status.ts";
import type { TuneCommandOptions } from "./tune.ts";

/** Errors: TK101 where there is nothing to replay, TK501. */
export async function replay(place: string, options: TuneCommandOptions): Promise<void> {
  const { records, damaged } = readRecords(place);
  for (const line of damaged) log(`topkit: ${line}`);
  const spaces = recordedSpaces(records).filter(({ space }) => space.candidates.length > 0);
  if (spaces.length === 0) throw new TopkitError("TK101", `${place} holds no records that can be replayed; give a folder or file that \`topkit tune\` wrote`);
  const { strategy, budget } = { ...EFFORT_PLANS[options.effort], ...(options.strategy === undefined ? {} : { strategy: options.strategy }) };
  const rows = [];
  for (const recorded of spaces) {
    const { space, outcomes } = recorded;
    const session = new Session({ space, measurer: replayMeasurer(recorded), budget });
    try {
      await strategies[strategy]!({ space, seeds: space.untuned, random: random(options.seed, 0), measure: session.measure });
    } catch (error) {
      if (!(error instanceof BudgetSpent)) throw error;
    }
    const all = ranking(space, outcomes);
    const found = winner(space, session.outcomes);
    const recordedAs = all.find(({ candidate }) => candidate.id === found?.candidate.id);
    rows.push({ request: space.request, candidates: space.candidates.length, rounds: session.rounds, best: bestOf(all), found: recordedAs });
  }
  if (options.json) printJson({ strategy, replayed: rows.map(({ best, found, ...rest }) => ({ ...rest, best: plain(best), found: plain(found) })) });
  else print(`${strategy}\n${toText(tableOf(rows))}`);
}

/** Of those that were measured often enough to claim it. */
const bestOf = (ranked: readonly Ranked[]): Ranked | undefined => ranked.find(({ share }) => share === 1);

const plain = (each: Ranked | undefined) => each && { plan: each.candidate.plan, config: each.candidate.config, us: each.median };

interface Replayed {
  readonly request: { readonly rows: number; readonly cols: number; readonly k: number; readonly dtype: string };
  readonly candidates: number;
  readonly rounds: number;
  readonly best: Ranked | undefined;
  readonly found: Ranked | undefined;
}

const tableOf = (rows: readonly Replayed[]): Table => ({
  words: 2,
  header: ["shape", "found", "us", "best us", "regret", "rounds", "candidates"],
  rows: rows.map(({ request, candidates, rounds, best, found }) => [
    shapeText(request),
    found === undefined ? "-" : choiceText(found.candidate),
    ...[found, best].map((each) => (each === undefined ? "-" : fixed(each.median))),
    found === undefined || best === undefined ? "-" : `${(100 * (found.median / best.median - 1)).toFixed(1)} %`,
    ...[String(rounds), String(candidates)],
  ]),
});
