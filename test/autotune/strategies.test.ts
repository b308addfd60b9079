import { describe, expect, it } from "vitest";
import { winner } from "../../bench/autotune/ranking.ts";
import { Session } from "../../bench/autotune/session.ts";
import { strategies } from "../../bench/autotune/strategies/index.ts";
import { BudgetSpent } from "../../bench/autotune/strategy.ts";
import { bestTime, syntheticMeasurer, syntheticSpace, trueTime } from "../../bench/autotune/synthetic.ts";
import { random } from "../../bench/random.ts";

const space = syntheticSpace();

/** How many times the best the winner takes, and what was spent. */
async function search(name: string, seed: number, rounds?: number): Promise<{ regret: number; rounds: number; id: string }> {
  const session = new Session({ space, measurer: syntheticMeasurer(space, seed), budget: rounds === undefined ? {} : { rounds } });
  try {
    await strategies[name]!({ space, seeds: space.untuned, random: random(seed, 2), measure: session.measure });
  } catch (error) {
    if (!(error instanceof BudgetSpent)) throw error;
  }
  const { candidate } = winner(space, session.outcomes)!;
  return { regret: trueTime(candidate) / bestTime(space), rounds: session.rounds, id: candidate.id };
}

describe("strategies, on made-up times with noise and crashes", () => {
  it("exhaustive looks at everything, and ends within 2 % of the best", async () => {
    const { regret, rounds } = await search("exhaustive", 1);
    expect(rounds).toBeGreaterThanOrEqual(space.candidates.length);
    expect(regret).toBeLessThan(1.02);
  });
  it("exhaustive is near the best long before its end, by more than one lucky round", async () => {
    for (const seed of [1, 2, 3]) {
      const session = new Session({ space, measurer: syntheticMeasurer(space, seed), budget: { rounds: Math.floor(space.candidates.length / 5) } });
      await expect(strategies.exhaustive!({ space, seeds: space.untuned, random: random(seed, 2), measure: session.measure })).rejects.toThrow(BudgetSpent);
      const found = winner(space, session.outcomes)!;
      expect(trueTime(found.candidate) / bestTime(space)).toBeLessThan(1.05);
      expect(found.rounds).toBeGreaterThanOrEqual(3);
    }
  });
  it("exhaustive passes over the rest of a plan whose sample is hopeless, every over nothing", async () => {
    const measurer = syntheticMeasurer(space, 1, (candidate) => trueTime(candidate) * (candidate.plan === "stream_heap" ? 10 : 1));
    const looked = async (strategy: string): Promise<(plan: string) => number> => {
      const session = new Session({ space, measurer });
      await strategies[strategy]!({ space, seeds: [], random: random(1, 2), measure: session.measure });
      return (name) => space.candidates.filter(({ plan, id }) => plan === name && session.outcomes.has(id)).length;
    };
    const all = (name: string) => space.candidates.filter(({ plan }) => plan === name).length;
    const [exhaustive, every] = [await looked("exhaustive"), await looked("every")];
    expect(exhaustive("stream_tile")).toBe(all("stream_tile"));
    expect(exhaustive("stream_heap")).toBeGreaterThanOrEqual(32);
    expect(exhaustive("stream_heap")).toBeLessThan(all("stream_heap") / 2);
    expect([every("stream_tile"), every("stream_heap")]).toEqual([all("stream_tile"), all("stream_heap")]);
  });
  it.each(["greedy", "annealing"])("%s comes within a twentieth of the best with a fifth of exhaustive's rounds", async (name) => {
    const budget = Math.floor(space.candidates.length / 5);
    for (const seed of [1, 2, 3]) expect((await search(name, seed, budget)).regret).toBeLessThan(1.05);
  });
  it("greedy finds better than random order for the same rounds", async () => {
    const mean = async (name: string): Promise<number> => {
      let sum = 0;
      for (const seed of [1, 2, 3, 4, 5]) sum += (await search(name, seed, 150)).regret;
      return sum / 5;
    };
    expect(await mean("greedy")).toBeLessThan(await mean("random"));
  });
  it("nearest stays by its seeds and improves on them", async () => {
    const { regret, rounds } = await search("nearest", 1);
    const untuned = Math.min(...space.untuned.map((at) => trueTime(space.candidates[at]!))) / bestTime(space);
    expect(regret).toBeLessThanOrEqual(untuned);
    expect(rounds).toBeLessThan(150);
  });
  it.each(Object.keys(strategies))("%s is repeated exactly by its seed, and keeps to its budget", async (name) => {
    const [first, second] = [await search(name, 9, 60), await search(name, 9, 60)];
    expect(first).toEqual(second);
    expect(first.rounds).toBeLessThanOrEqual(60);
  });
  it.each(Object.keys(strategies))("%s ends where every candidate fails, and where there is none", async (name) => {
    const failing = new Session({ space, measurer: { measure: async (batch) => batch.map(() => ({ invalidity: "compile", reason: "" })) } });
    await strategies[name]!({ space, seeds: space.untuned, random: random(1, 2), measure: failing.measure });
    expect(winner(space, failing.outcomes)).toBeUndefined();
    const empty = { ...space, candidates: [], untuned: [] };
    const idle = new Session({ space: empty, measurer: syntheticMeasurer(empty, 1) });
    await strategies[name]!({ space: empty, seeds: [], random: random(1, 2), measure: idle.measure });
    expect(idle.rounds).toBe(0);
  });
});
