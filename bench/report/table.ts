/** Tables of plain text cells, for HTML, Markdown and the terminal alike, and how figures are written in them. */
import type { ResultRow } from "../results.ts";
import { noise } from "../statistics.ts";

export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns of words, which are set to the left; the others are numbers. */
  readonly words: number;
}

export const NONE = "-";
export const us = (row: ResultRow | undefined): string => (row === undefined ? NONE : fixed(row.usMedian));
export const fixed = (value: number): string => (value < 100 ? value.toFixed(2) : value.toFixed(1));
export const times = (value: number | undefined): string => (value === undefined ? NONE : `${value.toFixed(value < 10 ? 2 : 1)}x`);
export const percent = (value: number | undefined): string => (value === undefined ? NONE : `${(100 * value).toFixed(0)} %`);

export const spread = (row: ResultRow | undefined): string =>
  row === undefined ? NONE : `${(50 * noise({ median: row.usMedian, min: row.usMin, max: row.usMax })).toFixed(1)} %`;

export function toText({ header, rows, words }: Table): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((cells) => cells[column]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column < words ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  ")
      .trimEnd();
  return all.map(line).join("\n");
}

export function toMarkdown({ header, rows, words }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), `|${header.map((_, column) => (column < words ? "---" : "---:")).join("|")}|`, ...rows.map(line)].join("\n");
}

export const escapeHtml = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

export function toHtml({ header, rows, words }: Table): string {
  const line = (tag: string, cells: readonly string[]): string =>
    `<tr>${cells.map((cell, column) => `<${tag}${column < words ? "" : ' class="n"'}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
  return `<div class="table"><table><thead>${line("th", header)}</thead><tbody>${rows.map((cells) => line("td", cells)).join("\n")}</tbody></table></div>`;
}
