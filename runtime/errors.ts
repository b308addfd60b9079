/** TopkitError: the one class of every failure that topkit reports. */
import type { ErrorCode } from "./error-codes.ts";

/** Every failure. `code` is listed in docs/errors.md; the message says what was given, what is allowed and what to do. */
export class TopkitError extends Error {
  override readonly name = "TopkitError";
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = Object.freeze({ ...details });
  }
}

/** A value as an error message shows it: short, and with its type where that is not plain. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
    case "bigint":
      return `${value}n (a bigint)`;
    case "number":
    case "boolean":
    case "undefined":
      return String(value);
    case "function":
    case "symbol":
      return `a ${typeof value}`;
    default:
      return value === null ? "null" : `a ${className(value as object)}`;
  }
}

/** An object may say anything of itself, or throw when it is asked. */
function className(value: object): string {
  try {
    const name: unknown = value.constructor.name;
    return typeof name === "string" && name !== "" ? name.slice(0, 60) : "object";
  } catch {
    return "object";
  }
}

/** What was thrown, in words. */
export const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : shown(cause));
