/** The report's tables of what was measured. */
import type { AdversarialPeerTime } from "../peers.ts";
import type { StageProfile } from "../stage-profile.ts";
import { type Entry, normalOf, ratio } from "./entries.ts";
import { fixed, NONE, percent, spread, type Table, times, us } from "./table.ts";

/** topkit beside torch, the floor and the fastest recorded peer. */
export function timeTable(entries: readonly Entry[]): Table {
  const mixed = new Set(entries.map(({ dist }) => dist)).size > 1;
  return {
    words: mixed ? 2 : 1,
    header: [
      "shape",
      ...(mixed ? ["data"] : []),
      "topkit us",
      "noise +-",
      "floor us",
      "torch us",
      "torch / topkit",
      "best peer us",
      "peer / topkit",
      "GB/s",
      "exact",
    ],
    rows: entries.map(({ shape, dist, topkit, torch, floor, peers }) => {
      const best = peers[0];
      return [
        ...[shape, ...(mixed ? [dist] : [])],
        ...[us(topkit), spread(topkit), us(floor), us(torch), times(ratio(torch, topkit))],
        best === undefined ? NONE : `${fixed(best.us)} ${best.impl}`,
        times(best && ratio({ usMedian: best.us }, topkit)),
        topkit === undefined ? NONE : topkit.gbps.toFixed(0),
        topkit?.exact ?? NONE,
      ];
    }),
  };
}

/** Drawing a token from each row, top-k included: beside the top-k alone, and torch's chain. Of the shapes where it was measured. */
export function sampleTable(entries: readonly Entry[]): Table {
  return {
    words: 1,
    header: ["shape", "top-k us", "draw us", "noise +-", "draw - top-k us", "torch chain us", "torch / draw", "exact"],
    rows: entries.flatMap(({ shape, topkit, "topkit-sample": draw, "torch-sample": chain }) => {
      if (draw === undefined) return [];
      const more = topkit === undefined ? NONE : (draw.usMedian - topkit.usMedian).toFixed(2);
      return [[shape, us(topkit), us(draw), spread(draw), more, us(chain), times(ratio(chain, draw)), draw.exact]];
    }),
  };
}

/** Each distribution against normal data of the same shape. */
export function adversarialTable(entries: readonly Entry[]): Table {
  const own = entries.filter(({ dist }) => dist !== "normal");
  return {
    words: 2,
    header: ["shape", "data", "topkit us", "normal us", "topkit / normal", "torch us", "torch / topkit"],
    rows: own.map((entry) => {
      const normal = normalOf(entry, entries)?.topkit;
      return [
        entry.shape,
        entry.dist,
        us(entry.topkit),
        us(normal),
        times(ratio(entry.topkit, normal)),
        us(entry.torch),
        times(ratio(entry.torch, entry.topkit)),
      ];
    }),
  };
}

/** The recorded peers on such data: each one's time over its own on normal data of the shape. */
export function adversarialPeerTable(recorded: readonly AdversarialPeerTime[]): Table {
  const impls = [...new Set(recorded.map(({ impl }) => impl))];
  const shapeOf = ({ rows, cols, k, dtype }: AdversarialPeerTime): string => `${rows} x ${cols}, k ${k}, ${dtype}`;
  const timeOf = (impl: string, shape: string, dist: string): number | undefined =>
    recorded.find((each) => each.impl === impl && shapeOf(each) === shape && each.dist === dist)?.us;
  const lines = new Map(recorded.filter(({ dist }) => dist !== "normal").map((each) => [`${shapeOf(each)} ${each.dist}`, each]));
  return {
    words: 2,
    header: ["shape", "data", ...impls],
    rows: [...lines.values()].map((each) => {
      const shape = shapeOf(each);
      const slower = impls.map((impl) => {
        const [time, normal] = [timeOf(impl, shape, each.dist), timeOf(impl, shape, "normal")];
        return times(time === undefined || normal === undefined ? undefined : time / normal);
      });
      return [shape, each.dist, ...slower];
    }),
  };
}

/** Each kernel alone; what the whole takes more or less than their sum is launching and overlap. */
export function stageTable(profiles: readonly StageProfile[]): Table {
  const most = Math.max(0, ...profiles.map(({ stages }) => stages.length));
  const numbers = Array.from({ length: most }, (_, at) => at + 1);
  return {
    words: 3,
    header: ["shape", "data", "plan", "whole us", ...numbers.flatMap((number) => [`stage ${number} us`, `stage ${number} share`])],
    rows: profiles.map(({ workload, plan, whole, stages }) => {
      const sum = stages.reduce((total, { time }) => total + time.median, 0);
      const { rows, cols, k, dtype, dist } = workload;
      const cells = numbers.flatMap((number) => {
        const time = stages[number - 1]?.time.median;
        return time === undefined ? [NONE, NONE] : [fixed(time), percent(time / sum)];
      });
      return [`${rows} x ${cols}, k ${k}, ${dtype}`, dist, plan, fixed(whole.median), ...cells];
    }),
  };
}
