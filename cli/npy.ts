/**
 * NumPy's .npy format, versions 1 to 3: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 * Little-endian f4, f2, u2 (and i4, i8 for lengths and indices), C order.
 */
import { TopkitError } from "../runtime/errors.ts";
import { type Source, withSource, writeWhole } from "./files.ts";

const MAGIC = "\x93NUMPY";
/** Far above any header of a plain array; NumPy itself refuses above 10,000 unless told otherwise. */
const MAX_HEADER_BYTES = 2 ** 20;
const DIMS_SHOWN = 8;

const TYPES = { "<f4": Float32Array, "<f2": Uint16Array, "<u2": Uint16Array, "<i4": Int32Array, "<i8": BigInt64Array } as const;
export type NpyType = keyof typeof TYPES;
export type NpyArray = Float32Array | Uint16Array | Int32Array | BigInt64Array;

export interface Npy {
  readonly type: NpyType;
  readonly shape: readonly number[];
  /** Elements in C order; f2 and u2 as raw bits. */
  readonly data: NpyArray;
}

/** Errors: TK501, TK502 where the file is malformed or truncated, TK503 for a dtype or an order that is not taken. */
export function readNpy(path: string): Promise<Npy> {
  return withSource(path, async (source) => {
    const { text, dataStart } = await readHeader(source);
    const { type, shape } = parseHeader(path, text);
    const length = shape.reduce((product, dim) => product * dim, 1);
    const bytes = length * TYPES[type].BYTES_PER_ELEMENT;
    if (!Number.isSafeInteger(bytes) || dataStart + bytes > source.bytes) {
      throw new TopkitError(
        "TK502",
        `${path} is truncated: shape (${shape.slice(0, DIMS_SHOWN).join(", ")}${shape.length > DIMS_SHOWN ? ", ..." : ""}) of ${type} needs ${bytes} bytes of data, the file has ${source.bytes - dataStart}`,
        { path },
      );
    }
    return { type, shape, data: new TYPES[type](await source.read(dataStart, bytes)) };
  });
}

async function readHeader(source: Source): Promise<{ text: string; dataStart: number }> {
  const malformed = (why: string): TopkitError =>
    new TopkitError("TK502", `${source.path} is no .npy file: ${why}; write it with numpy.save()`, { path: source.path });
  if (source.bytes < 10) throw malformed(`it has ${source.bytes} bytes`);
  const fixed = Buffer.from(await source.read(0, Math.min(12, source.bytes)));
  if (fixed.toString("latin1", 0, 6) !== MAGIC) throw malformed("it does not begin with \\x93NUMPY");
  const version = fixed[6];
  if (version !== 1 && version !== 2 && version !== 3) throw malformed(`format version ${version} is unknown, 1 to 3 are read`);
  if (version > 1 && source.bytes < 12) throw malformed("the header is cut off");
  const start = version === 1 ? 10 : 12;
  const length = version === 1 ? fixed.readUInt16LE(8) : fixed.readUInt32LE(8);
  if (length > MAX_HEADER_BYTES) throw malformed(`a header of ${length} bytes is beyond ${MAX_HEADER_BYTES}`);
  if (start + length > source.bytes) throw malformed("the header is cut off");
  const header = Buffer.from(await source.read(start, length));
  return { text: header.toString(version === 3 ? "utf8" : "latin1"), dataStart: start + length };
}

/** An entry of the header; of a list, which only a record's dtype is, the beginning. */
const ENTRY = /\s*'(descr|fortran_order|shape)'\s*:\s*('[^']*'|True|False|\((?:\s*\d+L?\s*,)*(?:\s*\d+L?)?\s*\)|\[)\s*(?:,\s*|(?=\}))?/y;

/** The header is a Python dictionary literal of three known keys, each once, in any order. */
function parseHeader(path: string, text: string): { type: NpyType; shape: number[] } {
  const fields: { descr?: string; fortran_order?: string; shape?: string } = {};
  const malformed = (): TopkitError =>
    new TopkitError("TK502", `${path}: the .npy header lacks descr, fortran_order or shape, or has more: ${JSON.stringify(text.slice(0, 80))}`, { path });
  let end = text.startsWith("{") ? 1 : text.length;
  for (ENTRY.lastIndex = end; ; end = ENTRY.lastIndex) {
    const [, name, value = ""] = ENTRY.exec(text) ?? [];
    if (name === undefined) break;
    if (name in fields) throw malformed();
    fields[name as keyof typeof fields] = value;
    if (value === "[") break;
  }
  const { descr, fortran_order: fortran, shape: dims } = fields;
  if (descr === "[") throw unknownType(path, "a record");
  if (!descr?.startsWith("'") || !/^(True|False)$/.test(fortran ?? "") || !dims?.startsWith("(") || text.slice(end).trim() !== "}") throw malformed();
  const type = descr.slice(1, -1);
  if (!Object.hasOwn(TYPES, type)) throw unknownType(path, `'${type.slice(0, 20)}'`);
  const shape = dims
    .slice(1, -1)
    .split(",")
    .flatMap((dim) => (dim.trim() === "" ? [] : [Number.parseInt(dim, 10)]));
  // a vector has both orders
  if (fortran === "True" && shape.filter((dim) => dim !== 1).length > 1) {
    throw new TopkitError("TK503", `${path} is in Fortran order, rows are not contiguous; save numpy.ascontiguousarray() of it`, { path });
  }
  return { type: type as NpyType, shape };
}

const unknownType = (path: string, given: string): TopkitError =>
  new TopkitError("TK503", `${path}: its dtype is ${given}; ${Object.keys(TYPES).join(", ")} are taken: convert it with .astype('<f4')`, { path, type: given });

/** Errors: TK506. */
export async function writeNpy(path: string, { type, shape, data }: Npy): Promise<void> {
  const shapeText = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dictionary = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shapeText}), }`;
  // data starts at a multiple of 64 bytes; the header ends in a newline
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10;
  const header = Buffer.from(`${MAGIC}\x01\x00\x00\x00${dictionary.padEnd(length - 1)}\n`, "latin1");
  header.writeUInt16LE(length, 8);
  await writeWhole(path, [header, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}
