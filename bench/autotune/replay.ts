/** A recorded space instead of a device: search is tested, and strategies are compared, where there is no GPU. */
import { type Domains, plans, resolve } from "../../dsl/index.ts";
import { isTimed, joined, type Outcome } from "./outcome.ts";
import { outcomeOf, requestId, type TuneRecord } from "./records.ts";
import type { Measurer } from "./session.ts";
import { axesOf, type Candidate, candidateId, configOf, effortOf, indexed, resolvedOf, type Space } from "./space.ts";

export interface Recorded {
  readonly space: Space;
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

/** A space for each request of the records, of the candidates that were recorded; what the plans no longer take is left out. */
export function recordedSpaces(records: readonly TuneRecord[]): Recorded[] {
  const byRequest = new Map<string, TuneRecord[]>();
  for (const record of records) byRequest.set(requestId(record.request), [...(byRequest.get(requestId(record.request)) ?? []), record]);
  return [...byRequest.values()].map(recordedSpace);
}

/** Records of one request. */
export function recordedSpace(records: readonly TuneRecord[]): Recorded {
  const { request } = records[0]!;
  const outcomes = new Map<string, Outcome>();
  const candidates = new Map<string, Candidate>();
  for (const record of records) {
    const { plan: name, config } = record;
    const resolved = resolvedOf(record, request);
    if (resolved === undefined) continue;
    const id = candidateId(name, config);
    outcomes.set(id, joined(outcomes.get(id), outcomeOf(record)));
    candidates.set(id, { plan: name, config, id, effort: effortOf(resolved) });
  }
  const ids = [...candidates.keys()];
  const untuned = plans.flatMap((plan) => {
    const own = resolve(plan, request);
    const at = own.ok ? ids.indexOf(candidateId(plan.name, configOf(own.resolved))) : -1;
    return at < 0 ? [] : [at];
  });
  const axes = new Map<string, Domains>(plans.map((plan) => [plan.name, axesOf(plan)]));
  return { space: indexed(request, [...candidates.values()], untuned, axes), outcomes };
}

/** Gives each candidate's recorded rounds in their order, from the first again when they are used up. What was not recorded is refused by constraint. */
export function replayMeasurer({ outcomes }: Recorded): Measurer {
  const used = new Map<string, number>();
  return {
    measure: async (candidates, rounds) =>
      candidates.map(({ id }) => {
        const outcome = outcomes.get(id);
        if (outcome === undefined) return { invalidity: "constraints", reason: "not in the records" };
        if (!isTimed(outcome)) return outcome;
        const from = used.get(id) ?? 0;
        used.set(id, from + rounds);
        return { us: Array.from({ length: rounds }, (_, round) => outcome.us[(from + round) % outcome.us.length]!) };
      }),
  };
}
