/** What the report shows beside the results, from the files that other commands wrote. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "../../native/index.ts";
import { parseCompileReport } from "../compile-report.ts";
import { readMusts } from "../musts.ts";
import { ncuFile, readNcu } from "../ncu-results.ts";
import { readAdversarialPeers, readPeers } from "../peers.ts";
import type { ResultRow } from "../results.ts";
import { readSuites, type Workload, withNormal } from "../suites.ts";
import type { ReportData } from "./sections.ts";

/** `beside`: the results file, or what stands for it. Errors: TK507; RangeError for a malformed file of this folder. */
export function readAround(rows: readonly ResultRow[], beside: string): Omit<ReportData, "profiles"> {
  const devices = [...new Set(rows.map(({ device }) => device))];
  const compiled = path.join(path.dirname(beside), "compile-report.csv");
  return {
    rows: inSuitesOrder(rows),
    peers: devices.flatMap(readPeers),
    adversarialPeers: devices.flatMap(readAdversarialPeers),
    musts: devices.flatMap(readMusts),
    compiled: existsSync(compiled) ? parseCompileReport(readFileSync(compiled, "utf8")) : [],
    ncu: readNcu(ncuFile(beside)),
  };
}

/** As bench/suites.csv has them, and not as they came: a shape of several suites is measured with the first of them. What stands in none comes last. */
export function inSuitesOrder(rows: readonly ResultRow[]): ResultRow[] {
  const suites = withNormal(readSuites(readFileSync(path.join(packageRoot, "bench", "suites.csv"), "utf8")));
  const keyOf = ({ suite, rows: count, cols, k, dtype, dist }: Omit<Workload, "dist"> & { readonly dist: string }): string =>
    [suite, count, cols, k, dtype, dist].join();
  const places = new Map(suites.map((workload, at) => [keyOf(workload), at]));
  const placeOf = (row: ResultRow): number => places.get(keyOf(row)) ?? suites.length;
  return rows.toSorted((a, b) => placeOf(a) - placeOf(b));
}
