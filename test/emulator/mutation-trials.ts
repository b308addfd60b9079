/** The cases of a kernel as jobs for the program of the mutants: its launches, and what they have to leave in which buffers. */
import { writeFileSync } from "node:fs";
import { type AnyConfig, type AnyKernel, type ResolvedStage, sampleRow } from "../../dsl/index.ts";
import type { EmulatorMode } from "../../native/emulator/toolchain.ts";
import { drawnVariants } from "./mutation-drawn.ts";
import { fusedVariants } from "./mutation-fused.ts";
import { subjectsOf } from "./mutation-subjects.ts";
import { expectedOf, planJob } from "./plan-job.ts";
import { type Case, planCase } from "./property-case.ts";

/** A config of a kernel that mutants are tried in. */
export interface Variant {
  readonly symbol: string;
  readonly spec: AnyConfig;
  readonly tune: AnyConfig;
}

/** How a stage's object is made. */
export interface Build {
  readonly source: (stage: Pick<ResolvedStage, "kernel" | "spec" | "tune">) => string;
  readonly mode: (stage: Pick<ResolvedStage, "kernel">) => EmulatorMode;
  readonly flags: (stage: Pick<ResolvedStage, "kernel">) => readonly string[];
  readonly cache: (stage: Pick<ResolvedStage, "kernel">) => string | undefined;
}

export type Lines = readonly (readonly (string | number)[])[];

export interface Trial {
  readonly variant: Variant;
  /** Elements that it reads. */
  readonly size: number;
  /** `file` gives the path of a name, in a folder that outlives the run. */
  readonly lines: (build: Build, file: (name: string) => string) => Lines;
}

/** A config of a kernel that draws, with what it is tried on. */
export interface DrawingVariant extends Variant {
  readonly trials: readonly Trial[];
  readonly races: readonly Trial[];
}

export interface Trials {
  readonly variants: readonly Variant[];
  /** Small ones first: they catch most. */
  readonly all: readonly Trial[];
  readonly races: readonly Trial[];
}

export const variantsOf = (kernel: AnyKernel): readonly Variant[] => drawingVariants(kernel) ?? subjectsOf(kernel);

const drawingVariants = (kernel: AnyKernel): readonly DrawingVariant[] | undefined =>
  kernel === sampleRow ? drawnVariants() : kernel.drawsFrom ? fusedVariants(kernel) : undefined;

export function trialsOf(kernel: AnyKernel): Trials {
  const bySize = (trials: readonly Trial[]): readonly Trial[] => [...trials].sort((a, b) => a.size - b.size);
  const drawing = drawingVariants(kernel);
  if (drawing) return { variants: drawing, all: bySize(drawing.flatMap(({ trials }) => trials)), races: bySize(drawing.flatMap(({ races }) => races)) };
  const variants = subjectsOf(kernel);
  const trials = (casesOf: (subject: (typeof variants)[number]) => readonly Case[]): readonly Trial[] =>
    bySize(variants.flatMap((variant) => casesOf(variant).map((each) => planTrial(variant, each))));
  return { variants, all: trials(({ cases }) => cases), races: trials(({ races }) => races) };
}

function planTrial(variant: Variant, each: Case): Trial {
  const given = planCase(each);
  const expected = expectedOf(given);
  return {
    variant,
    size: each.rows * each.cols,
    lines: (build, file) => {
      const { lines, state } = planJob({ ...given, ...build }, file);
      writeFileSync(file("wanted-values"), expected.values);
      writeFileSync(file("wanted-indices"), expected.indices);
      return [
        ...lines,
        ["expect", "values", file("wanted-values")],
        ["expect", "indices", file("wanted-indices")],
        ...state.map((name) => ["expect", name, file("zeros")]),
      ];
    },
  };
}
