import { describe, expect, it } from "vitest";
import type { Outcome } from "../../bench/autotune/outcome.ts";
import { ranking, winner } from "../../bench/autotune/ranking.ts";
import { Session } from "../../bench/autotune/session.ts";
import { BudgetSpent } from "../../bench/autotune/strategy.ts";
import { syntheticMeasurer, syntheticSpace } from "../../bench/autotune/synthetic.ts";

const space = syntheticSpace();
const [a, b, c] = space.candidates as [(typeof space.candidates)[number], (typeof space.candidates)[number], (typeof space.candidates)[number]];

describe("a session", () => {
  it("measures only what is missing, and scores by all rounds", async () => {
    const asked: [string, number][] = [];
    const measurer = {
      measure: async (batch: readonly { id: string }[], rounds: number): Promise<Outcome[]> =>
        batch.map(({ id }) => {
          asked.push([id, rounds]);
          return { us: Array.from({ length: rounds }, () => (id === a.id ? 4 : 2)) };
        }),
    };
    const session = new Session({ space, measurer, known: new Map([[a.id, { us: [1, 1, 1] }]]) });
    expect(await session.measure([0, 1, 1], 2)).toEqual([1, 2, 2]);
    expect(await session.measure([0, 1], 4)).toEqual([1, 2]);
    expect(asked).toEqual([
      [b.id, 2],
      [a.id, 1],
      [b.id, 2],
    ]);
    expect(session.rounds).toBe(5);
  });
  it("asks no more of a candidate that failed", async () => {
    let asked = 0;
    const session = new Session({
      space,
      measurer: {
        measure: async (batch) => {
          asked += batch.length;
          return batch.map(() => ({ invalidity: "correctness", reason: "row 0 differs" }));
        },
      },
    });
    expect(await session.measure([0], 1)).toEqual([undefined]);
    expect(await session.measure([0], 9)).toEqual([undefined]);
    expect(asked).toBe(1);
  });
  it("keeps what was measured when the budget ends in the middle of a batch", async () => {
    const session = new Session({ space, measurer: syntheticMeasurer(space, 1), budget: { rounds: 2 } });
    await expect(session.measure([0, 1, 2], 1)).rejects.toThrow(BudgetSpent);
    expect([...session.outcomes.keys()]).toEqual([a.id, b.id]);
  });
  it("ends by the clock, and by the signal", async () => {
    let now = 0;
    const session = new Session({ space, measurer: syntheticMeasurer(space, 1), budget: { milliseconds: 10 }, now: () => now });
    await session.measure([0], 1);
    now = 10;
    await expect(session.measure([1], 1)).rejects.toThrow(BudgetSpent);
    const stopped = new Session({ space, measurer: syntheticMeasurer(space, 1), signal: AbortSignal.abort(new Error("stopped")) });
    await expect(stopped.measure([0], 1)).rejects.toThrow("stopped");
  });
});

describe("the winner", () => {
  const outcomes = new Map<string, Outcome>([
    [a.id, { us: [10.0, 10.1, 10.2, 10.1] }],
    [b.id, { us: [10.05, 10.15, 10.1, 10.2] }],
    [c.id, { us: [12, 12.1, 12, 12.1] }],
  ]);
  it("is the best, and the ranked list has the others' share of it", () => {
    const list = ranking(space, outcomes);
    expect(list.map(({ candidate, tied }) => [candidate.id, tied])).toEqual([
      [a.id, true],
      [b.id, true],
      [c.id, false],
    ]);
    expect(list[2]!.share).toBeCloseTo(10.1 / 12.05, 6);
  });
  it("is the incumbent where the figures cannot tell it from the best, and not where they can", () => {
    expect(winner(space, outcomes, b.id)!.candidate.id).toBe(b.id);
    expect(winner(space, outcomes, c.id)!.candidate.id).toBe(a.id);
  });
  it("is the simpler of those that are tied", () => {
    const simple = { ...a, effort: [2, 100, 128] };
    const dear = { ...b, effort: [2, 100, 256] };
    const small = { ...space, candidates: [dear, simple] };
    expect(winner(small, outcomes)!.candidate.id).toBe(a.id);
    expect(winner({ ...space, candidates: [{ ...b, effort: [1, 900, 256] }, simple] }, outcomes)!.candidate.id).toBe(b.id);
  });
  it("is none that had one lucky look", () => {
    expect(winner(space, new Map([...outcomes, [c.id, { us: [9.9] }]]))!.candidate.id).not.toBe(c.id);
  });
  it("is the fastest of a last comparison, also beside one that was in many", () => {
    const often = new Map<string, Outcome>([
      [a.id, { us: Array.from({ length: 30 }, () => 12) }],
      [b.id, { us: [10, 10.1, 10, 10.1, 10, 10.1, 10, 10.1, 10] }],
      [c.id, { us: [9.9] }],
    ]);
    expect(winner(space, often, a.id)!.candidate.id).toBe(b.id);
  });
});
