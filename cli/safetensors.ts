/** The .safetensors format: a JSON header of names, dtypes, shapes and offsets, then the data. https://github.com/huggingface/safetensors#format */
import type { Dtype } from "../dsl/index.ts";
import { shown, TopkitError } from "../runtime/errors.ts";
import { type Source, withSource } from "./files.ts";

/** The format's own limit. */
const MAX_HEADER_BYTES = 100_000_000;
const DTYPES: Readonly<Record<string, Dtype>> = { F32: "f32", F16: "f16", BF16: "bf16" };
const NAMES_SHOWN = 20;
const DIMS_SHOWN = 8;

export interface Tensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** f16 and bf16 as raw bits. */
  readonly data: Float32Array | Uint16Array;
}

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** One tensor; without a name, the only one. Reads the header and that tensor's bytes. Errors: TK501, TK504, TK505. */
export function readSafetensors(path: string, name: string | undefined): Promise<Tensor> {
  return withSource(path, async (source) => {
    const { entries, dataStart } = await readEntries(source);
    const entry = choose(path, entries, name);
    const dtype = DTYPES[entry.dtype];
    if (dtype === undefined)
      throw new TopkitError("TK505", `${path}: tensor ${shown(entry.name)} is ${entry.dtype.slice(0, 20)}; F32, F16 and BF16 are taken: convert it`, { path });
    const buffer = await source.read(dataStart + entry.begin, entry.end - entry.begin);
    return { name: entry.name, dtype, shape: entry.shape, data: dtype === "f32" ? new Float32Array(buffer) : new Uint16Array(buffer) };
  });
}

function choose(path: string, entries: readonly Entry[], name: string | undefined): Entry {
  const list = entries.slice(0, NAMES_SHOWN).map((entry) => shown(entry.name));
  const names = `${list.join(", ")}${entries.length > NAMES_SHOWN ? ` and ${entries.length - NAMES_SHOWN} more` : ""}`;
  if (name === undefined) {
    const [only, ...others] = entries;
    if (only !== undefined && others.length === 0) return only;
    throw new TopkitError("TK505", `${path} has ${entries.length} tensors; name one with --tensor: ${names || "there is none"}`, { path });
  }
  const entry = entries.find((each) => each.name === name);
  if (entry === undefined) throw new TopkitError("TK505", `${path} has no tensor ${shown(name)}; it has ${names || "none"}`, { path, name });
  return entry;
}

async function readEntries(source: Source): Promise<{ entries: readonly Entry[]; dataStart: number }> {
  const malformed = (why: string): TopkitError =>
    new TopkitError("TK504", `${source.path} is no whole .safetensors file: ${why}; save or download it again`, { path: source.path });
  if (source.bytes < 8) throw malformed(`it has ${source.bytes} bytes`);
  const length = Buffer.from(await source.read(0, 8)).readBigUInt64LE(0);
  if (length > MAX_HEADER_BYTES) throw malformed(`a header of ${length} bytes is beyond the format's ${MAX_HEADER_BYTES}`);
  const dataStart = 8 + Number(length);
  if (dataStart > source.bytes) throw malformed(`its header of ${length} bytes is cut off`);
  const dataBytes = source.bytes - dataStart;

  const entries = Object.entries(parse(Buffer.from(await source.read(8, Number(length))).toString("utf8"), malformed)).flatMap(([name, value]) =>
    name === "__metadata__" ? [] : [checkEntry(name, value, dataBytes, malformed)],
  );
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  for (const [place, entry] of entries.entries()) {
    const before = entries[place - 1];
    if (before !== undefined && entry.begin < before.end) throw malformed(`tensors ${shown(before.name)} and ${shown(entry.name)} overlap`);
  }
  return { entries, dataStart };
}

type Malformed = (why: string) => TopkitError;

function parse(text: string, malformed: Malformed): object {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (cause) {
    throw malformed(`its header is no JSON (${(cause as Error).message})`);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) throw malformed("its header is no JSON object");
  // the format forbids a name twice; JSON.parse() would take the last one
  if (countNames(text) !== Object.keys(header).length) throw malformed("its header names a tensor twice");
  return header;
}

/** The colons of valid JSON that stand outside strings, in the outermost object. */
function countNames(text: string): number {
  let depth = 0;
  let names = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') quoted = !quoted;
    else if (quoted) at += character === "\\" ? 1 : 0;
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") depth -= 1;
    else if (character === ":" && depth === 1) names += 1;
  }
  return names;
}

function checkEntry(name: string, value: unknown, dataBytes: number, malformed: Malformed): Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const naturals = (list: unknown): list is number[] => Array.isArray(list) && list.every((each) => Number.isSafeInteger(each) && each >= 0);
  if (typeof dtype !== "string" || !naturals(shape) || !naturals(offsets) || offsets.length !== 2)
    throw malformed(`the header of tensor ${shown(name)} lacks dtype, shape or data_offsets`);
  const [begin = 0, end = 0] = offsets;
  if (begin > end || end > dataBytes) throw malformed(`tensor ${shown(name)} lies at bytes ${begin} to ${end} of ${dataBytes}`);
  const known = DTYPES[dtype];
  if (known !== undefined) {
    const needed = shape.reduce((product, dim) => product * dim, known === "f32" ? 4 : 2);
    if (needed !== end - begin)
      throw malformed(
        `tensor ${shown(name)} of shape [${shape.slice(0, DIMS_SHOWN).join(", ")}${shape.length > DIMS_SHOWN ? ", ..." : ""}] ${dtype} needs ${needed} bytes, it has ${end - begin}`,
      );
  }
  return { name, dtype, shape, begin, end };
}
