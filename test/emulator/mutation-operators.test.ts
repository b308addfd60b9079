import { expect, it } from "vitest";
import { mutantsOf } from "./mutation-operators.ts";

const changes = (text: string): string[] => mutantsOf("t.cuh", text).map(({ kind, line, change }) => `${line} ${kind}: ${change}`);

it("takes out barriers and fences, and the waiting of votes", () => {
  expect(changes("a = b;\n__syncthreads();\n__syncwarp(0xffu);\n__threadfence();\nif (x) cluster_wait();\nn = __syncthreads_count(p);\n")).toEqual([
    "2 barrier: __syncthreads(); -> ;",
    "3 barrier: __syncwarp(0xffu); -> ;",
    "4 fence: __threadfence(); -> ;",
    "5 guard: if (x) -> if (true)",
    "5 guard: if (x) -> if (false)",
    "5 barrier: cluster_wait(); -> ;",
    "6 barrier: __syncthreads_count -> nothing",
  ]);
});

it("weakens what orders, and leaves its definition alone", () => {
  expect(changes("void cluster_arrive() { }\nf();\ncluster_arrive();\nx = load_acquire(p);\n")).toEqual([
    "3 fence: cluster_arrive -> cluster_arrive_relaxed",
    "3 barrier: cluster_arrive(); -> ;",
    "4 fence: load_acquire -> load_relaxed",
  ]);
});

it("takes a lane out of a full mask", () => {
  expect(changes("v = __shfl_xor_sync(0xffffffffu, v, 1);")).toEqual(["1 mask: __shfl_xor_sync(0xffffffffu -> __shfl_xor_sync(0x7fffffffu"]);
});

it("moves comparisons by one, not brackets of templates, and numbers those that are alike", () => {
  expect(changes("for (int i = 0; i < n; i++) f<3>(a.b[i] >= c);\nfor (int i = 0; i < n; i++) g();")).toEqual([
    "1 bound: i < n -> i <= n",
    "1 bound: a.b[i] >= c -> a.b[i] > c",
    "2 bound: i < n -> i <= n (2)",
  ]);
});

it("takes either side of a choice that guards, but not of one between constants", () => {
  expect(changes("x = n < 0 ? 0 : n > m ? m : n;\ny = O == largest ? a : b;")).toEqual([
    "1 guard: n < 0 ? 0 : n > m ? m : n -> 0",
    "1 guard: n < 0 ? 0 : n > m ? m : n -> n > m ? m : n",
    "1 bound: n < 0 -> n <= 0",
    "1 guard: n > m ? m : n -> m",
    "1 guard: n > m ? m : n -> n",
    "1 bound: n > m -> n >= m",
  ]);
});

it("drops each operand of && and ||", () => {
  expect(changes("ok = a && f(b || c);").map((change) => change.replace(/^.*-> /, ""))).toEqual(["true && f(b || c)", "a && true", "false || c", "b || false"]);
});

it("keeps a guard's barrier where the guard is made constant", () => {
  expect(changes("if (!__syncthreads_or(x)) continue;")).toContain("1 guard: if (!__syncthreads_or(x)) -> if ((!__syncthreads_or(x), false))");
});

it("leaves comments, mustaches, directives, static assertions and inline PTX alone", () => {
  expect(
    changes(
      '// a < b\n{{#each a}}\n#if A < B\n#endif\nstatic_assert(A < B, "");\n#ifndef TOPKIT_EMULATE // twin\nif (a) asm("x");\n#else\nif (b) f();\n#endif\n',
    ),
  ).toEqual(["9 guard: if (b) -> if (true)", "9 guard: if (b) -> if (false)"]);
});

it("changes the one place only", () => {
  const [, second] = mutantsOf("t.cuh", "__syncthreads();\nf();\n__syncthreads();\n");
  expect(second).toMatchObject({ line: 3, text: "__syncthreads();\nf();\n;\n" });
});
