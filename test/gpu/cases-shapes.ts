/** Cases that turn shapes and configs: every plan, every shipped config, every boundary that the declarations have. */
import { type AnyConfig, type AnyKernel, contextOf, type Dtype, type Order, type Plan, plans, resolve, type Scalar, tileStream } from "../../dsl/index.ts";
import { DTYPES, ORDERS, type TopkCase } from "./case.ts";
import type { PatternName } from "./patterns.ts";

/** Single-kernel plans for rows that fit a block. */
export const SINGLE = plans
  .filter(({ name, stages }) => stages.length === 1 && answers(name, { rows: 3, cols: 64, k: 6, dtype: "f32", order: "largest" }))
  .map(({ name }) => name);
export const TWO_STAGE = plans.filter(({ stages }) => stages.length === 2).map(({ name }) => name);
/** Plans of more kernels: any columns, any k. */
export const CHAINS = plans.filter(({ stages }) => stages.length > 2).map(({ name }) => name);

/** Every dtype with every order. */
export const SPECS = DTYPES.flatMap((dtype) => ORDERS.map((order) => ({ dtype, order })));

/** In turns, so that data differs from case to case and a failure can be repeated. */
const inTurn = <T>(values: readonly T[], at: number): T => values[at % values.length]!;
const PLAIN: readonly PatternName[] = ["normal", "ties", "anyBits", "asc", "few"];

const distinct = (values: readonly number[]): number[] => [...new Set(values)].sort((a, b) => a - b);
const around = (value: number): number[] => [value - 1, value, value + 1];

/** Whether the plan can answer this, by its own rules: a case that it refuses is none. */
export function answers(planName: string, c: Pick<TopkCase, "rows" | "cols" | "k" | "dtype" | "order">, force: Readonly<Record<string, Scalar>> = {}): boolean {
  const plan = plans.find(({ name }) => name === planName)!;
  return resolve(plan, { ...c, rowStride: c.cols, indexBytes: 4 }, { force }).ok;
}

/** The most columns, as a power of two up to 4096, that a one-kernel plan answers; 0 where it answers none. */
export const widestOf = (planName: string, force: Readonly<Record<string, Scalar>> = {}): number =>
  [4096, 2048, 1024, 512, 256, 128, 64, 32, 16, 8, 4, 2, 1].find((cols) => SPECS.every((spec) => answers(planName, { rows: 1, cols, k: 1, ...spec }, force))) ??
  0;

const forced = (kernel: AnyKernel, config: AnyConfig): AnyConfig =>
  Object.fromEntries(Object.entries(config).map(([name, value]) => [`${kernel.name}.${name}`, value]));

/** Every choice of one shipped config a kernel; of chains only so many that every config is in one. */
export function shippedConfigs(plan: Plan): AnyConfig[] {
  if (plan.stages.length > 2) {
    const most = Math.max(...plan.stages.map(({ ships }) => ships.length));
    return Array.from({ length: most }, (_, at) => Object.assign({}, ...plan.stages.map((kernel) => forced(kernel, inTurn(kernel.ships, at)))));
  }
  return [...new Set(plan.stages)].reduce<AnyConfig[]>(
    (before, kernel) => before.flatMap((left) => kernel.ships.map((config) => ({ ...left, ...forced(kernel, config) }))),
    [{}],
  );
}

/** Of the combinations of two stages' configs, as many as show each config of either once. */
function onDiagonal({ stages: [first, second, ...more] }: Plan, at: number): boolean {
  if (second === undefined || more.length > 0) return true;
  const left = Math.floor(at / second.ships.length);
  const right = at % second.ships.length;
  return right === left % second.ships.length || left === right % first!.ships.length;
}

/** Every shipped config of every kernel, in every combination that a plan of two kernels allows, for each dtype and order. */
export function configCases(): TopkCase[] {
  return plans.flatMap((plan) =>
    shippedConfigs(plan).flatMap((shipped, at) =>
      SPECS.flatMap((spec, turn) => {
        const shapesOf = { 1: rowShapes, 2: chunkedShapes }[plan.stages.length] ?? chainShapes;
        const shapes = shapesOf(plan.name, shipped);
        return shapes
          .filter((shape) => answers(plan.name, { ...shape, ...spec }, shape.config))
          .map((shape, which): TopkCase => {
            const pattern = inTurn(PLAIN, at + turn + which);
            // one of each variant, not each pair of variants, is enough for the sanitizer
            const quick = which === 0 && onDiagonal(plan, at);
            return { group: "configs", ...shape, ...spec, pattern, plan: plan.name, quick };
          });
      }),
    ),
  );
}

