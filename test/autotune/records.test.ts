import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mergeRecords, outcomeOf, parseRecord, RecordWriter, readRecords, type TuneRecord } from "../../bench/autotune/records.ts";
import { recordedSpaces, replayMeasurer } from "../../bench/autotune/replay.ts";
import { REQUEST, syntheticSpace } from "../../bench/autotune/synthetic.ts";
import { toT4 } from "../../bench/autotune/t4.ts";

const space = syntheticSpace();
const record = (at: number, us: readonly number[]): TuneRecord => {
  const { plan, config } = space.candidates[at]!;
  return { v: 1, time: `2026-01-01T00:00:0${at}.000Z`, device: "D", protocol: "mode=graph-cold", request: REQUEST, plan, config, sources: ["00"], us };
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "topkit-records-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("records", () => {
  it("come back as they were written, of all tuners on the folder", () => {
    const [first, second] = [new RecordWriter(path.join(folder, "new", "deep"), "a"), new RecordWriter(path.join(folder, "new", "deep"), "b")];
    first.add(record(0, [1]));
    second.add(record(1, [2]));
    first.add(record(2, [3]));
    const { records, damaged } = readRecords(path.join(folder, "new", "deep"));
    expect(records).toEqual([record(0, [1]), record(2, [3]), record(1, [2])]);
    expect(damaged).toEqual([]);
  });
  it("lose at most the line that was being written", () => {
    const writer = new RecordWriter(folder, "a");
    writer.add(record(0, [1]));
    const whole = readFileSync(writer.file, "utf8");
    writeFileSync(writer.file, whole + JSON.stringify(record(1, [2])).slice(0, -20));
    const { records, damaged } = readRecords(folder);
    expect(records).toEqual([record(0, [1])]);
    expect(damaged).toEqual([`${writer.file}, line 2, is no record and was left out`]);
  });
  it("are never written into another tuner's file", () => {
    new RecordWriter(folder, "a").add(record(0, [1]));
    expect(() => new RecordWriter(folder, "a").add(record(1, [1]))).toThrow(expect.objectContaining({ code: "TK506" }));
  });
  it("say what is wrong with a folder", () => {
    expect(() => readRecords(path.join(folder, "none"))).toThrow(expect.objectContaining({ code: "TK501" }));
    writeFileSync(path.join(folder, "file"), "");
    expect(() => new RecordWriter(path.join(folder, "file", "x"), "a")).toThrow(expect.objectContaining({ code: "TK506" }));
  });
  it.each([
    ["no JSON", "{"],
    ["another version", JSON.stringify({ ...record(0, [1]), v: 2 })],
    ["no times", JSON.stringify({ ...record(0, [1]), us: [] })],
    ["times that are none", JSON.stringify({ ...record(0, [1]), us: ["1"] })],
    ["a time and a failure", JSON.stringify({ ...record(0, [1]), invalidity: "compile" })],
    ["an unknown word", JSON.stringify({ ...record(0, [1]), us: undefined, invalidity: "sad" })],
    ["no request", JSON.stringify({ ...record(0, [1]), request: null })],
    ["a list", "[]"],
  ])("are not: %s", (_, line) => {
    expect(parseRecord(line)).toBeUndefined();
  });
  it("merge to the same file, whatever the order, and again", () => {
    const [one, two] = [path.join(folder, "one"), path.join(folder, "two")];
    new RecordWriter(one, "a").add(record(0, [1]));
    new RecordWriter(two, "a").add(record(1, [2]));
    new RecordWriter(two, "b").add(record(0, [1]));
    const [first, second] = [path.join(folder, "first.jsonl"), path.join(folder, "second.jsonl")];
    expect(mergeRecords([one, two], first).records).toHaveLength(2);
    mergeRecords([two, one, first], second);
    expect(readFileSync(second, "utf8")).toBe(readFileSync(first, "utf8"));
    mkdirSync(path.join(folder, "taken.jsonl"));
    expect(() => mergeRecords([one], path.join(folder, "taken.jsonl"))).toThrow(expect.objectContaining({ code: "TK506" }));
  });
});

describe("a replay", () => {
  const failed: TuneRecord = { ...record(1, []), us: undefined, invalidity: "timeout", reason: "hung" } as unknown as TuneRecord;
  const spaces = recordedSpaces([record(0, [1, 2]), failed, record(0, [3]), { ...record(2, [5]), request: { ...REQUEST, rows: 1 } }]);
  it("is a space for each request, of what was recorded", () => {
    expect(spaces.map((each) => each.space.candidates.map(({ id }) => id))).toEqual([
      [space.candidates[0]!.id, space.candidates[1]!.id],
      [space.candidates[2]!.id],
    ]);
  });
  it("gives the recorded rounds in turn, and failures as they were", async () => {
    const measurer = replayMeasurer(spaces[0]!);
    const [timed, hung] = spaces[0]!.space.candidates;
    expect(await measurer.measure([timed!], 2)).toEqual([{ us: [1, 2] }]);
    expect(await measurer.measure([timed!, hung!], 2)).toEqual([{ us: [3, 1] }, { invalidity: "timeout", reason: "hung" }]);
    expect(await measurer.measure([space.candidates[5]!], 1)).toMatchObject([{ invalidity: "constraints" }]);
    expect(outcomeOf(failed)).toEqual({ invalidity: "timeout", reason: "hung" });
  });
  it("is exported in T4's terms, in milliseconds", () => {
    const [timed, hung] = toT4([record(0, [1000, 3000, 2000]), failed]).results;
    expect(timed).toMatchObject({ invalidity: "correct", times: { runtimes: [1, 3, 2] }, measurements: [{ name: "time", value: 2, unit: "ms" }] });
    expect(hung).toMatchObject({ invalidity: "timeout", correctness: 0, measurements: [], configuration: { rows: 4, plan: space.candidates[1]!.plan } });
  });
});
