/** From a shape to what was tuned for it, or for shapes near it. Pure but for looking whether a stored source is there. */
import { existsSync } from "node:fs";
import { type DeviceLimits, type Plan, plans, type Request, type ResolvedPlan, resolve, variantSymbol } from "../dsl/index.ts";
import { type Candidate, candidatesOf, entriesNear, type NearEntry } from "./nearest-entries.ts";
import type { Tuning } from "./tuning.ts";
import type { TableChoice, TunedEntry } from "./tuning-table.ts";

export interface TunedChoice {
  readonly resolved: ResolvedPlan;
  /** The nearest entry that has a time of it. */
  readonly near: NearEntry;
  /** Its time there, in microseconds a call. */
  readonly us: number;
  /** How many tuned shapes had a say. */
  readonly shapes: number;
  /** What would be taken next, the best guess first; their times are of the nearest entry that has one. */
  readonly runnersUp: readonly Pick<Candidate, "plan" | "config" | "us">[];
  /** Of this very shape. */
  readonly exact: boolean;
  /** Where the texts lie that generated/ does not have, by symbol. */
  readonly stored: ReadonlyMap<string, StoredSource>;
}

export interface StoredSource {
  readonly file: string;
  /** SHA-256, hex. */
  readonly hash: string;
}

const RUNNERS_UP = 3;

/** The best guess whose plan, config and sources can be used; undefined where there is none. Every rule of the plan is asked anew. */
export function tunedChoice(request: Request, limits: DeviceLimits | undefined, tuning: Tuning): TunedChoice | undefined {
  if (request.rows === 0) return undefined;
  for (const having of entriesInTurn(request, tuning)) {
    const candidates = candidatesOf(having, { counts: isCurrent(tuning), allows: isAllowed(limits) });
    for (const candidate of candidates) {
      const plan: Plan | undefined = plans.find(({ name }) => name === candidate.plan);
      const resolution = plan && resolve(plan, request, { limits, force: candidate.config });
      if (resolution?.ok !== true) continue;
      const stored = storedSources(resolution.resolved, candidate, tuning);
      if (stored === undefined) continue;
      const exact = candidate.near.distance === 0;
      const runnersUp = firstOf(candidates, RUNNERS_UP);
      return { resolved: resolution.resolved, near: candidate.near, us: candidate.us, shapes: exact ? 1 : having.length, runnersUp, exact, stored };
    }
  }
  return undefined;
}

/** Who may speak; the next ones where nothing of what these measured can be used. */
function* entriesInTurn(request: Request, tuning: Tuning): Generator<readonly NearEntry[]> {
  const { sample, ...topk } = request;
  // of a draw, the top-k alone is the better part
  for (const asked of sample === true ? [request, topk] : [request]) {
    const near = entriesNear(asked, tuning);
    yield near;
    // where it is this very shape's that cannot be used, those beside it have a say
    yield near.filter(({ distance }) => distance > 0);
  }
}

function firstOf<T>(values: Iterator<T>, count: number): T[] {
  const first: T[] = [];
  while (first.length < count) {
    const next = values.next();
    if (next.done === true) break;
    first.push(next.value);
  }
  return first;
}

/** As entries are measured: the largest, packed rows, 32-bit indices. */
const isAllowed =
  (limits: DeviceLimits | undefined) =>
  ({ plan: name, config }: TableChoice, { rows, cols, k, dtype }: TunedEntry): boolean => {
    const plan = plans.find((each) => each.name === name);
    return plan !== undefined && resolve(plan, { rows, cols, k, dtype, rowStride: cols, order: "largest", indexBytes: 4 }, { limits, force: config }).ok;
  };

/** Whether the kernels are those that were measured, as far as their texts are known here. */
function isCurrent({ rendered }: Tuning): (choice: TableChoice) => boolean {
  // a request meets each of a hundred choices in many entries
  const known = new Map<TableChoice, boolean>();
  return (choice) => {
    let current = known.get(choice);
    if (current === undefined) {
      current = Object.entries(choice.sources).every(([symbol, hash]) => (rendered.get(symbol) ?? hash) === hash);
      known.set(choice, current);
    }
    return current;
  };
}

/** Undefined where a kernel's text is nowhere. A kernel that the tuned shape did without is as it ships. */
function storedSources({ stages }: ResolvedPlan, { near, measured }: Candidate, tuning: Tuning): ReadonlyMap<string, StoredSource> | undefined {
  const stored = new Map<string, StoredSource>();
  for (const { kernel, spec, tune } of stages) {
    const symbol = variantSymbol(kernel, spec, tune);
    if (tuning.rendered.has(symbol)) continue;
    const hash = measured.sources[symbol];
    if (hash === undefined || measured.basis[kernel.name] !== tuning.basis(kernel.name)) return undefined;
    const file = near.table.sourceFile(hash);
    if (!existsSync(file)) return undefined;
    stored.set(symbol, { file, hash });
  }
  return stored;
}
