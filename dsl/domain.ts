/** Domains: the finite sets that a spec or a tunable draws its values from. */

export type Scalar = number | string | boolean;

/** A finite, ordered set of values. The order is the order of enumeration. */
export interface Domain<T extends Scalar> {
  readonly values: readonly T[];
}

export type Domains = Readonly<Record<string, Domain<Scalar>>>;

/** One value for each domain. */
export type ValuesOf<D extends Domains> = { readonly [K in keyof D]: D[K]["values"][number] };

/** Exactly these values. */
export function oneOf<const T extends Scalar>(...values: readonly [T, ...T[]]): Domain<T> {
  return Object.freeze({ values: Object.freeze(values) });
}

/** The powers of two from `lo` to `hi`, both included; both must be powers of two. */
export function pow2(lo: number, hi: number): Domain<number> {
  for (const bound of [lo, hi]) {
    if (!Number.isSafeInteger(Math.log2(bound)) || bound < 1) {
      throw new RangeError(`pow2(${lo}, ${hi}): ${bound} is not a power of two; give powers of two from 1 up`);
    }
  }
  if (lo > hi) throw new RangeError(`pow2(${lo}, ${hi}): the lower bound is above the upper one; swap them`);
  const values: number[] = [];
  for (let value = lo; value <= hi; value *= 2) values.push(value);
  return Object.freeze({ values: Object.freeze(values) });
}

/** Every combination of the domains' values, the last domain turning fastest. */
export function* combinations<D extends Domains>(domains: D): Generator<ValuesOf<D>> {
  const names = Object.keys(domains);
  function* extend(depth: number, partial: Record<string, Scalar>): Generator<Record<string, Scalar>> {
    const name = names[depth];
    if (name === undefined) {
      yield { ...partial };
      return;
    }
    for (const value of domains[name]?.values ?? []) yield* extend(depth + 1, { ...partial, [name]: value });
  }
  // The generator builds exactly one value for each name of D, which the type system cannot follow.
  yield* extend(0, {}) as Generator<ValuesOf<D>>;
}
