/** A space with made-up times: smooth along each tunable, with a few candidates that crash, and noise of half a percent. */

import { plans, type Request } from "../../dsl/index.ts";
import { random } from "../random.ts";
import type { Outcome } from "./outcome.ts";
import type { Measurer } from "./session.ts";
import { axesOf, type Candidate, type Space, spaceOf } from "./space.ts";

export const REQUEST: Request = { rows: 4, cols: 50304, k: 50, rowStride: 50304, dtype: "bf16", order: "largest", indexBytes: 4 };

/** Of the two-stage plans, or of all. */
export const syntheticSpace = (all = false): Space =>
  spaceOf(
    REQUEST,
    undefined,
    plans.filter(({ name }) => all || name.startsWith("stream")),
  );

/** Microseconds, without noise: each tunable has a best place, and plans differ. */
export function trueTime({ plan, config }: Candidate): number {
  const axes = axesOf(plans.find(({ name }) => name === plan)!);
  let us = plan === "stream_heap" ? 10 : 11;
  for (const [at, [name, { values }]] of Object.entries(axes).entries()) {
    const place = values.indexOf(config[name]!) / Math.max(1, values.length - 1);
    us *= 1 + 0.6 * (place - (0.25 + 0.5 * ((at * 0.37) % 1))) ** 2;
  }
  return us;
}

/** What no tunable explains: up to 5 % for each candidate, as compilers have it. */
export function ruggedTime(candidate: Candidate): number {
  const hash = [...candidate.id].reduce((sum, letter) => Math.imul(sum ^ letter.charCodeAt(0), 0x01000193), 0x811c9dc5);
  return trueTime(candidate) * (1 + 0.05 * random(hash, 0).uniform());
}

/** Every seventeenth candidate crashes. */
export function syntheticMeasurer(space: Space, seed: number, timeOf = trueTime): Measurer & { readonly calls: () => number } {
  const noise = random(seed, 1);
  let calls = 0;
  return {
    calls: () => calls,
    measure: async (candidates, rounds) =>
      candidates.map((candidate): Outcome => {
        calls += rounds;
        if (space.indexOf(candidate.id) % 17 === 16) return { invalidity: "runtime", reason: "crashed" };
        return { us: Array.from({ length: rounds }, () => timeOf(candidate) * (1 + 0.005 * noise.normal())) };
      }),
  };
}

/** The least true time of those that do not crash. */
export const bestTime = (space: Space, timeOf = trueTime): number => Math.min(...space.candidates.filter((_, at) => at % 17 !== 16).map(timeOf));
