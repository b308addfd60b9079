/** Tunes one workload after the other: what is known from records is not measured again, and every outcome is recorded as it comes. */
import { type DeviceLimits, plans, type Request } from "../../dsl/index.ts";
import { TopkitError } from "../../runtime/errors.ts";
import { random } from "../random.ts";
import { describe } from "../run-bench.ts";
import { requestOf } from "../stage-profile.ts";
import { summarize } from "../statistics.ts";
import type { Workload } from "../workloads.ts";
import { isTimed, joined, type Outcome } from "./outcome.ts";
import { type Ranked, ranking, winner } from "./ranking.ts";
import { outcomeOf, type RecordWriter, requestId, type TuneRecord, withOutcome } from "./records.ts";
import { type Budget, type Measurer, Session, type SessionOptions } from "./session.ts";
import type { Sources } from "./sources.ts";
import { type Choice, candidateId, resolvedOf, type Space, spaceOf, spaceOfGiven } from "./space.ts";
import { strategies } from "./strategies/index.ts";
import { BudgetSpent, ROUNDS } from "./strategy.ts";

/** What is tuned for, and how it is measured there. */
export interface Target {
  /** The device's name, as the driver has it. */
  readonly device: string;
  readonly limits: DeviceLimits;
  /** `name=value` parts, joined by ";": times of another protocol are not compared with. */
  readonly protocol: string;
  readonly sources: Sources;
  /** What the runtime takes for the request now; undefined where nothing answers it. */
  readonly present: (request: Request) => Choice | undefined;
  /** Only the one asked for last is used. */
  readonly measurer: (workload: Workload) => Measurer;
}

export interface TuneOptions {
  readonly target: Target;
  readonly workloads: readonly Workload[];
  readonly strategy: keyof typeof strategies & string;
  /** For each workload. `milliseconds` is for all of them, and shared out evenly among those that are left. */
  readonly budget: Budget;
  readonly seed: number;
  /** What is there already; what was measured of other sources, on another device or by another protocol is passed over. */
  readonly records: readonly TuneRecord[];
  /** Whether what was fastest for near shapes in the records is tried too, and not only what was so in this run. */
  readonly transfer?: boolean | undefined;
  /** Where it is given, these choices alone, and what the runtime takes now, are candidates. */
  readonly choices?: readonly Choice[] | undefined;
  readonly writer: Pick<RecordWriter, "add">;
  readonly signal?: AbortSignal | undefined;
  readonly watch: Watch;
  readonly now?: () => number;
}

/** Told what happens. */
export interface Watch {
  begin(at: number, of: number, workload: Workload, space: Space, known: ReadonlyMap<string, Outcome>): void;
  /** Before a batch is measured; nothing is measured until it is done. */
  batch(candidates: readonly { readonly id: string }[], rounds: number): void | Promise<void>;
  outcome(id: string, outcome: Outcome): void;
  /** After the last comparison, or when it was interrupted before. */
  end(tuned: Tuned): void | Promise<void>;
}

export interface Tuned {
  readonly workload: Workload;
  readonly request: Request;
  /** Candidates there are, and those of which something is known. */
  readonly candidates: number;
  readonly measured: number;
  /** Fastest first. */
  readonly ranked: readonly Ranked[];
  /** Undefined where nothing was timed. */
  readonly winner: Ranked | undefined;
  /** What the runtime took before. */
  readonly present: Ranked | undefined;
  /** Why the others have no time, and how many for each reason. */
  readonly invalid: Readonly<Record<string, number>>;
}

export interface TuneOutcome {
  readonly tuned: readonly Tuned[];
  /** What failed, in sentences; the other workloads went on. */
  readonly problems: readonly string[];
  readonly interrupted: boolean;
}

/** How many stand in the last comparison, beside what the runtime takes now. */
const FINALISTS = 4;
/** Winners of that many workloads, the nearest, are among the first candidates of the next one. */
const NEIGHBOURS = 12;

/** Ends by the signal with what was done; by the budget too, but for the last comparison of each workload, which is always made. */
export async function tune(options: TuneOptions): Promise<TuneOutcome> {
  const { target, workloads, budget, signal, watch, now = () => performance.now() } = options;
  const started = now();
  const tuned: Tuned[] = [];
  const problems: string[] = [];
  const best = options.transfer === true ? bestOf(options) : new Map<string, Best>();
  for (const [at, workload] of workloads.entries()) {
    const request = requestOf(workload);
    const present = target.present(request);
    const given = [...(present === undefined ? [] : [present]), ...(options.choices ?? near(request, best))];
    const space = options.choices === undefined ? spaceOf(request, target.limits, plans, given) : spaceOfGiven(request, target.limits, given);
    const known = new Map([...knownOutcomes(options, request)].filter(([id]) => space.indexOf(id) >= 0));
    watch.begin(at, workloads.length, workload, space, known);
    const left = budget.milliseconds === undefined ? undefined : Math.max(0, budget.milliseconds - (now() - started)) / (workloads.length - at);
    const incumbent = present === undefined ? undefined : space.given[0];
    const measurer = target.measurer(workload);
    const session: SessionOptions = {
      ...{ space, measurer, known, now, onBatch: watch.batch },
      ...(signal === undefined ? {} : { signal }),
      onOutcome: (candidate, outcome) => {
        options.writer.add(recordOf(target, request, candidate, outcome));
        watch.outcome(candidate.id, outcome);
      },
    };
    let found: Awaited<ReturnType<typeof search>>;
    try {
      found = await search(options, session, incumbent, { ...budget, ...(left === undefined ? {} : { milliseconds: left }) });
    } catch (error) {
      // records that cannot be written are lost for all workloads
      if (error instanceof TopkitError) throw error;
      problems.push(`${describe(workload)}: ${(error as Error).message}`);
      continue;
    }
    const done = tunedOf(workload, space, found.outcomes, incumbent);
    if (done.winner === undefined && !found.interrupted) problems.push(`${describe(workload)}: no candidate gave a right result in time`);
    tuned.push(done);
    if (done.winner !== undefined) best.set(requestId(request), { request, choice: done.winner.candidate });
    await watch.end(done);
    if (found.interrupted) return { tuned, problems, interrupted: true };
  }
  return { tuned, problems, interrupted: false };
}

