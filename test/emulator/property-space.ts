/** The whole tune space of every kernel, as units to try: a plan with a config for each of its stages, which some request fits. */

import { type Random, shuffled, shuffledBelow } from "../../bench/random.ts";
import {
  type AnyConfig,
  type AnyKernel,
  type Domains,
  type Dtype,
  type Order,
  type Plan,
  plans,
  type Request,
  resolve,
  type Scalar,
  topkKernels,
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
  /** The fewest rows, and the least k, that are answered. */
  readonly rows: number;
  readonly k: number;
  /** So many rows of these lengths are answered, with that k at least. */
  readonly cols: readonly [least: number, most: number];
}

interface Config {
  readonly kernel: AnyKernel;
  readonly spec: AnyConfig;
  readonly tune: AnyConfig;
  readonly symbol: string;
}

const sizeOf = (domains: Domains): number => Object.values(domains).reduce((product, { values }) => product * values.length, 1);

/** How many configs a kernel has: every spec with every value of every tunable. */
export const countConfigs = (kernel: AnyKernel): number => sizeOf(kernel.spec) * sizeOf(kernel.tune);

/** The `at`-th combination of the domains' values. */
export function combinationAt(domains: Domains, at: number): AnyConfig {
  let rest = at;
  return Object.fromEntries(
    Object.entries(domains).map(([name, { values }]): [string, Scalar] => {
      const value = values[rest % values.length]!;
      rest = Math.floor(rest / values.length);
      return [name, value];
    }),
  );
}

/** Every config of a kernel, with this spec if one is given, in random order. */
export function* configsOf(kernel: AnyKernel, source: Random, only?: AnyConfig): Generator<Config> {
  const specs = only === undefined ? sizeOf(kernel.spec) : 1;
  for (const at of shuffledBelow(specs * sizeOf(kernel.tune), source)) {
    const spec = only ?? combinationAt(kernel.spec, at % specs);
    const tune = combinationAt(kernel.tune, Math.floor(at / specs));
    yield { kernel, spec, tune, symbol: variantSymbol(kernel, spec, tune) };
  }
}

const ROWS = [1, 4, 8, 33];
/** A kernel for many rows refuses few, one for large k begins behind the last that others take. */
const LEAST = [1, 257].flatMap((k) => ROWS.map((rows) => ({ rows, k })));
const LONGEST = 66000;
const COLS = [1, ...Array.from({ length: 16 }, (_, at) => 2 ** (at + 1)), LONGEST];
/** Beside each power of two one column more: a kernel for long rows begins behind the last that another takes. */
const LENGTHS = COLS.flatMap((cols) => (cols === LONGEST ? [cols] : [cols, cols + 1])).filter((cols, at, all) => all.indexOf(cols) === at);

/**
 * Units until each kernel has `wanted` of its configs in one of them (all of them, if it has fewer), none needlessly: stages' configs that
 * are still to be tried share a unit. Configs that no request fits are in none; they are told by their symbols.
 */
export function unitsOf(source: Random, wanted = Number.POSITIVE_INFINITY): { readonly units: readonly Unit[]; readonly impossible: readonly string[] } {
  const tried = new Map(topkKernels.map((kernel) => [kernel, new Set<string>()]));
  const units: Unit[] = [];
  const impossible: string[] = [];
  // those with the most configs first: what is left to choose then goes with what they take
  for (const kernel of [...topkKernels].sort((a, b) => countConfigs(b) - countConfigs(a))) {
    for (const config of configsOf(kernel, source)) {
      if (tried.get(kernel)!.size >= wanted) break;
      if (tried.get(kernel)!.has(config.symbol)) continue;
      const unit = shuffled(plans, source)
        .filter(({ stages }) => stages.includes(kernel))
        .map((plan) => unitWith(plan, config, tried, source))
        .find((each) => each !== undefined);
      if (unit === undefined) {
        impossible.push(config.symbol);
        continue;
      }
      units.push(unit);
      for (const [at, stage] of unit.plan.stages.entries()) tried.get(stage)!.add(unit.symbols[at]!);
    }
  }
  return { units, impossible };
}

/** Of a stage's configs, and of their combinations, so many at most are tried beside a config. */
const MOST_TRIED = 500;

/** The plan with this config, and with the first configs of its other stages that go with it, untried ones before others. */
function unitWith(plan: Plan, config: Config, tried: ReadonlyMap<AnyKernel, ReadonlySet<string>>, source: Random): Unit | undefined {
  const { dtype, order } = config.spec as { dtype: Dtype; order: Order };
  // a kernel that is launched several times has one config
  const choices = [...new Set(plan.stages)].map((stage) => {
    if (stage === config.kernel) return [config];
    const known = tried.get(stage)!;
    return first(MOST_TRIED, configsOf(stage, source, config.spec)).sort((a, b) => Number(known.has(a.symbol)) - Number(known.has(b.symbol)));
  });
  for (const stages of first(MOST_TRIED, oneOfEach(choices))) {
    const force = Object.fromEntries(stages.flatMap(({ kernel, tune }) => Object.entries(tune).map(([name, value]) => [`${kernel.name}.${name}`, value])));
    for (const { rows, k } of LEAST) {
      const fitting = LENGTHS.filter((cols) => k <= cols && answers(plan, { rows, cols, k, rowStride: cols, dtype, order, indexBytes: 4 }, force));
      if (fitting.length === 0) continue;
      const symbols = plan.stages.map((kernel) => stages.find((each) => each.kernel === kernel)!.symbol);
      return { plan, dtype, order, force, symbols, rows, k, cols: [fitting[0]!, fitting[fitting.length - 1]!] };
    }
  }
  return undefined;
}

/** One of each list, the last list turning fastest. */
function* oneOfEach<T>([list, ...rest]: readonly (readonly T[])[]): Generator<T[]> {
  if (list === undefined) yield [];
  else for (const each of list) for (const others of oneOfEach(rest)) yield [each, ...others];
}

function first<T>(count: number, values: Iterable<T>): T[] {
  const taken: T[] = [];
  for (const value of values) if (taken.push(value) === count) break;
  return taken;
}

const answers = (plan: Plan, request: Request, force: AnyConfig): boolean => resolve(plan, request, { force }).ok;
