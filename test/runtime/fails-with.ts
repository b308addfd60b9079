/** The one way in which tests assert an error code; test/runtime/error-docs.test.ts looks for its calls to see that every code is triggered. */
import { expect } from "vitest";
import type { ErrorCode } from "../../runtime/error-codes.ts";
import { TopkitError } from "../../runtime/errors.ts";

/** Runs `work`, which must throw or reject with a TopkitError of that code, of which the message matches. Gives the error. */
export async function failure(code: ErrorCode, work: () => unknown, message: RegExp = /./): Promise<TopkitError> {
  const error = await caught(work);
  expect(error).toBeInstanceOf(TopkitError);
  const found = error as TopkitError;
  expect({ code: found.code, message: found.message }).toEqual({ code, message: expect.stringMatching(message) });
  return found;
}

export async function failsWith(code: ErrorCode, work: () => unknown, message?: RegExp): Promise<void> {
  await failure(code, work, message);
}

async function caught(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
