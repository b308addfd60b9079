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

it("weakens what stands behind a mustache", () => {
  expect(changes("{{#if a}}\n  x = 1;\n{{/if}}\n  mbarrier_arrive_expect_tx(b, n);\n")).toContain(
    "4 fence: mbarrier_arrive_expect_tx -> mbarrier_arrive_expect_tx_relaxed",
  );
});

it("takes a lane out of a mask", () => {
  expect(changes("v = __shfl_xor_sync(0xffffffffu, v, 1);\nn = __ballot_sync(of(row, 2), p);")).toEqual([
    "1 mask: __shfl_xor_sync(0xffffffffu -> __shfl_xor_sync(0x7fffffffu",
    "2 mask: __ballot_sync(of(row, 2) -> __ballot_sync((of(row, 2) & 0x7fffffffu)",
  ]);
});

it("takes out what moves data between blocks and by the copy engine, and changes what is counted of it", () => {
  expect(changes("mbarrier_init(bar, 1);\nif (peer) bulk_copy(to, from, f(n, 2), bar);\npeer_expect(at(bar, 1), n);\nstore_peer(to, v, bar);\n")).toEqual([
    "1 barrier: mbarrier_init(bar, 1); -> ;",
    "1 copy: mbarrier_init(bar, 1) -> mbarrier_init(bar, (1) + 1)",
    "2 guard: if (peer) -> if (true)",
    "2 guard: if (peer) -> if (false)",
    "2 copy: bulk_copy(to, from, f(n, 2), bar); -> ;",
    "2 copy: bulk_copy(to, from, f(n, 2), bar) -> bulk_copy(to, from, (f(n, 2)) - 16, bar)",
    "3 copy: peer_expect(at(bar, 1), n); -> ;",
    "3 copy: peer_expect(at(bar, 1), n) -> peer_expect(at(bar, 1), (n) + 16)",
    "4 copy: store_peer(to, v, bar); -> ;",
  ]);
});

it("lets go of either bound of a clamp, but not of its definition", () => {
  expect(changes("u32 lesser_of(u32 a, u32 b) { return f(a); }\nn = lesser_of(m, f(k, 1));\n")).toEqual([
    "2 bound: lesser_of(m, f(k, 1)) -> (m)",
    "2 bound: lesser_of(m, f(k, 1)) -> (f(k, 1))",
  ]);
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
      '// a < b\n{{#each a}}\n#if A < B\n#endif\nstatic_assert(A < B, "");\n#ifndef TOPKIT_EMULATE // twin\nif (a) asm("x");\n#else\nif (b) f();\n#endif\n#ifdef TOPKIT_EMULATE\nif (c) f();\n#else\nif (d) asm("x");\n#endif\nif (e) f();\n',
    ),
  ).toEqual(["9 guard: if (b) -> if (true)", "9 guard: if (b) -> if (false)", "16 guard: if (e) -> if (true)", "16 guard: if (e) -> if (false)"]);
});

const forOneAlone = (own: string): string => `{{#if ${own}}}\nif (a) f();\n{{else}}\nif (b) f();\n{{/if}}\n{{#if ${own}}}\nif (c) f();\n{{/if}}\n`;

it("leaves what is for a prologue alone", () => {
  expect(changes(forOneAlone("scored"))).toEqual(["4 guard: if (b) -> if (true)", "4 guard: if (b) -> if (false)"]);
});

it("tells what is for a draw alone", () => {
  const found = mutantsOf("t.cuh", forOneAlone("draws")).map(({ line, draws }) => ({ line, draws }));
  expect(found).toEqual([2, 2, 4, 4, 7, 7].map((line) => ({ line, draws: line !== 4 })));
});

it("changes the one place only", () => {
  const [, second] = mutantsOf("t.cuh", "__syncthreads();\nf();\n__syncthreads();\n");
  expect(second).toMatchObject({ line: 3, text: "__syncthreads();\nf();\n;\n" });
});
