/** From records to a tuning table's entries: of every request the fastest candidate, and the texts of its kernels. */
import { createHash } from "node:crypto";
import { DTYPE_BYTES, type Order, type Request, type Variant, variantSymbol } from "../../dsl/index.ts";
import { basisOf } from "../../runtime/tuning.ts";
import { TABLE_VERSION, type TableChoice, type TunedEntry, type TuningRun, type TuningTable } from "../../runtime/tuning-table.ts";
import { cover } from "./cover.ts";
import { type Ranked, ranking, winner } from "./ranking.ts";
import { requestId, type TuneRecord } from "./records.ts";
import { recordedSpace } from "./replay.ts";
import type { Sources } from "./sources.ts";
import { type Choice, candidateId, resolvedOf } from "./space.ts";

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

/** Times that an entry keeps, and how many times the best they may be: what is slow here may be the best nearby, and how fast that changes is seen from both sides. */
const MOST_TIMES = 48;
const SLOWEST = 4;
/** A shape of which fewer choices were timed has not been tuned. */
const LEAST_TIMES = 2;
/** How far over the fastest the untuned choice may be in a table of few choices: what it does on data that is not normal is known. */
const LOYALTY = 1.04;
/** And where the untuned plan holds a row and the fastest reads it again when data are bad: 2.2 to 4.5 times its normal time were measured (docs/log/tune.md). */
const HOLDS = "cluster_select";
const READS_AGAIN = "block_select";
const LOYALTY_TO_HELD = 1.12;
/** Untuned rules are of top-ks: no figure on such data speaks for what they take for a draw. */
const LOYALTY_OF_DRAWS = 1;
const ORDERS = ["largest", "smallest"] as const satisfies readonly Order[];

/**
 * One table a device. Records of other sources than today's are passed over; of several protocols of a request, the latest counts.
 */
export function winnersOf(options: WinnersOptions, kept?: Kept): Winners[] {
  const devices = [...new Set(options.records.map(({ device }) => device))].sort();
  return devices.map((device) => winnersOn(device, options, kept));
}

/** Which choices a table may name: some, or the fewest with which the shapes take so much longer than with their best, on average (0.01 is 1 %). */
export type Kept = { readonly only: (request: Request, choice: Choice) => boolean } | { readonly average: number };

interface Timed {
  readonly request: Request;
  /** Of one protocol. */
  readonly records: readonly TuneRecord[];
  /** The winner, and then the others, the fastest first. */
  readonly ranked: readonly (Pick<Ranked, "candidate" | "median"> & { readonly untuned: boolean })[];
}

function winnersOn(device: string, options: WinnersOptions, kept: Kept | undefined): Winners {
  const shapes = currentGroups(options.records, device, options.sources).flatMap((group) => timedOf(group, options, kept !== undefined));
  const protocols = [...new Set(shapes.map(({ records }) => records[0]!.protocol))];
  const isKept = kept === undefined ? () => true : "only" in kept ? kept.only : fewest(shapes, kept.average);
  const choices = new Map<string, { at: number; choice: TableChoice }>();
  const texts = new Map<string, string>();
  const placeOf = ({ plan, config }: Choice, request: Request): number => {
    const key = `${request.dtype} ${request.sample === true} ${candidateId(plan, config)}`;
    const known = choices.get(key);
    if (known !== undefined) return known.at;
    const kernels = kernelsOf({ plan, config }, request, options.sources, options.variants);
    for (const [hash, text] of kernels.texts) texts.set(hash, text);
    const choice: TableChoice = { plan, config, dtype: request.dtype, sources: kernels.sources, basis: kernels.basis };
    choices.set(key, { at: choices.size, choice });
    return choices.size - 1;
  };
  const entries = shapes.flatMap(({ request, records, ranked }): TunedEntry[] => {
    const { rows, cols, k, dtype, sample } = request;
    const having = ranked.filter(({ candidate, untuned }) => untuned || isKept(request, candidate));
    if (having.length === 0) return [];
    const slowest = SLOWEST * Math.min(...having.map(({ median }) => median));
    const timed = having.filter(({ median }) => median <= slowest).slice(0, MOST_TIMES);
    const its = timed.map(({ candidate }) => placeOf(candidate, request));
    const us = timed.map(({ median }) => Number(median.toFixed(3)));
    const shape = { rows, cols, k, dtype, ...(sample === true ? { sample } : {}) };
    return [{ ...shape, choices: its, us, run: protocols.indexOf(records[0]!.protocol) }];
  });
  return {
    table: {
      ...{ version: TABLE_VERSION, device, entries },
      runs: protocols.map((protocol) => runOf(shapes.flatMap(({ records }) => (records[0]!.protocol === protocol ? records : [])))),
      choices: [...choices.values()].map(({ choice }) => choice),
    },
    texts,
  };
}

function timedOf(group: readonly TuneRecord[], { untuned }: WinnersOptions, loyal: boolean): Timed[] {
  const { request } = group[0]!;
  const { space, outcomes } = recordedSpace(group);
  const own = untuned(request);
  const untunedId = own && candidateId(own.plan, own.config);
  const fastest = winner(space, outcomes, untunedId);
  if (fastest === undefined) return [];
  const held = own?.plan === HOLDS && fastest.candidate.plan === READS_AGAIN;
  const usual = request.sample === true ? LOYALTY_OF_DRAWS : LOYALTY;
  const loyalty = !loyal ? 1 : held ? LOYALTY_TO_HELD : usual;
  const all = ranking(space, outcomes).map((each) => ({ ...each, untuned: each.candidate.id === untunedId }));
  const first = all.find(({ untuned, median }) => untuned && median <= loyalty * fastest.median)?.candidate.id ?? fastest.candidate.id;
  const ranked = [...all.filter(({ candidate }) => candidate.id === first), ...all.filter(({ candidate }) => candidate.id !== first)];
  return ranked.length < LEAST_TIMES ? [] : [{ request, records: group, ranked }];
}

/** Kernels of 16 bits are others than those of 32. */
function fewest(shapes: readonly Timed[], average: number): (request: Request, choice: Choice) => boolean {
  const idOf = ({ dtype }: Request, { plan, config }: Choice): string => `${DTYPE_BYTES[dtype]} ${candidateId(plan, config)}`;
  const times = shapes.map(({ request, ranked }) => new Map(ranked.map(({ candidate, median }) => [idOf(request, candidate), median])));
  const taken = new Set(cover(times, average));
  return (request, choice) => taken.has(idOf(request, choice));
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

function isCurrent(record: TuneRecord, sources: Sources): boolean {
  const resolved = resolvedOf(record, record.request);
  return resolved !== undefined && sources.hashesOf(resolved).join() === record.sources.join();
}

/** Both orders of the request: what was tuned for the largest serves the smallest too. Tokens are drawn from the largest alone. */
function kernelsOf(choice: Choice, request: Request, sources: Sources, variants: readonly Variant[]) {
  const hashes: Record<string, string> = {};
  const basis: Record<string, string> = {};
  const texts = new Map<string, string>();
  const shipped = new Set(variants.map(({ symbol }) => symbol));
  for (const order of request.sample === true ? (["largest"] as const) : ORDERS) {
    for (const { kernel, spec, tune } of resolvedOf(choice, { ...request, order })?.stages ?? []) {
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
