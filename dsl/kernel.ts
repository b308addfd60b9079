/**
 * kernel(): what a kernel is. A declaration is data and pure formulas; the launcher, the emulator, the tuner and the docs all read the same ones.
 *
 * Property order matters to inference: `derive` comes before `where`, `extents` and `launch`.
 */
import type { Buffers, DevicePointer } from "./buffer.ts";
import { combinations, type Domains, type Scalar, type ValuesOf } from "./domain.ts";
import type { Dtype, Order } from "./element.ts";
import { isCallerBuffer } from "./request.ts";

/** What is known at launch: non-negative integers, passed to the kernel as 64-bit arguments. */
export type Shape<S extends string> = Readonly<Record<S, number>>;

/** What `derive` may compute: scalars, and lists of records for `{{#each}}`. */
export type Derived = Readonly<Record<string, Scalar | readonly Readonly<Record<string, Scalar>>[]>>;

export interface Launch {
  /** Blocks, all on grid.x: y and z stop at 65,535. At most 2^31-1. */
  readonly grid: number;
  /** Threads a block. */
  readonly block: number;
  /** Blocks a cluster; 1 where there is none. */
  readonly cluster: number;
  /** Bytes of dynamic shared memory a block. */
  readonly sharedBytes: number;
}

export type Reader = "slots" | "chunk" | "cluster_part" | "block_row" | "row";

/** Every kernel is compiled once for each of these; a kernel may add domains of its own. */
export type BaseSpec = { readonly dtype: { readonly values: readonly Dtype[] }; readonly order: { readonly values: readonly Order[] } };

type Config<Spec extends Domains, Tune extends Domains> = ValuesOf<Spec> & ValuesOf<Tune>;
type Context<Spec extends Domains, Tune extends Domains, D extends Derived> = Config<Spec, Tune> & D;

/** Named rules: the name is the sentence printed when the rule refuses. */
type Rules<Args extends readonly unknown[]> = Readonly<Record<string, (...args: Args) => boolean>>;

export interface KernelBody<Spec extends Domains & BaseSpec, Tune extends Domains, S extends string, B extends Buffers, D extends Derived, H extends string> {
  /** File in templates/. */
  readonly template: `${string}.cu.hbs`;
  /** Places in the template that a device function may fill, with the CUDA that stands there otherwise. */
  readonly hooks: Readonly<Record<H, string>>;
  /**
   * The kernel whose template this one shares: where that stores a row's answer, this draws a token from it, in what stands between {{#if draws}} and
   * {{else}} or {{/if}}.
   */
  readonly drawsFrom?: AnyKernel | undefined;
  /**
   * The file of templates/device/, without ".cuh", through which the template reads x: a prologue puts its twin there, scored_NAME.cuh. Where that does not do,
   * {{#if scored}} says in the template what does (docs/architecture.md). Absent: the kernel takes no prologue.
   */
  readonly reader?: Reader;
  /** Fixed by the caller, one compilation each. */
  readonly spec: Spec;
  /** Turned by the tuner. */
  readonly tune: Tune;
  /** Least compute capability, as 80 for 8.0. */
  readonly minArch: number;
  /** Least PTX ISA version that its instructions need. */
  readonly minPtx: `${number}.${number}`;
  /** What one block works on, in words. */
  readonly unit: string;
  readonly shape: readonly S[];
  /** Pointers, in the order of the kernel's parameters; the shape values follow them. */
  readonly buffers: B;
  /** Which requests the kernel answers at all, whatever its config. */
  readonly accepts: Rules<[spec: ValuesOf<Spec>, shape: Shape<S>]>;
  /** All arithmetic that the template needs. */
  readonly derive: (config: Config<Spec, Tune>) => D;
  /** Which configs are valid, for a shape. */
  readonly where: Rules<[context: Context<Spec, Tune, D>, shape: Shape<S>]>;
  /** Elements in each buffer. */
  readonly extents: (context: Context<Spec, Tune, D>, shape: Shape<S>) => { readonly [N in keyof B]: number };
  readonly launch: (context: Context<Spec, Tune, D>, shape: Shape<S>) => Launch;
  /** The configs that ship rendered, for devices without a tuning table. */
  readonly ships: readonly ValuesOf<Tune>[];
  /** Which of `ships` an untuned device takes. */
  readonly untuned: (spec: ValuesOf<Spec>, shape: Shape<S>) => ValuesOf<Tune>;
  /** The configs that a tuner should try for a shape, where trying all is too much; those that `where` refuses may be among them. Absent: all. */
  readonly search?: ((spec: ValuesOf<Spec>, shape: Shape<S>) => Iterable<ValuesOf<Tune>>) | undefined;
}

export interface Kernel<
  Name extends string,
  Spec extends Domains & BaseSpec,
  Tune extends Domains,
  S extends string,
  B extends Buffers,
  D extends Derived,
  H extends string,
> extends KernelBody<Spec, Tune, S, B, D, H> {
  readonly name: Name;
}

/**
 * A kernel whose types are forgotten, for code that treats all kernels alike. Methods are bivariant, so every Kernel is one.
 */
