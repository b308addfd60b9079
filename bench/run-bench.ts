/** `topkit bench`, but for its command line: every workload on the device, all implementations in turns, every result checked. */
import { DTYPE_BYTES } from "../dsl/index.ts";
import type { Force } from "../runtime/choose-plan.ts";
import { TopkitError } from "../runtime/errors.ts";
import { calling } from "../runtime/native-access.ts";
import type { ConfigValues, Plan, PlanExplanation } from "../runtime/types.ts";
import { Clocks } from "./clocks.ts";
import { compileAhead } from "./compile-ahead.ts";
import { DeviceInputs } from "./device-inputs.ts";
import { Gpu } from "./gpu.ts";
import { PartMaker } from "./input-parts.ts";
import { type Calls, measureInTurns, type Samples, type Timed, timed } from "./measure.ts";
import type { Impl, Mode, ResultRow } from "./results.ts";
import { SampleRun } from "./sample-run.ts";
import { profileStages, type StageProfile } from "./stage-profile.ts";
import { noise, summarize } from "./statistics.ts";
import { type InputFile, PeerFailure, TorchPeer, type TorchPeerOptions } from "./torch-peer.ts";
import { shapeText, type Workload } from "./workloads.ts";

/** A workload, by the plan that topkit chooses for it or by a forced one. */
export interface BenchCase {
  readonly workload: Workload;
  readonly force?: Force | undefined;
}

export interface BenchOptions {
  readonly cases: readonly BenchCase[];
  readonly modes: readonly Mode[];
  readonly torch: boolean;
  /** Rounds of turns. */
  readonly rounds: number;
  /** Draw a token from each row too, beside the top-k. */
  readonly sample?: boolean;
  /** Profile the kernels of a plan of several too. */
  readonly profile: boolean;
  readonly seed?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onRow: (row: ResultRow, from: BenchCase) => void;
  readonly onProfile?: (profile: StageProfile) => void;
  readonly log: (line: string) => void;
  readonly peer?: TorchPeerOptions;
  /** Threads that make inputs; default all. */
  readonly threads?: number;
}

export interface BenchOutcome {
  /** What failed, in sentences: results that are not exact, shapes that nothing answers. */
  readonly problems: readonly string[];
  readonly interrupted: boolean;
}

/** Errors: TK2xx where the GPU or the peer cannot be used, before anything is measured. Failures of one workload are problems; the others go on. */
export async function runBench(options: BenchOptions): Promise<BenchOutcome> {
  const { cases, signal, log } = options;
  const problems: string[] = [];
  using gpu = await Gpu.open();
  using torch = options.torch ? await TorchPeer.start(options.peer) : undefined;
  using clocks = new Clocks();
  const maker = new PartMaker(options.threads);
  try {
    const empty = await emptyCall(gpu);
    log(`${gpu.device.name}: an empty kernel in a graph takes ${empty.toFixed(2)} us`);
    const protocol = [`seed=${options.seed ?? 1}`, `cuda=${gpu.cudaVersion}`, `nvrtc=${gpu.nvrtcVersion}`, `empty=${empty.toFixed(3)}`];
    if (clocks.driver !== undefined) protocol.push(`driver=${clocks.driver}`);
    const bench: Bench = { gpu, torch, clocks, maker, options, protocol, problems };
    const groups = new Map<string, BenchCase[]>();
    for (const each of cases) {
      const same = [describe(each.workload), JSON.stringify(each.force ?? {})].join();
      groups.set(same, [...(groups.get(same) ?? []), each]);
    }
    await compileAhead(
      gpu,
      [...groups.values()].map(([first]) => first!),
      options.profile,
    );
    let done = 0;
    for (const same of groups.values()) {
      const title = describe(same[0]!.workload);
      done += 1;
      log(`[${done}/${groups.size}] ${title}`);
      try {
        await benchWorkload(bench, same);
      } catch (error) {
        if (signal?.aborted) throw error;
        // the device is gone, or the bench is wrong: no other shape would do better
        if (!isOfOneShape(error)) throw error;
        problems.push(`${title}: ${(error as Error).message}`);
        log(`  ${(error as Error).message}`);
      }
    }
    return { problems, interrupted: false };
  } catch (error) {
    if (!signal?.aborted) throw error;
    return { problems, interrupted: true };
  } finally {
    maker.close();
  }
}

interface Bench {
  readonly gpu: Gpu;
  readonly torch: TorchPeer | undefined;
  readonly clocks: Clocks;
  readonly maker: PartMaker;
  readonly options: BenchOptions;
  /** What is the same for all rows. */
  readonly protocol: readonly string[];
  readonly problems: string[];
}

export const describe = (workload: Workload): string => `${shapeText(workload)} ${workload.dist}`;

/** No plan, no memory, or a peer that cannot. */
const isOfOneShape = (error: unknown): boolean =>
  error instanceof PeerFailure || (error instanceof TopkitError && ["TK112", "TK113", "TK303"].includes(error.code));