/** The strategy, then the last comparison. */
async function search({ strategy, seed, signal }: TuneOptions, options: SessionOptions, incumbent: number | undefined, budget: Budget) {
  const { space } = options;
  const session = new Session({ ...options, budget });
  const seeds = [...new Set([...space.given, ...space.untuned])];
  let { outcomes } = session;
  try {
    try {
      await strategies[strategy]!({ space, seeds, random: random(seed, 0), measure: session.measure });
    } catch (error) {
      if (!(error instanceof BudgetSpent)) throw error;
    }
    const last = new Session({ ...options, known: outcomes });
    outcomes = last.outcomes;
    const best = ranking(space, session.outcomes).map(({ candidate }) => space.indexOf(candidate.id));
    const finalists = new Set([...(incumbent === undefined ? [] : [incumbent]), ...best.slice(0, FINALISTS)]);
    await last.measure([...finalists], ROUNDS.final);
    return { outcomes, interrupted: false };
  } catch (error) {
    if (signal?.aborted !== true) throw error;
    return { outcomes, interrupted: true };
  }
}

function tunedOf(workload: Workload, space: Space, outcomes: ReadonlyMap<string, Outcome>, incumbent: number | undefined): Tuned {
  const ranked = ranking(space, outcomes);
  const present = incumbent === undefined ? undefined : space.candidates[incumbent]!.id;
  const invalid: Record<string, number> = {};
  let measured = 0;
  for (const { id } of space.candidates) {
    const outcome = outcomes.get(id);
    if (outcome === undefined) continue;
    measured += 1;
    if ("invalidity" in outcome) invalid[outcome.invalidity] = (invalid[outcome.invalidity] ?? 0) + 1;
  }
  return {
    ...{ workload, request: space.request, candidates: space.candidates.length, measured, ranked, invalid },
    winner: winner(space, outcomes, present),
    present: ranked.find(({ candidate }) => candidate.id === present),
  };
}

/** Of the same device, protocol and sources; `sources` are those of today. */
function knownOutcomes({ target, records }: TuneOptions, request: Request): Map<string, Outcome> {
  const { device, protocol, limits, sources } = target;
  const known = new Map<string, Outcome>();
  const wanted = requestId(request);
  for (const record of records) {
    if (record.device !== device || record.protocol !== protocol || requestId(record.request) !== wanted) continue;
    const resolved = resolvedOf(record, request, limits);
    if (resolved === undefined || sources.hashesOf(resolved).join() !== record.sources.join()) continue;
    const id = candidateId(record.plan, record.config);
    known.set(id, joined(known.get(id), outcomeOf(record)));
  }
  return known;
}

function recordOf({ device, protocol, limits, sources }: Target, request: Request, { plan: name, config }: Choice, outcome: Outcome): TuneRecord {
  const resolved = resolvedOf({ plan: name, config }, request, limits);
  const hashes = resolved === undefined ? [] : sources.hashesOf(resolved);
  return withOutcome({ v: 1, time: new Date().toISOString(), device, protocol, request, plan: name, config, sources: hashes }, outcome);
}

interface Best {
  readonly request: Request;
  readonly choice: Choice;
}

/** What was fastest in the records, of each request: a guess, of whatever sources and protocol. */
function bestOf({ target, records }: TuneOptions): Map<string, Best> {
  const least = new Map<string, Best & { us: number }>();
  for (const record of records) {
    const outcome = outcomeOf(record);
    if (record.device !== target.device || !isTimed(outcome)) continue;
    const id = requestId(record.request);
    const us = summarize(outcome.us).median;
    const before = least.get(id);
    if (before === undefined || us < before.us) least.set(id, { request: record.request, choice: record, us });
  }
  return new Map(least);
}

/** The best choices of shapes that are near, the nearest first. */
function near(request: Request, best: ReadonlyMap<string, Best>): Choice[] {
  const distance = ({ request: other }: Best): number =>
    (["rows", "cols", "k"] as const).reduce((sum, name) => sum + Math.log2(other[name] / request[name]) ** 2, other.dtype === request.dtype ? 0 : 1);
  return [...best.values()]
    .sort((a, b) => distance(a) - distance(b))
    .slice(0, NEIGHBOURS)
    .map(({ choice }) => choice);
}
