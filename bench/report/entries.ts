/** What was measured, by workload: the implementations side by side, and the recorded peers. All tables and plots read these. */
import type { PeerTime } from "../peers.ts";
import { latest, type ResultRow } from "../results.ts";

export interface Entry {
  readonly suite: string;
  /** "32 x 50304, k 50, bf16" */
  readonly shape: string;
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly dtype: string;
  readonly dist: string;
  readonly topkit?: ResultRow;
  readonly torch?: ResultRow;
  readonly floor?: ResultRow;
  readonly "topkit-sample"?: ResultRow;
  readonly "torch-sample"?: ResultRow;
  /** Of normal data only, the fastest first. */
  readonly peers: readonly PeerTime[];
}

/** The graph-cold figures, in the file's order. */
export function entriesOf(rows: readonly ResultRow[], peers: readonly PeerTime[], mode: ResultRow["mode"] = "graph-cold"): Entry[] {
  const entries = new Map<string, Entry>();
  for (const row of latest(rows)) {
    if (row.mode !== mode) continue;
    const { suite, rows: count, cols, k, dtype, dist } = row;
    const key = [suite, count, cols, k, dtype, dist].join();
    const known = entries.get(key) ?? {
      ...{ suite, shape: `${count} x ${cols}, k ${k}, ${dtype}`, rows: count, cols, k, dtype, dist },
      peers: dist === "normal" ? peersOf(row, peers) : [],
    };
    entries.set(key, { ...known, [row.impl]: row });
  }
  return [...entries.values()];
}

const peersOf = ({ rows, cols, k, dtype }: ResultRow, peers: readonly PeerTime[]): PeerTime[] =>
  peers.filter((peer) => peer.rows === rows && peer.cols === cols && peer.k === k && peer.dtype === dtype).toSorted((a, b) => a.us - b.us);

export const suitesOf = (entries: readonly Entry[]): string[] => [...new Set(entries.map(({ suite }) => suite))];

/** How many times as long as topkit; undefined where one of the two was not measured. */
export const ratio = (other: { readonly usMedian: number } | undefined, topkit: { readonly usMedian: number } | undefined): number | undefined =>
  other === undefined || topkit === undefined ? undefined : other.usMedian / topkit.usMedian;

/** The same shape on normal data: of the same suite, and so of the same run; else from whichever suite has it. */
export function normalOf(entry: Entry, entries: readonly Entry[]): Entry | undefined {
  const normal = entries.filter((other) => other.dist === "normal" && other.shape === entry.shape && other.topkit !== undefined);
  return normal.find(({ suite }) => suite === entry.suite) ?? normal[0];
}
