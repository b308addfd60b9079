/**
 * Typed arrays as the engine knows them. A class's prototype, a `length` of the object's own or a subclass may say anything, and an array of
 * another realm (a test runner's, say) is no `instanceof` ours: the engine's own getters are right about all of them.
 */

type Getter = (this: unknown) => unknown;
const getter = (name: PropertyKey): Getter => Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), name)!.get!;
const tag = getter(Symbol.toStringTag);
const buffer = getter("buffer") as (this: unknown) => ArrayBufferLike;
const byteOffset = getter("byteOffset") as (this: unknown) => number;
const length = getter("length") as (this: unknown) => number;

/** "Float32Array" and the like; undefined for what is no typed array. */
export const typeOf = (value: unknown): string | undefined => tag.call(value) as string | undefined;

/** Of what typeOf() names. */
export const bufferOf = (array: unknown): ArrayBufferLike => buffer.call(array);

/** A plain view of the same elements. The memory is attached. */
export function plainView<T>(array: unknown, type: new (memory: ArrayBufferLike, offset: number, elements: number) => T): T {
  return new type(buffer.call(array), byteOffset.call(array), length.call(array));
}
