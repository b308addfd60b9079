/** All templates, read and held against the law. */
import type { Problem } from "./errors.ts";
import type { TemplateFile, TemplateFiles } from "./template-files.ts";
import { type Inclusion, readTemplate, type Template, type Use } from "./template-law.ts";

/** A kernel's template with all that its partials use. */
export interface WholeTemplate {
  readonly template: Template;
  readonly uses: readonly Use[];
}

export interface Templates {
  /** By file name, as "tile_stream.cu.hbs". Absent where the file breaks the law. */
  readonly kernels: ReadonlyMap<string, WholeTemplate>;
  readonly partials: ReadonlyMap<string, Template>;
  readonly device: ReadonlyMap<string, TemplateFile>;
  /** Every file name in templates/, lawful or not. */
  readonly names: readonly string[];
}

/** Adds what breaks the law to `problems`. */
export function readTemplates(files: TemplateFiles, problems: Problem[]): Templates {
  const partials = new Map<string, Template>();
  for (const [name, file] of files.partials) {
    const template = readTemplate(file, "partial", problems);
    if (template !== undefined) partials.set(name, template);
  }
  const kernels = new Map<string, WholeTemplate>();
  for (const [name, file] of files.kernels) {
    const template = readTemplate(file, "kernel", problems);
    if (template !== undefined) kernels.set(name, { template, uses: [...template.uses, ...usesOfPartials(template, partials, files, problems)] });
  }
  return { kernels, partials, device: files.device, names: [...files.kernels.keys()] };
}

/** Follows the inclusions: each partial once, none unknown. */
function usesOfPartials(template: Template, partials: ReadonlyMap<string, Template>, files: TemplateFiles, problems: Problem[]): Use[] {
  const uses: Use[] = [];
  const seen = new Map<string, Inclusion>();
  const follow = (from: Template): void => {
    for (const inclusion of from.includes) {
      const { name, at } = inclusion;
      const earlier = seen.get(name);
      if (earlier !== undefined) {
        problems.push({
          code: "TG016",
          at,
          what: `"${name}" is included twice, first at ${earlier.at.file}:${earlier.at.line}`,
          why: "a kernel is one text without include guards: its definitions would stand twice",
          fix: "leave this one out",
        });
        continue;
      }
      seen.set(name, inclusion);
      const partial = partials.get(name);
      if (partial !== undefined) {
        uses.push(...partial.uses);
        follow(partial);
      } else if (!files.device.has(name) && !files.partials.has(name)) {
        problems.push({
          code: "TG015",
          at,
          what: `there is no partial "${name}"`,
          why: "{{> device/x.cuh}} inserts templates/device/x.cuh, {{> x}} inserts templates/partials/x.hbs",
          fix: `include one of ${[...files.device.keys(), ...files.partials.keys()].join(", ") || "no partials: there are none"}`,
        });
      }
    }
  };
  follow(template);
  return uses;
}
