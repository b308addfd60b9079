/** Type-level checks: a file that uses them is tested by being compiled (npm run check). */

/** Exactly the same type, modifiers included. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Flattens intersections, so that they can be compared with a plain object type. */
export type Flat<T> = { [K in keyof T]: T[K] } & {};

/** Does not compile unless its argument is `true`. */
export type Assert<T extends true> = T;