export interface AnyKernel {
  readonly name: string;
  readonly template: `${string}.cu.hbs`;
  readonly hooks: Readonly<Record<string, string>>;
  readonly drawsFrom?: AnyKernel | undefined;
  readonly reader?: Reader;
  readonly spec: Domains & BaseSpec;
  readonly tune: Domains;
  readonly minArch: number;
  readonly minPtx: `${number}.${number}`;
  readonly unit: string;
  readonly shape: readonly string[];
  readonly buffers: Buffers;
  readonly accepts: Readonly<Record<string, AnyFormula<boolean>>>;
  readonly where: Readonly<Record<string, AnyFormula<boolean>>>;
  readonly ships: readonly AnyConfig[];
  derive(config: AnyConfig): Derived;
  extents(context: AnyContext, shape: Shape<string>): Readonly<Record<string, number>>;
  launch(context: AnyContext, shape: Shape<string>): Launch;
  untuned(spec: AnyConfig, shape: Shape<string>): AnyConfig;
  readonly search?: AnyFormula<Iterable<AnyConfig>> | undefined;
}
/** `any` stands for the one variance that TypeScript cannot express here: a formula over a config of an unknown kernel. */
// biome-ignore lint/suspicious/noExplicitAny: see above
type AnyFormula<R> = (context: any, shape: any) => R;
export type AnyConfig = Readonly<Record<string, Scalar>>;
export type AnyContext = Readonly<Record<string, Derived[string]>>;

// Read off the parts, not off Kernel<...>: a kernel with no hooks has H = never, and Kernel<..., never> is no Kernel<..., any>.
export type SpecOf<K> = K extends { readonly spec: infer P extends Domains } ? ValuesOf<P> : never;
export type TuneOf<K> = K extends { readonly tune: infer T extends Domains } ? ValuesOf<T> : never;
export type ConfigOf<K> = SpecOf<K> & TuneOf<K>;
export type ContextOf<K> = K extends { readonly derive: (config: never) => infer D } ? ConfigOf<K> & D : never;
export type ShapeOf<K> = K extends { readonly shape: readonly (infer S extends string)[] } ? Shape<S> : never;
/** Pointers that a launch takes: required buffers always, optional ones as null where absent. */
export type PointersOf<K> = K extends { readonly buffers: infer B extends Buffers }
  ? { readonly [N in keyof B]: B[N] extends { readonly optional: true } ? DevicePointer | null : DevicePointer }
  : never;

/** Configs that a tuner can go through one by one in well under a second. */
const MOST_CONFIGS = 4096;

const NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;

/**
 * Declares a kernel. Errors: RangeError where the name is not snake_case, or a name is used twice among spec, tune, hooks, shape
 * and buffers (templates see them in one scope), or a buffer of the caller is scratch or state, or there are more configs than a tuner can try.
 */
export function kernel<
  const Name extends string,
  Spec extends Domains & BaseSpec,
  Tune extends Domains,
  const S extends string,
  B extends Buffers,
  D extends Derived,
  const H extends string = never,
>(name: Name, body: KernelBody<Spec, Tune, S, B, D, H>): Kernel<Name, Spec, Tune, S, B, D, H> {
  if (!NAME.test(name)) throw new RangeError(`kernel "${name}": a name is snake_case, because it becomes a CUDA symbol; rename it`);
  const seen = new Set<string>();
  for (const used of [body.spec, body.tune, body.hooks, body.buffers].flatMap((part) => Object.keys(part)).concat(body.shape)) {
    if (seen.has(used)) throw new RangeError(`kernel "${name}": "${used}" is declared twice; templates see one scope, so rename one of them`);
    seen.add(used);
  }
  for (const [buffer, { dir }] of Object.entries(body.buffers)) {
    if (isCallerBuffer(buffer) && (dir === "scratch" || dir === "state"))
      throw new RangeError(`kernel "${name}": "${buffer}" is the caller's and cannot be ${dir}; declare it as input or output`);
  }
  const configs = Object.values(body.tune).reduce((product, { values }) => product * values.length, 1);
  if (configs > MOST_CONFIGS && body.search === undefined)
    throw new RangeError(`kernel "${name}" has ${configs} configs, more than ${MOST_CONFIGS}: declare \`search\`, which says what a tuner tries for a shape`);
  // last, because a body may be another kernel, changed
  return Object.freeze({ ...body, name });
}

/** Spec, tune and derived values together: what formulas and templates see. */
export function contextOf(kernel: AnyKernel, config: AnyConfig): AnyContext {
  return { ...config, ...kernel.derive(config) };
}

/** The configs that a tuner tries for a shape, before `where` is asked. */
export function configsToTry(kernel: AnyKernel, spec: AnyConfig, shape: Shape<string>): Iterable<AnyConfig> {
  return kernel.search?.(spec, shape) ?? combinations(kernel.tune);
}

/** The name of the first `accepts` rule that refuses, or undefined. */
export function refusedBy(kernel: AnyKernel, spec: AnyConfig, shape: Shape<string>): string | undefined {
  return Object.keys(kernel.accepts).find((rule) => kernel.accepts[rule]?.(spec, shape) !== true);
}

/** The name of the first `where` rule that a config breaks, or undefined. */
export function brokenRule(kernel: AnyKernel, context: AnyContext, shape: Shape<string>): string | undefined {
  return Object.keys(kernel.where).find((rule) => kernel.where[rule]?.(context, shape) !== true);
}
