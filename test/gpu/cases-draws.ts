/** Each text that ships and draws in a top-k's last launch, forced: at the fewest columns that it takes, with two candidates a lane and with eight. */
import { type AnyConfig, type Dtype, type Plan, plans, resolve, type Variant } from "../../dsl/index.ts";
import { variants } from "../../generated/variants.ts";
import { drawnBy } from "../../runtime/choose-plan.ts";

export interface DrawCase {
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly dtype: Dtype;
  readonly force: { readonly plan: string; readonly config: AnyConfig };
  /** Of the kernel that draws. */
  readonly symbol: string;
  /** Of a text's cases, the one of the most candidates. */
  readonly quick: boolean;
}

/** Of the least rows that the plans for many rows take, and fewer. */
const ROWS = [13, 34];
const COLS = [1021, 2053, 4099, 9001, 20011, 32003, 50304, 100003, 151937, 262147, 400009];
const KS = [50, 100, 200];

export function drawCases(): DrawCase[] {
  return plans.flatMap((plan) => {
    const kernel = plan.draws?.stages.at(-1);
    return variants.filter((variant) => variant.kernel === kernel?.name).flatMap((variant) => casesOf(plan, variant));
  });
}

function casesOf(plan: Plan, { tune, spec, symbol }: Variant): DrawCase[] {
  const storing = plan.stages.at(-1)!.name;
  const config = Object.fromEntries(Object.entries(tune).map(([name, value]) => [`${storing}.${name}`, value]));
  const own = { dtype: spec.dtype as Dtype, force: { plan: plan.name, config }, symbol };
  const shapes = COLS.flatMap((cols) => ROWS.map((rows) => ({ ...own, rows, cols })));
  const taken = KS.flatMap((k) => {
    const shape = shapes.find((each) => drawsIn(plan, { ...each, k }));
    return shape === undefined ? [] : [{ ...shape, k }];
  });
  return taken.map((each, at) => ({ ...each, quick: at === taken.length - 1 }));
}

/** Whether the forced plan answers, and draws with that very text. */
function drawsIn(plan: Plan, { rows, cols, k, dtype, force, symbol }: Omit<DrawCase, "quick">): boolean {
  const request = { rows, cols, k, dtype, order: "largest", rowStride: cols, indexBytes: 4 } as const;
  const topk = resolve(plan, request, { force: force.config });
  return topk.ok && drawnBy(topk.resolved, undefined, new Set([symbol])).plan === plan.draws;
}
