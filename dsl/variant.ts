/** A variant: one kernel rendered for one spec and one config. Its name is computed from them, and is its symbol and its file's name. */
import type { Dtype } from "./element.ts";
import type { AnyConfig, AnyKernel } from "./kernel.ts";

/** What generated/manifest.json and generated/variants.ts say of a rendered kernel, as far as the runtime needs it. */
export interface Variant {
  readonly kernel: string;
  readonly spec: AnyConfig;
  readonly tune: AnyConfig;
  /** extern "C" name; also the file's name in generated/kernels/, less ".cu". */
  readonly symbol: string;
  /** SHA-256 of the file's text, hex. */
  readonly sourceHash: string;
}

/** Of a kernel with a prologue: `kernel` is the name without it, `dtype` x's. */
export interface ScoredVariant extends Variant {
  readonly dtype: Dtype;
}

/** For example `tile_stream_bf16_largest_warps8_candidates64_vectors1`: values in declared order, tunables with their names. */
export function variantSymbol(kernel: AnyKernel, spec: AnyConfig, tune: AnyConfig): string {
  const fixed = Object.keys(kernel.spec).map((name) => `${spec[name]}`);
  const turned = Object.keys(kernel.tune).map((name) => `${name}${tune[name]}`);
  return [kernel.name, ...fixed, ...turned].join("_");
}
