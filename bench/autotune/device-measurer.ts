/** Measures candidates of one workload on a device: compiled together, each compared bit for bit with the reference before it is timed, timed in turns. */
import { CALLER_BUFFERS, type ResolvedPlan, SAMPLING_BUFFERS, storesAnswer } from "../../dsl/index.ts";
import type { Render } from "../../generator/index.ts";
import type { NativeFunction, NativeLaunchList, NativeMemory } from "../../native/types.ts";
import { choosePlan } from "../../runtime/choose-plan.ts";
import { ptxOf, requireNvrtc } from "../../runtime/compile.ts";
import { allocateWorkspace, type LoadedKernels, limitsOf, loadStages, prepareStages, type SourceOf } from "../../runtime/cuda-plan.ts";
import { TopkitError } from "../../runtime/errors.ts";
import { calling } from "../../runtime/native-access.ts";
import type { DeviceInputs } from "../device-inputs.ts";
import type { Draws } from "../draws.ts";
import type { Gpu } from "../gpu.ts";
import { measureInTurns, type Timed, timed } from "../measure.ts";
import { requestOf } from "../stage-profile.ts";
import type { Invalidity, Outcome } from "./outcome.ts";
import { type Choice, launchedFor } from "./space.ts";

export interface DeviceMeasurerOptions {
  readonly gpu: Gpu;
  readonly inputs: DeviceInputs;
  /** Of a workload that draws: it is the tokens then that are compared, each of which follows from the whole answer. */
  readonly draws?: Draws | undefined;
  readonly render: Render;
  /** Kernels that were loaded for other inputs; more are added. */
  readonly loaded?: LoadedKernels;
  /** What a go should last. */
  readonly goMilliseconds?: number;
  /** Whether the device ran slowed down since it was asked last. */
  readonly throttled?: () => boolean;
}

interface Loaded {
  readonly resolved: ResolvedPlan;
  readonly functions: readonly NativeFunction[];
}

interface Contender {
  readonly at: number;
  readonly go: Timed;
  close(): void;
}

export class DeviceMeasurer {
  readonly #options: DeviceMeasurerOptions;
  readonly #loaded: LoadedKernels;
  readonly #sourceOf: SourceOf;

  constructor(options: DeviceMeasurerOptions) {
    this.#options = options;
    this.#loaded = options.loaded ?? new Map();
    this.#sourceOf = async ({ kernel, spec, tune }) => options.render(kernel, spec, tune);
  }

  /**
   * One outcome a candidate. `begin` is told which candidate the device is about to run, so that whoever watches knows which one hangs. Throws where
   * a candidate fails while it runs: the device cannot be trusted then, and the process that asked should end.
   */
  async measure(choices: readonly Choice[], rounds: number, begin: (at: number) => void = () => {}): Promise<Outcome[]> {
    const outcomes = new Map<number, Outcome>();
    const contenders: Contender[] = [];
    // nothing is compiled while anything is timed
    const loaded = await Promise.all(choices.map((choice) => this.#load(choice)));
    try {
      for (const [at, each] of loaded.entries()) {
        if ("invalidity" in each) {
          outcomes.set(at, each);
          continue;
        }
        begin(at);
        const contender = await this.#prepare(at, each);
        contenders.push(contender);
        const wrong = await this.#wrongRows(contender);
        if (wrong > 0) outcomes.set(at, { invalidity: "correctness", reason: `${wrong} rows differ from the reference` });
      }
      const right = contenders.filter(({ at }) => !outcomes.has(at));
      const turns = right.map(({ at, go }) => ({
        sample: () => {
          begin(at);
          return go.sample();
        },
      }));
      const samples = await measureInTurns(turns, { rounds, throttled: this.#options.throttled });
      for (const [place, { at }] of right.entries()) outcomes.set(at, { us: samples[place]!.us });
      return choices.map((_, at) => outcomes.get(at)!);
    } finally {
      for (const contender of contenders) contender.close();
    }
  }

  async #load({ plan, config }: Choice): Promise<Loaded | Extract<Outcome, { invalidity: Invalidity }>> {
    const { gpu, inputs } = this.#options;
    try {
      const limits = limitsOf(gpu.native, ptxOf(requireNvrtc().version));
      const request = requestOf(inputs.workload);
      const resolved = launchedFor(request, choosePlan(request, limits, { plan, config }).resolved, limits);
      return { resolved, functions: await loadStages(gpu.native, this.#loaded, resolved, this.#sourceOf) };
    } catch (error) {
      if (!(error instanceof TopkitError)) throw error;
      return { invalidity: INVALIDITY_OF[error.code] ?? "runtime", reason: error.message };
    }
  }

  async #prepare(at: number, { resolved, functions }: Loaded): Promise<Contender> {
    const { gpu, inputs, draws, goMilliseconds } = this.#options;
    const workspace: NativeMemory | null = await allocateWorkspace(gpu.native, resolved);
    let list: NativeLaunchList | undefined;
    const close = (): void => {
      list?.close();
      workspace?.close();
    };
    try {
      const buffers: readonly string[] = draws === undefined ? CALLER_BUFFERS : SAMPLING_BUFFERS;
      const prepared = prepareStages(gpu.native, resolved, functions, workspace, buffers);
      list = prepared;
      const answers = storesAnswer(resolved);
      const pointersOf = (input: number): Readonly<Record<string, bigint>> =>
        draws === undefined ? { ...inputs.pointers[input]!, lengths: 0n } : draws.pointers(input, answers);
      const enqueue = (input: number): void => {
        const pointers = pointersOf(input);
        calling(() =>
          prepared.run(
            gpu.nativeStream,
            buffers.map((name) => pointers[name]!),
          ),
        );
      };
      const go = await timed(gpu, "graph-cold", { inputs: inputs.plan.copies, outgrowL2: inputs.plan.outgrowL2, enqueue }, goMilliseconds);
      return {
        at,
        go,
        close: () => {
          go.close();
          close();
        },
      };
    } catch (error) {
      close();
      throw error;
    }
  }

  async #wrongRows({ go }: Contender): Promise<number> {
    const { inputs, draws } = this.#options;
    const results = draws ?? inputs;
    await results.poison();
    await go.sample();
    return results.wrongRows(inputs.plan.distinct);
  }
}

/** What a config is refused for, what the compiler refuses, and what the device has no threads for. */
const INVALIDITY_OF: Readonly<Record<string, Invalidity>> = { TK113: "constraints", TK301: "compile", TK304: "constraints" };