type ForcedShape = Pick<TopkCase, "rows" | "cols" | "k"> & { readonly config: AnyConfig };

/** The widest rows that a config answers, and those that leave most of its room empty; the last block is not full. */
function rowShapes(planName: string, config: AnyConfig): ForcedShape[] {
  const width = widestOf(planName, config);
  return [width - 1, width, width / 2 + 1, width / 4 + 1].flatMap((cols) => [1, Math.ceil(cols / 3), cols].map((k) => ({ rows: 9, cols, k, config })));
}

/** Three chunks and a rest, with the greatest k that all lists hold, and half of it. */
function chunkedShapes(_planName: string, config: AnyConfig): ForcedShape[] {
  const lists = Object.entries(config).filter(([name]) => /\.(candidates|listSize)$/.test(name));
  const k = Math.min(...lists.map(([, size]) => Number(size)));
  const pinned = { ...config, chunkSize: 4096 };
  return [k, Math.ceil(k / 2)].map((each) => ({ rows: 2, cols: 3 * 4096 + 77, k: each, config: pinned }));
}

/** Four chunks, the last not whole; every k that tells the ways to sort apart, as far as the config answers it. */
function chainShapes(_planName: string, config: AnyConfig): ForcedShape[] {
  const cols = 3 * 4096 + 77;
  const ks = [1, ...[2048, 4096, 10240].flatMap((k) => [k - 1, k, k + 1]), cols];
  return [config, { ...config, rowLimit: 0 }].flatMap((each) => ks.map((k) => ({ rows: 2, cols, k, config: each })));
}

/** Rows that fit a block, of every length next to a boundary. */
export function rowBoundaryCases(): TopkCase[] {
  const cols = distinct([1, 2, 3, 5, 7, 8, 9, 15, 16, 17, ...[32, 64, 128, 256, 512, 1024, 2048, 4096].flatMap(around), 1000, 3000]);
  return SINGLE.flatMap((plan) =>
    cols
      .filter((each) => each <= widestOf(plan))
      .flatMap((each, at) =>
        SPECS.flatMap((spec, turn) =>
          distinct([1, Math.ceil(each / 3), each]).map(
            (k): TopkCase => ({
              group: "rows that fit a block",
              rows: 3,
              cols: each,
              k,
              ...spec,
              pattern: inTurn(PLAIN, at + turn),
              plan,
              quick: each === 65,
            }),
          ),
        ),
      ),
  ).filter((c) => answers(c.plan!, c));
}

/** Tiles that stage 1 reads at once, by its shipped configs. */
const tilesOf = (dtype: Dtype, order: Order): number[] =>
  distinct(tileStream.ships.map((config) => Number(contextOf(tileStream, { dtype, order, ...config }).tile)));

/** Long rows: about every tile, chunk, warp and vector. */
export function chunkBoundaryCases(): TopkCase[] {
  return SPECS.flatMap(({ dtype, order }, turn) => {
    const edges = [32, 64, 128, 256, ...tilesOf(dtype, order).flatMap((tile) => [tile, 2 * tile, 5 * tile]), 4096, 8192, 3 * 4096, 10 * 4096, 50304];
    const cols = distinct([1, 2, 3, 7, 8, 9, ...edges.flatMap(around)]);
    return cols.flatMap((each, at) =>
      distinct([1, Math.min(50, each), Math.min(1024, each)]).flatMap((k) =>
        [...TWO_STAGE, ...CHAINS]
          .map(
            (plan): TopkCase => ({
              group: "chunk boundaries",
              rows: 2,
              cols: each,
              k,
              dtype,
              order,
              pattern: inTurn(PLAIN, at + turn),
              plan,
              quick: each === 4097,
            }),
          )
          // of chains the one k that tells most: another k changes no chunk
          .filter((c) => answers(c.plan!, c) && (TWO_STAGE.includes(c.plan!) || k === Math.min(50, each))),
      ),
    );
  });
}

/** The shapes of the earlier toolkit: the suite nanochat and more, by the runtime's own choice and by every plan. */
export function nanochatCases(): TopkCase[] {
  const logits = [1, 4, 16, 32].flatMap((rows) => [5, 50, 100, 128, 200].map((k) => ({ rows, cols: 50304, k })));
  const others = [
    { rows: 32, cols: 32000, k: 40 },
    { rows: 4096, cols: 1024, k: 32 },
    { rows: 4096, cols: 2048, k: 64 },
  ];
  return DTYPES.flatMap((dtype) =>
    [...logits, ...others].flatMap((shape) => {
      const c: TopkCase = { group: "nanochat", ...shape, dtype, order: "largest", pattern: "normal" };
      const named = plans.map(({ name }) => ({ ...c, plan: name })).filter((each) => answers(each.plan, each));
      const other: TopkCase[] = shape.k === 50 ? [{ ...c, order: "smallest", pattern: "llm" }] : [];
      return [c, ...named, ...other];
    }),
  );
}

