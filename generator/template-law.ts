/**
 * The law of templates: mustaches above the kernel's signature, plain CUDA below it; values, partials and {{#each}} over a derived list,
 * nothing else but {{#if draws}} and {{#if scored}}, which may stand below the signature too. Walks the syntax tree and collects what a template uses, so that names can
 * be compared both ways.
 */
import type { Position, Problem } from "./errors.ts";
import { parseTemplate } from "./parse-template.ts";
import type { TemplateFile } from "./template-files.ts";

export interface Use {
  readonly name: string;
  /** `value`: {{name}}; `list`: {{#each name}}; `field`: {{name}} inside the {{#each}} over `list`. */
  readonly kind: "value" | "list" | "field";
  readonly list: string;
  /** In {{#if draws}}: true; in its {{else}}: false; undefined: outside. */
  readonly draws: boolean | undefined;
  readonly at: Position;
}

export interface Inclusion {
  readonly name: string;
  readonly at: Position;
}

export interface Template {
  readonly file: string;
  readonly ast: hbs.AST.Program;
  readonly uses: readonly Use[];
  readonly includes: readonly Inclusion[];
  /** Plain text below {{signature}}, of a kernel that stores its answer. */
  readonly body: string;
  /** And of one that draws from it. */
  readonly drawingBody: string;
}

/** Reads one template, or one partial, which has neither banner nor signature of its own. Adds what breaks the law to `problems`. */
export function readTemplate(source: TemplateFile, kind: "kernel" | "partial", problems: Problem[]): Template | undefined {
  const parsed = parseTemplate(source);
  if ("problem" in parsed) {
    problems.push(parsed.problem);
    return undefined;
  }
  const walker = new Walker(source.file, problems);
  for (const statement of parsed.ast.body) walker.statement(statement);
  if (kind === "kernel") checkFrame(source, walker, problems);
  return { file: source.file, ast: parsed.ast, uses: walker.uses, includes: walker.includes, body: walker.body, drawingBody: walker.drawingBody };
}

function checkFrame({ file, text }: TemplateFile, walker: Walker, problems: Problem[]): void {
  const signatures = walker.uses.filter((use) => use.name === "signature" && use.kind === "value");
  if (signatures.length !== 1) {
    problems.push({
      code: "TG010",
      at: signatures[1]?.at ?? { file, line: 1, column: 1 },
      what: `{{signature}} stands ${signatures.length} times`,
      why: "the generator writes the kernel's signature, from its buffers, shape and derived threads, and knows by it where CUDA begins",
      fix: "write `{{signature}} {` once, before the kernel's body",
    });
  }
  if (!text.startsWith("{{banner}}")) {
    problems.push({
      code: "TG011",
      at: { file, line: 1, column: 1 },
      what: "the template does not begin with {{banner}}",
      why: "codegen knows its own files by their first line, and deletes no others",
      fix: "make {{banner}} the first line",
    });
  }
}

type Refusal = Pick<Problem, "code" | "what">;

const unlawful = (what: string): Refusal => ({ code: "TG007", what });

class Walker {
  readonly uses: Use[] = [];
  readonly includes: Inclusion[] = [];
  body = "";
  drawingBody = "";
  private belowSignature = false;
  private list = "";
  /** As Use.draws. */
  private draws: boolean | undefined;
  private readonly file: string;
  private readonly problems: Problem[];

  constructor(file: string, problems: Problem[]) {
    this.file = file;
    this.problems = problems;
  }

  statement(node: hbs.AST.Statement): void {
    const refusal = this.take(node);
    if (refusal === undefined) return;
    this.problems.push({
      ...refusal,
      at: this.position(node),
      why: "a template may hold {{name}}, {{> partial}}, {{#each list}} over a list that the declaration derives, {{#if draws}} and {{#if scored}}",
      fix: "compute in the declaration's derive(); choose with `if constexpr`; a structural difference is another template",
    });
  }

  private take(node: hbs.AST.Statement): Refusal | undefined {
    switch (node.type) {
      case "ContentStatement":
        return this.content(node as hbs.AST.ContentStatement);
      case "MustacheStatement":
        return this.mustache(node as hbs.AST.MustacheStatement);
      case "PartialStatement":
        return this.partial(node as hbs.AST.PartialStatement);
      case "BlockStatement":
        return this.block(node as hbs.AST.BlockStatement);
      case "CommentStatement":
        this.aboveSignature(node, "a template comment");
        return undefined;
      default:
        return unlawful(`${node.type} is not allowed`);
    }
  }

  private content(node: hbs.AST.ContentStatement): Refusal | undefined {
    if (this.belowSignature && this.draws !== true) this.body += node.value;
    if (this.belowSignature && this.draws !== false) this.drawingBody += node.value;
    return node.value.includes("{{") ? { code: "TG008", what: "an escaped mustache: `{{` reaches the CUDA text" } : undefined;
  }

