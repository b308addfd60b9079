/** A chosen plan on the emulator: its kernels compiled and loaded, its workspace in host memory, its launches one after another. */
import { elementBytes, type ResolvedPlan, type ResolvedStage, storesAnswer } from "../dsl/index.ts";
import type { EmulatedKernel, EmulatedLaunch } from "../native/types.ts";
import type { BackendGraph, BackendMemory, BackendPlan, BackendStream } from "./backend.ts";
import { type Choice, explanation } from "./choose-plan.ts";
import type { Emulation } from "./environment.ts";
import { TopkitError } from "./errors.ts";
import { allocateHost } from "./host-memory.ts";
import { fromNative } from "./native-access.ts";
import type { PlanExplanation } from "./types.ts";

export interface Emulate extends Emulation {
  /** Compiles and loads, once. */
  readonly kernel: (stage: ResolvedStage) => Promise<EmulatedKernel>;
}

/** A launch that has not ended by then never will; it would hold a thread of the process for ever. */
const TIMEOUT_MILLISECONDS = 60 * 60 * 1000;

/** An address for each of the caller's buffers that the plan's kernels take. */
type Pointers = Readonly<Record<string, bigint>>;

/** Errors: TK205, TK207, TK208, TK303, TK305. */
export async function prepareEmulatedPlan(emulate: Emulate, choice: Choice): Promise<BackendPlan<Pointers>> {
  const { resolved } = choice;
  // no rows: nothing is launched, so nothing is compiled
  if (resolved.request.rows === 0) return new EmulatedPlan(choice, emulate, [], null);
  const kernels = await Promise.all(resolved.stages.map((stage) => emulate.kernel(stage)));
  const workspace = resolved.workspaceBytes > 0 ? allocateHost(resolved.workspaceBytes) : null;
  const plan = new EmulatedPlan(choice, emulate, kernels, workspace);
  await plan.zeroState();
  return plan;
}

class EmulatedPlan implements BackendPlan<Pointers> {
  readonly explain: PlanExplanation;
  readonly storesAnswer: boolean;
  readonly #emulation: Emulation;
  readonly #resolved: ResolvedPlan;
  readonly #kernels: readonly EmulatedKernel[];
  readonly #workspace: BackendMemory | null;

  constructor(choice: Choice, emulation: Emulation, kernels: readonly EmulatedKernel[], workspace: BackendMemory | null) {
    this.explain = explanation(choice);
    this.storesAnswer = storesAnswer(choice.resolved);
    this.#emulation = emulation;
    this.#resolved = choice.resolved;
    this.#kernels = kernels;
    this.#workspace = workspace;
  }

  /** Errors: TK306 with the emulator's report, TK208 where a launch is impossible. */
  async run(_stream: BackendStream | null, pointers: Pointers): Promise<void> {
    for (const [at, kernel] of this.#kernels.entries()) {
      // one kernel for each stage, by construction
      const stage = this.#resolved.stages[at]!;
      const workspace = this.#workspace?.pointer ?? 0n;
      try {
        await kernel.launch(launchOf(stage, this.#resolved, this.#emulation, pointers, workspace));
      } catch (error) {
        // the launch was stopped in its middle
        await this.zeroState();
        throw withPlan(fromNative(error), stage, this.#emulation);
      }
    }
  }

  /** As state starts, and as every run leaves it. */
  async zeroState(): Promise<void> {
    for (const { offset, bytes, zeroed } of this.#resolved.workspace) if (zeroed) await this.#workspace?.write(offset, new Uint8Array(bytes), null);
  }

  capture(pointers: Pointers): BackendGraph {
    return { launch: (stream) => this.run(stream, pointers), close: () => {} };
  }

  close(): void {
    this.#workspace?.close();
  }
}

/** As the GPU is launched; the buffers with the extents that the kernel declares, to the byte. */
function launchOf(
  { kernel, launch, extents, arguments: parameters }: ResolvedStage,
  { request }: ResolvedPlan,
  { mode, seed }: Emulation,
  pointers: Pointers,
  workspace: bigint,
): EmulatedLaunch {
  const addressOf = (argument: (typeof parameters)[number]): bigint => {
    if (argument.kind === "shape") return BigInt(argument.value);
    if (argument.kind === "workspace") return workspace + BigInt(argument.offset);
    // by construction a name of CALLER_BUFFERS, or of SAMPLING_BUFFERS
    return pointers[argument.name]!;
  };
  const buffers = parameters.flatMap((argument) => {
    const buffer = argument.kind === "shape" ? undefined : kernel.buffers[argument.name];
    const pointer = addressOf(argument);
    if (buffer === undefined || pointer === 0n) return [];
    const bytes = (extents[argument.name] ?? 0) * elementBytes(buffer.element, request.dtype, request.indexBytes);
    return [{ name: argument.name, pointer, bytes, writable: buffer.dir !== "in" }];
  });
  return { ...launch, parameters: parameters.map(addressOf), buffers, checked: mode === "checked", seed, timeoutMilliseconds: TIMEOUT_MILLISECONDS };
}

/** A fault with what is needed to see it again. */
function withPlan(error: unknown, { kernel, tune }: ResolvedStage, { mode, seed }: Emulation): unknown {
  if (!(error instanceof TopkitError) || error.code !== "TK306") return error;
  const message = `${kernel.name} did wrong on the emulator (${mode}${seed === 0n ? "" : `, TOPKIT_EMULATE_SEED=${seed}`}): ${error.message}`;
  return new TopkitError("TK306", message, { kernel: kernel.name, config: tune, mode, seed, report: error.message }, { cause: error.cause });
}
