/** generated/manifest.json: what was rendered, in full, for readers that are not TypeScript. */
import { type AnyKernel, type Buffer, type Element, isCallerBuffer, type Plan, type Scalar } from "../dsl/index.ts";
import type { Declaration } from "./declarations.ts";
import type { Loaded } from "./load.ts";
import type { Rendered } from "./render.ts";
import type { ShippedVariant } from "./variants.ts";

/** Of this file's own form. */
const MANIFEST_VERSION = 1;
/** Of docs/contract.md: raised when the same input may give other bits. */
const CONTRACT_VERSION = 1;

/** A number where the shape does not matter, else the formula's text over the context and the shape. */
type NumberOrFormula = number | { readonly formula: string };
type Json = Readonly<Record<string, unknown>>;

export interface RenderedVariant extends ShippedVariant, Rendered {}

export function manifestText(loaded: Loaded, plans: readonly Plan[], rendered: readonly RenderedVariant[]): string {
  const manifest = {
    version: MANIFEST_VERSION,
    contract: CONTRACT_VERSION,
    kernels: [...loaded.kernels]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((kernel) =>
        kernelEntry(
          kernel,
          declarationOf(loaded, kernel),
          rendered.filter((variant) => variant.kernel === kernel),
        ),
      ),
    plans: plans.map((plan) => planEntry(plan, loaded)),
  };
  return `${JSON.stringify(manifest, undefined, 1)}\n`;
}

function declarationOf(loaded: Loaded, kernel: AnyKernel): Declaration {
  const declaration = loaded.declarations.get(kernel.name);
  if (declaration === undefined) throw new Error(`kernel "${kernel.name}" was not loaded with its declaration`);
  return declaration;
}

function kernelEntry(kernel: AnyKernel, declaration: Declaration, variants: readonly RenderedVariant[]): Json {
  const rules = (part: "accepts" | "where"): Json[] => Object.keys(kernel[part]).map((rule) => ({ rule, formula: declaration.text(`${part}.${rule}`) }));
  return {
    name: kernel.name,
    doc: declaration.doc,
    source: `${declaration.position.file}:${declaration.position.line}`,
    template: `templates/${kernel.template}`,
    minArch: kernel.minArch,
    minPtx: kernel.minPtx,
    unit: kernel.unit,
    hooks: kernel.hooks,
    spec: valuesOf(kernel.spec),
    tune: valuesOf(kernel.tune),
    accepts: rules("accepts"),
    where: rules("where"),
    derive: declaration.text("derive"),
    extents: declaration.text("extents"),
    launch: declaration.text("launch"),
    arguments: [
      ...Object.entries(kernel.buffers).map(([name, { element, dir, optional }]) => ({ name, kind: "buffer", element, direction: dir, optional })),
      ...kernel.shape.map((name) => ({ name, kind: "shape", type: "i64" })),
    ],
    variants: variants.map((variant) => variantEntry(variant, declaration)),
  };
}

function variantEntry({ symbol, sourceHash, spec, tune, context, launch, kernel }: RenderedVariant, declaration: Declaration): Json {
  const geometry = (name: "cluster" | "sharedBytes"): NumberOrFormula => {
    const field = declaration.field("launch", name);
    return field?.dependsOnShape === false ? launch[name] : { formula: field?.text ?? declaration.text("launch") };
  };
  const own = new Set([...Object.keys(kernel.spec), ...Object.keys(kernel.tune)]);
  const derived = Object.entries(context).filter((entry): entry is [string, Scalar] => !own.has(entry[0]) && typeof entry[1] !== "object");
  return {
    symbol,
    file: `kernels/${symbol}.cu`,
    sourceHash,
    spec,
    config: tune,
    derived: Object.fromEntries(derived),
    block: launch.block,
    cluster: geometry("cluster"),
    sharedBytes: geometry("sharedBytes"),
  };
}

function planEntry(plan: Plan, loaded: Loaded): Json {
  const workspace = new Map<string, { readonly element: Element; readonly elements: string; readonly zeroed: boolean }>();
  for (const stage of plan.stages) {
    for (const [name, buffer] of Object.entries<Buffer>(stage.buffers)) {
      if (isCallerBuffer(name) || workspace.has(name)) continue;
      const declaration = declarationOf(loaded, stage);
      workspace.set(name, {
        element: buffer.element,
        elements: declaration.field("extents", name)?.text ?? declaration.text("extents"),
        zeroed: buffer.dir === "state",
      });
    }
  }
  return {
    name: plan.name,
    stages: plan.stages.map((stage) => stage.name),
    tune: valuesOf(plan.tune),
    workspace: [...workspace].map(([name, buffer]) => ({ name, ...buffer })),
  };
}

const valuesOf = (domains: AnyKernel["tune"]): Json => Object.fromEntries(Object.entries(domains).map(([name, { values }]) => [name, values]));
