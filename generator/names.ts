/** Compares the names that a declaration offers with those that its template uses, both ways. */
import type { AnyContext, AnyKernel } from "../dsl/index.ts";
import { identifiersOf } from "./cuda-text.ts";
import type { Declaration } from "./declarations.ts";
import type { Problem } from "./errors.ts";
import type { Use } from "./template-law.ts";
import type { WholeTemplate } from "./templates.ts";

/** What every template is offered besides its declaration's own names. */
export const COMMON_NAMES = ["symbol", "signature", "banner", "draws", "scored"] as const;

/** `context` is that of any one variant: all have the same names. */
export function checkNames(kernel: AnyKernel, declaration: Declaration, context: AnyContext, { template, uses }: WholeTemplate): Problem[] {
  const draws = kernel.drawsFrom !== undefined;
  const whole = { template, uses: uses.filter((use) => use.draws === undefined || use.draws === draws) };
  const hooks = Object.keys(kernel.hooks).map((name) => `hooks.${name}`);
  const offered = [...COMMON_NAMES, ...Object.keys(context), ...hooks];
  return [
    ...whole.uses.flatMap((use) => checkUse(use, context, offered, kernel)),
    ...neverDraws(kernel, declaration, whole),
    ...unusedNames(kernel, declaration, Object.keys(context), hooks, whole),
    ...unusedParameters(kernel, declaration, whole),
  ];
}

function checkUse(use: Use, context: AnyContext, offered: readonly string[], kernel: AnyKernel): Problem[] {
  const { name, at, kind } = use;
  if (kind === "field") {
    const list = context[use.list];
    const fields = Array.isArray(list) ? Object.keys(list[0] ?? {}) : [];
    // of a list that is unknown, or no list, the {{#each}} itself tells
    if (!Array.isArray(list) || list.length === 0 || fields.includes(name)) return [];
    return [unknown(use, `an item of ${use.list} has ${fields.join(", ")}`, kernel)];
  }
  if (!offered.includes(name)) return [unknown(use, `${kernel.name} offers ${offered.join(", ")}`, kernel)];
  if (Array.isArray(context[name]) === (kind === "list")) return [];
  return [
    {
      code: "TG014",
      at,
      what: kind === "list" ? `{{#each ${name}}}, but "${name}" is no list` : `{{${name}}}, but "${name}" is a list`,
      why: "{{#each}} takes what derive() gives as an array of records, {{name}} a number, string or boolean",
      fix: kind === "list" ? `write {{${name}}}` : `write {{#each ${name}}} ... {{/each}}`,
    },
  ];
}

const unknown = ({ name, at }: Use, offer: string, kernel: AnyKernel): Problem => ({
  code: "TG012",
  at,
  what: `{{${name}}} is not offered; ${offer}`,
  why: "a template sees its kernel's spec, tune and derived values, its hooks, and nothing else",
  fix: `correct the name, or let derive() of "${kernel.name}" compute it`,
});

function unusedNames(kernel: AnyKernel, declaration: Declaration, names: readonly string[], hooks: readonly string[], whole: WholeTemplate): Problem[] {
  // the signature carries threads as its launch bounds
  const used = new Set([...whole.uses.map((use) => use.name), "threads"]);
  return [...names, ...hooks]
    .filter((name) => !used.has(name))
    .map((name) => ({
      code: "TG013",
      at: declaration.at(ownerOf(kernel, name)),
      what: `"${name}" of ${kernel.name} is never used in ${whole.template.file}`,
      why: "a value that the CUDA text does not depend on costs a compilation each and misleads the tuner",
      fix: `use {{${name}}} in the template, or remove it from the declaration`,
    }));
}

function neverDraws(kernel: AnyKernel, declaration: Declaration, whole: WholeTemplate): Problem[] {
  if (kernel.drawsFrom === undefined || whole.uses.some(({ name }) => name === "draws")) return [];
  return [
    {
      code: "TG013",
      at: declaration.at("drawsFrom"),
      what: `"drawsFrom" of ${kernel.name} changes nothing in ${whole.template.file}`,
      why: "a kernel that draws has another text than the one that stores",
      fix: "write what it does between {{#if draws}} and {{/if}}, or remove it from the declaration",
    },
  ];
}

const ownerOf = (kernel: AnyKernel, name: string): string =>
  name.startsWith("hooks.") ? name : name in kernel.spec ? `spec.${name}` : name in kernel.tune ? `tune.${name}` : `derive.${name}`;

/** A buffer is used by the body. A shape value may serve the formulas alone, as rows serve the grid. */
function unusedParameters(kernel: AnyKernel, declaration: Declaration, whole: WholeTemplate): Problem[] {
  const used = identifiersOf(kernel.drawsFrom === undefined ? whole.template.body : whole.template.drawingBody);
  const buffers = Object.keys(kernel.buffers)
    .filter((name) => !used.has(name))
    .map((name) => ({ name, path: `buffers.${name}`, where: `the body of ${whole.template.file}` }));
  const values = kernel.shape
    .filter((name) => !used.has(name) && !declaration.mentions(name))
    .map((name) => ({ name, path: "shape", where: `the body of ${whole.template.file}, nor by a formula` }));
  return [...buffers, ...values].map(({ name, path, where }) => ({
    code: "TG017",
    at: declaration.at(path),
    what: `"${name}" of ${kernel.name} is not used by ${where}`,
    why: "every parameter of a kernel is one that it needs",
    fix: "use it below {{signature}}, or remove it from the declaration",
  }));
}
