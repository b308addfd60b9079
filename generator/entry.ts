/** A user's entry: the module whose exported score functions become top-ks of their own. One of the modules that know ts-morph. */
import { existsSync } from "node:fs";
import { Project, type SourceFile, ts } from "ts-morph";
import type { Operands } from "../dsl/device/declare.ts";
import { refuser } from "./device/problem.ts";
import { packagedFunctions, type TranslatedFunction, translated } from "./device/program.ts";
import { importedPaths } from "./device/read.ts";
import { fileProblem, GeneratorError, type Problem } from "./errors.ts";
import { rootRelative } from "./template-files.ts";

export interface EntryFunction extends TranslatedFunction {
  readonly operands: Operands;
  /** Its doc comment, without its stars. */
  readonly doc: string;
}

/**
 * The exported functions of `entry` that have operands, in their order; those of modules that it imports by relative paths, or from "topkit/device", may be called.
 * `root` is the package's folder; positions are relative to `base`. Errors: GeneratorError TG030, TG040 to TG046.
 */
export function readEntry(entry: string, root: string, base: string): readonly EntryFunction[] {
  if (!existsSync(entry)) throw new GeneratorError([fileProblem("read", rootRelative(base, entry), new Error("there is no such file"))]);
  const packaged = packagedFunctions(root);
  const project = new Project({ skipAddingFilesFromTsConfig: true, skipFileDependencyResolution: true });
  for (const path of [packaged, entry]) addImports(project.addSourceFileAtPath(path));
  const file = project.getSourceFileOrThrow(entry);
  const unparsed = project.getSourceFiles().flatMap((each) => syntaxProblems(each, base));
  if (unparsed.length > 0) throw new GeneratorError(unparsed);
  const refuse = refuser(base);
  const functions = file.getVariableStatements().flatMap((statement) => {
    if (!statement.hasExportKeyword()) return [];
    const doc = statement.getJsDocs().map((each) => each.getInnerText().trim());
    return statement.getDeclarations().flatMap((node): EntryFunction[] => {
      const fn = translated(node, refuse, packaged);
      return fn?.operands === undefined ? [] : [{ ...fn, operands: fn.operands, doc: doc.join("\n\n") }];
    });
  });
  if (functions.length === 0) throw new GeneratorError([nothingExported(rootRelative(base, file.getFilePath()))]);
  return functions;
}

function addImports(file: SourceFile): void {
  for (const statement of file.getImportDeclarations()) {
    const specifier = statement.getModuleSpecifierValue();
    if (!specifier.startsWith(".")) continue;
    const path = importedPaths(file, specifier).find((each) => each.endsWith(".ts") && existsSync(each));
    if (path === undefined || file.getProject().getSourceFile(path) !== undefined) continue;
    addImports(file.getProject().addSourceFileAtPath(path));
  }
}

/** What the parser did not understand: it would make something of it. */
const syntaxProblems = (file: SourceFile, base: string): Problem[] =>
  (ts.transpileModule(file.getFullText(), { fileName: file.getFilePath(), reportDiagnostics: true }).diagnostics ?? []).map(({ start = 0, messageText }) => ({
    code: "TG040",
    at: { file: rootRelative(base, file.getFilePath()), ...file.getLineAndColumnAtPos(start) },
    what: `it is no TypeScript: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
    why: "device functions are read from a module's source",
    fix: "correct the syntax; `npx tsc --noEmit` says more",
  }));

const nothingExported = (file: string): Problem => ({
  code: "TG046",
  at: { file, line: 1, column: 1 },
  what: `${file} exports no device function with operands`,
  why: "each exported one becomes a top-k of its scores, named as it is",
  fix: 'write `export const name = deviceFn({ bias: "column" }, (x, o) => x + o.bias);`',
});
