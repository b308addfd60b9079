/** Runs sample_row alone on the emulator: the generated text of any config, and files for its buffers. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AnyConfig, DTYPE_BYTES, drawPlan, elementBytes, type Request, resolve, sampleRow } from "../../dsl/index.ts";
import type { EmulatorMode } from "../../native/emulator/toolchain.ts";
import type { SampleAnswer, SampleRows } from "../support/sample-rows.ts";
import { compileKernel, type Outcome, type Program, runJob, scratch } from "./emulator.ts";

const INPUTS = ["values", "indices", "temperature", "topP", "minP", "seeds", "offsets"] as const;
export const SAMPLE_OUTPUTS = ["tokens", "logprobs", "kept", "candidateLogprobs"] as const;

export interface SampleCase {
  readonly given: SampleRows;
  readonly tune: AnyConfig;
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

export interface SampleOutcome extends Outcome {
  readonly answer: SampleAnswer;
}

/** `file` gives the path of a name, in a folder that outlives the run. */
export function sampleJob(sample: Omit<SampleCase, "program">, file: (name: string) => string): readonly (readonly (string | number)[])[] {
  const { given, tune, text, seed = 0, absent = [], cache, mode = "checked", flags } = sample;
  const { rows, k, dtype } = given;
  const request: Request = { rows, cols: k, k, rowStride: k, dtype, order: "largest", indexBytes: 4 };
  const resolution = resolve(drawPlan, request, { force: tune });
  if (!resolution.ok) throw new Error(resolution.reason);
  const [stage] = resolution.resolved.stages;
  if (stage === undefined) throw new Error("a request without rows has no launch");
  const bytesOf = (name: string): number => stage.extents[name]! * elementBytes(sampleRow.buffers[name as "values"].element, dtype, 4);
  for (const name of INPUTS) {
    const { buffer, byteOffset, byteLength } = given[name];
    writeFileSync(file(name), new Uint8Array(buffer, byteOffset, byteLength));
  }
  // what the kernel leaves unwritten is no answer
  writeFileSync(file("dirt"), new Uint8Array(rows * k * 4 + 4).fill(0xcd));
  const symbol = /\b(sample_row_\w+)\(/.exec(text)?.[1] ?? "";
  const { grid, block, cluster, sharedBytes } = stage.launch;
  return [
    // an odd start shows what relies on more than an element's alignment
    ...INPUTS.map((name) => ["buffer", name, bytesOf(name), name === "values" ? DTYPE_BYTES[dtype] : 0, file(name), "-"]),
    ...SAMPLE_OUTPUTS.map((name) => ["buffer", name, bytesOf(name), 0, file("dirt"), file(`${name}.out`)]),
    [
      ...["launch", compileKernel(`${symbol}.cu`, text, mode, cache, flags), symbol, `grid=${grid}`, `block=${block}`, `cluster=${cluster}`],
      ...[`shared=${sharedBytes}`, `seed=${seed}`, `checked=${Number(mode === "checked")}`, "--"],
      ...stage.arguments.map((argument) => (argument.kind === "shape" ? argument.value : absent.includes(argument.name) ? 0 : `@${argument.name}`)),
    ],
  ];
}

export function runSample({ program = "plain", ...sample }: SampleCase): SampleOutcome {
  using folder = scratch();
  const file = (name: string): string => join(folder.path, name);
  const outcome = runJob(program, sampleJob(sample, file));
  const read = (name: string): ArrayBuffer => Uint8Array.from(readFileSync(file(`${name}.out`))).buffer;
  const answer = {
    ...{ tokens: new Int32Array(read("tokens")), logprobs: new Float32Array(read("logprobs")) },
    ...{ kept: new Int32Array(read("kept")), candidateLogprobs: new Float32Array(read("candidateLogprobs")) },
  };
  return { ...outcome, answer };
}
