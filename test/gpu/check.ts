/** Bit-for-bit comparison with the reference, and intact guards. Each throws a Mismatch that says where. */
import { type ReferenceResult, rawBits } from "../../bench/reference.ts";
import type { HostArray, IndexArray } from "../../runtime/index.ts";

export class Mismatch extends Error {}

export interface Answer {
  readonly values: HostArray;
  readonly indices: IndexArray;
}

const hex = (bits: number | bigint): string => `0x${bits.toString(16)}`;

/** `answer` holds rows x k, `expected` rows x kept with k <= kept. */
export function checkAnswer(answer: Answer, rows: number, k: number, expected: ReferenceResult, kept: number): void {
  if (answer.values.length !== rows * k) throw new Mismatch(`${answer.values.length} values, not ${rows} x ${k}`);
  if (answer.indices.length !== rows * k) throw new Mismatch(`${answer.indices.length} indices, not ${rows} x ${k}`);
  const [values, wanted] = [rawBits(answer.values), rawBits(expected.values)];
  for (let row = 0; row < rows; row++) {
    for (let place = 0; place < k; place++) {
      const [at, there] = [row * k + place, row * kept + place];
      if (values[at] === wanted[there] && Number(answer.indices[at]) === expected.indices[there]) continue;
      throw new Mismatch(
        `row ${row}, place ${place}: value ${hex(values[at]!)} of column ${answer.indices[at]}, expected ${hex(wanted[there]!)} of column ${expected.indices[there]}`,
      );
    }
  }
}

type Bits = Uint16Array | Uint32Array | BigUint64Array;

const bytesOf = (bits: Bits): Uint8Array => new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength);

function bitsOf(data: HostArray | IndexArray): Bits {
  if (data instanceof BigInt64Array) return new BigUint64Array(data.buffer, data.byteOffset, data.length);
  if (data instanceof Int32Array) return new Uint32Array(data.buffer, data.byteOffset, data.length);
  return rawBits(data);
}

/** Every element of `actual` has the bits that `expected` has. */
export function checkUntouched(what: string, actual: HostArray | IndexArray, expected: HostArray | IndexArray): void {
  const [now, before] = [bitsOf(actual), bitsOf(expected)];
  if (now.length !== before.length) throw new Mismatch(`${what}: ${now.length} elements, not ${before.length}`);
  if (Buffer.compare(bytesOf(now), bytesOf(before)) === 0) return;
  for (let at = 0; at < now.length; at++) {
    if (now[at] !== before[at]) throw new Mismatch(`${what} was changed: element ${at} of ${now.length} is ${hex(now[at]!)} and was ${hex(before[at]!)}`);
  }
}
