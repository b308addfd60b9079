/** What the GPU suite is made of: cases, which are data, and scenarios, which are functions. */
import type { Dtype, Order } from "../../dsl/index.ts";
import type { ConfigValues, Device } from "../../runtime/index.ts";
import type { PatternName } from "./patterns.ts";

export interface TopkCase {
  readonly group: string;
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly dtype: Dtype;
  readonly order: Order;
  readonly pattern: PatternName;
  /** rowStride - cols; the gap is filled with elements that would win. Default 0. */
  readonly gap?: number;
  /** Elements that x's base lies behind a 256-byte boundary. Default 0. */
  readonly offset?: number;
  /** Row lengths: short, empty, negative, past the end; what lies beyond them would win. Default: none. */
  readonly lengths?: boolean;
  /** Default "i32". */
  readonly indices?: "i32" | "i64";
  /** A plan by name; absent: the runtime chooses. */
  readonly plan?: string;
  /** With `plan`: its tunables. */
  readonly config?: ConfigValues;
  /** Belongs to the small subset for compute-sanitizer. */
  readonly quick?: boolean;
}

/** Something that a single run does not show: streams, graphs, repeats. Throws where it finds a fault. */
export interface Scenario {
  readonly group: string;
  readonly name: string;
  readonly quick?: boolean;
  run(context: ScenarioContext): Promise<void>;
}

export const SUITE_BACKENDS = ["cuda", "cpu", "emulate"] as const;
export type SuiteBackend = (typeof SUITE_BACKENDS)[number];

export interface ScenarioContext {
  readonly device: Device;
  readonly backend: SuiteBackend;
}

/** Everything that tells a case from others, for people and for --filter. */
export function nameOf(c: TopkCase): string {
  const parts = [`${c.group}: ${c.rows}x${c.cols} k${c.k} ${c.dtype} ${c.order} ${c.pattern}`];
  if (c.gap) parts.push(`gap${c.gap}`);
  if (c.offset) parts.push(`offset${c.offset}`);
  if (c.lengths) parts.push("lengths");
  if (c.indices === "i64") parts.push("i64");
  if (c.plan) parts.push(c.plan);
  for (const [name, value] of Object.entries(c.config ?? {})) parts.push(`${name}=${value}`);
  return parts.join(" ");
}

/** The same case with the choice of kernels left to the runtime. */
export function unforced({ plan: _plan, config: _config, ...rest }: TopkCase): TopkCase {
  return rest;
}

export const DTYPES: readonly Dtype[] = ["f32", "f16", "bf16"];
export const ORDERS: readonly Order[] = ["largest", "smallest"];

/** Runs `work` with a place to leave disposables; they are disposed, last first, whatever happens. */
export async function scoped<T>(work: (own: <D extends Disposable>(disposable: D) => D) => Promise<T>): Promise<T> {
  const owned: Disposable[] = [];
  try {
    return await work((disposable) => {
      owned.push(disposable);
      return disposable;
    });
  } finally {
    for (const disposable of owned.reverse()) disposable[Symbol.dispose]();
  }
}
