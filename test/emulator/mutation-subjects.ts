/** What mutants of a kernel are tried on: a few of its configs, chosen by rule, each with small requests next to every boundary. */
import { random } from "../../bench/random.ts";
import { type AnyConfig, type AnyKernel, combinations, contextOf, drawKernels, type Plan, plans, resolve, variantSymbol } from "../../dsl/index.ts";
import { extremesOf } from "./mutation-extremes.ts";
import { type Case, requestOf } from "./property-case.ts";
import type { DataName } from "./property-data.ts";
import { configsOf, countConfigs } from "./property-space.ts";

export interface Subject {
  readonly symbol: string;
  readonly spec: AnyConfig;
  readonly tune: AnyConfig;
  readonly cases: readonly Case[];
  /** Small enough for ThreadSanitizer. */
  readonly races: readonly Case[];
}

const SPECS = [
  { dtype: "bf16", order: "largest" },
  { dtype: "f32", order: "smallest" },
  { dtype: "f16", order: "largest" },
  { dtype: "f32", order: "largest" },
  { dtype: "bf16", order: "smallest" },
] as const;

interface Layout extends Pick<Case, "gap" | "offset" | "indexBytes"> {
  readonly data: DataName;
  readonly lengths: readonly number[] | "around k";
}

/**
 * Data that fills a buffer, ties at its threshold, a threshold between two groups far from each other, patterns next to those that mean something, and
 * usual data;
 * rows that end and begin in the middle of a vector, or end before the first whole one begins, or have k elements, or one more or less.
 */
const LAYOUTS: readonly Layout[] = [
  { data: "asc", gap: 5, offset: 3, lengths: [], indexBytes: 8 },
  { data: "allNegInf", gap: 0, offset: 0, lengths: [2 ** 31 - 1, 16, 9, 0], indexBytes: 4 },
  { data: "boundaryTies", gap: 0, offset: 0, lengths: [], indexBytes: 4 },
  { data: "anyBits", gap: 1, offset: 7, lengths: [33, 4090, -4], indexBytes: 4 },
  { data: "nans", gap: 9, offset: 1, lengths: [60, 5, 2], indexBytes: 8 },
  { data: "desc", gap: 0, offset: 8, lengths: [31, 32, 4099], indexBytes: 4 },
  { data: "earlyTies", gap: 0, offset: 1, lengths: [], indexBytes: 4 },
  { data: "exactlyK", gap: 2, offset: 4, lengths: [], indexBytes: 4 },
  { data: "oneAbove", gap: 0, offset: 2, lengths: [], indexBytes: 4 },
  { data: "farTies", gap: 0, offset: 0, lengths: [], indexBytes: 4 },
  { data: "edgeTies", gap: 0, offset: 6, lengths: [2 ** 31 - 1, 60, 500], indexBytes: 8 },
  { data: "comb", gap: 0, offset: 0, lengths: [2048, 4096], indexBytes: 4 },
  { data: "edgeNear", gap: 4, offset: 0, lengths: [], indexBytes: 4 },
  { data: "normal", gap: 0, offset: 0, lengths: [], indexBytes: 4 },
  { data: "anyBits", gap: 3, offset: 5, lengths: "around k", indexBytes: 4 },
  { data: "edgeTies", gap: 0, offset: 0, lengths: [], indexBytes: 4 },
  { data: "edgeTies", gap: 3, offset: 1, lengths: [60, 61], indexBytes: 4 },
  { data: "lowTies", gap: 0, offset: 3, lengths: [60, 61, 2 ** 31 - 1], indexBytes: 4 },
  { data: "nans", gap: 0, offset: 2, lengths: [], indexBytes: 4 },
  { data: "someNans", gap: 0, offset: 0, lengths: [], indexBytes: 4 },
  { data: "anyBits", gap: 0, offset: 0, lengths: [33, 200, 60], indexBytes: 4 },
  { data: "zeros", gap: 0, offset: 1, lengths: [], indexBytes: 4 },
  { data: "earlyTies", gap: 0, offset: 0, lengths: [2000, 3000], indexBytes: 4 },
  { data: "oneAbove", gap: 0, offset: 0, lengths: [], indexBytes: 4 },
  { data: "fewNans", gap: 0, offset: 0, lengths: [], indexBytes: 4 },
  { data: "quarterEnd", gap: 0, offset: 0, lengths: [], indexBytes: 4 },
  { data: "quarterAbove", gap: 0, offset: 0, lengths: [], indexBytes: 4 },
  { data: "nanTies", gap: 0, offset: 0, lengths: [], indexBytes: 4 },
];

