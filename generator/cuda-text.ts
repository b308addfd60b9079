/** What can be said of CUDA text without parsing it. */

const COMMENT_OR_LITERAL = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\[^']*|[^'\\])'/g;
/** Not a member, as in threadIdx.x, nor a part of a number. */
const IDENTIFIER = /(?<![\w.]|->)[A-Za-z_]\w*/g;

/** Every identifier and keyword, members left out, outside comments, strings and character literals. */
export function identifiersOf(text: string): ReadonlySet<string> {
  return new Set(text.replace(COMMENT_OR_LITERAL, " ").match(IDENTIFIER));
}

export const isIdentifier = (text: string): boolean => /^[A-Za-z_]\w*$/.test(text);
