/** The input of a command: a file's tensor, or logits of its own. */
import path from "node:path";
import { makeInput } from "../bench/workloads.ts";
import type { Dtype } from "../dsl/index.ts";
import { TopkitError } from "../runtime/errors.ts";
import type { HostArray } from "../runtime/types.ts";
import { type NpyType, readNpy } from "./npy.ts";
import { readSafetensors } from "./safetensors.ts";

export interface Input {
  /** What it is, in words. */
  readonly title: string;
  readonly data: HostArray;
  /** The last is cols; the others flatten to rows. */
  readonly dims: readonly number[];
  readonly dtype: Dtype;
}

/** Next-token logits of four sequences, of a vocabulary as GPT-2's padded to 50304. */
export const DEMO = { rows: 4, cols: 50304, k: 50, dtype: "bf16", seed: 1 } as const;

function demoInput(dtype: Dtype = DEMO.dtype): Input {
  const { rows, cols, seed } = DEMO;
  return { title: `made-up language model logits, seed ${seed}`, data: makeInput({ rows, cols, dtype, dist: "llm", seed }), dims: [rows, cols], dtype };
}

export interface Source {
  readonly input?: string;
  readonly demo?: boolean;
  readonly tensor?: string;
  readonly dtype?: Dtype;
  readonly k?: number;
}

/** A file's tensor or the demo's, which has a k of its own. Errors: TK101, and those of readInput(). */
export async function readSource(command: string, { input: file, demo = false, tensor, dtype, k = demo ? DEMO.k : undefined }: Source) {
  const wrong = (message: string): TopkitError => new TopkitError("TK101", message);
  if ((file === undefined) !== demo) throw wrong(`${command} takes one of --input FILE and --demo`);
  if (k === undefined) throw wrong("--k is missing; give how many of each row, from 1 to its columns");
  if (file !== undefined) return { input: await readInput(file, tensor, dtype), k };
  if (tensor !== undefined) throw wrong(`--tensor ${tensor}: the demo has no names; leave --tensor out`);
  return { input: demoInput(dtype), k };
}

/** Errors: TK501 to TK505; TK103 where --dtype is at odds with the file; TK101 for --tensor without a .safetensors. */
export async function readInput(file: string, tensor: string | undefined, dtype: Dtype | undefined): Promise<Input> {
  switch (path.extname(file)) {
    case ".npy":
      if (tensor !== undefined) throw new TopkitError("TK101", `--tensor ${tensor}: a .npy file has no names; leave --tensor out`, { tensor });
      return readNpyInput(file, dtype);
    case ".safetensors": {
      const found = await readSafetensors(file, tensor);
      checkDtype(file, found.dtype, dtype);
      return { title: `${file}, tensor "${found.name}"`, data: found.data, dims: checkDims(file, found.shape), dtype: found.dtype };
    }
    default:
      throw new TopkitError("TK501", `${file} is neither .npy nor .safetensors, which are what topkit reads; convert it`, { file });
  }
}

const NPY_DTYPES: Readonly<Partial<Record<NpyType, Dtype>>> = { "<f4": "f32", "<f2": "f16" };

async function readNpyInput(file: string, asked: Dtype | undefined): Promise<Input> {
  const { type, shape, data } = await readNpy(file);
  const dims = checkDims(file, shape);
  if (data instanceof Int32Array || data instanceof BigInt64Array) {
    throw new TopkitError("TK503", `${file}: its dtype is '${type}'; <f4, <f2 and <u2 (16-bit floats as bits) are taken: convert it with .astype('<f4')`, {
      file,
      type,
    });
  }
  const own = NPY_DTYPES[type];
  if (own !== undefined) {
    checkDtype(file, own, asked);
    return { title: file, data, dims, dtype: own };
  }
  if (asked !== "f16" && asked !== "bf16") {
    throw new TopkitError("TK103", `${file} holds uint16; say with --dtype bf16 or --dtype f16 what its bits are`, { file, dtype: asked });
  }
  return { title: file, data, dims, dtype: asked };
}

function checkDtype(file: string, own: Dtype, asked: Dtype | undefined): void {
  if (asked !== undefined && asked !== own)
    throw new TopkitError("TK103", `${file} holds ${own}, --dtype says ${asked}; leave --dtype out`, { file, own, asked });
}

function checkDims(file: string, dims: readonly number[]): readonly number[] {
  if (dims.length === 0) throw new TopkitError("TK104", `${file} holds a single number; rows of one or more columns are needed`, { file });
  return dims;
}

/** Row lengths: int32, one a row. Errors: TK108, TK501 to TK503. */
export async function readLengths(file: string): Promise<Int32Array> {
  const { data, type } = await readNpy(file);
  if (!(data instanceof Int32Array))
    throw new TopkitError("TK108", `${file}: its dtype is '${type}'; lengths are '<i4': convert them with .astype('<i4')`, { file, type });
  return data;
}
