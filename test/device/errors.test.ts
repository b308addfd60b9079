/** What is refused of a device function, and the place that the refusal names. */
import { afterAll, describe, expect, it } from "vitest";
import { CODES, GeneratorError } from "../../generator/errors.ts";
import { translated } from "./translated.ts";

const triggered = new Set<string>();

/** `CODE line:column` of the first problem, or "". */
function refusal(text: string, more: Readonly<Record<string, string>> = {}): string {
  try {
    translated({ ...more, "f.ts": text });
    return "";
  } catch (cause) {
    if (!(cause instanceof GeneratorError)) throw cause;
    const { code, at, what, why, fix } = cause.problems[0]!;
    triggered.add(code);
    expect(at.file).toBe("f.ts");
    for (const words of [what, why, fix]) expect(words).not.toBe("");
    return `${code} ${at.line}:${at.column}`;
  }
}

const scalar = (body: string): string => `const f = deviceFn((x: number) =>\n${body});`;
const score = (body: string): string => `const f = deviceFn({ bias: "column" }, (x, o) =>\n${body});`;

describe("refused", () => {
  it.each([
    ["no arrow function", "const f = deviceFn(body);", "TG040 1:11"],
    ["operands elsewhere", "const f = deviceFn(operands, (x, o) => x);", "TG040 1:20"],
    ["another kind of operand", 'const f = deviceFn({ a: "block" }, (x, o) => x);', "TG040 1:22"],
    ["an operand twice", 'const f = deviceFn({ a: "row", a: "row" }, (x, o) => x);', "TG040 1:32"],
    ["destructured operands", 'const f = deviceFn({ a: "row" }, (x, { a }) => x);', "TG040 1:38"],
    ["a default", "const f = deviceFn((x = 1) => x);", "TG040 1:21"],
    ["a rest parameter", "const f = deviceFn((...x) => 1);", "TG040 1:21"],
    ["no parameter", "const f = deviceFn(() => 1);", "TG040 1:20"],
    ["three parameters with operands", 'const f = deviceFn({ a: "row" }, (x, o, p) => x);', "TG040 1:34"],
    ["a name that the device has not", "const f = deviceFn(($x) => $x);", "TG040 1:21"],
    ["a parameter twice", "const f = deviceFn((x, x) => x);", "TG040 1:24"],
    ["a constant twice", scalar("{ const x = 1; return x; }"), "TG040 2:9"],
    ["a math function's name", "const pow2 = deviceFn((x) => x);", "TG040 1:7"],
    ["a function twice", "const f = deviceFn((x) => x);\nconst f = deviceFn((x) => x);", "TG040 2:7"],
    ["a string", scalar('x + "a"'), "TG041 2:5"],
    ["true", scalar("true ? x : 0"), "TG041 2:1"],
    ["==", scalar("x == 0 ? 1 : 0"), "TG041 2:3"],
    ["%", scalar("x % 2"), "TG041 2:3"],
    ["an assignment", scalar("x = 2"), "TG041 2:3"],
    ["an increment", scalar("++x"), "TG041 2:1"],
    ["a plus sign", scalar("+x"), "TG041 2:1"],
    ["a bitwise not", scalar("~x"), "TG041 2:1"],
    ["a library's function", scalar("Math.exp(x)"), "TG041 2:1"],
    ["min of three", scalar("Math.min(x, 1, 2)"), "TG041 2:1"],
    ["a property", scalar("Number.EPSILON"), "TG041 2:1"],
    ["an if", scalar("{ if (x > 0) return 1; return 0; }"), "TG041 2:3"],
    ["a let", scalar("{ let y = x; return y; }"), "TG041 2:3"],
    ["destructuring", scalar("{ const [y] = x; return y; }"), "TG041 2:9"],
    ["no return", scalar("{ const y = x; }"), "TG041 2:3"],
    ["an empty body", scalar("{}"), "TG041 2:1"],
    ["too few arguments", `const g = deviceFn((a, b) => a + b);\n${scalar("g(x)")}`, "TG041 3:1"],
    ["an unknown name", scalar("x + y"), "TG042 2:5"],
    ["a module's variable", `let y = 1;\n${scalar("x + y")}`, "TG042 3:5"],
    ["an undeclared operand", score("x + o.mask"), "TG042 2:5"],
    ["an operand by its bare name", score("x + bias"), "TG042 2:5"],
    ["a function that is none", scalar("g(x)"), "TG042 2:1"],
    ["an operand that the caller has not", `const g = deviceFn({ a: "row" }, (x, o) => x * o.a);\n${score("g(x, o)")}`, "TG042 3:6"],
    ["an operand of another kind", `const g = deviceFn({ bias: "row" }, (x, o) => x + o.bias);\n${score("g(x, o)")}`, "TG042 3:6"],
    ["operands made up", `const g = deviceFn({ bias: "column" }, (x, o) => x);\n${score("g(x, { bias: 1 })")}`, "TG042 3:6"],
    ["a number as a condition", scalar("x ? 1 : 0"), "TG043 2:1"],
    ["a condition as a number", scalar("x + (x > 0)"), "TG043 2:5"],
    ["a condition as the result", scalar("x > 0"), "TG043 2:1"],
    ["a negated number", scalar("!x ? 1 : 0"), "TG043 2:2"],
    ["&& of numbers", scalar("x && 1"), "TG043 2:1"],
    ["branches of two types", scalar("x > 0 ? 1 : x < 0"), "TG043 2:13"],
    ["a number beyond f32", scalar("x * 1e39"), "TG044 2:5"],
    ["a module's number beyond f32", `const BIG = -1e39;\n${scalar("x * BIG")}`, "TG044 1:14"],
    ["a function that calls itself", scalar("f(x)"), "TG045 2:1"],
    ["two that call each other", "const f = deviceFn((x) => g(x));\nconst g = deviceFn((x) => f(x));", "TG045 2:27"],
  ])("%s", (_, text, expected) => expect(refusal(text)).toBe(expected));

  it("two functions of one name, of two modules", () => {
    const modules = { "a.ts": "export const g = deviceFn((x) => x);\nexport const h = deviceFn((x) => g(x));" };
    expect(refusal('import { h } from "./a.ts";\nconst g = deviceFn((x) => x + h(x));', modules)).toBe("TG040 2:7");
  });
});

