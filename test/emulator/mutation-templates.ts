/** The mutants of all templates, the kernels that each is a part of, and kernels rendered from changed templates. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type AnyKernel, kernels } from "../../dsl/index.ts";
import type { Declaration } from "../../generator/declarations.ts";
import { load } from "../../generator/index.ts";
import { createRenderer, type Render } from "../../generator/render.ts";
import { readTemplateFiles, type TemplateFiles } from "../../generator/template-files.ts";
import { readTemplates } from "../../generator/templates.ts";
import { type Mutant, mutantsOf } from "./mutation-operators.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PARTS = ["device", "partials", "kernels"] as const;

export class MutatedTemplates {
  readonly mutants: readonly Mutant[];
  readonly kernels = kernels;
  /** As the templates are. */
  readonly render: Render;
  readonly #files: TemplateFiles;
  readonly #declarations: ReadonlyMap<string, Declaration>;
  /** By file, in the same order. */
  readonly #including = new Map<string, readonly AnyKernel[]>();

  private constructor(files: TemplateFiles, declarations: ReadonlyMap<string, Declaration>) {
    this.#files = files;
    this.#declarations = declarations;
    this.render = this.renderer(new Map());
    const all = PARTS.flatMap((part) => [...files[part].values()]);
    for (const { file, text } of all) {
      const marked = this.renderer(new Map([[file, `${text}// marked\n`]]));
      this.#including.set(
        file,
        this.kernels.filter((kernel) => textOf(kernel, marked) !== textOf(kernel, this.render)),
      );
    }
    this.mutants = all.filter(({ file }) => this.#including.get(file)!.length > 0).flatMap(({ file, text }) => mutantsOf(file, text));
  }

  static async read(): Promise<MutatedTemplates> {
    const { declarations } = await load(ROOT, kernels);
    return new MutatedTemplates(await readTemplateFiles(join(ROOT, "templates"), ROOT), declarations);
  }

  /**
   * The kernels that a mutant is in, in the same order. What a kernel that draws shares with the one that stores is that one's, whose cases are for it.
   */
  kernelsOf({ file, draws }: Mutant): readonly AnyKernel[] {
    const including = this.#including.get(file)!;
    return including.filter(({ drawsFrom }) => (draws ? drawsFrom !== undefined : drawsFrom === undefined || !including.includes(drawsFrom)));
  }

  textOf = (file: string): string => PARTS.flatMap((part) => [...this.#files[part].values()]).find((each) => each.file === file)!.text;

  /** With other texts for some files. */
  renderer(texts: ReadonlyMap<string, string>): Render {
    const changed = PARTS.map((part) => {
      const files = [...this.#files[part]].map(([name, each]) => [name, { ...each, text: texts.get(each.file) ?? each.text }] as const);
      return [part, new Map(files)];
    });
    return createRenderer(readTemplates(Object.fromEntries(changed) as TemplateFiles, []), this.#declarations).render;
  }
}

function textOf(kernel: AnyKernel, render: Render): string {
  const spec = Object.fromEntries(Object.entries(kernel.spec).map(([name, { values }]) => [name, values[0]!]));
  return render(kernel, spec, kernel.ships[0]!).text;
}
