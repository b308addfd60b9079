import { appendFileSync, chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatRow, HEADER, latest, parseResults, ResultsFile, readResults } from "../../bench/results.ts";
import { readProfiles, stagesFile, writeProfiles } from "../../bench/stage-results.ts";
import { failsWith } from "../runtime/fails-with.ts";
import { row } from "./rows.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "topkit-results-"));
  file = path.join(folder, "results.csv");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("rows", () => {
  it("have the header of the contract, and come back as they were", () => {
    expect(HEADER).toBe("suite,impl,dtype,rows,cols,k,dist,mode,us_median,us_min,us_max,gbps,exact,device,protocol");
    expect(formatRow(row())).toBe("nanochat,topkit,bf16,1,50304,50,normal,graph-cold,3.000,2.900,3.200,33.5,yes,NVIDIA H200,seed=1;rounds=11");
    expect(parseResults(`${HEADER}\n${formatRow(row())}\n`, file)).toEqual([row()]);
  });
  it("need no quotes", () => {
    expect(formatRow(row({ device: 'a "b", c' })).split(",")).toHaveLength(15);
  });
  it("are replaced by later ones of the same key, in their place", () => {
    const rows = [row({ usMedian: 1 }), row({ impl: "torch" }), row({ usMedian: 2 })];
    expect(latest(rows)).toEqual([row({ usMedian: 2 }), row({ impl: "torch" })]);
  });
  it.each([
    ["", /line 1: the header/],
    [`${HEADER}\na,b\n`, /line 2: 2 cells/],
    [`${HEADER}\n${formatRow(row()).replace("3.000", "fast")}`, /line 2: a cell that is a number/],
    [`${HEADER}\n${formatRow(row()).replace("topkit", "other")}`, /line 2: impl is "other"/],
    [`${HEADER}\n${formatRow(row()).replace("graph-cold", "lukewarm")}`, /line 2: mode is "lukewarm"/],
  ])("are refused where they are malformed: %j", (text, message) => failsWith("TK507", () => parseResults(text, file), message));
});

describe("a results file", () => {
  it("has each row as soon as it is measured, and a killed run loses none", () => {
    const results = new ResultsFile(file);
    results.add(row());
    expect(readResults(file)).toEqual([row()]);
    results.add(row({ impl: "torch" }));
    expect(readResults(file)).toHaveLength(2);
  });
  it("keeps what other runs measured, and drops what is measured again when it is closed", () => {
    writeFileSync(file, [HEADER, formatRow(row({ usMedian: 9 })), formatRow(row({ suite: "llm" })), ""].join("\n"));
    const results = new ResultsFile(file);
    results.add(row());
    expect(readResults(file)).toHaveLength(3);
    results.close();
    expect(readResults(file)).toEqual([row(), row({ suite: "llm" })]);
    expect(readdirSync(folder)).toEqual(["results.csv"]);
  });
  it("goes on where a run was killed in the middle of a line", () => {
    writeFileSync(file, [HEADER, formatRow(row({ suite: "llm" })), formatRow(row()).slice(0, 40)].join("\n"));
    const results = new ResultsFile(file);
    results.add(row({ impl: "torch" }));
    expect(readResults(file)).toEqual([row({ suite: "llm" }), row({ impl: "torch" })]);
  });
  it("takes the rows of two runs side by side", () => {
    const [one, other] = [new ResultsFile(file), new ResultsFile(file)];
    one.add(row());
    other.add(row({ suite: "llm" }));
    expect(one.rows).toHaveLength(2);
    other.close();
    one.add(row({ impl: "torch" }));
    one.close();
    expect(readResults(file)).toEqual([row(), row({ suite: "llm" }), row({ impl: "torch" })]);
  });
  it("is never another file", async () => {
    writeFileSync(file, "name,age\n");
    await failsWith("TK507", () => new ResultsFile(file));
    expect(readFileSync(file, "utf8")).toBe("name,age\n");
  });
  it("says at once where it cannot be written, or read", async () => {
    await failsWith("TK506", () => new ResultsFile(path.join(folder, "no", "where.csv")));
    await failsWith("TK501", () => readResults(path.join(folder, "no.csv")));
    chmodSync(folder, 0o755);
  });
});

describe("stage profiles", () => {
  const workload = { suite: "", rows: 4, cols: 50304, k: 50, dtype: "bf16", dist: "normal" } as const;
  const time = { median: 2, min: 1, max: 3 };
  const profile = {
    workload,
    plan: "pair",
    whole: { median: 5, min: 4, max: 6 },
    stages: [
      { kernel: "a", time },
      { kernel: "b", time },
    ],
  };

  it("lie beside the results, the last of each workload", () => {
    const stages = stagesFile(file);
    expect(path.basename(stages)).toBe("results-stages.csv");
    expect(readProfiles(stages)).toEqual([]);
    writeProfiles(stages, [{ ...profile, plan: "old" }, profile]);
    expect(readProfiles(stages)).toEqual([profile]);
  });
  it("are refused where they are malformed", async () => {
    writeFileSync(file, "dtype\n");
    await failsWith("TK507", () => readProfiles(file), /line 1/);
    writeProfiles(file, [profile]);
    appendFileSync(file, "bf16,1\n");
    await failsWith("TK507", () => readProfiles(file), /line 5/);
  });
});
