/**
 * The mutants of a template file: each barrier, fence, mask and bound of its text removed or weakened, one at a time. Works on the text alone,
 * by the layout that the templates have: spaces around binary operators and none inside template brackets.
 */

export type MutantKind = "barrier" | "fence" | "copy" | "mask" | "bound" | "guard";

export interface Mutant {
  /** Of the template, as "templates/device/select.cuh". */
  readonly file: string;
  readonly line: number;
  readonly kind: MutantKind;
  /** Whether it is in what the template has for a kernel that draws alone. */
  readonly draws: boolean;
  /** What was done, "before -> after", numbered where the file has the same more than once. */
  readonly change: string;
  /** The whole file, changed. */
  readonly text: string;
  /** The whole expression that the change is in, and what becomes of it; a statement's is what stands before its semicolon. */
  readonly swap: { readonly from: number; readonly to: number; readonly by: string };
}

interface Edit {
  readonly kind: MutantKind;
  readonly from: number;
  readonly to: number;
  readonly by: string;
  /** Where the shown text begins and ends, if it is more than what is replaced. */
  readonly shown?: readonly [from: number, to: number];
  /** Where the expression begins and ends that this is a part of, if it is not one itself. */
  readonly whole?: readonly [from: number, to: number];
}

export function mutantsOf(file: string, text: string): Mutant[] {
  const code = codeOf(text);
  const drawing = [...text.matchAll(DRAWING)].map(({ index, 0: part }) => [index, index + part.length] as const);
  const operators = [calls, counts, masks, comparisons, clamps, guards, choices, operands];
  const edits = operators.flatMap((operator) => operator(code)).sort((a, b) => a.from - b.from || a.to - b.to);
  const seen = new Map<string, number>();
  return edits.map(({ kind, from, to, by, shown: [start, end] = [from, to], whole = [from, to] }) => {
    const after = text.slice(start, from) + by + text.slice(to, end);
    const plain = oneLine(`${text.slice(start, end)} -> ${after || "nothing"}`);
    const nth = (seen.get(plain) ?? 0) + 1;
    seen.set(plain, nth);
    return {
      file,
      line: text.slice(0, from).split("\n").length,
      kind,
      draws: drawing.some(([start, end]) => start <= from && from < end),
      change: nth === 1 ? plain : `${plain} (${nth})`,
      text: text.slice(0, from) + by + text.slice(to),
      swap: by === ";" ? { from, to: to - 1, by: "(void)0" } : { from: whole[0], to: whole[1], by: text.slice(whole[0], from) + by + text.slice(to, whole[1]) },
    };
  });
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();

/** What is for a draw alone. */
const DRAWING = /^\{\{#if draws\}\}[\s\S]*?(?=^\{\{(?:else|\/if)\}\})/gm;

/** The text with blanks where no mutant is wanted: comments, mustaches, what is for a prologue alone, directives, static assertions, inline PTX and its twins. */
function codeOf(text: string): string {
  const blank = (part: string): string => part.replace(/[^\n]/g, " ");
  return text
    .replace(/^#ifdef TOPKIT_EMULATE\b[\s\S]*?^#endif/gm, blank)
    .replace(/^#ifndef TOPKIT_EMULATE\b[\s\S]*?^#(?=else|endif)/gm, blank)
    .replace(/^\{\{#if scored\}\}[\s\S]*?(?=^\{\{(?:else|\/if)\}\})/gm, blank)
    .replace(/\/\/.*$/gm, blank)
    .replace(/\{\{[\s\S]*?\}\}/g, (mustache) => "_".repeat(mustache.length))
    .replace(/^\s*#.*$/gm, blank)
    .replace(/static_assert\(.*$/gm, blank);
}

/** Statements that only order or only wait, or that move what others wait for; and the ordered forms of those that do more. */
const ORDERING = /(?<=(?:^|[;{})]|\belse|____)\s*)((?:__sync(?:threads|warp)|\w*(?:barrier|fence)\w*|cluster_(?:arrive|wait)\w*)\()/g;
const MOVING = /(?<=(?:^|[;{})]|\belse|____)\s*)((?:\w*_expect\w*|store_(?:peer|async)|bulk_copy)\()/g;
const VOTES = /__syncthreads_(?:or|and|count)(?=\()/g;
const WEAKER: Readonly<Record<string, string>> = {
  load_acquire: "load_relaxed",
  cluster_arrive: "cluster_arrive_relaxed",
  __cluster_barrier_arrive: "__cluster_barrier_arrive_relaxed",
  mbarrier_arrive: "mbarrier_arrive_relaxed",
  mbarrier_arrive_expect_tx: "mbarrier_arrive_expect_tx_relaxed",
  // device/ptx_cluster.cuh
  barrier_expect: "peer_expect",
};

function calls(code: string): Edit[] {
  const without = (pattern: RegExp, kindOf: (name: string) => MutantKind): Edit[] =>
    [...code.matchAll(pattern)].flatMap(({ index, 0: opening }): Edit[] => {
      const to = closing(code, index + opening.length - 1);
      return code[to] === ";" ? [{ kind: kindOf(opening), from: index, to: to + 1, by: ";" }] : [];
    });
  const ordering = without(ORDERING, (name) => (name.includes("fence") ? "fence" : "barrier"));
  const taken = new Set(ordering.map(({ from }) => from));
  const removed = [...ordering, ...without(MOVING, () => "copy").filter(({ from }) => !taken.has(from))];
  const votes = [...code.matchAll(VOTES)].map(({ index, 0: name }): Edit => {
    const to = index + name.length;
    return { kind: "barrier", from: index, to, by: "", whole: [index, closing(code, to)] };
  });
  const weakened = [...code.matchAll(/(?<=(?:[;{})=]|____)\s*)(?<!\w)(\w+)(?=\()/g)].flatMap(({ index, 0: name }): Edit[] => {
    const weaker = WEAKER[name];
    const to = index + name.length;
    return weaker === undefined ? [] : [{ kind: "fence", from: index, to, by: weaker, whole: [index, closing(code, to)] }];
  });
  return [...removed, ...votes, ...weakened];
}

/** What an mbarrier counts, and a copy's size: one arrival more, 16 bytes more to come, 16 bytes less to go. */
const COUNTED = /(?<=(?:^|[;{})]|\belse|____)\s*)(?:(m?barrier_init)|(\w*_expect\w*)|bulk_copy)\(/g;

function counts(code: string): Edit[] {
  return [...code.matchAll(COUNTED)].flatMap(({ index, 0: opening, 1: initial, 2: expected }): Edit[] => {
    const to = closing(code, index + opening.length - 1);
    const last = argumentsOf(code, index + opening.length);
    // the size of a copy is its third argument of four, the others' numbers their last of two
    const [from, end] = last[initial || expected ? 1 : 2]!;
    const by = `(${code.slice(from, end)}) ${initial ? "+ 1" : expected ? "+ 16" : "- 16"}`;
    return code[to] === ";" ? [{ kind: "copy", from, to: end, by, shown: [index, to], whole: [from, end] }] : [];
  });
}

/** One lane less in a mask. */
function masks(code: string): Edit[] {
  return [...code.matchAll(/__\w+_sync\(/g)].map(({ index, 0: opening }): Edit => {
    const [from, to] = argumentsOf(code, index + opening.length)[0]!;
    const mask = code.slice(from, to);
    return { kind: "mask", from, to, by: /^0xffffffffu?$/.test(mask) ? "0x7fffffffu" : `(${mask} & 0x7fffffffu)`, shown: [index, to] };
  });
}

const SWAPPED: Readonly<Record<string, string>> = { "<": "<=", "<=": "<", ">": ">=", ">=": ">" };

function comparisons(code: string): Edit[] {
  return [...code.matchAll(/(?<= )(<|<=|>|>=)(?= )/g)].map(({ index, 0: operator }): Edit => {
    const to = index + operator.length;
    return {
      kind: "bound",
      from: index,
      to,
      by: SWAPPED[operator]!,
      shown: [operandBefore(code, index), operandAfter(code, to)],
      whole: [operandBefore(code, index, COMPARED), operandAfter(code, to, COMPARED)],
    };
  });
}

/** The lesser or the greater of two: either alone. */
function clamps(code: string): Edit[] {
  return [...code.matchAll(/\b(?:lesser_of|greater_of|min|max)\((?=[^)])/g)].flatMap(({ index, 0: opening }): Edit[] => {
    const to = closing(code, index + opening.length - 1);
    const both = argumentsOf(code, index + opening.length);
    // a definition has parameters and a body
    if (both.length !== 2 || /^\s*\{/.test(code.slice(to))) return [];
    return both.map(([from, end]): Edit => ({ kind: "bound", from: index, to, by: `(${code.slice(from, end)})` }));
  });
}

/** Conditions of `if`: always, and never. One that waits still waits. */
function guards(code: string): Edit[] {
  return [...code.matchAll(/\bif \(/g)].flatMap(({ index, 0: opening }): Edit[] => {
    const from = index + opening.length;
    const to = closing(code, from - 1) - 1;
    const condition = code.slice(from, to);
    const waits = condition.includes("__sync");
    return ["true", "false"].map((value): Edit => ({ kind: "guard", from, to, by: waits ? `(${condition}, ${value})` : value, shown: [index, to + 1] }));
  });
}

/** `c ? a : b` where c compares or looks whether there is something: a alone, b alone. What picks by a constant is no bound. */
function choices(code: string): Edit[] {
  return [...code.matchAll(/ \? /g)].flatMap(({ index }): Edit[] => {
    const from = operandBefore(code, index, LOOSE);
    const colon = colonOf(code, index + 3);
    const to = operandAfter(code, colon + 3, CHOICE_END);
    if (code.slice(from, index).includes("==")) return [];
    const whole = [operandBefore(code, index, CHOSEN), to] as const;
    return [code.slice(index + 3, colon), code.slice(colon + 3, to)].map((by): Edit => ({ kind: "guard", from, to, by, whole }));
  });
}

/** What stands at either side of && and ||, left out. */
function operands(code: string): Edit[] {
  const edits = new Map<string, Edit>();
  for (const { index, 0: operator } of code.matchAll(/&&|\|\|/g)) {
    const neutral = operator === "&&" ? "true" : "false";
    const [left, right] = [operandBefore(code, index, LOOSE), operandAfter(code, index + 2, LOOSE)];
    for (const [from, to] of [trimmed(code, left, index), trimmed(code, index + 2, right)]) {
      edits.set(`${from}:${to}`, { kind: "guard", from, to, by: neutral, shown: [left, right] });
    }
  }
  return [...edits.values()];
}

/** Ends of operands at the same depth of brackets: of comparisons, of && and ||, of the last part of a choice. */
const TIGHT = /^(&&|\|\||\?|:(?!:)|;|,|<<?=? |>>?=? |=(?!=)|return\b)/;
const LOOSE = /^(&&|\|\||\?|:(?!:)|;|,|[^=<>!|&]=(?!=)|return\b)/;
const CHOICE_END = /^[;,]/;
/** The same by the precedence of C++: of what is compared, of a choice's condition. */
const COMPARED = /^(&&|\|\||\?|:(?!:)|;|,|[&|^] |[=!]=|=|return\b)/;
const CHOSEN = /^(\?|:(?!:)|;|,|[^=<>!]=(?!=)|return\b)/;

function operandBefore(code: string, end: number, stop = TIGHT): number {
  let depth = 0;
  for (let at = end - 1; at >= 0; at--) {
    const character = code[at]!;
    if (")]}".includes(character)) depth++;
    else if ("([{".includes(character) && depth-- === 0) return skipSpaces(code, at + 1);
    else if (depth === 0 && code[at - 1] !== ":") {
      const found = stop.exec(code.slice(at, at + 8));
      if (found) return skipSpaces(code, at + found[0].length);
    }
  }
  return 0;
}

function operandAfter(code: string, start: number, stop = TIGHT): number {
  let depth = 0;
  for (let at = start; at < code.length; at++) {
    const character = code[at]!;
    if ("([{".includes(character)) depth++;
    else if (")]}".includes(character) && depth-- === 0) return at;
    else if (depth === 0 && code[at - 1] !== ":" && stop.test(code.slice(at, at + 8))) {
      return trimmed(code, start, at)[1];
    }
  }
  return code.length;
}

/** The ` : ` that belongs to a choice whose first part begins here. */
function colonOf(code: string, start: number): number {
  let open = 0;
  for (let at = start; at < code.length; at++) {
    if (code.startsWith(" ? ", at)) open++;
    if (code.startsWith(" : ", at) && open-- === 0) return at;
  }
  throw new Error(`a choice without its second part: ${code.slice(start, start + 60)}`);
}

/** One past the bracket that closes the one here. */
function closing(code: string, open: number): number {
  let depth = 0;
  for (let at = open; at < code.length; at++) {
    if (code[at] === "(") depth++;
    if (code[at] === ")" && --depth === 0) return at + 1;
  }
  throw new Error(`a bracket that nothing closes: ${code.slice(open, open + 60)}`);
}

/** Where each argument of the call begins and ends of which the first begins here. */
function argumentsOf(code: string, start: number): (readonly [from: number, to: number])[] {
  const found: (readonly [number, number])[] = [];
  let from = start;
  for (let at = start, depth = 0; depth >= 0; at++) {
    const character = code[at]!;
    if ("([{".includes(character)) depth++;
    if (")]}".includes(character)) depth--;
    if (depth < 0 || (depth === 0 && character === ",")) {
      found.push(trimmed(code, from, at));
      from = at + 1;
    }
  }
  return found;
}

const skipSpaces = (code: string, at: number): number => at + (/^\s*/.exec(code.slice(at))?.[0].length ?? 0);

function trimmed(code: string, from: number, to: number): readonly [number, number] {
  const start = skipSpaces(code, from);
  return [start, Math.max(start, from + code.slice(from, to).trimEnd().length)];
}
