/**
 * Seeded properties. TOPKIT_FUZZ_SEED picks another sample (default 1), TOPKIT_FUZZ_RUNS another number of cases a property; the seed is printed,
 * and fast-check prints the path to a failing case.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect } from "vitest";
import { errorCodes } from "../../runtime/error-codes.ts";
import { TopkitError } from "../../runtime/errors.ts";

/** A non-negative integer of the environment. */
export function setting(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === "") return otherwise;
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new Error(`${name} is ${JSON.stringify(text)}; give a non-negative integer`);
  return value;
}

export const seed = setting("TOPKIT_FUZZ_SEED", 1);

/** `usual` is what CI draws; each case has its own deadline, because a hang is a failure too. */
export async function fuzz<T>(name: string, usual: number, cases: fc.Arbitrary<T>, check: (drawn: T) => Promise<void> | void): Promise<void> {
  const numRuns = setting("TOPKIT_FUZZ_RUNS", usual);
  // at once, not by console.log: it has to be there if the process dies
  process.stderr.write(`fuzz: ${name}: seed ${seed}, ${numRuns} cases\n`);
  await fc.assert(
    fc.asyncProperty(cases, async (drawn) => check(drawn)),
    { seed, numRuns, timeout: 20_000, endOnFailure: false },
  );
}

/** Thrown by hostile getters and traps: it comes out as it is, because it is the caller's own. */
export class Mine extends Error {}

export type Outcome<T> = { readonly value: T } | { readonly error: TopkitError | Mine };

/** What the work gave. Fails where it threw anything but a coded error with one clear sentence, or the caller's own. */
export async function outcomeOf<T>(work: () => T | Promise<T>, codes = /^TK\d{3}$/): Promise<Outcome<T>> {
  let error: unknown;
  try {
    return { value: await work() };
  } catch (thrown) {
    error = thrown;
  }
  if (error instanceof Mine) return { error };
  if (!(error instanceof TopkitError)) throw error;
  expect(error.code).toMatch(codes);
  expect(Object.hasOwn(errorCodes, error.code)).toBe(true);
  expect(error.message.length).toBeGreaterThan(10);
  expect(error.message.length).toBeLessThan(4000);
  expect(error.message).not.toMatch(/\[object |undefined is not|Cannot read|is not a function/);
  return { error };
}

/** Collects until what `live` counts is gone, and fails where it stays. */
export async function collected(live: () => Readonly<Record<string, number>>): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let attempt = 0; attempt < 100 && Object.keys(live()).length > 0; attempt += 1) {
    collect();
    await new Promise((done) => setImmediate(done));
  }
  expect(live()).toEqual({});
}
