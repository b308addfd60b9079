/** The report of a tuning run: who won for each shape, by how much, and what each tunable does; beside torch and the floor where they were measured. */
import type { Request } from "../../dsl/index.ts";
import type { Draw } from "../report/draw.ts";
import { base, COLOURS, type Plot } from "../report/plots.ts";
import type { Section } from "../report/sections.ts";
import { fixed, NONE, percent, type Table, times } from "../report/table.ts";
import { writeSections } from "../report/write-report.ts";
import { latest, type ResultRow } from "../results.ts";
import { isTimed, type Outcome } from "./outcome.ts";
import { type Ranked, ranking, winner } from "./ranking.ts";
import type { TuneRecord } from "./records.ts";
import { recordedSpace } from "./replay.ts";
import type { Sources } from "./sources.ts";
import { type Choice, candidateId, choiceText } from "./space.ts";
import { currentGroups } from "./winners.ts";

export interface TuneReportOptions {
  readonly records: readonly TuneRecord[];
  readonly sources: Sources;
  readonly untuned: (request: Request) => Choice | undefined;
  /** Of `topkit bench`, for torch and the floor. */
  readonly results: readonly ResultRow[];
}

interface TunedShape {
  readonly request: Request;
  readonly protocol: string;
  readonly ranked: readonly Ranked[];
  readonly winner: Ranked;
  readonly untuned: Ranked | undefined;
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

/** Writes FILE.html, and FILE.md beside it. Errors: TK506. */
export async function writeTuneReport(file: string, options: TuneReportOptions, draw: Draw): Promise<void> {
  const devices = [...new Set(options.records.map(({ device }) => device))].sort();
  const sections = devices.flatMap((device) => tuneSections(device, options, devices.length > 1));
  await writeSections(file, `Tuning on ${devices.join(", ")}`, sections, draw);
}

/** `named`: whether headings name the device. */
export function tuneSections(device: string, options: TuneReportOptions, named = false): Section[] {
  const shapes = currentGroups(options.records, device, options.sources).flatMap((group) => shapeOf(group, options));
  const heading = (title: string): string => (named ? `${device}: ${title}` : title);
  const results = latest(options.results).filter((row) => row.device === device && row.mode === "graph-cold" && row.dist === "normal");
  const protocols = [...new Set(shapes.map(({ protocol }) => protocol))];
  return [
    { title: heading("Winners"), text: WINNERS_TEXT, table: winnersTable(shapes, results), plots: shapes.length === 0 ? [] : [gainPlot(shapes, results)] },
    { title: heading("How it was measured"), text: `${PROTOCOL_TEXT} ${protocols.join("; or ")}.`, plots: [] },
    ...shapes.map((shape) => ({ title: heading(titleOf(shape.request)), table: rankedTable(shape), plots: landscape(shape) })),
  ];
}

const WINNERS_TEXT =
  "Graph-cold medians in microseconds. Untuned is what runs without a table; where the figures cannot tell it from the fastest, it wins. Torch and the floor " +
  "(a kernel that only reads the input) are of another run, from the results file, where it has the shape.";
const PROTOCOL_TEXT =
  "Each candidate is compared with the reference, bit for bit, before it is timed; candidates of a batch take turns; the best four and the present choice have nine rounds or more.";

function shapeOf(group: readonly TuneRecord[], { untuned }: TuneReportOptions): TunedShape[] {
  const { space, outcomes } = recordedSpace(group);
  const { request, protocol } = group[0]!;
  const own = untuned(request);
  const id = own && candidateId(own.plan, own.config);
  const ranked = ranking(space, outcomes);
  const best = winner(space, outcomes, id);
  return best === undefined ? [] : [{ request, protocol, ranked, winner: best, untuned: ranked.find(({ candidate }) => candidate.id === id), outcomes }];
}

const titleOf = ({ rows, cols, k, dtype, sample }: Request): string => `${rows} x ${cols}, k ${k}, ${dtype}${sample === true ? ", sample" : ""}`;

/** Of a draw: what torch's chain takes. */
const resultOf = ({ rows, cols, k, dtype, sample }: Request, peer: "torch" | "floor", results: readonly ResultRow[]): number | undefined => {
  const impl = sample === true && peer === "torch" ? "torch-sample" : peer;
  return results.find((row) => row.impl === impl && row.rows === rows && row.cols === cols && row.k === k && row.dtype === dtype)?.usMedian;
};

const winnersTable = (shapes: readonly TunedShape[], results: readonly ResultRow[]): Table => ({
  words: 2,
  header: ["shape", "winner", "us", "untuned us", "gain", "torch / winner", "floor / winner", "candidates timed", "without a time"],
  rows: shapes.map(({ request, winner: best, untuned, outcomes }) => {
    const [torch, floor] = (["torch", "floor"] as const).map((peer) => resultOf(request, peer, results));
    const all = [...outcomes.values()];
    return [
      ...[titleOf(request), choiceText(best.candidate), fixed(best.median), untuned === undefined ? NONE : fixed(untuned.median)],
      untuned === undefined ? NONE : `${(100 * (1 - best.median / untuned.median)).toFixed(1)} %`,
      ...[times(torch && torch / best.median), percent(floor && floor / best.median)],
      ...[String(all.filter(isTimed).length), failures(all)],
    ];
  }),
});

function failures(outcomes: readonly Outcome[]): string {
  const counts = new Map<string, number>();
  for (const outcome of outcomes) if (!isTimed(outcome)) counts.set(outcome.invalidity, (counts.get(outcome.invalidity) ?? 0) + 1);
  return counts.size === 0 ? "0" : [...counts].map(([why, count]) => `${count} ${why}`).join(", ");
}

const SHOWN = 8;

const rankedTable = ({ ranked, winner: best, untuned }: TunedShape): Table => ({
  words: 2,
  header: ["config", "", "us", "of best", "rounds"],
  rows: ranked
    .filter((each, at) => at < SHOWN || each.candidate.id === best.candidate.id || each === untuned)
    .map((each) => {
      const marks = [each.candidate.id === best.candidate.id ? "winner" : "", each === untuned ? "untuned" : ""].filter((mark) => mark !== "");
      return [choiceText(each.candidate), marks.join(", "), fixed(each.median), percent(each.share), String(each.rounds)];
    }),
});

/** Every shape's untuned time, winner, torch and floor. */
function gainPlot(shapes: readonly TunedShape[], results: readonly ResultRow[]): Plot {
  const series = { untuned: "#8cc1f5", winner: COLOURS.topkit, torch: COLOURS.torch, floor: COLOURS.floor };
  const values = shapes.flatMap(({ request, winner: best, untuned }) => {
    const found = { untuned: untuned?.median, winner: best.median, torch: resultOf(request, "torch", results), floor: resultOf(request, "floor", results) };
    return Object.entries(found).flatMap(([name, us]) => (us === undefined ? [] : [{ shape: titleOf(request), series: name, us }]));
  });
  return {
    title: "Time by shape",
    caption: "Before and after tuning, beside torch and a kernel that only reads the input.",
    spec: {
      ...base,
      ...{ width: 640, height: { step: 22 }, data: { values }, mark: { type: "point", filled: true, size: 80 } },
      encoding: {
        x: { field: "us", type: "quantitative", scale: { type: "log" }, title: "microseconds a call (log scale)" },
        y: { field: "shape", type: "nominal", sort: shapes.map(({ request }) => titleOf(request)), title: null },
        color: { field: "series", type: "nominal", title: null, scale: { domain: Object.keys(series), range: Object.values(series) } },
      },
    },
  };
}

/** What each tunable of the winner's plan does: all candidates that were timed, and the best of each value. */
function landscape({ ranked, winner: best, request }: TunedShape): Plot[] {
  const { plan } = best.candidate;
  const own = ranked.filter(({ candidate }) => candidate.plan === plan);
  const turned = [...new Set(own.flatMap(({ candidate }) => Object.keys(candidate.config)))].filter(
    (name) => new Set(own.map(({ candidate }) => candidate.config[name])).size > 1,
  );
  if (turned.length === 0) return [];
  const values = turned.flatMap((tunable) =>
    own.flatMap(({ candidate, median }) => {
      const value = candidate.config[tunable];
      return value === undefined ? [] : [{ tunable: tunable.replace(`${plan}.`, ""), value, us: median }];
    }),
  );
  const x = { field: "value", type: "ordinal" as const, title: null };
  const y = { field: "us", type: "quantitative" as const, scale: { zero: false }, title: "us" };
  return [
    {
      title: `What the tunables of ${plan} do`,
      caption: `${titleOf(request)}: each candidate that was timed, and through the best of each value a line. A search looks longest where it is fast, so the slow end is thinly measured.`,
      spec: {
        ...base,
        ...{ data: { values }, columns: 3, facet: { field: "tunable", type: "nominal", title: null, sort: null }, resolve: { scale: { x: "independent" } } },
        spec: {
          ...{ width: 250, height: 150 },
          layer: [
            { mark: { type: "tick", color: COLOURS.floor, opacity: 0.5 }, encoding: { x, y } },
            { mark: { type: "line", point: true, color: COLOURS.topkit }, encoding: { x, y: { ...y, aggregate: "min" } } },
          ],
        },
      },
    },
  ];
}