async function emptyCall(gpu: Gpu): Promise<number> {
  const go = await timed(gpu, "graph-cold", { inputs: 1, outgrowL2: true, enqueue: () => gpu.runEmpty() });
  const us = summarize([await go.sample(), await go.sample(), await go.sample()]).median;
  go.close();
  return us;
}

/** Gives undefined, and a problem, where `work` fails for this shape only; the rest of the shape is measured all the same. */
async function attempt<T>({ options, problems }: Bench, workload: Workload, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isOfOneShape(error)) throw error;
    problems.push(`${describe(workload)}: ${(error as Error).message}`);
    options.log(`  ${(error as Error).message}`);
    return undefined;
  }
}

/** One shape and distribution; it may stand in several suites, and is measured once. */
async function benchWorkload(bench: Bench, same: readonly BenchCase[]): Promise<void> {
  const { gpu, maker, options } = bench;
  const { workload, force } = same[0]!;
  const file = await bench.torch?.inputFile(workload);
  let inputs: DeviceInputs;
  try {
    inputs = await DeviceInputs.make(gpu, maker, workload, options.seed ?? 1, { sink: file });
  } finally {
    await file?.close();
  }
  const { rows, cols, k, dtype } = workload;
  const plan = await attempt(bench, workload, () => gpu.device.plan({ rows, cols, k, dtype, ...(force === undefined ? {} : { force }) }));
  const sample = options.sample ? await attempt(bench, workload, () => SampleRun.make(gpu, inputs)) : undefined;
  const torch = file && (await attempt(bench, workload, () => loadedTorch(bench, inputs, file)));
  try {
    for (const mode of options.modes) await benchMode(bench, same, { inputs, plan, sample, torch }, mode);
    if (options.profile) {
      const profile = await profileStages(gpu, inputs, force, { rounds: Math.min(options.rounds, 5), signal: options.signal });
      if (profile !== undefined) options.onProfile?.(profile);
    }
  } finally {
    await torch?.unload();
    sample?.close();
    plan?.dispose();
    inputs.close();
  }
}

async function loadedTorch({ torch, gpu }: Bench, { workload, plan }: DeviceInputs, file: InputFile): Promise<TorchPeer | undefined> {
  await torch?.load(workload, plan, file, gpu.scratchBytes);
  return torch;
}

interface Contender {
  readonly impl: Impl;
  readonly go: Timed;
  /** Whether all results are right; "-" for none. */
  readonly check: () => Promise<ResultRow["exact"]>;
  readonly protocol: readonly string[];
}

/** A workload, and who answers it. */
interface Measured {
  readonly inputs: DeviceInputs;
  readonly plan: Plan | undefined;
  readonly sample: SampleRun | undefined;
  readonly torch: TorchPeer | undefined;
}

async function benchMode(bench: Bench, same: readonly BenchCase[], { inputs, plan, sample, torch }: Measured, mode: Mode): Promise<void> {
  const { clocks, options } = bench;
  const contenders: Contender[] = [];
  try {
    contenders.push(await floorContender(bench, inputs, mode));
    if (plan !== undefined) contenders.push(await topkitContender(bench, inputs, plan, mode));
    if (sample !== undefined) contenders.push(await sampleContender(bench, inputs, sample, mode));
    const contend = sample === undefined ? torchContender : torchChainContender;
    const peer = torch && (await attempt(bench, inputs.workload, () => contend(bench, torch, inputs, mode)));
    if (peer !== undefined) contenders.push(peer);
    clocks.range();
    const turns = { rounds: options.rounds, signal: options.signal, throttled: () => clocks.throttled() };
    const samples = await measureInTurns(
      contenders.map(({ go }) => go),
      turns,
    );
    const clock = clocks.range();
    const rows: ResultRow[] = [];
    for (const [at, contender] of contenders.entries()) {
      rows.push(resultRow(bench, inputs, mode, contender, samples[at]!, await contender.check(), clock));
    }
    for (const from of same) for (const row of rows) options.onRow({ ...row, suite: from.workload.suite }, from);
    options.log(`  ${mode.padEnd(11)}${rows.map(briefly).join("   ")}`);
  } finally {
    for (const { go } of contenders) go.close();
  }
}

function briefly({ impl, usMedian, usMin, usMax, exact }: ResultRow): string {
  const spread = `${(50 * noise({ median: usMedian, min: usMin, max: usMax })).toFixed(1)}%`;
  return `${impl} ${usMedian.toFixed(2)} us +-${spread}${exact === "no" ? " NOT EXACT" : ""}`;
}

