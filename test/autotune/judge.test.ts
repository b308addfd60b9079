import { describe, expect, it } from "vitest";
import { judge, recordsOf, requestOfEntry } from "../../bench/autotune/judge.ts";
import { requestId, type TuneRecord } from "../../bench/autotune/records.ts";
import { type AnyConfig, plans, resolve, variantSymbol } from "../../dsl/index.ts";
import { EMULATED_LIMITS } from "../../runtime/emulate-device.ts";
import type { LoadedTable, Tuning } from "../../runtime/tuning.ts";
import { TABLE_VERSION, type TableChoice, type TunedEntry, type TuningTable } from "../../runtime/tuning-table.ts";
import { failsWith } from "../runtime/fails-with.ts";

const network = (items: number, rowsPerBlock: number): AnyConfig => ({
  "bitonic_block.width": 256,
  "bitonic_block.items": items,
  "bitonic_block.rowsPerBlock": rowsPerBlock,
});
const [FIRST, SECOND, THIRD] = [network(2, 2), network(4, 1), network(8, 1)] as const;
const choice = (config: AnyConfig): TableChoice => ({ plan: "bitonic_block", config, dtype: "bf16", sources: {}, basis: { bitonic_block: "b" } });
const entry = (rows: number, choices: readonly number[], us: readonly number[]): TunedEntry => ({
  rows,
  cols: 256,
  k: 200,
  dtype: "bf16",
  run: 0,
  choices,
  us,
});

/** Of five shapes, two and two side by side; in the middle another choice is the best than around it. */
const TABLE: TuningTable = {
  ...{ version: TABLE_VERSION, device: "NVIDIA H200", choices: [choice(FIRST), choice(SECOND), choice(THIRD)] },
  runs: [{ records: "", protocol: "p", date: "2026-01-01T00:00:00.000Z" }],
  entries: [65, 72, 128, 240, 256].map((rows) => (rows === 128 ? entry(rows, [1, 0], [8, 10]) : entry(rows, [0, 1], [10, 12]))),
};
const LOADED: LoadedTable = { ...TABLE, file: "table.json", origin: "user", sourceFile: () => import.meta.filename };
const tuning = (rendered: Tuning["rendered"]): Tuning => ({ tables: [], rendered, basis: () => "b" });
/** Every text of the three is rendered, as "text". */
const RENDERED = new Map(
  TABLE.entries.flatMap((each) =>
    [FIRST, SECOND, THIRD].flatMap((force) => {
      const resolution = resolve(plans.find(({ name }) => name === "bitonic_block")!, requestOfEntry(each), { force });
      if (!resolution.ok) throw new Error(resolution.reason);
      return resolution.resolved.stages.map(({ kernel, spec, tune }): [string, string] => [variantSymbol(kernel, spec, tune), "text"]);
    }),
  ),
);

const record = (config: AnyConfig, us: readonly number[], more: Partial<TuneRecord> = {}): TuneRecord => ({
  ...{ v: 1, time: "2026-01-01T00:00:00.000Z", device: "NVIDIA H200", protocol: "p", request: requestOfEntry(TABLE.entries[2]!) },
  ...{ plan: "bitonic_block", config, sources: ["text"], us },
  ...more,
});
const judged = (records: readonly TuneRecord[] = []) =>
  judge({ table: LOADED, tuning: tuning(RENDERED), limits: EMULATED_LIMITS, records: recordsOf(TABLE, records) });

describe("judge", () => {
  it("asks for each shape without its entry, and says how far over its own best that is", () => {
    const all = judged();
    expect(all.map(({ request }) => request.rows)).toEqual([65, 72, 128, 240, 256]);
    expect(all.map(({ taken }) => taken.config)).toEqual(Array(5).fill(FIRST));
    expect(all.map(({ best }) => best)).toEqual([10, 10, 8, 10, 10]);
    expect(all.map(({ taken }) => [taken.source, taken.us, taken.over])).toEqual([10, 10, 10, 10, 10].map((us, at) => ["nearest", us, at === 2 ? 0.25 : 0]));
  });
  it("says what the untuned rules would take, and that no time is known where none is", () => {
    const { untuned } = judged()[0]!;
    expect(untuned).toMatchObject({ source: "heuristic", us: undefined, over: undefined });
    expect(untuned.config).not.toEqual(FIRST);
    const alone = judge({ table: { ...LOADED, entries: TABLE.entries.slice(2, 4) }, tuning: tuning(RENDERED), limits: EMULATED_LIMITS });
    expect(alone.map(({ taken }) => taken.source)).toEqual(["heuristic", "heuristic"]);
  });
  it("counts what the table came from where records are given: medians, of what was timed often enough to be the best", () => {
    const records = [record(THIRD, [4, 4, 4]), record(SECOND, [1]), record(FIRST, [5, 6]), record(FIRST, [7])];
    const { best, taken } = judged(records)[2]!;
    expect([best, taken.us, taken.over]).toEqual([4, 6, 0.5]);
    expect(judged([...records, record(FIRST, [3, 3, 3, 3])])[2]!.taken).toMatchObject({ us: 3, over: 0 });
  });
  it("judges the shapes that are asked for by their records, whether the table has them or not", async () => {
    const request = { ...requestOfEntry(TABLE.entries[2]!), rows: 100 };
    const of = (config: AnyConfig, us: readonly number[], more: Partial<TuneRecord> = {}): TuneRecord => record(config, us, { request, ...more });
    const records = [of(FIRST, [9, 9, 9]), of(THIRD, [6, 6, 6]), of(SECOND, [1, 1, 1], { protocol: "older", time: "2025-01-01T00:00:00.000Z" })];
    const options = { table: LOADED, tuning: tuning(RENDERED), limits: EMULATED_LIMITS, requests: [request] };
    const [only, ...others] = judge({ ...options, records: recordsOf(TABLE, records) });
    expect(others).toEqual([]);
    expect(only).toMatchObject({ request, best: 6, taken: { source: "nearest", config: FIRST, us: 9, over: 0.5 } });
    await failsWith("TK101", async () => judge(options), /no time of 100 x 256 k 200 bf16 is known that counts today/);
  });
  it("passes over records of another device, protocol or text, and what was not timed", () => {
    const others = [record(THIRD, [1], { device: "NVIDIA H100" }), record(THIRD, [1], { protocol: "q" })];
    expect([...recordsOf(TABLE, others).keys()]).toEqual([]);
    const { us: _, ...untimed } = record(THIRD, [1]);
    const useless = [record(THIRD, [1], { sources: ["another"] }), { ...untimed, invalidity: "runtime", reason: "crashed" } as const];
    expect(recordsOf(TABLE, useless).get(requestId(useless[0]!.request))).toHaveLength(2);
    expect(judged([...others, ...useless])[2]!.best).toBe(8);
  });
});
