import { expect, it } from "vitest";
import { parseMusts, readMusts } from "../../bench/musts.ts";
import type { PeerTime } from "../../bench/peers.ts";
import { entriesOf } from "../../bench/report/entries.ts";
import { type Goal, goalsOf } from "../../bench/report/goals.ts";
import type { ResultRow } from "../../bench/results.ts";
import { row } from "./rows.ts";

/** topkit and torch of a workload. */
const pair = (us: number, torch: number, other: Partial<ResultRow> = {}): ResultRow[] => [
  row({ ...other, usMedian: us }),
  row({ ...other, impl: "torch", usMedian: torch }),
];
const MUSTS = parseMusts("rows,cols,k,dtype,must_us\n1,50304,50,bf16,3.9\n4,50304,50,bf16,4.2\n");
const PEER: PeerTime = { impl: "peer", dtype: "bf16", rows: 1, cols: 50304, k: 50, us: 9, sorted: "no" };
const SPILLED = {
  symbol: "k_f32",
  arch: "90",
  registers: "255",
  spillBytes: "16",
  stackBytes: "0",
  staticSharedBytes: "0",
  dynamicShared: "0",
  milliseconds: "1",
};

function goal(name: RegExp, rows: readonly ResultRow[], compiled = [SPILLED]): Goal {
  const found = goalsOf(entriesOf(rows, [PEER]), MUSTS, compiled).filter((each) => name.test(each.name));
  expect(found).toHaveLength(1);
  return found[0]!;
}

it("reads the times to reach, of the device that they are for", () => {
  expect(readMusts("NVIDIA H200")).toHaveLength(22);
  expect(readMusts("NVIDIA L4")).toEqual([]);
  expect(() => parseMusts("a\n")).toThrow(/line 1/);
  expect(() => parseMusts("rows,cols,k,dtype,must_us\n1,2,1,f32,0\n")).toThrow(/line 2/);
});

it("tells what was not measured from what is missed", () => {
  const all = goalsOf([], MUSTS, []);
  expect(all.map(({ met }) => met)).toEqual(all.map(() => undefined));
});

it("counts a result that is not exact, and one that is not there", () => {
  const rows = [...pair(3, 30), row({ rows: 2, exact: "no" }), row({ rows: 4, impl: "torch" })];
  expect(goal(/equals the reference/, rows)).toMatchObject({
    met: false,
    figure: "1 of 3 workloads",
    misses: [
      { name: "nanochat 2 x 50304, k 50, bf16", figure: "no" },
      { name: "nanochat 4 x 50304, k 50, bf16", figure: "no answer" },
    ],
  });
});

it("takes the slowest of a shape's suites for the time to reach", () => {
  const both = (us: number) => [...pair(3.8, 30), ...pair(us, 30, { suite: "scaling" }), ...pair(4, 30, { rows: 4 })];
  expect(goal(/times to reach/, both(3.9))).toMatchObject({ met: true, figure: "2 of 2", misses: [] });
  expect(goal(/times to reach/, both(4)).misses).toEqual([{ name: "1 x 50304, k 50, bf16", figure: "4.00 us, not 3.9" }]);
  expect(goal(/times to reach/, pair(1, 30, { exact: "no" })).figure).toBe("0 of 2");
});

it("compares with torch, in the mean and by name", () => {
  const rows = [...pair(1, 16), ...pair(1, 7, { rows: 4 }), ...pair(5, 4, { suite: "llm" })];
  expect(goal(/geometric mean/, rows)).toMatchObject({ met: true, figure: "10.58x" });
  expect(goal(/under 8/, rows)).toMatchObject({ met: false, misses: [{ name: "nanochat 4 x 50304, k 50, bf16", figure: "7.00x" }] });
  expect(goal(/slower than torch/, rows)).toMatchObject({ met: false, misses: [{ name: "llm 1 x 50304, k 50, bf16", figure: "0.80x" }] });
  expect(goal(/recorded peer/, rows)).toMatchObject({ met: true, figure: "least 1.80x (llm 1 x 50304, k 50, bf16); 2 of 2" });
  expect(goal(/recorded peer/, pair(9.5, 30)).met).toBe(false);
});

it("compares other data with normal data of the same suite, and with torch", () => {
  const few = { suite: "adversarial", dist: "few" };
  const rows = [...pair(9, 30), ...pair(3, 30, { suite: "adversarial" }), ...pair(6.3, 5, few)];
  expect(goal(/at most 2 times/, rows)).toMatchObject({ met: false, misses: [{ name: "adversarial 1 x 50304, k 50, bf16, few", figure: "2.10x" }] });
  expect(goal(/other data: faster/, rows).misses).toHaveLength(1);
  expect(goal(/at most 2 times/, [...rows.slice(0, 4), ...pair(6, 30, few)]).met).toBe(true);
});

it("finds a step that is steeper than the rows", () => {
  const suite = (...times: number[]) => times.flatMap((us, at) => pair(us, 90, { suite: "scaling", rows: 2 ** at }));
  expect(goal(/scaling/, suite(3, 3.1, 6.2))).toMatchObject({ met: true, figure: "most 1.00x (2 to 4 rows); 2 of 2" });
  expect(goal(/scaling/, suite(3, 7, 8))).toMatchObject({ met: false, misses: [{ name: "1 to 2 rows", figure: "1.17x" }] });
});

it("names a kernel that spills", () => {
  expect(goal(/spills/, [])).toMatchObject({ met: false, misses: [{ name: "k_f32 for sm_90", figure: "16 bytes" }] });
  expect(goal(/spills/, [], [{ ...SPILLED, spillBytes: "0" }]).met).toBe(true);
});
