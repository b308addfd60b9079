/**
 * The catalog of a dsl/ folder, evaluated afresh from its TypeScript sources: never an older compiled copy of them, whichever program runs.
 * The bundled TypeScript of ts-morph strips the types; the result is imported from a temporary folder.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ts } from "ts-morph";
import { fileProblem, GeneratorError, type Position, type Problem } from "./errors.ts";
import type { Catalog } from "./generate.ts";
import { rootRelative } from "./template-files.ts";

/** Errors: GeneratorError TG025 where the sources do not evaluate: a syntax error, or a declaration that kernel() refuses; TG030. */
export async function readCatalog(root: string): Promise<Catalog> {
  const base = resolve(root);
  const temporary = await mkdtemp(join(tmpdir(), "topkit-dsl-"));
  const sourceMaps = process.sourceMapsEnabled;
  try {
    await transpile(base, temporary);
    process.setSourceMapsEnabled(true);
    // its type is that of our own dsl/catalog.ts, which every dsl/ folder is a version of
    return (await import(pathToFileURL(join(temporary, "catalog.js")).href)) as Catalog;
  } catch (cause) {
    if (cause instanceof GeneratorError) throw cause;
    throw new GeneratorError([unevaluable(`${cause instanceof Error ? cause.message : cause}`, originOf(cause, base))]);
  } finally {
    process.setSourceMapsEnabled(sourceMaps);
    await rm(temporary, { recursive: true });
  }
}

async function transpile(base: string, target: string): Promise<void> {
  const folder = join(base, "dsl");
  const names = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new GeneratorError([fileProblem("read", "dsl", cause)]);
  });
  await writeFile(join(target, "package.json"), '{ "type": "module" }\n');
  for (const name of names.filter((name) => name.endsWith(".ts"))) {
    const source = join(folder, name);
    const { outputText, diagnostics = [] } = ts.transpileModule(await readFile(source, "utf8"), {
      fileName: source,
      compilerOptions: optionsFor(source),
      reportDiagnostics: true,
    });
    const [wrong] = diagnostics;
    if (wrong !== undefined) throw new GeneratorError([unevaluable(ts.flattenDiagnosticMessageText(wrong.messageText, " "), diagnosticPosition(wrong, base))]);
    const output = join(target, name.replace(/\.ts$/, ".js"));
    await mkdir(dirname(output), { recursive: true });
    await writeFile(output, outputText);
  }
}

const optionsFor = (source: string): ts.CompilerOptions => ({
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  rewriteRelativeImportExtensions: true,
  verbatimModuleSyntax: true,
  inlineSourceMap: true,
  sourceRoot: `${pathToFileURL(dirname(source)).href}/`,
});

function diagnosticPosition({ file, start = 0 }: ts.Diagnostic, base: string): Position | undefined {
  if (file === undefined) return undefined;
  const { line, character } = file.getLineAndCharacterOfPosition(start);
  return { file: rootRelative(base, file.fileName), line: line + 1, column: character + 1 };
}

/** Where an error's stack leaves dsl/: the declaration rather than kernel() itself. */
function originOf(cause: unknown, base: string): Position | undefined {
  const frames = cause instanceof Error ? `${cause.stack}`.split("\n").map((line) => positionIn(line, base)) : [];
  const inner = frames.findIndex((position) => position !== undefined);
  const outside = frames.findIndex((position, i) => i > inner && position === undefined);
  return frames[outside > 0 ? outside - 1 : frames.length - 1];
}

function positionIn(frame: string, base: string): Position | undefined {
  const [, path = "", line, column] = /(file:\/\/?[^\s()]+\.ts|\/[^\s():]+\.ts):(\d+):(\d+)/.exec(frame) ?? [];
  const file = rootRelative(base, path.startsWith("file:") ? fileURLToPath(path) : path);
  return file.startsWith("dsl/") ? { file, line: Number(line), column: Number(column) } : undefined;
}

const unevaluable = (message: string, at: Position | undefined): Problem => ({
  code: "TG025",
  at: at ?? { file: "dsl/catalog.ts", line: 1, column: 1 },
  what: `dsl/catalog.ts cannot be evaluated: ${message}`,
  why: "codegen runs the declarations: their formulas give what templates are shown",
  fix: "correct the declaration; `npx tsc -p .` says more of types and syntax",
});
