/** A refusal of device code, at its syntax node. */
import { relative } from "node:path";
import type { Node } from "ts-morph";
import { type Code, GeneratorError, type Position } from "../errors.ts";

const WHY = {
  TG040: "a device function is translated from its source, before anything is run",
  TG041: "device code is arithmetic on f32 scalars, which gives the same bits on every backend",
  TG042: "the device has a function's parameters, operands, constants and other device functions, and nothing else",
  TG043: "device code converts nothing: a number is an f32, a condition is true or false",
  TG044: "numbers of device code are f32, up to 3.4028234663852886e38",
  TG045: "a device function is unrolled into its caller",
} satisfies Partial<Record<Code, string>>;

export type DeviceCode = keyof typeof WHY;

/** The place of a node; the file is relative to `root`. */
export function positionOf(node: Node, root: string): Position {
  const file = node.getSourceFile();
  return { file: relative(root, file.getFilePath()).replaceAll("\\", "/"), ...file.getLineAndColumnAtPos(node.getStart()) };
}

export type Refuse = (code: DeviceCode, node: Node, what: string, fix: string) => never;

/** Each call throws one problem: the first that is found, since the rest of a program may follow from it. */
export const refuser =
  (root: string): Refuse =>
  (code, node, what, fix) => {
    throw new GeneratorError([{ code, at: positionOf(node, root), what, why: WHY[code], fix }]);
  };
