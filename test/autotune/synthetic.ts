/** A space with made-up times: smooth along each tunable, with a few candidates that crash, and noise of half a percent. */
import type { Outcome } from "../../bench/autotune/outcome.ts";
import type { Measurer } from "../../bench/autotune/session.ts";
import { axesOf, type Candidate, type Space, spaceOf } from "../../bench/autotune/space.ts";
import { random } from "../../bench/random.ts";
import { plans, type Request } from "../../dsl/index.ts";

export const REQUEST: Request = { rows: 4, cols: 50304, k: 50, rowStride: 50304, dtype: "bf16", order: "largest", indexBytes: 4 };

export const syntheticSpace = (): Space =>
  spaceOf(
    REQUEST,
    undefined,
    plans.filter(({ name }) => name.startsWith("stream")),
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

/** Every seventeenth candidate crashes. */
export function syntheticMeasurer(space: Space, seed: number): Measurer & { readonly calls: () => number } {
  const noise = random(seed, 1);
  let calls = 0;
  return {
    calls: () => calls,
    measure: async (candidates, rounds) =>
      candidates.map((candidate): Outcome => {
        calls += rounds;
        if (space.indexOf(candidate.id) % 17 === 16) return { invalidity: "runtime", reason: "crashed" };
        return { us: Array.from({ length: rounds }, () => trueTime(candidate) * (1 + 0.005 * noise.normal())) };
      }),
  };
}

/** The least true time of those that do not crash. */
export const bestTime = (space: Space): number => Math.min(...space.candidates.filter((_, at) => at % 17 !== 16).map(trueTime));