/** Every k, in turns through the dtypes and orders. Rows' answers are prefixes of each other, so one reference serves all. */
export function everyKCases(): TopkCase[] {
  return TWO_STAGE.flatMap((plan) =>
    Array.from({ length: 1024 }, (_, at): TopkCase => ({ group: "every k", rows: 2, cols: 20011, k: at + 1, ...inTurn(SPECS, at), pattern: "ties", plan })),
  );
}

/** What only chains answer: any k of rows of any length, all of a row too; by one block and by passes over the workspace. */
export function anyKCases(): TopkCase[] {
  const long = [1025, 2048, 4096, 10000, 10240, 10241, 65535, 70000].map((k) => ({ rows: 3, cols: 70000, k }));
  const whole = [1, 2, 3, 1000, 4096, 4097, 10239, 12289].flatMap((cols) => [Math.ceil(cols / 2), cols].map((k) => ({ rows: 3, cols, k })));
  const patterns = ["normal", "ties", "equal", "anyBits", "asc", "desc", "nans", "few"] as const;
  return CHAINS.flatMap((plan) =>
    [...long, ...whole].flatMap((shape, at) =>
      SPECS.flatMap((spec, turn) =>
        [
          {},
          { lengths: true, indices: "i64" as const, gap: 1, config: { [`${plan}.rowLimit`]: 0 } },
          { config: { [`${plan}.sortLimit`]: 1024 }, offset: 1 },
        ].map(
          (more, which): TopkCase => ({
            group: "any k",
            ...shape,
            ...spec,
            pattern: inTurn(patterns, at + turn + which),
            ...more,
            plan,
            quick: shape.cols === 4097 && shape.k === 4097,
          }),
        ),
      ),
    ),
  );
}

const ROW_COUNTS = [0, 1, 7, 8, 9, 37];

/** No rows, rows that do not fill a block, and more rows than a grid's y and z have blocks. */
export function rowCountCases(): TopkCase[] {
  const shapes = [...SINGLE.map((plan) => ({ plan, cols: 64, k: 6 })), ...[...TWO_STAGE, ...CHAINS].map((plan) => ({ plan, cols: 33, k: 7 }))];
  const of = (rows: number, spec: (typeof SPECS)[number]): TopkCase[] =>
    shapes.map((shape): TopkCase => ({ group: "row counts", rows, ...shape, ...spec, pattern: "normal", quick: rows < 10 && spec.dtype === "bf16" }));
  const many = [65535, 65536, 65537].map((rows, at) => of(rows, inTurn([SPECS[0]!, SPECS[3]!, SPECS[4]!], at)));
  return [...SPECS.flatMap((spec) => ROW_COUNTS.flatMap((rows) => of(rows, spec))), ...many.flat()];
}

/** The plan's own tunables: every pinned chunk size and every candidateTarget. */
export function planConfigCases(): TopkCase[] {
  return plans
    .flatMap((plan) =>
      Object.entries(plan.tune).flatMap(([name, domain]) =>
        domain.values.flatMap((value, at) =>
          (plan.stages.length === 2 ? [1, 50, 1000] : [50, 5000]).flatMap((k) =>
            [50304, 131073].map((cols): TopkCase => {
              const config = { [`${plan.name}.${name}`]: value };
              return { group: "chunking", rows: 2, cols, k, ...inTurn(SPECS, at), pattern: "normal", plan: plan.name, config };
            }),
          ),
        ),
      ),
    )
    .filter((c) => answers(c.plan!, c, c.config));
}

/** One row of 2^24 + 3 columns, in few chunks and in thousands. */
export function longRowCases(): TopkCase[] {
  const row = { group: "long rows", rows: 1, cols: 2 ** 24 + 3, order: "largest", pattern: "shuffledBits" } as const;
  const dtypes = ["f32", "bf16"] as const;
  const two = TWO_STAGE.flatMap((plan) =>
    [50, 1024].flatMap((k) => dtypes.flatMap((dtype) => [{}, { chunkSize: 4096 }].map((config): TopkCase => ({ ...row, k, dtype, plan, config })))),
  );
  const chains = CHAINS.flatMap((plan) => [50, 2 ** 20, 2 ** 24 + 3].flatMap((k) => dtypes.map((dtype): TopkCase => ({ ...row, k, dtype, plan }))));
  return [...two, ...chains].filter((c) => answers(c.plan!, c, c.config));
}
