/** Handlebars.parse() with its errors translated to file:line:col. */
import Handlebars from "handlebars";
import type { Position, Problem } from "./errors.ts";
import type { TemplateFile } from "./template-files.ts";

export function parseTemplate({ file, text }: TemplateFile): { readonly ast: hbs.AST.Program } | { readonly problem: Problem } {
  try {
    return { ast: Handlebars.parse(text) };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const { line, column } = place(cause, message, text);
    return {
      problem: {
        code: "TG006",
        at: { file, line, column },
        what: `Handlebars cannot read this: ${message.split("\n").at(-1)}`,
        why: "`{{` begins a mustache wherever it stands, in a C++ initialiser too",
        fix: "correct the mustache; where CUDA needs two braces, write `{ {` and `} }`",
      },
    };
  }
}

/** Semantic errors carry their place; the parser's hide it in the message: a line, and a caret below an excerpt without line breaks. */
function place(cause: unknown, message: string, text: string): Omit<Position, "file"> {
  const { lineNumber, column } = cause as { lineNumber?: number; column?: number };
  if (lineNumber !== undefined) return { line: lineNumber, column: (column ?? 0) + 1 };
  const line = Number(/on line (\d+)/.exec(message)?.[1] ?? 1);
  const [, excerpt = "", caret = ""] = /\n([^\n]*)\n(-*\^)/.exec(message) ?? [];
  const before = caret.length - 1;
  const past = excerpt.slice(excerpt.startsWith("...") && before > 20 ? 3 : 0, before);
  const ahead = excerpt.slice(before).replace(/\.\.\.$/, "");
  let best = { line, column: 1 };
  let bestDistance = Number.POSITIVE_INFINITY;
  for (let offset = 0; offset <= text.length; offset++) {
    if (!flat(text.slice(offset, offset + 40)).startsWith(ahead) || !flat(text.slice(Math.max(0, offset - 20), offset)).endsWith(past)) continue;
    const here = positionAt(text, offset);
    const distance = Math.abs(here.line - line);
    if (distance < bestDistance) [best, bestDistance] = [here, distance];
  }
  return best;
}

const flat = (text: string): string => text.replaceAll("\n", "");

export function positionAt(text: string, offset: number): Omit<Position, "file"> {
  const before = text.slice(0, offset);
  return { line: before.split("\n").length, column: offset - before.lastIndexOf("\n") };
}
