/** From records to a tuning table's entries: of every request the fastest candidate, and the texts of its kernels. */
import { createHash } from "node:crypto";
import { type Order, plans, type Request, resolve, type Variant, variantSymbol } from "../../dsl/index.ts";
import { basisOf } from "../../runtime/tuning.ts";
import { type Measured, TABLE_VERSION, type TunedEntry, type TuningRun, type TuningTable } from "../../runtime/tuning-table.ts";
import { type Ranked, ranking, winner } from "./ranking.ts";
import { requestId, type TuneRecord } from "./records.ts";
import { recordedSpace } from "./replay.ts";
import type { Sources } from "./sources.ts";
import type { Choice } from "./space.ts";
import { candidateId } from "./space.ts";

export interface Winners {
  readonly table: TuningTable;
  /** Texts that generated/ does not have, by their SHA-256. */
  readonly texts: ReadonlyMap<string, string>;
}

export interface WinnersOptions {
  readonly records: readonly TuneRecord[];
  readonly sources: Sources;
  /** What generated/ has. */
  readonly variants: readonly Variant[];
  /** What is taken where nothing is tuned: among candidates that the figures cannot tell apart, it stays. */
  readonly untuned: (request: Request) => Choice | undefined;
}

const RUNNERS_UP = 3;
const ORDERS = ["largest", "smallest"] as const satisfies readonly Order[];

/** One table a device. Records of other sources than today's are passed over; of several protocols of a request, the latest counts. */
export function winnersOf(options: WinnersOptions): Winners[] {
  const devices = [...new Set(options.records.map(({ device }) => device))].sort();
  return devices.map((device) => winnersOn(device, options));
}

function winnersOn(device: string, { records, sources, variants, untuned }: WinnersOptions): Winners {
  const runs: TuningRun[] = [];
  const entries: TunedEntry[] = [];
  const texts = new Map<string, string>();
  for (const group of currentGroups(records, device, sources)) {
    const { request } = group[0]!;
    const { space, outcomes } = recordedSpace(group);
    const own = untuned(request);
    const best = winner(space, outcomes, own && candidateId(own.plan, own.config));
    if (best === undefined) continue;
    const others = ranking(space, outcomes).filter(({ candidate }) => candidate.id !== best.candidate.id);
    const kernels = kernelsOf(best.candidate, request, sources, variants);
    for (const [hash, text] of kernels.texts) texts.set(hash, text);
    runs.push(runOf(group));
    entries.push({
      ...{ rows: request.rows, cols: request.cols, k: request.k, dtype: request.dtype },
      ...{ ...measured(best), sources: kernels.sources, basis: kernels.basis },
      ...{ runnersUp: others.slice(0, RUNNERS_UP).map(measured), run: runs.length - 1 },
    });
  }
  return { table: { version: TABLE_VERSION, device, runs, entries }, texts };
}

/** Of each request, the records of the protocol that was used last; of today's sources. */
export function currentGroups(all: readonly TuneRecord[], device: string, sources: Sources): TuneRecord[][] {
  const records = all.filter((record) => record.device === device && isCurrent(record, sources));
  const groups = new Map<string, TuneRecord[]>();
  for (const record of records.toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))) {
    const id = requestId(record.request);
    const before = groups.get(id) ?? [];
    groups.set(id, [...before, record]);
  }
  return [...groups.values()].map((group) => group.filter(({ protocol }) => protocol === group.at(-1)!.protocol));
}

function isCurrent({ plan: name, config, request, sources: measuredOf }: TuneRecord, sources: Sources): boolean {
  const plan = plans.find((each) => each.name === name);
  const resolution = plan && resolve(plan, request, { force: config });
  return resolution?.ok === true && sources.hashesOf(resolution.resolved).join() === measuredOf.join();
}

const measured = ({ candidate: { plan, config }, median }: Ranked): Measured => ({ plan, config, us: Number(median.toFixed(3)) });

/** Both orders of the request: what was tuned for the largest serves the smallest too. */
function kernelsOf({ plan: name, config }: Choice, request: Request, sources: Sources, variants: readonly Variant[]) {
  const hashes: Record<string, string> = {};
  const basis: Record<string, string> = {};
  const texts = new Map<string, string>();
  const shipped = new Set(variants.map(({ symbol }) => symbol));
  for (const order of ORDERS) {
    const resolution = resolve(plans.find((plan) => plan.name === name)!, { ...request, order }, { force: config });
    for (const { kernel, spec, tune } of resolution.ok ? resolution.resolved.stages : []) {
      const symbol = variantSymbol(kernel, spec, tune);
      const { text, sourceHash } = sources.of(kernel, spec, tune);
      hashes[symbol] = sourceHash;
      if (shipped.has(symbol)) continue;
      texts.set(sourceHash, text);
      basis[kernel.name] = basisOf(variants, kernel.name);
    }
  }
  return { sources: hashes, basis, texts };
}

function runOf(records: readonly TuneRecord[]): TuningRun {
  const lines = records.map((record) => JSON.stringify(record)).sort();
  const { protocol } = records[0]!;
  const date = records
    .map(({ time }) => time)
    .sort()
    .at(-1)!;
  return { records: createHash("sha256").update(lines.join("\n")).digest("hex"), protocol, date };
}
