/** What came of measuring a candidate, in the words of the T4 format of the autotuning community (github.com/odgaard/TuningSchema). */

/** Why a candidate has no time. `constraints`: refused by a rule before it was compiled; `timeout`: it hung and was ended. */
export const INVALIDITIES = ["timeout", "compile", "runtime", "correctness", "constraints"] as const;
export type Invalidity = (typeof INVALIDITIES)[number];

export type Outcome =
  | {
      /** Microseconds a call, one for each round. */
      readonly us: readonly number[];
    }
  | { readonly invalidity: Invalidity; readonly reason: string };

export const isTimed = (outcome: Outcome): outcome is Extract<Outcome, { us: readonly number[] }> => "us" in outcome;

/** All rounds of both. What is invalid once is invalid, for the reason that was found first. */
export function joined(before: Outcome | undefined, found: Outcome): Outcome {
  if (before === undefined) return found;
  if (!isTimed(before)) return before;
  return isTimed(found) ? { us: [...before.us, ...found.us] } : found;
}
