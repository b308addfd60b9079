/** The whole tune space of every kernel, as units to try: a plan with a config for each of its stages, which some request fits. */

import type { Random } from "../../bench/random.ts";
import {
  type AnyConfig,
  type AnyKernel,
  combinations,
  type Dtype,
  kernels,
  type Order,
  type Plan,
  plans,
  type Request,
  resolve,
  variantSymbol,
} from "../../dsl/index.ts";

export interface Unit {
  readonly plan: Plan;
  readonly dtype: Dtype;
  readonly order: Order;
  /** Flat, as resolve() takes it: `kernel.tunable`. */
  readonly force: AnyConfig;
  /** Symbols of the stages' variants. */
  readonly symbols: readonly string[];
  /** Rows of these lengths are answered, with k = 1 at least. */
  readonly cols: readonly [least: number, most: number];
}

interface Config {
  readonly kernel: AnyKernel;
  readonly spec: AnyConfig;
  readonly tune: AnyConfig;
  readonly symbol: string;
}

/** Every spec with every value of every tunable. */
export const configsOf = (kernel: AnyKernel): Config[] =>
  [...combinations(kernel.spec)].flatMap((spec) =>
    [...combinations(kernel.tune)].map((tune): Config => ({ kernel, spec, tune, symbol: variantSymbol(kernel, spec, tune) })),
  );

const LONGEST = 66000;
const COLS = [1, ...Array.from({ length: 16 }, (_, at) => 2 ** (at + 1)), LONGEST];

/**
 * Units until each kernel has `wanted` of its configs in one of them (all of them, if it has fewer), none needlessly: stages' configs that
 * are still to be tried share a unit. Configs that no request fits are in none; they are told by their symbols.
 */
export function unitsOf(source: Random, wanted = Number.POSITIVE_INFINITY): { readonly units: readonly Unit[]; readonly impossible: readonly string[] } {
  const left = new Map(kernels.map((kernel) => [kernel, shuffled(configsOf(kernel), source)]));
  const tried = new Map(kernels.map((kernel) => [kernel, new Set<string>()]));
  const units: Unit[] = [];
  const impossible: string[] = [];
  const isDone = (kernel: AnyKernel): boolean => tried.get(kernel)!.size >= wanted || left.get(kernel)!.length === 0;
  for (;;) {
    const kernel = kernels.filter((each) => !isDone(each)).sort((a, b) => left.get(b)!.length - left.get(a)!.length)[0];
    if (kernel === undefined) return { units, impossible };
    const config = left.get(kernel)!.shift()!;
    const unit = shuffled(plans, source)
      .filter(({ stages }) => stages.includes(kernel))
      .map((plan) => unitWith(plan, config, left, source))
      .find((each) => each !== undefined);
    if (unit === undefined) {
      impossible.push(config.symbol);
      continue;
    }
    units.push(unit);
    for (const [at, stage] of unit.plan.stages.entries()) {
      const symbol = unit.symbols[at]!;
      tried.get(stage)!.add(symbol);
      left.set(
        stage,
        left.get(stage)!.filter((each) => each.symbol !== symbol),
      );
    }
  }
}

/** The plan with this config, and with the first configs of its other stages that go with it. */
function unitWith(plan: Plan, config: Config, left: ReadonlyMap<AnyKernel, readonly Config[]>, source: Random): Unit | undefined {
  const { dtype, order } = config.spec as { dtype: Dtype; order: Order };
  // a kernel that is launched several times has one config
  const choices = [...new Set(plan.stages)].map((stage) => {
    const sameSpec = (each: Config): boolean => Object.keys(each.spec).every((name) => each.spec[name] === config.spec[name]);
    return stage === config.kernel ? [config] : [...left.get(stage)!.filter(sameSpec), ...shuffled(configsOf(stage).filter(sameSpec), source)];
  });
  for (const stages of products(choices)) {
    const force = Object.fromEntries(stages.flatMap(({ kernel, tune }) => Object.entries(tune).map(([name, value]) => [`${kernel.name}.${name}`, value])));
    const fitting = COLS.filter((cols) => answers(plan, { rows: 1, cols, k: 1, rowStride: cols, dtype, order, indexBytes: 4 }, force));
    if (fitting.length === 0) continue;
    const symbols = plan.stages.map((kernel) => stages.find((each) => each.kernel === kernel)!.symbol);
    return { plan, dtype, order, force, symbols, cols: [fitting[0]!, fitting[fitting.length - 1]!] };
  }
  return undefined;
}

/** One of each list, the last list turning fastest. */
function* products<T>([first, ...rest]: readonly (readonly T[])[]): Generator<readonly T[]> {
  if (first === undefined) yield [];
  else for (const each of first) for (const others of products(rest)) yield [each, ...others];
}

const answers = (plan: Plan, request: Request, force: AnyConfig): boolean => resolve(plan, request, { force }).ok;

/** Fisher and Yates. */
function shuffled<T>(values: readonly T[], source: Random): T[] {
  const mixed = [...values];
  for (let at = mixed.length - 1; at > 0; at--) {
    const other = source.below(at + 1);
    [mixed[at], mixed[other]] = [mixed[other]!, mixed[at]!];
  }
  return mixed;
}
