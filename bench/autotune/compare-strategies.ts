/**
 * `npm run tune:strategies [-- RECORDS]`: how close each strategy gets to the best for a number of measurements, as Markdown. From a random start, on the space of all plans
 * for 4 x 50304, k 50, bf16 with made-up times (synthetic.ts: a best place on each tunable, up to 5 % that no tunable explains, half a percent of noise, every
 * 17th candidate crashes); with RECORDS, from what the untuned rules take, on what was recorded. docs/tuning.md holds both.
 */
import path from "node:path";
import { random } from "../random.ts";
import { type Table, toMarkdown } from "../report/table.ts";
import { ranking, winner } from "./ranking.ts";
import { readRecords } from "./records.ts";
import { recordedSpaces, replayMeasurer } from "./replay.ts";
import { type Measurer, Session } from "./session.ts";
import type { Candidate, Space } from "./space.ts";
import { strategies } from "./strategies/index.ts";
import { BudgetSpent } from "./strategy.ts";
import { bestTime, ruggedTime, syntheticMeasurer, syntheticSpace } from "./synthetic.ts";

/** A space of which the best is known. */
export interface Arena {
  readonly space: Space;
  readonly measurer: (seed: number) => Measurer;
  /** Where a search begins; default one random candidate: how good the guesses are is another matter. */
  readonly seeds?: readonly number[];
  /** Microseconds. */
  readonly timeOf: (candidate: Candidate) => number;
  /** Of what had rounds enough to be called so. */
  readonly best: number;
}

export function syntheticArena(): Arena {
  const space = syntheticSpace(true);
  return { space, measurer: (seed) => syntheticMeasurer(space, seed, ruggedTime), timeOf: ruggedTime, best: bestTime(space, ruggedTime) };
}

/** Errors: TK501. */
export function recordedArenas(place: string): Arena[] {
  return recordedSpaces(readRecords(place).records).flatMap((recorded) => {
    const { space, outcomes } = recorded;
    const standings = ranking(space, outcomes);
    const [first] = standings;
    if (first === undefined) return [];
    const medians = new Map(standings.map(({ candidate, median }) => [candidate.id, median]));
    const seeds = space.untuned.length > 0 ? { seeds: space.untuned } : {};
    return [{ space, ...seeds, measurer: () => replayMeasurer(recorded), timeOf: ({ id }) => medians.get(id)!, best: first.share * first.median }];
  });
}

/** The last is more than exhaustive search takes on the made-up space. */
const BUDGETS = [100, 400, 1600, 8000];
const SEEDS = 5;

export async function compareStrategies(arenas: readonly Arena[]): Promise<Table> {
  const rows: string[][] = [];
  for (const name of Object.keys(strategies)) {
    const cells: string[] = [];
    let spent = 0;
    for (const budget of BUDGETS) {
      const found = await Promise.all(arenas.flatMap((arena) => Array.from({ length: SEEDS }, (_, at) => searchOnce(arena, name, at + 1, budget))));
      const regrets = found.map(({ regret }) => regret).sort((a, b) => a - b);
      cells.push(`${regrets[regrets.length >> 1]!.toFixed(1)} (${regrets.at(-1)!.toFixed(1)})`);
      spent = Math.round(found.reduce((sum, { rounds }) => sum + rounds, 0) / found.length);
    }
    rows.push([name, ...cells, String(spent)]);
  }
  return { words: 1, header: ["strategy", ...BUDGETS.map((budget) => `${budget} rounds`), `used of ${BUDGETS.at(-1)}`], rows };
}

/** Percent over the best, of what wins when the strategy ends or the rounds are spent; what had fewer rounds than the best may have been lucky. */
async function searchOnce(arena: Arena, name: string, seed: number, rounds: number): Promise<{ regret: number; rounds: number }> {
  const { space, measurer, timeOf, best, seeds = [random(seed, 3).below(space.candidates.length)] } = arena;
  const session = new Session({ space, measurer: measurer(seed), budget: { rounds } });
  try {
    await strategies[name]!({ space, seeds, random: random(seed, 2), measure: session.measure });
  } catch (error) {
    if (!(error instanceof BudgetSpent)) throw error;
  }
  const found = winner(space, session.outcomes);
  return { regret: found === undefined ? Number.POSITIVE_INFINITY : 100 * Math.max(0, timeOf(found.candidate) / best - 1), rounds: session.rounds };
}

if (process.argv[1] !== undefined && import.meta.url === new URL(`file://${path.resolve(process.argv[1])}`).href) {
  const [records] = process.argv.slice(2);
  const arenas = records === undefined ? [syntheticArena()] : recordedArenas(records);
  console.log(`${arenas.reduce((sum, { space }) => sum + space.candidates.length, 0)} candidates`);
  console.log(toMarkdown(await compareStrategies(arenas)));
}
