/** Buffers: the pointers that a kernel takes. Their extents stand in the kernel's `extents`. */
import type { Element } from "./element.ts";

export interface Buffer<Dir extends "in" | "out" = "in" | "out", Optional extends boolean = boolean> {
  readonly dir: Dir;
  readonly element: Element;
  /** An optional buffer may be a null pointer; the kernel must look. */
  readonly optional: Optional;
}

export type Buffers = Readonly<Record<string, Buffer>>;

export const input = (element: Element): Buffer<"in", false> => Object.freeze({ dir: "in", element, optional: false });
export const output = (element: Element): Buffer<"out", false> => Object.freeze({ dir: "out", element, optional: false });
export const optionalInput = (element: Element): Buffer<"in", true> => Object.freeze({ dir: "in", element, optional: true });

declare const devicePointer: unique symbol;
/** An address on the device, told apart from other bigints by its type. */
export type DevicePointer = bigint & { readonly [devicePointer]: true };
