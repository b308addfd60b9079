/** What the report shows beside the results, from the files that other commands wrote. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseCompileReport } from "../compile-report.ts";
import { readMusts } from "../musts.ts";
import { ncuFile, readNcu } from "../ncu-results.ts";
import { readAdversarialPeers, readPeers } from "../peers.ts";
import type { ResultRow } from "../results.ts";
import type { ReportData } from "./sections.ts";

/** `beside`: the results file, or what stands for it. Errors: TK507; RangeError for a malformed file of this folder. */
export function readAround(rows: readonly ResultRow[], beside: string): Omit<ReportData, "profiles"> {
  const devices = [...new Set(rows.map(({ device }) => device))];
  const compiled = path.join(path.dirname(beside), "compile-report.csv");
  return {
    rows,
    peers: devices.flatMap(readPeers),
    adversarialPeers: devices.flatMap(readAdversarialPeers),
    musts: devices.flatMap(readMusts),
    compiled: existsSync(compiled) ? parseCompileReport(readFileSync(compiled, "utf8")) : [],
    ncu: readNcu(ncuFile(beside)),
  };
}
