/** Values that no caller should pass, and some that look as if one might. */
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { Mine } from "./fuzz.ts";

const refuse = (): never => {
  throw new Mine("mine");
};
const TRAPS = [
  "get",
  "set",
  "has",
  "ownKeys",
  "getPrototypeOf",
  "setPrototypeOf",
  "getOwnPropertyDescriptor",
  "defineProperty",
  "deleteProperty",
  "isExtensible",
];
const throwing = (target: object): object => new Proxy(target, Object.fromEntries(TRAPS.map((trap) => [trap, refuse])));

function detached<T extends ArrayBufferView>(array: T): T {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
  return array;
}
class Sub extends Float32Array {
  static get [Symbol.species]() {
    return Float64Array;
  }
}
/** In every Node that we run on, not yet in the library that TypeScript is told of. */
type Growing<T> = new (bytes: number, options: { maxByteLength: number }) => T;
const GrowingBuffer = ArrayBuffer as Growing<ArrayBuffer>;
const GrowingShared = SharedArrayBuffer as Growing<SharedArrayBuffer>;

/** Typed arrays and near misses, each made anew: four elements, or that is what they say. */
const ARRAYS: readonly (() => unknown)[] = [
  () => Float32Array.of(1, 2, 3, 4),
  () => Uint16Array.of(1, 2, 3, 4),
  () => Int32Array.of(1, 2, 3, 4),
  () => BigInt64Array.of(1n, 2n, 3n, 4n),
  () => Float64Array.of(1, 2, 3, 4),
  () => Uint8Array.of(1, 2, 3, 4),
  () => Buffer.from([1, 2, 3, 4]),
  () => new DataView(new ArrayBuffer(16)),
  () => new ArrayBuffer(16),
  () => new SharedArrayBuffer(16),
  () => new Float32Array(new SharedArrayBuffer(16)),
  () => new Uint16Array(new GrowingShared(8, { maxByteLength: 64 })),
  () => new Float32Array(new GrowingBuffer(16, { maxByteLength: 64 })),
  () => new Uint16Array(new GrowingBuffer(8, { maxByteLength: 64 }), 0, 4),
  () => detached(Float32Array.of(1, 2, 3, 4)),
  () => detached(Uint16Array.of(1, 2, 3, 4)),
  () => detached(Int32Array.of(1, 2, 3, 4)),
  () => new Float32Array(0),
  () => new Float32Array(new ArrayBuffer(20), 4),
  () => new Sub(4),
  () => Object.create(Float32Array.prototype),
  () => Object.create(Float32Array.of(1, 2, 3, 4)),
  () => Object.setPrototypeOf(Float64Array.of(1, 2, 3, 4), Float32Array.prototype),
  () => Object.setPrototypeOf(new DataView(new ArrayBuffer(16)), Float32Array.prototype),
  () => Object.setPrototypeOf(Float32Array.of(1, 2, 3, 4), null),
  () => Object.defineProperty(Float32Array.of(1, 2, 3, 4), "length", { value: 1_000_000 }),
  () => Object.defineProperty(Float32Array.of(1, 2, 3, 4), "byteLength", { value: 4_000_000 }),
  () => Object.defineProperty(Float32Array.of(1, 2, 3, 4), "buffer", { get: refuse }),
  () => Object.defineProperty(Uint16Array.of(1, 2, 3, 4), "subarray", { value: () => new Uint16Array(1_000_000) }),
  () => new Proxy(Float32Array.of(1, 2, 3, 4), {}),
  () => runInNewContext("Float32Array.of(1, 2, 3, 4)"),
  () => runInNewContext("new Float32Array(new SharedArrayBuffer(16))"),
];

const PLAIN: readonly (() => unknown)[] = [
  ...[undefined, null, true, false, "", "f32", "bf16", "largest", "cpu", "i64", "\u0000", "__proto__", "1", "a".repeat(1000)].map((value) => () => value),
  ...[0, -0, 1, 2, 4, -1, 0.5, 1e21, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53, Number.MAX_VALUE, Number.NaN, Number.POSITIVE_INFINITY].map(
    (value) => () => value,
  ),
  ...[0n, 1n, -1n, 2n ** 63n, 2n ** 64n, 2n ** 200n].map((value) => () => value),
  () => Symbol("mine"),
  () => Symbol.iterator,
  () => () => 4,
  () => class {},
  () => [],
  () => [2, 2],
  () => [Symbol("mine"), 1n, Object.create(null)],
  () => Object.assign([2, 2], { [Symbol.iterator]: refuse }),
  () => new Array(100_000).fill("x"),
  () => ({}),
  () => Object.create(null),
  () => ({ constructor: { name: Symbol("mine") } }),
  () => ({ constructor: null }),
  () => ({
    get constructor() {
      return refuse();
    },
  }),
  () => ({ valueOf: () => 2, toString: refuse }),
  () => ({ [Symbol.toPrimitive]: () => 2 }),
  () => ({ pointer: 16n, shape: [2, 2], dtype: "f32" }),
  () => Object.defineProperty({}, "k", { get: refuse, enumerable: true }),
  () => throwing({}),
  () => throwing([]),
  () => throwing(() => 4),
  () => new Proxy([2, 2], { get: (target, name) => (name === "length" ? 2 ** 31 : Reflect.get(target, name)) }),
  () => new Date(Number.NaN),
  () => /x/,
  () => new Error("mine"),
  () => Promise.resolve(4),
  () => new WeakMap(),
];

/** What a case is drawn as: fast-check could neither keep nor print the values themselves. make() makes them, anew for each try. */
interface Recipe {
  readonly made: string;
}
const NAMED: ReadonlyMap<string, () => unknown> = new Map([...PLAIN, ...ARRAYS].map((maker, place) => [`${place} ${maker}`, maker]));
const isRecipe = (drawn: object): drawn is Recipe => "made" in drawn;

/** The values of a case: recipes made, in lists and records too. */
export function make(drawn: unknown): unknown {
  if (typeof drawn !== "object" || drawn === null || ArrayBuffer.isView(drawn)) return drawn;
  if (isRecipe(drawn)) return NAMED.get(drawn.made)?.();
  if (Array.isArray(drawn)) return drawn.map(make);
  return Object.fromEntries(Object.entries(drawn).map(([name, value]) => [name, make(value)]));
}

const recipes = [...NAMED.keys()].map((made): Recipe => ({ made }));
export const hostileArrays = fc.constantFrom(...recipes.slice(PLAIN.length));
export const hostile = fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...recipes.slice(0, PLAIN.length)) }, hostileArrays);

/** Mostly one of the usual values, otherwise anything. */
export const mostly = (...usual: readonly unknown[]): fc.Arbitrary<unknown> => fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...usual) }, hostile);

/** Some of the fields, each mostly as usual, now and then one that is not known, and now and then no object at all. */
export function options(usual: Readonly<Record<string, readonly unknown[]>>): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(Object.entries(usual).map(([name, values]) => [name, mostly(...values)]));
  const known = fc.record(fields, { requiredKeys: [] });
  return fc.oneof(
    { weight: 12, arbitrary: known },
    fc.tuple(known, hostile).map(([record, strange]) => ({ ...record, strange })),
    hostile,
  );
}