it("takes everything that docs/device-functions.md lists", () => {
  const text = `import { half as halved, LIMIT } from "./a.ts";
    const all = deviceFn({ u: "uniform", r: "row", c: "column", e: "element" }, (x, o) => {
      const big: number = x > LIMIT && !(x >= 2.5) || x <= o.u ? Math.abs(-x) : halved(x) * o.r;
      const far = big !== o.c;
      return far ? Math.max(big, Infinity) : x === 0 ? Math.min(x, NaN) / 3 : (Math.sqrt(x) - 1e-40) + other(x, o);
    });
    const other = deviceFn({ e: "element" }, (x, o) => Math.floor(x) + Math.ceil(o.e) + Math.trunc(x));`;
  const modules = { "a.ts": "export const LIMIT = -1.5;\nexport const half = deviceFn((x: number) => x / 2);", "f.ts": text };
  const { operands, program } = translated(modules).get("all")!;
  expect(operands).toEqual({ u: "uniform", r: "row", c: "column", e: "element" });
  expect(program.functions.map(({ name, parameters }) => [name, parameters])).toEqual([
    ["half", ["x"]],
    ["other", ["x", "e"]],
    ["all", ["x", "u", "r", "c", "e"]],
  ]);
});

afterAll(() => expect([...triggered].sort()).toEqual(Object.keys(CODES).filter((code) => code >= "TG040" && code <= "TG045")));
