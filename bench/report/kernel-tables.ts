/** The report's tables of the kernels themselves: what they take, and what bandwidth ncu saw. */
import type { CompiledRow } from "../compile-report.ts";
import type { NcuRow } from "../ncu-results.ts";
import { fixed, type Table } from "./table.ts";

/** "k_bf16_largest_warps4" and "k_f32_smallest_warps4" are of one config, "k_warps4". */
const configOf = (symbol: string): string => symbol.replace(/_(bf16|f16|f32)_(largest|smallest)(?=_|$)/, "");

/** What every shipped config takes at most, of all dtypes and orders; registers an architecture each. */
export function configTable(compiled: readonly CompiledRow[]): Table {
  const arches = [...new Set(compiled.map(({ arch }) => arch))].toSorted((a, b) => Number(a) - Number(b));
  const configs = new Map<string, CompiledRow[]>();
  for (const row of compiled) configs.set(configOf(row.symbol), [...(configs.get(configOf(row.symbol)) ?? []), row]);
  const most = (rows: readonly CompiledRow[], pick: (row: CompiledRow) => string): string =>
    rows.length === 0 ? "-" : `${Math.max(...rows.map((row) => Number(pick(row))))}`;
  return {
    words: 1,
    header: ["config", "sources", ...arches.map((arch) => `registers sm_${arch}`), "spill bytes", "stack bytes", "static shared", "dynamic shared"],
    rows: [...configs].map(([config, rows]) => [
      ...[config, `${new Set(rows.map(({ symbol }) => symbol)).size}`],
      ...arches.map((arch) =>
        most(
          rows.filter((row) => row.arch === arch),
          ({ registers }) => registers,
        ),
      ),
      ...[most(rows, ({ spillBytes }) => spillBytes), most(rows, ({ stackBytes }) => stackBytes), most(rows, ({ staticSharedBytes }) => staticSharedBytes)],
      [...new Set(rows.map(({ dynamicShared }) => dynamicShared))].join(" or "),
    ]),
  };
}

/** Registers, spills and shared memory of every shipped kernel. */
export function compileTable(compiled: readonly CompiledRow[]): Table {
  return {
    words: 1,
    header: ["kernel", "arch", "registers", "spill bytes", "stack bytes", "static shared", "dynamic shared"],
    rows: compiled.map((row) => [row.symbol, `sm_${row.arch}`, row.registers, row.spillBytes, row.stackBytes, row.staticSharedBytes, row.dynamicShared]),
  };
}

/** What Nsight Compute saw of the kernels of bandwidth-bound shapes, beside the kernel that only reads. */
export const ncuTable = (rows: readonly NcuRow[]): Table => ({
  words: 2,
  header: ["shape", "kernel", "us", "DRAM read MB", "written MB", "GB/s", "of peak", "of the input once", "active warps", "registers"],
  rows: rows.map(({ rows: count, cols, k, dtype, kernel, us, readBytes, writtenBytes, peakPercent, warpsPercent, registers, inputBytes }) => [
    ...[`${count} x ${cols}, k ${k}, ${dtype}`, kernel, fixed(us), (readBytes / 1e6).toFixed(2), (writtenBytes / 1e6).toFixed(2)],
    ...[((readBytes + writtenBytes) / us / 1e3).toFixed(0), `${peakPercent.toFixed(1)} %`, `${(readBytes / inputBytes).toFixed(2)}x`],
    ...[`${warpsPercent.toFixed(0)} %`, `${registers}`],
  ]),
});
