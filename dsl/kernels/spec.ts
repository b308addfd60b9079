/** The spec that every kernel has: fixed by the caller, one compilation each. */
import { oneOf } from "../domain.ts";

export const baseSpec = {
  dtype: oneOf("f32", "f16", "bf16"),
  order: oneOf("largest", "smallest"),
};

/** Shared memory that a block has without asking the driver for more. */
export const PORTABLE_SHARED_BYTES = 48 * 1024;