function resultRow(
  { gpu, options, protocol }: Bench,
  { workload, plan }: DeviceInputs,
  mode: Mode,
  { impl, go, protocol: own }: Contender,
  { us, dropped }: Samples,
  exact: ResultRow["exact"],
  clock: string | undefined,
): ResultRow {
  const { rows, cols, dtype } = workload;
  const { median, min, max } = summarize(us);
  const counts = [`rounds=${options.rounds}`, `dropped=${dropped}`, `calls=${go.calls}`];
  const used = mode === "graph-hot" ? ["inputs=1"] : [`inputs=${plan.copies}`, `distinct=${plan.distinct}`, ...(plan.outgrowL2 ? [] : ["swept=yes"])];
  const parts = [...protocol, ...(clock === undefined ? [] : [`mhz=${clock}`]), ...counts, ...used, ...own];
  return {
    ...{ ...workload, impl, mode, usMedian: median, usMin: min, usMax: max, gbps: (rows * cols * DTYPE_BYTES[dtype]) / median / 1000, exact },
    ...{ device: gpu.device.name, protocol: parts.join(";") },
  };
}

async function floorContender({ gpu }: Bench, inputs: DeviceInputs, mode: Mode): Promise<Contender> {
  const { rows, cols, dtype } = inputs.workload;
  const list = gpu.floorList(rows * cols * DTYPE_BYTES[dtype]);
  const enqueue = (input: number): void => calling(() => list.run(gpu.nativeStream, [inputs.pointers[input]!.x]));
  const go = await timed(gpu, mode, callsOn(inputs, enqueue));
  const close = (): void => {
    go.close();
    list.close();
  };
  return { impl: "floor", go: { ...go, close }, check: async () => "-", protocol: [] };
}

async function topkitContender({ gpu, problems }: Bench, inputs: DeviceInputs, plan: Plan, mode: Mode): Promise<Contender> {
  const { stream } = gpu;
  const go = await timed(
    gpu,
    mode,
    callsOn(inputs, (input) => plan.run(inputs.x[input]!, inputs.out[input]!, { stream })),
  );
  const check = async (): Promise<ResultRow["exact"]> => {
    await inputs.poison();
    await go.sample();
    const wrong = await inputs.wrongRows(mode === "graph-hot" ? 1 : inputs.plan.copies);
    if (wrong > 0) problems.push(`${describe(inputs.workload)}, ${mode}: ${wrong} rows differ from the reference`);
    return wrong === 0 ? "yes" : "no";
  };
  return { impl: "topkit", go, check, protocol: [`plan=${planText(plan.explain)}`] };
}

async function torchContender({ problems }: Bench, torch: TorchPeer, inputs: DeviceInputs, mode: Mode): Promise<Contender> {
  const go = await torch.timed(mode, inputs.plan, "topk");
  const check = async (): Promise<ResultRow["exact"]> => {
    const { wrongRows, maxDifference } = await torch.check(inputs.answers.values, inputs.workload, inputs.plan);
    if (wrongRows === 0 && maxDifference === 0) return "yes";
    problems.push(`${describe(inputs.workload)}, ${mode}: torch differs by up to ${maxDifference}, and ${wrongRows} rows have wrong indices`);
    return "no";
  };
  return { impl: "torch", go, check, protocol: [`torch=${torch.torch}`] };
}

/** Tokens drawn by the device's own random bits: nothing to compare them with but the top-k that they are of. */
async function torchChainContender({ problems }: Bench, torch: TorchPeer, inputs: DeviceInputs, mode: Mode): Promise<Contender> {
  const go = await torch.timed(mode, inputs.plan, "sample");
  const check = async (): Promise<ResultRow["exact"]> => {
    const wrong = await torch.wrongTokens();
    if (wrong === 0) return "-";
    problems.push(`${describe(inputs.workload)}, ${mode}: in ${wrong} rows torch drew what is none of its top-k`);
    return "no";
  };
  return { impl: "torch-sample", go, check, protocol: [`torch=${torch.torch}`] };
}

async function sampleContender({ gpu, problems }: Bench, inputs: DeviceInputs, sample: SampleRun, mode: Mode): Promise<Contender> {
  const go = await timed(
    gpu,
    mode,
    callsOn(inputs, (input) => sample.enqueue(input)),
  );
  const check = async (): Promise<ResultRow["exact"]> => {
    await sample.draws.poison();
    await go.sample();
    const wrong = await sample.draws.wrongRows(mode === "graph-hot" ? 1 : inputs.plan.copies);
    if (wrong > 0) problems.push(`${describe(inputs.workload)}, ${mode}: ${wrong} rows drew another token than the CPU backend`);
    return wrong === 0 ? "yes" : "no";
  };
  return { impl: "topkit-sample", go, check, protocol: [`plan=${planText(sample.plan.explain)}`] };
}

const callsOn = ({ plan }: DeviceInputs, enqueue: (input: number) => void): Calls => ({ inputs: plan.copies, outgrowL2: plan.outgrowL2, enqueue });

/** For example `two_stage{chunks:10} first{warps:4} second{warps:8}`. */
export function planText({ plan, config, kernels }: Pick<PlanExplanation, "plan" | "config" | "kernels">): string {
  const values = (tune: ConfigValues): string => {
    const pairs = Object.entries(tune).map(([name, value]) => `${name}:${value}`);
    return pairs.length === 0 ? "" : `{${pairs.join(" ")}}`;
  };
  return [`${plan}${values(config)}`, ...kernels.map(({ name, config: tune }) => `${name}${values(tune)}`)].join(" ");
}
