/** The report's plots, as vega-lite specifications: data in, no drawing. */
import type { TopLevelSpec } from "vega-lite";
import type { StageProfile } from "../stage-profile.ts";
import { type Entry, normalOf, ratio } from "./entries.ts";

export interface Plot {
  readonly title: string;
  readonly caption: string;
  readonly spec: TopLevelSpec;
}

const WIDTH = 640;
const ROW_HEIGHT = 22;
export const COLOURS = { topkit: "#0b6bcb", torch: "#d9730d", floor: "#6e7781", "best peer": "#8250df" } as const;
const SERIES = { field: "series", type: "nominal" as const, title: null, scale: { domain: Object.keys(COLOURS), range: Object.values(COLOURS) } };
const MICROSECONDS = "microseconds a call (log scale)";

const config = {
  font: "system-ui, sans-serif",
  background: "white",
  view: { stroke: "#d0d7de" },
  axis: { labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" as const, gridColor: "#eaeef2", labelLimit: 320 },
  legend: { labelFontSize: 12, orient: "top" as const },
  header: { labelFontSize: 12, labelFontWeight: "bold" as const },
};
export const base = { $schema: "https://vega.github.io/schema/vega-lite/v6.json", config } as const;

const labelOf = ({ shape, dist }: Entry, mixed: boolean): string => (mixed ? `${shape}, ${dist}` : shape);
const isMixed = (entries: readonly Entry[]): boolean => new Set(entries.map(({ dist }) => dist)).size > 1;

/** By name: layers of other data would each bring an order of their own. */
const shapesInOrder = (shapes: readonly string[]) => ({ field: "shape", type: "nominal" as const, sort: [...new Set(shapes)], title: null });

/** Every implementation's time, a shape a line, with how many times as long as topkit torch takes. */
export function timePlot(suite: string, entries: readonly Entry[]): Plot {
  const mixed = isMixed(entries);
  const points: { shape: string; series: string; us: number }[] = [];
  const ticks: { shape: string; us: number }[] = [];
  const labels: { shape: string; us: number; text: string }[] = [];
  for (const entry of entries) {
    const shape = labelOf(entry, mixed);
    const add = (series: string, us: number | undefined): void => {
      if (us !== undefined) points.push({ shape, series, us });
    };
    add("floor", entry.floor?.usMedian);
    add("best peer", entry.peers[0]?.us);
    add("torch", entry.torch?.usMedian);
    add("topkit", entry.topkit?.usMedian);
    for (const { us } of entry.peers) ticks.push({ shape, us });
    const faster = ratio(entry.torch, entry.topkit);
    if (faster !== undefined) {
      const rightmost = Math.max(entry.torch!.usMedian, entry.topkit!.usMedian, ...entry.peers.map(({ us }) => us));
      labels.push({ shape, us: rightmost, text: `${faster.toFixed(faster < 1 ? 2 : 1)}x` });
    }
  }
  const y = shapesInOrder(entries.map((entry) => labelOf(entry, mixed)));
  const x = { field: "us", type: "quantitative" as const, scale: { type: "log" as const }, title: MICROSECONDS };
  return {
    title: `Time by shape: ${suite}`,
    caption:
      "Graph-cold medians. Small ticks are the recorded peers, sorted or not, deterministic or not; the fastest of them is a point. At the right: torch's time over topkit's.",
    spec: {
      ...base,
      width: WIDTH,
      height: { step: ROW_HEIGHT },
      layer: [
        { data: { values: ticks }, mark: { type: "tick", color: "#b6a3dc", thickness: 1.5, size: 9 }, encoding: { x, y } },
        {
          data: { values: points },
          mark: { type: "point", filled: true, size: 80, opacity: 0.95 },
          encoding: {
            x,
            y,
            color: SERIES,
            shape: { ...SERIES, scale: { domain: Object.keys(COLOURS), range: ["circle", "square", "triangle-up", "diamond"] } },
          },
        },
        { data: { values: labels }, mark: { type: "text", align: "left", dx: 9, fontSize: 11, color: "#57606a" }, encoding: { x, y, text: { field: "text" } } },
      ],
    },
  };
}

/** How near to a kernel that only reads: the floor's time over each implementation's. */
export function bandwidthPlot(suite: string, entries: readonly Entry[]): Plot {
  const mixed = isMixed(entries);
  const values = entries.flatMap((entry) =>
    (["topkit", "torch"] as const).flatMap((series) => {
      const share = ratio(entry.floor, entry[series]);
      if (share === undefined) return [];
      const end = Math.max(share, ratio(entry.floor, entry.torch) ?? 0);
      return [{ shape: labelOf(entry, mixed), series, share, end, text: `${(100 * share).toFixed(share < 0.02 ? 1 : 0)} %` }];
    }),
  );
  const y = shapesInOrder(entries.map((entry) => labelOf(entry, mixed)));
  const x = { field: "share", type: "quantitative" as const, axis: { format: "%" }, scale: { domain: [0, 1] }, title: "share of the read floor's bandwidth" };
  const color = { ...SERIES, scale: { domain: ["topkit", "torch"], range: [COLOURS.topkit, COLOURS.torch] } };
  return {
    title: `Share of bandwidth: ${suite}`,
    caption: "What a kernel that reads the input once takes, over what each implementation takes; 100 % is all that memory gives.",
    spec: {
      ...base,
      width: WIDTH,
      height: { step: ROW_HEIGHT },
      data: { values },
      layer: [
        { transform: [{ filter: "datum.series == 'topkit'" }], mark: { type: "bar", height: 13 }, encoding: { x, y, color } },
        { transform: [{ filter: "datum.series == 'torch'" }], mark: { type: "tick", thickness: 3, size: 15 }, encoding: { x, y, color } },
        {
          transform: [{ filter: "datum.series == 'topkit'" }],
          mark: { type: "text", align: "left", dx: 5, fontSize: 11, color: "#57606a" },
          encoding: { x: { ...x, field: "end" }, y, text: { field: "text" } },
        },
      ],
    },
  };
}

/** The stages' shares of their sum. */
export function stagePlot(profiles: readonly StageProfile[]): Plot {
  const mixed = new Set(profiles.map(({ workload }) => workload.dist)).size > 1;
  const values = profiles.flatMap(({ workload, whole, stages }) => {
    const { rows, cols, k, dtype, dist } = workload;
    const shape = `${rows} x ${cols}, k ${k}, ${dtype}${mixed ? `, ${dist}` : ""}`;
    const sum = stages.reduce((total, { time }) => total + time.median, 0);
    let before = 0;
    return stages.map(({ kernel, time }, at) => {
      const share = time.median / sum;
      const from = before;
      before += share;
      const text = share > 0.1 ? `${(100 * share).toFixed(0)} %` : "";
      return { shape, stage: `stage ${at + 1}`, kernel, from, to: before, middle: from + share / 2, text, whole: `${whole.median.toFixed(1)} us`, end: 1 };
    });
  });
  const y = shapesInOrder(values.map(({ shape }) => shape));
  const axis = {
    type: "quantitative" as const,
    axis: { format: "%" },
    scale: { domain: [0, 1.12] },
    title: "share of the stages' time, each alone in a graph",
  };
  return {
    title: "Stages of plans of several kernels",
    caption: "Each kernel timed alone in a graph, on the same rotated inputs; at the right the whole plan's time.",
    spec: {
      ...base,
      width: WIDTH,
      height: { step: ROW_HEIGHT },
      data: { values },
      layer: [
        {
          mark: { type: "bar", height: 14 },
          encoding: {
            x: { ...axis, field: "from" },
            x2: { field: "to" },
            y,
            color: { field: "stage", type: "nominal", title: null, scale: { range: ["#0b6bcb", "#8cc1f5", "#d0e5fa"] } },
          },
        },
        {
          mark: { type: "text", fontSize: 11 },
          encoding: {
            x: { ...axis, field: "middle" },
            y,
            text: { field: "text" },
            color: { condition: { test: "datum.stage == 'stage 1'", value: "white" }, value: "#1f2328" },
          },
        },
        {
          transform: [{ filter: "datum.stage == 'stage 1'" }],
          mark: { type: "text", fontSize: 11, align: "left", dx: 5, color: "#57606a" },
          encoding: { x: { ...axis, field: "end" }, y, text: { field: "whole" } },
        },
      ],
    },
  };
}

/** Each distribution's time over that of normal data, for topkit and torch; undefined where no shape has both. */
export function adversarialPlot(entries: readonly Entry[]): Plot | undefined {
  const values = entries
    .filter(({ dist }) => dist !== "normal")
    .flatMap((entry) => {
      const normal = normalOf(entry, entries);
      return (["topkit", "torch"] as const).flatMap((series) => {
        const slower = ratio(entry[series], normal?.[series]);
        return slower === undefined ? [] : [{ shape: entry.shape, dist: entry.dist, series, slower }];
      });
    });
  if (values.length === 0) return undefined;
  const x = {
    field: "slower",
    type: "quantitative" as const,
    scale: { type: "log" as const, nice: false, padding: 14 },
    title: "time / time on normal data (log scale)",
  };
  return {
    title: "Adversarial data against normal data",
    caption: "1 is the time on normal data of the same shape; the dashed line is at 2, the most that an exact top-k may lose.",
    spec: {
      ...base,
      data: { values },
      facet: { field: "shape", type: "nominal", sort: null, title: null, header: { labelAnchor: "start" } },
      columns: 2,
      resolve: { axis: { x: "independent" } },
      spec: {
        width: 270,
        height: { step: 18 },
        layer: [
          { mark: { type: "rule", strokeDash: [4, 3], color: "#cf222e" }, encoding: { x: { datum: 2 } } },
          {
            mark: { type: "point", filled: true, size: 70 },
            encoding: {
              x,
              y: { field: "dist", type: "nominal", title: null },
              color: { ...SERIES, scale: { domain: ["topkit", "torch"], range: [COLOURS.topkit, COLOURS.torch] } },
              shape: { ...SERIES, scale: { domain: ["topkit", "torch"], range: ["circle", "triangle-up"] } },
            },
          },
        ],
      },
    },
  };
}

/** Time over rows, all else equal. */
export function scalingPlot(suite: string, entries: readonly Entry[]): Plot {
  const values = entries.flatMap((entry) =>
    (["topkit", "torch", "floor"] as const).flatMap((series) => {
      const row = entry[series];
      return row === undefined ? [] : [{ rows: entry.rows, series, us: row.usMedian }];
    }),
  );
  const { cols, k, dtype } = entries[0]!;
  return {
    title: `Growth with the rows: ${suite}`,
    caption: `rows x ${cols}, k ${k}, ${dtype}, graph-cold. Without cliffs: no step is steeper than the rows' own.`,
    spec: {
      ...base,
      width: WIDTH,
      height: 320,
      data: { values },
      mark: { type: "line", point: { filled: true, size: 50 } },
      encoding: {
        x: {
          field: "rows",
          type: "quantitative",
          scale: { type: "log", base: 2 },
          axis: { values: entries.map(({ rows }) => rows) },
          title: "rows (log scale)",
        },
        y: { field: "us", type: "quantitative", scale: { type: "log" }, title: MICROSECONDS },
        color: { ...SERIES, scale: { domain: ["topkit", "torch", "floor"], range: [COLOURS.topkit, COLOURS.torch, COLOURS.floor] } },
      },
    },
  };
}

/** A suite of one shape in which only the rows grow, to twice as many at each step. */
export const isScaling = (entries: readonly Entry[]): boolean =>
  entries.length >= 3 &&
  new Set(entries.map(({ cols, k, dtype, dist }) => [cols, k, dtype, dist].join())).size === 1 &&
  entries.every(({ rows }, at) => at === 0 || rows === 2 * entries[at - 1]!.rows);
