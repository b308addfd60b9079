/**
 * The GPU suite on the emulator: every plan in every way that the suite has, on small inputs; of the configs, every shipped one for one dtype
 * and order. `npm run test:gpu -- --backend emulate` runs thousands more.
 */
import { expect, test } from "vitest";
import { plans } from "../../dsl/index.ts";
import { runSuite } from "./run-suite.ts";
import "../support/compiled-cache.ts";

test("the emulator passes the quick subset of the suite", { timeout: 900_000 }, async () => {
  const {
    passed,
    failed,
    failures,
    plans: tallies,
  } = await runSuite({
    backend: "emulate",
    quick: true,
    filter: "^(?!configs)|^configs: .* bf16 largest",
    log: () => {},
  });
  console.log(`emulator: ${passed} cases passed, ${failed} failed`);
  expect(failures).toEqual([]);
  expect(passed).toBeGreaterThan(250);
  for (const { name } of plans) expect(tallies.get(name)?.passed).toBeGreaterThan(30);
});
