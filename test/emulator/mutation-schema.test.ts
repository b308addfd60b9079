import { expect, it } from "vitest";
import { compileKernel, scratch } from "./emulator.ts";
import { mutantsOf } from "./mutation-operators.ts";
import { numbersCompiled, numbersIn, SWITCH, schemaOf } from "./mutation-schema.ts";

/** With `?1` for the question whether mutant 1 is chosen, and `!1` where it is told too. */
function switches(text: string): string {
  const numbered = mutantsOf("t.cuh", text).map((mutant, at) => ({ number: at + 1, mutant }));
  return schemaOf(text, numbered)
    .replace(/chosen_mutant<(\d+)>\(\) \?/g, "?$1")
    .replace(/told_mutant<(\d+)>/g, "!$1");
}

it("makes a choice of an expression, and of a statement, which stays one under an if", () => {
  expect(switches("while (x) __syncthreads();")).toBe("while (x) (?1 (void)((void)0) : (void)(__syncthreads()));");
  expect(switches("n = __syncthreads_count(p);")).toBe("n = (?1 ((p)) : (__syncthreads_count(p)));");
  expect(switches("x = load_acquire(p);")).toBe("x = (?1 (load_relaxed(p)) : (load_acquire(p)));");
});

it("tells what a condition without effects would have been", () => {
  expect(switches("i = n > m;")).toBe("i = !1((n > m), (n >= m));");
  expect(switches("if (a) f();")).toBe("if (!2((!1((a), (true))), (false))) f();");
  expect(switches("ok = a && f(b);")).toBe("ok = !1((a), (true)) && (?2 (true) : (f(b)));");
  expect(switches("while (i++ < n) f();")).toBe("while ((?1 (i++ <= n) : (i++ < n))) f();");
});

it("takes the whole of what an operator joins, by the precedence of C++", () => {
  expect(switches("a = b == c < d << 2 + e;")).toBe("a = b == !1((c < d << 2 + e), (c <= d << 2 + e));");
  expect(switches("a = b | (c >> 1) > d & e;")).toBe("a = b | !1(((c >> 1) > d), ((c >> 1) >= d)) & e;");
  expect(switches("n = p == 0 | q ? f : g;")).toBe("n = p == 0 | q ? f : g;");
  expect(switches("n = w | q ? f : g;")).toBe("n = (?1 (f) : ?2 (g) : (w | q ? f : g));");
});

it("switches within what is switched, but not within what is changed", () => {
  expect(switches("n = lesser_of(a < b, c);")).toBe("n = (?1 ((a < b)) : ?2 ((c)) : (lesser_of(!3((a < b), (a <= b)), c)));");
});

it("asks nothing where a mustache's block would be cut", () => {
  expect(switches("{{#if a}}return {{/if}}n < m;")).toBe("{{#if a}}return {{/if}}n < m;");
  expect(switches("return {{#if a}}l + {{/if}}n < m;")).toBe("return !1(({{#if a}}l + {{/if}}n < m), ({{#if a}}l + {{/if}}n <= m));");
});

it("finds the numbers in lines", () => {
  expect([...numbersIn(["a", "chosen_mutant<3>() ? b : (chosen_mutant<12>() ? c : d)", "chosen_mutant()"])]).toEqual([3, 12]);
});

it("finds the numbers of which an object has code: not those of a template that nothing uses", () => {
  const text = `${SWITCH}template <class T> T unused(T a) { return chosen_mutant<1>() ? a : 0; }
template <bool B> int used(int a) { if constexpr (B) return chosen_mutant<2>() ? a : 0; else return chosen_mutant<3>() ? a : 0; }
extern "C" __global__ void kernel(int* a) { *a = used<true>(*a); }
`;
  using folder = scratch();
  const numbers = ["-O0", "-O1"].map((level) => [...numbersCompiled([compileKernel("kernel.cu", text, "checked", folder.path, [level])])]);
  expect(numbers).toEqual([[2], [2]]);
});
