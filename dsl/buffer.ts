/** Buffers: the pointers that a kernel takes. Their extents stand in the kernel's `extents`. */
import type { Element } from "./element.ts";

/**
 * What a kernel does with a buffer:
 * - `in`: reads what the caller, or a kernel before it in the plan, wrote
 * - `out`: writes
 * - `scratch`: reads and writes; what it finds there is what kernels before it wrote, else nothing
 * - `state`: reads and writes, and finds zeros: tickets, counters, histograms. Zero when the plan is made; whoever changes it leaves zeros again when the launch ends.
 */
export type Access = "in" | "out" | "scratch" | "state";

export interface Buffer<Dir extends Access = Access, Optional extends boolean = boolean> {
  readonly dir: Dir;
  readonly element: Element;
  /** An optional buffer may be a null pointer; the kernel must look. */
  readonly optional: Optional;
}

export type Buffers = Readonly<Record<string, Buffer>>;

export const input = (element: Element): Buffer<"in", false> => Object.freeze({ dir: "in", element, optional: false });
export const output = (element: Element): Buffer<"out", false> => Object.freeze({ dir: "out", element, optional: false });
export const optionalInput = (element: Element): Buffer<"in", true> => Object.freeze({ dir: "in", element, optional: true });
export const optionalOutput = (element: Element): Buffer<"out", true> => Object.freeze({ dir: "out", element, optional: true });
export const scratch = (element: Element): Buffer<"scratch", false> => Object.freeze({ dir: "scratch", element, optional: false });
export const state = (element: Element): Buffer<"state", false> => Object.freeze({ dir: "state", element, optional: false });

declare const devicePointer: unique symbol;
/** An address on the device, told apart from other bigints by its type. */
export type DevicePointer = bigint & { readonly [devicePointer]: true };
