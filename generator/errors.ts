/** What the generator refuses: every code, and the one error class. docs/errors.md has an entry for each code. */

export const CODES = {
  TG001: "a kernel of the catalog has no declaration that the generator can find",
  TG002: "a declared kernel is not in the catalog",
  TG003: "a kernel name is declared twice",
  TG004: "a kernel declaration has no doc comment",
  TG005: "a kernel's template file does not exist",
  TG006: "a template does not parse",
  TG007: "a template uses a Handlebars construct that the law does not allow",
  TG008: "a template uses another way of escaping than {{name}}",
  TG009: "a mustache below the kernel's signature",
  TG010: "a template does not hold {{signature}} exactly once",
  TG011: "a template does not begin with {{banner}}",
  TG012: "a template uses a name that the declaration does not offer",
  TG013: "a declaration offers a name that the template never uses",
  TG014: "a list used as a value, or a value used as a list",
  TG015: "a template includes a partial that does not exist",
  TG016: "a partial is included twice",
  TG017: "a buffer or shape value is declared and never used",
  TG018: "a kernel's block is not its derived `threads`",
  TG019: "`derive` gives something that a template cannot use",
  TG020: "a shipped config is not a member of the tunables' domains, or ships twice",
  TG021: "a shipped config breaks one of the kernel's own `where` rules",
  TG022: "a variant's name is not a CUDA identifier",
  TG023: "a formula of a declaration throws",
  TG024: "render() was asked for a hook, spec or config that the kernel does not have",
  TG025: "the declarations cannot be evaluated",
  TG026: "a file in generated/tuning is no tuning table",
  TG030: "a file cannot be read or written",
  TG031: "a package that the generator needs is not installed",
  TG032: "generated files are out of date",
  TG040: "a device function is not written in a form that can be read",
  TG041: "something in a device function is not device code",
  TG042: "a device function names what it cannot see",
  TG043: "a number stands for a condition in a device function, or a condition for a number",
  TG044: "a number in a device function is beyond f32",
  TG045: "a device function calls itself",
  TG046: "an entry exports no device function with operands",
  TG047: "a file in --out was not written by codegen",
} as const;

export type Code = keyof typeof CODES;

/** A place in a source file: path relative to the package root, line and column from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Problem {
  readonly code: Code;
  readonly at: Position;
  /** What was found. */
  readonly what: string;
  /** The rule that it breaks. */
  readonly why: string;
  /** What to do. */
  readonly fix: string;
}

/** One or more problems, shown together. `code` and `at` are those of the first. */
export class GeneratorError extends Error {
  override readonly name = "GeneratorError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.problems = problems;
  }

  get code(): Code | undefined {
    return this.problems[0]?.code;
  }

  get at(): Position | undefined {
    return this.problems[0]?.at;
  }
}

export function formatProblem({ code, at, what, why, fix }: Problem): string {
  return `${at.file}:${at.line}:${at.column} ${code} ${what}\n    why: ${why}\n    fix: ${fix}`;
}

/** Throws where there is anything to say. */
export function throwIfAny(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new GeneratorError(problems);
}

/** The cause of a failed file operation, as a problem. */
export function fileProblem(action: "read" | "write" | "delete", file: string, cause: unknown): Problem {
  return {
    code: "TG030",
    at: { file, line: 1, column: 1 },
    what: `cannot ${action} ${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
    why: "codegen reads declarations and templates, and writes what it renders",
    fix: "check that the path exists, that you may access it, and that the disk has room",
  };
}
