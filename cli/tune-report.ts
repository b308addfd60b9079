/** `--report` of `topkit tune` and `tune merge`. */
import { Option } from "commander";
import { type TuneReportOptions, writeTuneReport } from "../bench/autotune/report.ts";
import { loadDraw } from "../bench/report/draw.ts";
import { readResults } from "../bench/results.ts";
import { TopkitError } from "../runtime/errors.ts";
import { log } from "./status.ts";

export const resultsOption = (): Option => new Option("--csv <file>", "results of `topkit bench`: the report's figures of torch and the floor");

interface ReportOptions {
  readonly report?: string;
  readonly csv?: string;
}

/** What can be known to fail fails now, before hours of work: TK101, TK210, TK501, TK507. Nothing is drawn where no report was asked for. */
export async function reporter({ report, csv }: ReportOptions): Promise<(data: Omit<TuneReportOptions, "results">) => Promise<void>> {
  if (report === undefined) {
    if (csv !== undefined) throw new TopkitError("TK101", "--csv is given without --report; it is what the report shows beside the winners");
    return async () => {};
  }
  const draw = await loadDraw();
  const results = csv === undefined ? [] : readResults(csv);
  return async (data) => {
    await writeTuneReport(report, { ...data, results }, draw);
    log(`wrote ${report}`);
  };
}
