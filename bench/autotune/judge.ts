/** How well a tuning table serves shapes that it does not have: each is asked for without its entry, and what is taken is held against the best that was measured there. */
import { type DeviceLimits, type Request, type ResolvedPlan, variantSymbol } from "../../dsl/index.ts";
import { choosePlan } from "../../runtime/choose-plan.ts";
import { TopkitError } from "../../runtime/errors.ts";
import type { LoadedTable, Tuning } from "../../runtime/tuning.ts";
import type { TunedEntry, TuningTable } from "../../runtime/tuning-table.ts";
import { requestOf } from "../stage-profile.ts";
import { summarize } from "../statistics.ts";
import { shapeText } from "../workloads.ts";
import { isTimed } from "./outcome.ts";
import { hasClaim } from "./ranking.ts";
import { outcomeOf, requestId, type TuneRecord } from "./records.ts";
import { type Choice, configOf, launchedFor, launchesOf, resolvedOf } from "./space.ts";

export interface Judged {
  readonly request: Request;
  /** The least median there, in microseconds a call. */
  readonly best: number;
  readonly taken: Taken;
  /** By the untuned rules alone. */
  readonly untuned: Taken;
}

export interface Taken extends Choice {
  /** `heuristic`: no entry is near, or none of what those have can be used. */
  readonly source: "nearest" | "heuristic";
  /** Undefined where it was not measured, as is `over`. */
  readonly us: number | undefined;
  /** Over the best: 0.01 is 1 %. */
  readonly over: number | undefined;
}

export interface JudgeOptions {
  readonly table: LoadedTable;
  /** What generated/ has, as the runtime sees it; its tables do not count. */
  readonly tuning: Tuning;
  readonly limits: DeviceLimits | undefined;
  /** Default: those of the table. One that the table does not have needs records. */
  readonly requests?: readonly Request[] | undefined;
  /** From `recordsOf`: times of a shape by `requestId`. One that has none is judged by the times that its entry keeps. */
  readonly records?: ReadonlyMap<string, readonly TuneRecord[]>;
  /** Before each shape: how many are done. */
  readonly watch?: (done: number) => void;
}

/** Those of a table's device, and of the protocol of the shape's entry; of a shape without one, of the protocol that was used last. */
export function recordsOf({ device, entries, runs }: TuningTable, records: readonly TuneRecord[]): Map<string, TuneRecord[]> {
  const protocols = new Map(entries.map((entry) => [requestId(requestOfEntry(entry)), runs[entry.run]!.protocol]));
  for (const { device: its, protocol, request } of records.toSorted((a, b) => (a.time > b.time ? -1 : a.time < b.time ? 1 : 0))) {
    const id = requestId(request);
    if (its === device && !protocols.has(id)) protocols.set(id, protocol);
  }
  const byShape = new Map<string, TuneRecord[]>();
  for (const record of records) {
    const id = requestId(record.request);
    if (record.device !== device || record.protocol !== protocols.get(id)) continue;
    const before = byShape.get(id);
    if (before === undefined) byShape.set(id, [record]);
    else before.push(record);
  }
  return byShape;
}

/** In the order of the requests. Entries of a shape in another dtype stay. Errors: TK101 where nothing was measured for a request. */
export function judge({ table, tuning, limits, requests = table.entries.map(requestOfEntry), records, watch }: JudgeOptions): Judged[] {
  const entries = new Map(table.entries.map((entry) => [requestId(requestOfEntry(entry)), entry]));
  return requests.map((request, done) => {
    watch?.(done);
    const id = requestId(request);
    const entry = entries.get(id);
    const times = timesOf(request, { entry, table, tuning, records: records?.get(id) ?? [] });
    const without: Tuning = { ...tuning, tables: [{ ...table, entries: table.entries.filter((each) => each !== entry) }] };
    const choose = (using?: Tuning): Taken => {
      const { resolved, source } = choosePlan(request, limits, undefined, using);
      const us = times.byLaunches.get(launchesOf(launchedFor(request, resolved, limits)));
      const choice = { plan: resolved.plan.name, config: configOf(resolved), source: source === "nearest" ? source : "heuristic" } as const;
      // what was timed for fewer rounds than the best may have been lucky
      return { ...choice, us, over: us === undefined ? undefined : Math.max(0, us / times.best - 1) };
    };
    return { request, best: times.best, taken: choose(without), untuned: choose() };
  });
}

export const requestOfEntry = (entry: TunedEntry): Request => requestOf({ ...entry, suite: "tuned", dist: "normal" });

interface Times {
  readonly best: number;
  /** Median microseconds, by what is launched: one launch may have several configs. */
  readonly byLaunches: ReadonlyMap<string, number>;
}

interface From {
  readonly entry: TunedEntry | undefined;
  readonly table: LoadedTable;
  readonly tuning: Tuning;
  readonly records: readonly TuneRecord[];
}

function timesOf(request: Request, { entry, table, tuning, records }: From): Times {
  const samples = new Map<string, number[]>();
  const add = (resolved: ResolvedPlan | undefined, us: readonly number[]): void => {
    if (resolved === undefined) return;
    const launches = launchesOf(resolved);
    samples.set(launches, [...(samples.get(launches) ?? []), ...us]);
  };
  for (const record of records) {
    const outcome = outcomeOf(record);
    const resolved = resolvedOf(record, request);
    if (isTimed(outcome) && resolved !== undefined && isCurrent(resolved, record, tuning)) add(resolved, outcome.us);
  }
  if (samples.size === 0 && entry) for (const [at, choice] of entry.choices.entries()) add(resolvedOf(table.choices[choice]!, request), [entry.us[at]!]);
  if (samples.size === 0) throw new TopkitError("TK101", `no time of ${shapeText(request)} is known that counts today; give records of it (--records)`);
  const most = Math.max(...[...samples.values()].map(({ length }) => length));
  const claiming = [...samples.values()].filter(({ length }) => hasClaim(length, most));
  return {
    best: Math.min(...claiming.map((us) => summarize(us).median)),
    byLaunches: new Map([...samples].map(([launches, us]) => [launches, summarize(us).median])),
  };
}

/** Whether the kernels that generated/ has are those that were measured. */
const isCurrent = ({ stages }: ResolvedPlan, { sources }: TuneRecord, { rendered }: Tuning): boolean =>
  stages.every(({ kernel, spec, tune }, at) => (rendered.get(variantSymbol(kernel, spec, tune)) ?? sources[at]) === sources[at]);
