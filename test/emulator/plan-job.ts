/** Runs a whole plan on the emulator: what dsl/ says of its launches, the generated text of its kernels, and files for its buffers. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  DTYPE_BYTES,
  operandBuffer,
  type Plan,
  type Prologue,
  plans,
  type Request,
  type ResolvedPlan,
  type ResolvedStage,
  resolve,
  type Scalar,
  spanOf,
  variantSymbol,
} from "../../dsl/index.ts";
import type { EmulatorMode } from "../../native/emulator/toolchain.ts";
import { type OracleResult, oracleTopk, rawBits } from "../support/oracle.ts";
import { compileKernel, type Outcome, type Program, runJob, scratch } from "./emulator.ts";

const KERNELS = fileURLToPath(new URL("../../generated/kernels/", import.meta.url));

export interface PlanCase {
  readonly plan: string;
  readonly request: Request;
  readonly force?: Readonly<Record<string, Scalar>>;
  readonly data: Float32Array | Uint16Array;
  /** With the values of its operands, by name. */
  readonly prologue?: Prologue & { readonly values: Readonly<Record<string, Float32Array>> };
  readonly lengths?: Int32Array;
  /** Bytes that x begins behind a 256-byte boundary. */
  readonly skew?: number;
  readonly seed?: number;
  readonly mode?: EmulatorMode | ((stage: ResolvedStage) => EmulatorMode);
  readonly program?: Program;
  /** A stage's text; default: what generated/ ships. */
  readonly source?: (stage: ResolvedStage) => string;
  /** For the compiler, behind the mode's own. */
  readonly flags?: (stage: ResolvedStage) => readonly string[];
  /** Folder for a stage's compiled object; default: one that lasts. */
  readonly cache?: (stage: ResolvedStage) => string | undefined;
  /** Milliseconds until a launch is ended with a report of where it waits; a loop that never yields is killed at twice that, and throws ETIMEDOUT. */
  readonly timeout?: number;
  /** Changes a kernel's text before it is compiled. */
  readonly mutate?: (text: string, symbol: string) => string;
  /** Runs of the launches more than one, for their time. */
  readonly repeat?: number;
}

export interface PlanOutcome extends Outcome {
  readonly values: Uint32Array | Uint16Array;
  readonly indices: Int32Array | BigInt64Array;
  /** Buffers of state that a run did not leave zero. */
  readonly stateLeft: readonly string[];
}

export function resolved({ plan: name, request, force, prologue }: Pick<PlanCase, "plan" | "request" | "force" | "prologue">): ResolvedPlan {
  const plan = plans.find((each: Plan) => each.name === name);
  if (!plan) throw new Error(`no plan "${name}"`);
  const resolution = resolve(plan, request, { force, prologue });
  if (!resolution.ok) throw new Error(resolution.reason);
  return resolution.resolved;
}

/** Its buffers' files are written; paths of compiled objects are in its lines. */
export interface PlanJob {
  readonly lines: readonly (readonly (string | number)[])[];
  readonly state: readonly string[];
}

/** `file` gives the path of a name, in a folder that outlives the run. */
export function planJob(given: PlanCase, file: (name: string) => string): PlanJob {
  const { request, data, lengths, skew = 0, seed = 0, mode = "checked", mutate = (text) => text, repeat, source = shipped, cache, flags, timeout } = given;
  const { stages, workspace, request: compared } = resolved(given);
  const elementBytes = DTYPE_BYTES[request.dtype];
  const answers = request.rows * request.k;
  writeFileSync(file("x"), new Uint8Array(data.buffer, data.byteOffset, spanOf(request) * elementBytes));
  // what a kernel leaves unwritten is no answer
  writeFileSync(file("dirt"), new Uint8Array(Math.max(answers * 8, ...workspace.map(({ bytes }) => bytes))).fill(0xcd));
  const state = workspace.filter(({ zeroed }) => zeroed);
  writeFileSync(file("zeros"), new Uint8Array(Math.max(0, ...state.map(({ bytes }) => bytes))));
  const lines: (string | number)[][] = [
    ["buffer", "x", spanOf(request) * elementBytes, skew, file("x"), "-"],
    ["buffer", "values", answers * DTYPE_BYTES[compared.dtype], 0, file("dirt"), file("values")],
    ["buffer", "indices", answers * request.indexBytes, 0, file("dirt"), file("indices")],
    ...workspace.map(({ name, bytes, zeroed }) => ["buffer", name, bytes, 0, file(zeroed ? "zeros" : "dirt"), zeroed ? file(`${name}.state`) : "/dev/null"]),
  ];
  for (const [name, values] of Object.entries(given.prologue?.values ?? {})) {
    const buffer = operandBuffer(name);
    writeFileSync(file(buffer), values);
    lines.push(["buffer", buffer, values.byteLength, 0, file(buffer), "-"]);
  }
  if (lengths) {
    writeFileSync(file("lengths"), lengths);
    lines.push(["buffer", "lengths", lengths.byteLength, 0, file("lengths"), "-"]);
  }
  for (const stage of stages) {
    const { kernel, spec, tune, launch, arguments: parameters } = stage;
    const symbol = variantSymbol(kernel, spec, tune);
    const text = mutate(source(stage), symbol);
    const stageMode = typeof mode === "string" ? mode : mode(stage);
    lines.push([
      "launch",
      compileKernel(`${symbol}.cu`, text, stageMode, cache?.(stage), flags?.(stage)),
      symbol,
      `grid=${launch.grid}`,
      `block=${launch.block}`,
      `cluster=${launch.cluster}`,
      `shared=${launch.sharedBytes}`,
      `seed=${seed}`,
      `timeout=${timeout ?? 0}`,
      `checked=${Number(stageMode === "checked")}`,
      "--",
      ...parameters.map((parameter) => {
        if (parameter.kind === "shape") return parameter.value;
        return parameter.name === "lengths" && !lengths ? 0 : `@${parameter.name}`;
      }),
    ]);
    if (repeat !== undefined) lines.push(["repeat", repeat]);
  }
  return { lines, state: state.map(({ name }) => name) };
}

export function runPlan(given: PlanCase): PlanOutcome {
  const { request, program = "plain", timeout } = given;
  using folder = scratch();
  const file = (name: string): string => join(folder.path, name);
  const { lines, state } = planJob(given, file);
  const outcome = runJob(program, lines, timeout && 2 * timeout);
  const read = (name: string): ArrayBuffer => (outcome.status === 2 ? new ArrayBuffer(0) : Uint8Array.from(readFileSync(file(name))).buffer);
  return {
    ...outcome,
    values: resolved(given).request.dtype === "f32" ? new Uint32Array(read("values")) : new Uint16Array(read("values")),
    indices: request.indexBytes === 8 ? new BigInt64Array(read("indices")) : new Int32Array(read("indices")),
    stateLeft: state.filter((name) => new Uint8Array(read(`${name}.state`)).some((byte) => byte !== 0)),
  };
}

const shipped = ({ kernel, spec, tune }: ResolvedStage): string => readFileSync(join(KERNELS, `${variantSymbol(kernel, spec, tune)}.cu`), "utf8");

/** The oracle's answer for the same case, as bits. */
export function expectedOf({ request, data, lengths }: PlanCase): { values: Uint32Array | Uint16Array; indices: Int32Array | BigInt64Array } {
  const { values, indices }: OracleResult = oracleTopk({ ...request, data, ...(lengths && { lengths }) });
  return { values: rawBits(values), indices: request.indexBytes === 8 ? BigInt64Array.from(indices, BigInt) : indices };
}
