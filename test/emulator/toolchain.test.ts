/** The one rewrite of a kernel's text. What it makes is compiled and run by fixtures/block.cu; here, that it keeps to its business. */
import { describe, expect, it } from "vitest";
import { emulatorSource, rewriteShared } from "../../native/emulator/toolchain.ts";

describe("rewriteShared", () => {
  it("makes a pointer of dynamic shared memory", () => {
    expect(rewriteShared("  extern __shared__ __align__(16) unsigned char arena[];")).toBe(
      "  unsigned char* const arena = (unsigned char*)topkit_emu_dynamic_shared();",
    );
  });

  it("makes references of variables, one structure a declaration", () => {
    expect(rewriteShared("__shared__ u32 a[N], b; __shared__ Pair<u32, 2> c[4][K];")).toBe(
      "struct TopkitShared0 { u32 a[N], b; }; auto& TopkitShared0_ = topkit_emulator::static_shared<TopkitShared0>(); auto& a = TopkitShared0_.a; auto& b = TopkitShared0_.b; " +
        "struct TopkitShared1 { Pair<u32, 2> c[4][K]; }; auto& TopkitShared1_ = topkit_emulator::static_shared<TopkitShared1>(); auto& c = TopkitShared1_.c;",
    );
  });

  it("leaves what it does not understand to the compiler's objection", () => {
    for (const text of ["__shared__ u32 count = 0;", "extern __shared__ u32 a[], b[];", "extern __shared__ u32 fixed[4];"])
      expect(rewriteShared(text)).toBe(text);
  });

  it("touches nothing else and moves no line", () => {
    const text = "// a comment\nint shared__ = 1;\n__syncthreads();\n";
    expect(rewriteShared(text)).toBe(text);
    expect(emulatorSource("__shared__ int\n  a;\nb", "k.cu").split("\n")).toHaveLength(4);
  });
});
