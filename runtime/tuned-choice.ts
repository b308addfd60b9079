/** From a shape to what was tuned for it, or for the nearest shape that was tuned. Pure but for looking whether a stored source is there. */
import { existsSync } from "node:fs";
import { type DeviceLimits, type Plan, plans, type Request, type ResolvedPlan, resolve, variantSymbol } from "../dsl/index.ts";
import type { LoadedTable, Tuning } from "./tuning.ts";
import type { TunedEntry } from "./tuning-table.ts";

export interface TunedChoice {
  readonly resolved: ResolvedPlan;
  readonly entry: TunedEntry;
  readonly table: LoadedTable;
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

/**
 * Rows, columns and k may each be that many times a tuned shape's, or that part of it. Further away the untuned rules, which were measured over all
 * shapes, are the better guess.
 */
export const REACH = 1.25;

/** Entries that are near enough, the nearest first; of one shape, the user's first. */
export function entriesNear({ rows, cols, k, dtype }: Request, { tables }: Tuning): { entry: TunedEntry; table: LoadedTable; distance: number }[] {
  const reach = Math.log2(REACH);
  const near = tables.flatMap((table) =>
    table.entries.flatMap((entry) => {
      const apart = [entry.rows / rows, entry.cols / cols, entry.k / k].map((ratio) => Math.abs(Math.log2(ratio)));
      if (entry.dtype !== dtype || !apart.every((each) => each <= reach)) return [];
      return [{ entry, table, distance: apart.reduce((sum, each) => sum + each * each, 0) }];
    }),
  );
  return near.sort((a, b) => a.distance - b.distance);
}

/**
 * The nearest entry whose plan, config and sources can be used; undefined where there is none. Every rule of the plan is asked anew. `untuned` names the plan
 * that the untuned rules take: where they take another for the entry's shape, the crossing between the two is theirs to know.
 */
export function tunedChoice(
  request: Request,
  limits: DeviceLimits | undefined,
  tuning: Tuning,
  untuned: (request: Request) => string | undefined,
): TunedChoice | undefined {
  if (request.rows === 0) return undefined;
  for (const { entry, table, distance } of entriesNear(request, tuning)) {
    const { rows, cols, k } = entry;
    if (distance > 0 && untuned({ ...request, rows, cols, k, rowStride: cols }) !== untuned(request)) continue;
    const plan: Plan | undefined = plans.find(({ name }) => name === entry.plan);
    const resolution = plan && resolve(plan, request, { limits, force: entry.config });
    if (resolution?.ok !== true) continue;
    const stored = storedSources(resolution.resolved, entry, table, tuning);
    if (stored !== undefined) return { resolved: resolution.resolved, entry, table, exact: distance === 0, stored };
  }
  return undefined;
}

/** Undefined where a kernel's text is not the one that was measured, or is nowhere. A kernel that the tuned shape did without is as it ships. */
function storedSources({ stages }: ResolvedPlan, entry: TunedEntry, table: LoadedTable, tuning: Tuning): ReadonlyMap<string, StoredSource> | undefined {
  const stored = new Map<string, StoredSource>();
  for (const { kernel, spec, tune } of stages) {
    const symbol = variantSymbol(kernel, spec, tune);
    const hash = entry.sources[symbol];
    const rendered = tuning.rendered.get(symbol);
    if (rendered !== undefined) {
      if (hash !== undefined && hash !== rendered) return undefined;
      continue;
    }
    if (hash === undefined || entry.basis[kernel.name] !== tuning.basis(kernel.name)) return undefined;
    const file = table.sourceFile(hash);
    if (!existsSync(file)) return undefined;
    stored.set(symbol, { file, hash });
  }
  return stored;
}
