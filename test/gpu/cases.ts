/** The whole list of the GPU suite's cases. */
import { nameOf, type SuiteBackend, type TopkCase, unforced } from "./case.ts";
import { blockCases } from "./cases-block.ts";
import { clusterCases } from "./cases-cluster.ts";
import { allBitsCases, indexCases, layoutCases, lengthCases, patternCases } from "./cases-data.ts";
import {
  answers,
  anyKCases,
  chunkBoundaryCases,
  configCases,
  everyKCases,
  longRowCases,
  nanochatCases,
  planConfigCases,
  rowBoundaryCases,
  rowCountCases,
} from "./cases-shapes.ts";
import { sortCases } from "./cases-sort.ts";
import { tunedCases } from "./cases-tuned.ts";
import { warpCases } from "./cases-warp.ts";
import { wideCases } from "./cases-wide.ts";

/** Each once, in an order in which neighbours share their input. */
export function allCases(): TopkCase[] {
  // a case that its plan refuses is none
  return distinct([
    ...configCases(),
    ...clusterCases(),
    ...sortCases(),
    ...rowBoundaryCases(),
    ...chunkBoundaryCases(),
    ...nanochatCases(),
    ...rowCountCases(),
    ...patternCases(),
    ...allBitsCases(),
    ...layoutCases(),
    ...lengthCases(),
    ...indexCases(),
    ...everyKCases(),
    ...anyKCases(),
    ...planConfigCases(),
    ...longRowCases(),
    ...warpCases(),
    ...blockCases(),
    ...wideCases(),
    ...tunedCases(),
  ]).filter((c) => c.plan === undefined || answers(c.plan, c, c.config));
}

/** Elements of x above which a case is left to the GPU. */
const CPU_ELEMENTS = 400_000;

/** What is left of the cases where there is one way to compute: no plans by name, nothing large, every 16th of `every k`. */
export function cpuCases(): TopkCase[] {
  const small = allCases().filter((c) => c.rows * c.cols <= CPU_ELEMENTS && (c.group !== "every k" || c.k % 16 === 1));
  return distinct(small.map(unforced));
}

/** Elements of x above which a case takes the emulator too long. */
const EMULATE_ELEMENTS = 140_000;

/** Every plan, config, dtype and pattern as on the GPU, on small inputs; every 16th of `every k`. */
export function emulateCases(): TopkCase[] {
  return allCases().filter((c) => c.rows * c.cols <= EMULATE_ELEMENTS && (c.group !== "every k" || c.k % 16 === 1));
}

export const CASES: Readonly<Record<SuiteBackend, () => TopkCase[]>> = { cuda: allCases, cpu: cpuCases, emulate: emulateCases };

function distinct(cases: readonly TopkCase[]): TopkCase[] {
  return [...new Map(cases.map((c) => [nameOf(c), c])).values()];
}