/** Few rows; for configs that refuse those, more of them, and then shorter ones. */
const LENGTHS = [100, 128, 200, 256, 4096, 5000, 9001, 20500, 45000];
const SIZES = [
  { rows: 3, lengths: LENGTHS },
  { rows: 5, lengths: LENGTHS },
  { rows: 33, lengths: [4100, 4200] },
];
type Sizes = typeof SIZES;
/** For blocks that take one row after another. */
const ROW_AFTER_ROW = [{ rows: 33, lengths: [4100, 4200, 5000] }];
const KS = [1, 13, 32, 64, 100, 300, 1000, 1100, 4300];

/**
 * The least config, in rows that it needs, then in threads, then in shared memory, of those that use shared memory; the least of those in
 * which no tunable has its least value; for what these two let pass, the last that ships; and, on fewer cases, the one with the most shared memory for its
 * threads, the least of those that answer the greatest k, and of block_select one whose blocks take several rows. Each with another dtype and order, as far
 * as there are any. Of a kernel of thousands of configs, a part is looked at, always the same.
 */
export function subjectsOf(kernel: AnyKernel): readonly Subject[] {
  const subjects = known.get(kernel) ?? chosenFor(kernel);
  known.set(kernel, subjects);
  return subjects;
}

const known = new Map<AnyKernel, readonly Subject[]>();

/** What another process has chosen, which took it seconds. */
export const useSubjects = (kernel: AnyKernel, subjects: readonly Subject[]): void => void known.set(kernel, subjects);

function chosenFor(kernel: AnyKernel): Subject[] {
  const configs = partOf(kernel);
  const above = configs.filter((config) => Object.entries(kernel.tune).every(([name, { values }]) => config[name] !== values[0]));
  const choices = [
    { among: configs, by: byLeast },
    { among: above, by: byLeast },
    { among: kernel.ships.slice(-1), by: byLeast },
    { among: configs, by: (a: Size, b: Size) => b.shared / b.threads - a.shared / a.threads || byLeast(a, b), isOnce: true },
    { among: configs, by: (a: Size, b: Size) => b.k - a.k || byLeast(a, b), isOnce: true },
    ...(kernel.name === "block_select" ? [{ among: configs.filter(takesRows), by: byLeast, isOnce: true, sizes: ROW_AFTER_ROW }] : []),
  ];
  return choices.map(({ among, by, isOnce = false, sizes = SIZES }, which) => {
    const spec = SPECS[which % SPECS.length]!;
    const [least] = among
      .map((tune) => ({ tune, ...sizeOf(kernel, spec, tune, sizes) }))
      .filter(({ threads }) => threads > 0)
      .sort(by);
    if (least === undefined) throw new Error(`no small request fits a config of ${kernel.name}: add to SIZES or KS`);
    const { tune } = least;
    const cases = casesOf(kernel, spec, tune, isOnce, sizes);
    return {
      symbol: variantSymbol(kernel, spec, tune),
      spec,
      tune,
      cases: [...cases, ...extremesOf(kernel, spec, tune)],
      races: isOnce ? [] : raceCases(cases),
    };
  });
}

/** Of block_select: some blocks that take several rows each, and save slots for the next one; and one delegate a thread, which no other choice has. */
function takesRows({ blocksPerSm, multiprocessors, saved, delegates }: AnyConfig): boolean {
  const blocks = Number(blocksPerSm) * Number(multiprocessors);
  return blocks > 1 && blocks <= 16 && Number(saved) > 0 && delegates === 1;
}

