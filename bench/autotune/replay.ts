/** A recorded space instead of a device: search is tested, and strategies are compared, where there is no GPU. */
import type { Domains, Request } from "../../dsl/index.ts";
import { plans } from "../../dsl/index.ts";
import { isTimed, type Outcome } from "./outcome.ts";
import { outcomeOf, type TuneRecord } from "./records.ts";
import type { Measurer } from "./session.ts";
import { axesOf, candidateId, indexed, type Space } from "./space.ts";

export interface Recorded {
  readonly space: Space;
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

const requestId = (request: Request): string => JSON.stringify(Object.entries(request).sort(([a], [b]) => (a < b ? -1 : 1)));

/** A space for each request of the records, of the candidates that were recorded. */
export function recordedSpaces(records: readonly TuneRecord[]): Recorded[] {
  const byRequest = new Map<string, TuneRecord[]>();
  for (const record of records) byRequest.set(requestId(record.request), [...(byRequest.get(requestId(record.request)) ?? []), record]);
  const axes = new Map<string, Domains>(plans.map((plan) => [plan.name, axesOf(plan)]));
  return [...byRequest.values()].map((group) => {
    const outcomes = new Map<string, Outcome>();
    for (const record of group) {
      const id = candidateId(record.plan, record.config);
      const before = outcomes.get(id);
      const found = outcomeOf(record);
      outcomes.set(id, before !== undefined && isTimed(before) && isTimed(found) ? { us: [...before.us, ...found.us] } : found);
    }
    const named = new Map(group.map(({ plan, config }) => [candidateId(plan, config), { plan, config, id: candidateId(plan, config), effort: [] }]));
    return { space: indexed(group[0]!.request, [...named.values()], [], axes), outcomes };
  });
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
