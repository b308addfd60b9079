/** Runs a kernel that draws from its own top-k on the emulator: any config's text, and files for its buffers. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rawBits } from "../../bench/reference.ts";
import { type AnyConfig, type AnyKernel, DTYPE_BYTES, elementBytes, plans, type Request, type ResolvedStage, resolve, spanOf } from "../../dsl/index.ts";
import type { EmulatorMode } from "../../native/emulator/toolchain.ts";
import { winner } from "../gpu/patterns.ts";
import { oracleTopk } from "../support/oracle.ts";
import { differenceOfSamples, expectedSample, type SampleAnswer, type SampleRows } from "../support/sample-rows.ts";
import { compileKernel, type Program, runJob, scratch } from "./emulator.ts";

const PER_ROW = ["temperature", "topP", "minP", "seeds", "offsets"] as const;
export const DRAW_OUTPUTS = ["indices", "tokens", "logprobs", "kept", "candidateLogprobs"] as const;

export interface DrawCase {
  readonly kernel: AnyKernel;
  readonly tune: AnyConfig;
  readonly given: Omit<SampleRows, "values" | "indices">;
  /** rowStride - cols; gaps, and what lies beyond a length, would win. */
  readonly gap?: number;
  readonly lengths?: Int32Array;
  readonly text: string;
  readonly seed?: number;
  readonly program?: Program;
  /** Optional buffers that are null. */
  readonly absent?: readonly string[];
  /** Folder for the compiled objects; default: one that lasts. */
  readonly cache?: string | undefined;
  /** Default: checked. */
  readonly mode?: EmulatorMode;
  /** For the compiler, behind the mode's own. */
  readonly flags?: readonly string[];
}

export type DrawAnswer = SampleAnswer & Pick<SampleRows, "indices">;

export const requestOf = ({ rows, cols, k, dtype }: Pick<SampleRows, "rows" | "cols" | "k" | "dtype">, gap = 0): Request => ({
  ...{ rows, cols, k, rowStride: cols + gap, dtype },
  ...{ order: "largest", indexBytes: 4 },
});

/** The launch of a kernel that draws, or undefined where it does not take the request or the config. */
export function drawStage(kernel: AnyKernel, tune: AnyConfig, request: Request): ResolvedStage | undefined {
  const plan = plans.map(({ draws }) => draws).find((draws) => draws?.stages[0] === kernel);
  if (plan === undefined) throw new Error(`no plan draws in ${kernel.name}`);
  const resolution = resolve(plan, request, { force: tune });
  return resolution.ok ? resolution.resolved.stages[0] : undefined;
}

/** What the oracle draws; dirt where an output is absent, which nobody writes. */
export function expectedDraw({ given, lengths, absent = [] }: Pick<DrawCase, "given" | "lengths" | "absent">): DrawAnswer {
  const topk = oracleTopk({ ...given, ...(lengths && { lengths }) });
  const expected = { ...expectedSample({ ...given, ...topk }), indices: topk.indices };
  for (const name of DRAW_OUTPUTS) {
    const { buffer, byteOffset, byteLength } = expected[name];
    if (absent.includes(name)) new Uint8Array(buffer, byteOffset, byteLength).fill(DIRT);
  }
  return expected;
}

/** What is wrong with the answer, or with the run, in words; undefined where every bit is the oracle's. */
export function drawDifference(draw: DrawCase): string | undefined {
  const wanted = expectedDraw(draw);
  const { status, text, read } = run(draw);
  if (status !== 0) return text || `ended with status ${status}`;
  const answer = { tokens: new Int32Array(read("tokens")), kept: new Int32Array(read("kept")) };
  const floats = { logprobs: new Float32Array(read("logprobs")), candidateLogprobs: new Float32Array(read("candidateLogprobs")) };
  const indices = new Int32Array(read("indices"));
  const at = indices.findIndex((index, place) => index !== wanted.indices[place]);
  return at < 0 ? differenceOfSamples({ ...answer, ...floats }, wanted) : `indices[${at}] is ${indices[at]}, not ${wanted.indices[at]}`;
}

/** What the kernel leaves unwritten is no answer. */
const DIRT = 0xcd;

/** `file` gives the path of a name, in a folder that outlives the run. */
export function drawJob(draw: Omit<DrawCase, "program">, file: (name: string) => string): readonly (readonly (string | number)[])[] {
  const { kernel, tune, given, gap = 0, lengths, text, seed = 0, absent = [], cache, mode = "checked", flags } = draw;
  const { rows, cols, k, dtype, data } = given;
  const request = requestOf(given, gap);
  const stage = drawStage(kernel, tune, request);
  if (stage === undefined) throw new Error(`${kernel.name} does not take ${JSON.stringify({ tune, request })}`);
  const x = (dtype === "f32" ? new Uint32Array(spanOf(request)) : new Uint16Array(spanOf(request))).fill(winner(dtype, "largest"));
  for (let row = 0; row < rows; row++) {
    const end = Math.min(Math.max(lengths?.[row] ?? cols, 0), cols);
    x.set(rawBits(data).subarray(row * cols, row * cols + end), row * request.rowStride);
  }
  writeFileSync(file("x"), x);
  for (const name of PER_ROW) writeFileSync(file(name), given[name]);
  if (lengths) writeFileSync(file("lengths"), lengths);
  writeFileSync(file("dirt"), new Uint8Array(rows * k * 4).fill(DIRT));
  const bytesOf = (name: string): number => stage.extents[name]! * elementBytes(kernel.buffers[name]!.element, dtype, 4);
  const inputs = ["x", ...PER_ROW, ...(lengths ? ["lengths"] : [])];
  const symbol = /\b(\w+_draw_\w+)\(/.exec(text)?.[1] ?? "";
  const { grid, block, cluster, sharedBytes } = stage.launch;
  return [
    // an odd start shows what relies on more than an element's alignment
    ...inputs.map((name) => ["buffer", name, bytesOf(name), name === "x" ? DTYPE_BYTES[dtype] : 0, file(name), "-"]),
    ...DRAW_OUTPUTS.map((name) => ["buffer", name, bytesOf(name), 0, file("dirt"), file(`${name}.out`)]),
    [
      ...["launch", compileKernel(`${symbol}.cu`, text, mode, cache, flags), symbol, `grid=${grid}`, `block=${block}`, `cluster=${cluster}`],
      ...[`shared=${sharedBytes}`, `seed=${seed}`, `checked=${Number(mode === "checked")}`, "--"],
      ...stage.arguments.map((argument) => {
        if (argument.kind === "shape") return argument.value;
        return absent.includes(argument.name) || (argument.name === "lengths" && !lengths) ? 0 : `@${argument.name}`;
      }),
    ],
  ];
}

function run({ program = "plain", ...draw }: DrawCase) {
  using folder = scratch();
  const file = (name: string): string => join(folder.path, name);
  const outcome = runJob(program, drawJob(draw, file));
  const outputs = new Map(outcome.status === 2 ? [] : DRAW_OUTPUTS.map((name) => [name as string, Uint8Array.from(readFileSync(file(`${name}.out`))).buffer]));
  return { ...outcome, read: (name: string): ArrayBuffer => outputs.get(name)! };
}