/** Of a config, with the requests that fit: threads of a block, rows that it needs, shared memory, the greatest k. */
interface Size {
  readonly threads: number;
  readonly rows: number;
  readonly shared: number;
  readonly k: number;
}

const byLeast = (a: Size, b: Size): number => Number(b.shared > 0) - Number(a.shared > 0) || a.rows - b.rows || a.threads - b.threads || a.shared - b.shared;

const MOST_CONFIGS = 1000;

function partOf(kernel: AnyKernel): AnyConfig[] {
  const part: AnyConfig[] = [];
  if (countConfigs(kernel) / SPECS.length <= MOST_CONFIGS) return [...combinations(kernel.tune)];
  for (const { tune } of configsOf(kernel, random(1, 0), SPECS[0])) if (part.push(tune) === MOST_CONFIGS) break;
  return part;
}

function sizeOf(kernel: AnyKernel, spec: (typeof SPECS)[number], tune: AnyConfig, sizes: Sizes): Size {
  const fitting = fits(kernel, spec, tune, sizes);
  return {
    threads: fitting.length === 0 ? 0 : Number(contextOf(kernel, { ...spec, ...tune }).threads),
    rows: fitting[0]?.rows ?? 0,
    shared: Math.max(0, ...fitting.map(({ sharedBytes }) => sharedBytes)),
    k: Math.max(0, ...fitting.map(({ k }) => k)),
  };
}

type Fit = Pick<Case, "plan" | "force" | "rows" | "cols" | "k"> & { readonly sharedBytes: number; readonly threads: number };

/**
 * With the plans' untuned config; where that launches the kernel for no such request, or only among many threads, with the least value of each of the plan's
 * tunables, too.
 */
function fits(kernel: AnyKernel, spec: (typeof SPECS)[number], tune: AnyConfig, sizes: Sizes): Fit[] {
  const least = ({ tune: own }: Plan): AnyConfig =>
    Object.fromEntries(Object.entries(own).map(([name, { values }]) => [name, [...values].sort((a, b) => Number(a) - Number(b))[0]!]));
  const untuned = fitsOf(kernel, spec, tune, sizes, () => ({}));
  return untuned.some(({ threads }) => threads <= MANY_THREADS) ? untuned : [...untuned, ...fitsOf(kernel, spec, tune, sizes, least)];
}

function fitsOf(kernel: AnyKernel, spec: (typeof SPECS)[number], tune: AnyConfig, sizes: Sizes, planConfig: (plan: Plan) => AnyConfig): Fit[] {
  const own = Object.entries(tune).map(([name, value]) => [`${kernel.name}.${name}`, value]);
  const mine = plans.filter(({ stages }) => stages.includes(kernel));
  for (const { rows, lengths } of sizes) {
    const fitting = lengths.flatMap((cols) =>
      KS.filter((k) => k <= cols).flatMap((k) =>
        mine.flatMap((plan): Fit[] => {
          const force = {
            ...Object.fromEntries(own),
            ...Object.fromEntries(Object.entries(planConfig(plan)).map(([name, value]) => [`${plan.name}.${name}`, value])),
          };
          const resolution = resolve(plan, { rows, cols, k, rowStride: cols, indexBytes: 4, ...spec }, { force });
          const stage = resolution.ok ? resolution.resolved.stages.find((each) => each.kernel === kernel) : undefined;
          if (stage === undefined) return [];
          const threads = resolution.ok ? resolution.resolved.stages.reduce((sum, { launch }) => sum + launch.grid * launch.block, 0) : 0;
          return [{ plan: plan.name, force, rows, cols, k, sharedBytes: stage.launch.sharedBytes, threads }];
        }),
      ),
    );
    if (fitting.length > 0) return fitting;
  }
  return [];
}

/**
 * Every layout with the greatest k and in turns with the others and the one in their middle, on the longest rows that fit and in turns on those between, and in turns in
 * each of the kernel's plans and their configs. Plans of many threads take long: one a layout, as where `isOnce`; there, one
 * of three layouts.
 */
