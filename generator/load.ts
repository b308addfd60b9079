/** load(): the catalog joined to its syntax nodes and templates, everything checked, ready to render. */
import { join, resolve } from "node:path";
import type { AnyKernel } from "../dsl/index.ts";
import { type Declaration, readDeclarations } from "./declarations.ts";
import { type Problem, throwIfAny } from "./errors.ts";
import { checkNames } from "./names.ts";
import { createRenderer, type Renderer } from "./render.ts";
import { readTemplateFiles } from "./template-files.ts";
import { readTemplates, type Templates } from "./templates.ts";
import { readTunedChoices, tunedConfigs } from "./tuned.ts";
import { type ShippedVariant, shippedVariants } from "./variants.ts";

export interface Loaded extends Renderer {
  readonly kernels: readonly AnyKernel[];
  readonly declarations: ReadonlyMap<string, Declaration>;
  readonly variants: readonly ShippedVariant[];
}

/**
 * `root` is the package's folder, with dsl/ and templates/ in it; `kernels` is the catalog of that same dsl/.
 * Errors: GeneratorError, with everything that is wrong in one.
 */
export async function load(root: string, kernels: readonly AnyKernel[]): Promise<Loaded> {
  const base = resolve(root);
  const problems: Problem[] = [];
  const templates = readTemplates(await readTemplateFiles(join(base, "templates"), base), problems);
  const declarations = readDeclarations(join(base, "dsl"), base);
  const tuned = await readTunedChoices(base, problems);
  const variants = kernels.flatMap((kernel) => {
    const declaration = declarations.get(kernel.name);
    if (declaration === undefined) {
      problems.push(notDeclared(kernel));
      return [];
    }
    const shipped = shippedVariants(kernel, declaration, tunedConfigs(kernel, tuned), problems);
    problems.push(...checkTemplate(kernel, declaration, shipped[0], templates));
    return shipped;
  });
  for (const declaration of declarations.values()) {
    if (!kernels.some((kernel) => kernel.name === declaration.name)) problems.push(notInCatalog(declaration));
  }
  throwIfAny(problems);
  return { kernels, declarations, variants, ...createRenderer(templates, declarations) };
}

function checkTemplate(kernel: AnyKernel, declaration: Declaration, first: ShippedVariant | undefined, templates: Templates): Problem[] {
  if (!templates.names.includes(kernel.template)) {
    return [
      {
        code: "TG005",
        at: declaration.at("template"),
        what: `templates/${kernel.template} does not exist`,
        why: "a kernel's CUDA text is rendered from its template",
        fix: `write it, or name one of ${templates.names.join(", ") || "the templates: there are none"}`,
      },
    ];
  }
  const whole = templates.kernels.get(kernel.template);
  return whole && first ? checkNames(kernel, declaration, first.context, whole) : [];
}

const notDeclared = ({ name }: AnyKernel): Problem => ({
  code: "TG001",
  at: { file: "dsl/catalog.ts", line: 1, column: 1 },
  what: `no declaration of kernel "${name}" was found in dsl/`,
  why: "comments, positions and formulas are read from the declaration's source",
  fix: `declare it as \`export const x = kernel("${name}", { ... })\`, with the name and the body written in place`,
});

const notInCatalog = ({ name, position }: Declaration): Problem => ({
  code: "TG002",
  at: position,
  what: `kernel "${name}" is declared, but not in the catalog`,
  why: "only kernels of the catalog are rendered, so nobody can run this one",
  fix: "add it to `kernels` in dsl/catalog.ts, or remove it",
});
