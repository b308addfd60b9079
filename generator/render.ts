/** render(): one kernel, one spec and one config become CUDA text. Pure once the templates are loaded: no disk is touched. */
import { createHash } from "node:crypto";
import Handlebars from "handlebars";
import { type AnyConfig, type AnyKernel, contextOf, type Domain, type Domains, type Dtype, type Scalar, variantSymbol, withPrologue } from "../dsl/index.ts";
import type { Declaration } from "./declarations.ts";
import { GeneratorError, type Position, type Problem } from "./errors.ts";
import { type PrologueText, scoredReader } from "./scored-reader.ts";
import type { Templates } from "./templates.ts";
import { banner, scoredSignature, signature, type View } from "./view.ts";

export interface Rendered {
  readonly symbol: string;
  readonly text: string;
  /** SHA-256 of the text, hex. */
  readonly sourceHash: string;
}

/**
 * `hooks` replaces the declared CUDA text of the hooks it names.
 * Errors: GeneratorError TG024 where a value is missing or outside its domain, or a hook is unknown.
 */
export type Render = (kernel: AnyKernel, spec: AnyConfig, tune: AnyConfig, hooks?: Readonly<Record<string, string>>) => Rendered;

/** A kernel of the catalog that has a reader, with a prologue, for x of this dtype; `spec` is the scores'. Errors: as Render. */
export type RenderScored = (kernel: AnyKernel, scoring: ScoringText, spec: AnyConfig, tune: AnyConfig) => Rendered;
export interface ScoringText {
  readonly prologue: PrologueText;
  readonly dtype: Dtype;
}

export interface Renderer {
  readonly render: Render;
  readonly renderScored: RenderScored;
}

/** Templates that broke the law, and kernels without a declaration, cannot be rendered: check before. */
export function createRenderer(templates: Templates, declarations: ReadonlyMap<string, Declaration>): Renderer {
  const environment = Handlebars.create();
  for (const [name, partial] of templates.partials) environment.registerPartial(name, environment.compile(partial.ast, OPTIONS));
  // device files are plain CUDA: a function, so that Handlebars never parses them
  for (const [name, { text }] of templates.device) environment.registerPartial(name, ({ reader }: View) => (reader?.file === name ? reader.text : text));
  const compiled = new Map([...templates.kernels].map(([name, { template }]) => [name, environment.compile<View>(template.ast, OPTIONS)]));

  const rendered = (kernel: AnyKernel, spec: AnyConfig, tune: AnyConfig, hooks: Readonly<Record<string, string>>, scoring?: ScoringText): Rendered => {
    const declaration = declarations.get(kernel.name);
    const template = compiled.get(kernel.template);
    if (declaration === undefined || template === undefined) throw new Error(`kernel "${kernel.name}" was not loaded; load its declaration and template first`);
    refuseUnknown(kernel, spec, tune, hooks, declaration.position);
    const context = contextOf(kernel, { ...pick(kernel.spec, spec), ...pick(kernel.tune, tune) });
    const scored = scoring && withPrologue(kernel, scoring.prologue, scoring.dtype);
    const symbol = variantSymbol(scored ?? kernel, spec, tune);
    const view: View = {
      ...context,
      symbol,
      signature: scored === undefined ? signature(kernel, symbol, context) : scoredSignature(kernel, scored, symbol, context),
      banner: banner(kernel, declaration, pick(kernel.spec, spec), pick(kernel.tune, tune), scoring),
      hooks: { ...kernel.hooks, ...hooks },
      draws: kernel.drawsFrom !== undefined,
      scored: scored !== undefined,
      // withPrologue() refuses a kernel without one
      ...(scoring && { reader: scoredReader(kernel.reader!, scoring.prologue, scoring.dtype, templates.device) }),
    };
    const text = template(view);
    return { symbol, text, sourceHash: createHash("sha256").update(text).digest("hex") };
  };

  return {
    render: (kernel, spec, tune, hooks = {}) => rendered(kernel, spec, tune, hooks),
    renderScored: (kernel, scoring, spec, tune) => rendered(kernel, spec, tune, {}, scoring),
  };
}

const OPTIONS = { noEscape: true, strict: true, knownHelpersOnly: true } as const;

/** The domains' values in declared order, so that the text does not depend on how the caller wrote the object. */
const pick = (domains: Domains, config: AnyConfig): AnyConfig => Object.fromEntries(Object.keys(domains).map((name) => [name, config[name]!]));

function refuseUnknown(kernel: AnyKernel, spec: AnyConfig, tune: AnyConfig, hooks: Readonly<Record<string, string>>, at: Position): void {
  const problems: Problem[] = [];
  const problem = (what: string, fix: string): number =>
    problems.push({ code: "TG024", at, what: `render("${kernel.name}"): ${what}`, why: "a variant is one value of each domain of its kernel", fix });
  for (const [domains, config, part] of [
    [kernel.spec, spec, "spec"],
    [kernel.tune, tune, "tune"],
  ] as const) {
    for (const [name, { values }] of Object.entries<Domain<Scalar>>(domains)) {
      if (!values.includes(config[name]!)) problem(`${part}.${name} is ${JSON.stringify(config[name])}`, `give one of ${values.join(", ")}`);
    }
    for (const name of Object.keys(config)) if (!(name in domains)) problem(`${part}.${name} does not exist`, `give ${Object.keys(domains).join(", ")}`);
  }
  for (const name of Object.keys(hooks)) {
    if (!(name in kernel.hooks)) problem(`there is no hook "${name}"`, `the hooks are: ${Object.keys(kernel.hooks).join(", ") || "none"}`);
  }
  if (problems.length > 0) throw new GeneratorError(problems);
}