function casesOf(kernel: AnyKernel, spec: (typeof SPECS)[number], tune: AnyConfig, isOnce: boolean, sizes: Sizes): Case[] {
  const fitting = fits(kernel, spec, tune, sizes);
  const configOf = ({ plan, force }: Fit): string => JSON.stringify([plan, force]);
  const byPlan = [...new Set(fitting.map(configOf))].map((config) => {
    const all = fitting.filter((fit) => configOf(fit) === config);
    const greatest = Math.max(...all.map(({ k }) => k));
    const ks = [...new Set(all.map(({ k }) => k))].sort((a, b) => a - b);
    return { all, full: all.filter(({ k }) => k === greatest), middle: all.filter(({ k }) => k === ks[ks.length >> 1]) };
  });
  return LAYOUTS.flatMap((layout, at) =>
    [0, 1, 2].flatMap((turn): Case[] => {
      const { all, full, middle } = byPlan[(at + turn) % byPlan.length]!;
      const any = at % 2 === 0 ? all : middle;
      const chosen = [full[full.length - 1]!, full[at % full.length]!, any[(7 * at) % any.length]!][turn]!;
      const { sharedBytes: _, threads, ...fit } = chosen;
      const lengths = layout.lengths === "around k" ? [fit.k, fit.k + 1, fit.k - 1] : layout.lengths;
      const isMany = threads > MOST_THRICE;
      if ((isOnce || isMany) && turn !== at % 3) return [];
      if (isOnce && isMany && turn !== 0) return [];
      return [{ ...fit, ...spec, ...layout, lengths, dataSeed: 3 * at + turn + 1, seed: 3 * at + turn }];
    }),
  ).filter((each) => resolve(plans.find(({ name }) => name === each.plan)!, requestOf(each), { force: each.force }).ok);
}

/** Of a plan's launches together: beyond this, a config of fewer is tried too. */
const MANY_THREADS = 16_384;
/** Up to this, a layout has three cases; beyond, one. */
const MOST_THRICE = 8192;

/** Those of which a mutant costs least first: what they share with others is caught there. */
export function cheapestFirst(kernels: readonly AnyKernel[]): AnyKernel[] {
  const costs = new Map(kernels.map((kernel) => [kernel, costOf(kernel)]));
  return [...kernels].sort((a, b) => costs.get(a)! - costs.get(b)!);
}

/** Threads of all cases together: what a mutant that nothing catches costs; least of a draw, whose rows are short. */
function costOf(kernel: AnyKernel): number {
  if (drawKernels.includes(kernel)) return 0;
  return subjectsOf(kernel).reduce((sum, { cases }) => cases.reduce((of, each) => of + threadsOf(each), sum), 0);
}

/**
 * ThreadSanitizer takes a millisecond a thread: one row, whole (all rows where the config's grid refuses one), of the cases of which no launch has many
 * threads those with the least and the most, and the first whose elements tie at the threshold, or all of them.
 */
export function raceCases(cases: readonly Case[]): Case[] {
  const few = cases
    .map((given): Case => {
      const one = { ...given, rows: 1, lengths: [] };
      return Number.isFinite(threadsOf(one)) ? one : { ...one, rows: given.rows };
    })
    .map((each) => ({ each, threads: threadsOf(each) }))
    .filter(({ threads }) => threads <= MOST_RACING)
    .sort((a, b) => a.threads - b.threads)
    .map(({ each }) => each);
  const tied = (["boundaryTies", "allNegInf", "oneAbove"] as const).map((data) => few.find((each) => each.data === data));
  return [...new Set([few[0], few[few.length - 1], ...tied])].filter((each) => each !== undefined);
}

/** Beyond this, blocks may hide each other's races (docs/emulator.md). */
const MOST_RACING = 1024;

function threadsOf(each: Case): number {
  const resolution = resolve(plans.find(({ name }) => name === each.plan)!, requestOf(each), { force: each.force });
  return resolution.ok ? Math.max(...resolution.resolved.stages.map(({ launch }) => launch.grid * launch.block)) : Number.POSITIVE_INFINITY;
}
