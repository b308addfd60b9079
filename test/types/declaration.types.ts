/** What kernel() promises about a declaration, compiled by tsc: each expected error must be one, each other line must not. */
import { input, kernel, oneOf, output } from "../../dsl/index.ts";

const rest = {
  template: "copy.cu.hbs",
  hooks: { prologue: "return raw;" },
  minArch: 80,
  minPtx: "7.0",
  unit: "one block per row",
} as const;
const spec = { dtype: oneOf("f32", "bf16"), order: oneOf("largest", "smallest") };
const tune = { warps: oneOf(4, 8), depth: oneOf(1, 2) };
const buffers = { x: input("value"), values: output("value") };
const fits = { accepts: {}, where: {}, extents: () => ({ x: 1, values: 1 }), ships: [], untuned: () => ({ warps: 4, depth: 1 }) as const };
const launch = () => ({ grid: 1, block: 32, cluster: 1, sharedBytes: 0 });
const shape = ["rows", "cols"] as const;

// A whole declaration: derived values reach every formula, with no cast and no annotation.
kernel("whole", {
  ...rest,
  spec,
  tune,
  shape: ["rows", "cols"],
  buffers,
  accepts: { "short rows": ({ dtype }, { cols }) => dtype === "f32" && cols < 100 },
  derive: ({ warps, dtype }) => ({ threads: warps * 32, wide: dtype === "f32", steps: [{ kind: "warp", stride: 1 }] }),
  where: { "whole warps": (c, { cols }) => c.threads % 32 === 0 && c.wide && c.steps.length < cols },
  extents: ({ threads }, { rows, cols }) => ({ x: rows * cols, values: rows * threads }),
  launch: ({ threads, depth }, { rows }) => ({ grid: rows, block: threads, cluster: 1, sharedBytes: depth * 4 }),
  ships: [{ warps: 4, depth: 1 }],
  untuned: ({ order }, { rows }) => ({ warps: order === "largest" && rows > 1 ? 8 : 4, depth: 2 }),
});

// @ts-expect-error a shipped config may only turn what is declared
kernel("wrong_tunable", { ...rest, ...fits, spec, tune, shape, buffers, derive: () => ({ threads: 32 }), launch, ships: [{ warps: 4, depth: 1, lanes: 2 }] });
// @ts-expect-error a shipped value lies in its domain
kernel("wrong_value", { ...rest, ...fits, spec, tune, shape, buffers, derive: () => ({ threads: 32 }), launch, ships: [{ warps: 5, depth: 1 }] });
// @ts-expect-error a shipped config turns every tunable
kernel("half_config", { ...rest, ...fits, spec, tune, shape, buffers, derive: () => ({ threads: 32 }), launch, ships: [{ warps: 4 }] });
// @ts-expect-error the untuned config lies in its domains
kernel("wrong_untuned", { ...rest, ...fits, spec, tune, shape, buffers, derive: () => ({ threads: 32 }), launch, untuned: () => ({ warps: 5, depth: 1 }) });

kernel("missing_shape", {
  ...rest,
  ...fits,
  spec,
  tune,
  shape: ["rows"],
  buffers,
  derive: () => ({ threads: 32 }),
  // @ts-expect-error a launch sees the declared shape values only
  launch: ({ threads }, { rows, chunks }) => ({ grid: rows * chunks, block: threads, cluster: 1, sharedBytes: 0 }),
});

kernel("forgotten_buffer", {
  ...rest,
  ...fits,
  spec,
  tune,
  shape,
  buffers,
  derive: () => ({ threads: 32 }),
  // @ts-expect-error extents name every declared buffer
  extents: (_, { rows }) => ({ x: rows }),
  launch,
});

kernel("late_derive", {
  ...rest,
  spec,
  tune,
  shape: ["rows"],
  buffers,
  accepts: {},
  where: {},
  extents: () => ({ x: 1, values: 1 }),
  // @ts-expect-error property order matters: before `derive`, its values are not known
  launch: (c, { rows }) => ({ grid: rows, block: c.threads, cluster: 1, sharedBytes: 0 }),
  derive: ({ warps }) => ({ threads: warps * 32 }),
  ships: [],
  untuned: () => ({ warps: 4, depth: 1 }),
});

kernel("unknown_derived", {
  ...rest,
  ...fits,
  spec,
  tune,
  shape: ["rows"],
  buffers,
  derive: ({ warps }) => ({ threads: warps * 32 }),
  // @ts-expect-error a rule sees what derive gives, and nothing else
  where: { "whole tiles": (c) => c.tile > 0 },
  launch,
});

// @ts-expect-error a launch has all of grid, block, cluster and sharedBytes
kernel("half_launch", { ...rest, ...fits, spec, tune, shape, buffers, derive: () => ({ threads: 32 }), launch: () => ({ grid: 1, block: 32 }) });
// @ts-expect-error every kernel has a dtype and an order
kernel("no_order", { ...rest, ...fits, spec: { dtype: oneOf("f32") }, tune, shape, buffers, derive: () => ({ threads: 32 }), launch });
// @ts-expect-error a dtype is one of those that the contract has
kernel("odd_dtype", { ...rest, ...fits, spec: { ...spec, dtype: oneOf("f64") }, tune, shape, buffers, derive: () => ({ threads: 32 }), launch });
// @ts-expect-error a template is a .cu.hbs file
kernel("odd_template", { ...rest, ...fits, template: "copy.hbs", spec, tune, shape, buffers, derive: () => ({ threads: 32 }), launch });
// @ts-expect-error a derived value is a scalar or a list of records
kernel("odd_derived", { ...rest, ...fits, spec, tune, shape, buffers, derive: () => ({ threads: { x: 32 } }), launch });
// @ts-expect-error an element is one of value, index, i32 and word
input("float");
