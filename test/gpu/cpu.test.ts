/** The GPU suite's cases and scenarios on the CPU backend: one way to compute, so without forced plans and without what is large. */
import { expect, test } from "vitest";
import { runSuite } from "./run-suite.ts";

test("the CPU backend passes the suite", { timeout: 300_000 }, async () => {
  const { passed, failed, failures, plans } = await runSuite({ backend: "cpu", log: () => {} });
  console.log(`CPU backend: ${passed} cases passed, ${failed} failed`);
  expect(failures).toEqual([]);
  expect(passed).toBeGreaterThan(4000);
  expect([...plans.keys()].sort()).toEqual(["cpu", "host in, host out", "prologues", "sampling", "scenarios"]);
});
