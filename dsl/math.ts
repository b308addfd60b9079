/** Integer arithmetic that declarations share. All arguments are non-negative safe integers. */

export const ceilDiv = (a: number, b: number): number => Math.ceil(a / b);

export const roundUp = (value: number, multiple: number): number => ceilDiv(value, multiple) * multiple;

/** The least power of two that is >= value; 1 for 0 and 1. */
export function nextPow2(value: number): number {
  let power = 1;
  while (power < value) power *= 2;
  return power;
}