  private mustache(node: hbs.AST.MustacheStatement): Refusal | undefined {
    const name = plainName(node.path);
    if (!node.escaped) return { code: "TG008", what: `{{{${shown(node.path)}}}} or {{&${shown(node.path)}}}` };
    if (node.params.length > 0 || node.hash !== undefined) return unlawful(`a call of the helper "${shown(node.path)}"`);
    if (node.strip.open || node.strip.close) return unlawful(`whitespace control ({{~) around "${shown(node.path)}"`);
    if (name === undefined) return unlawful(`"${shown(node.path)}" is not a plain name`);
    this.uses.push({ name, kind: this.list === "" ? "value" : "field", list: this.list, draws: this.draws, at: this.position(node) });
    if (this.list === "") this.aboveSignature(node, `{{${name}}}`);
    if (this.list === "" && name === "signature") this.belowSignature = true;
    return undefined;
  }

  private partial(node: hbs.AST.PartialStatement): Refusal | undefined {
    if (node.name.type !== "PathExpression") return unlawful("a partial whose name is computed");
    const name = (node.name as hbs.AST.PathExpression).original;
    if (node.params.length > 0 || node.hash !== undefined) return unlawful(`arguments of the partial "${name}"`);
    if (this.list !== "") return unlawful(`the partial "${name}" inside {{#each}}`);
    this.includes.push({ name, at: this.position(node) });
    this.aboveSignature(node, `{{> ${name}}}`);
    return undefined;
  }

  private block(node: hbs.AST.BlockStatement): Refusal | undefined {
    const helper = shown(node.path);
    const [list, ...others] = node.params;
    const name = list && plainName(list);
    const asks = helper === "if" && others.length === 0 && node.hash === undefined;
    if (asks && name === "draws") return this.drawing(node);
    if (asks && name === "scored") return this.scoring(node);
    if (helper !== "each" || node.program === undefined) return unlawful(`the block {{#${helper}}}`);
    if (node.inverse !== undefined) return unlawful("{{else}} of an {{#each}}");
    if (name === undefined || others.length > 0 || node.hash !== undefined || node.program.blockParams?.length) {
      return unlawful("an {{#each}} over something else than one plain name");
    }
    if (this.list !== "") return unlawful(`{{#each ${name}}} inside {{#each ${this.list}}}`);
    this.uses.push({ name, kind: "list", list: "", draws: this.draws, at: this.position(node) });
    this.list = name;
    for (const inner of node.program.body) this.statement(inner);
    this.list = "";
    return undefined;
  }

  private drawing(node: hbs.AST.BlockStatement): Refusal | undefined {
    if (this.draws !== undefined || this.list !== "") return unlawful("{{#if draws}} inside another block");
    this.uses.push({ name: "draws", kind: "value", list: "", draws: undefined, at: this.position(node) });
    this.draws = true;
    for (const inner of node.program?.body ?? []) this.statement(inner);
    this.draws = false;
    for (const inner of node.inverse?.body ?? []) this.statement(inner);
    this.draws = undefined;
    return undefined;
  }

  /** What stands for {{#if scored}} alone is of a kernel with a prologue, which has no declaration of its own: plain CUDA. */
  private scoring(node: hbs.AST.BlockStatement): Refusal | undefined {
    if (this.draws !== undefined || this.list !== "") return unlawful("{{#if scored}} inside another block");
    this.uses.push({ name: "scored", kind: "value", list: "", draws: undefined, at: this.position(node) });
    if (node.program?.body.some(({ type }) => type !== "ContentStatement")) return unlawful("something else than CUDA in {{#if scored}}");
    for (const inner of node.inverse?.body ?? []) this.statement(inner);
    return undefined;
  }

  private aboveSignature(node: hbs.AST.Node, what: string): void {
    if (!this.belowSignature) return;
    this.problems.push({
      code: "TG009",
      at: this.position(node),
      what: `${what} stands below the kernel's signature`,
      why: "mustaches above the signature, plain CUDA below it: the body is to read as CUDA",
      fix: "give the value a constexpr, a typedef or a function above {{signature}} and use that",
    });
  }

  private position({ loc }: hbs.AST.Node): Position {
    return { file: this.file, line: loc.start.line, column: loc.start.column + 1 };
  }
}

/** `name` or `hooks.name`; undefined for literals, `this`, `../x`, `@x`, `[x]`, calls. */
function plainName(node: hbs.AST.Node): string | undefined {
  if (node.type !== "PathExpression") return undefined;
  const { data, depth, parts, original, loc } = node as hbs.AST.PathExpression;
  const asWritten = parts.join(".") === original && loc.end.column - loc.start.column === original.length;
  return !data && depth === 0 && parts.length > 0 && asWritten ? original : undefined;
}

const shown = (node: hbs.AST.Node): string => ("original" in node ? String(node.original) : node.type);
