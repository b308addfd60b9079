/** Race mode on the generated kernels: silent on each of them, and loud where a barrier is taken out. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Request } from "../../dsl/index.ts";
import { buildProgram } from "./emulator.ts";
import { expectedOf, type PlanCase, runPlan } from "./plan-job.ts";

function small(plan: string, cols: number, k: number, force: PlanCase["force"] = {}): PlanCase {
  const request: Request = { rows: 1, cols, k, rowStride: cols, dtype: "bf16", order: "largest", indexBytes: 4 };
  const data = Uint16Array.from({ length: cols }, (_, i) => (i * 40503) & 0xffff);
  return { plan, request, force, data, program: "race" };
}

const BITONIC = small("bitonic_block", 500, 20);
const HEAP = small("stream_heap", 2048, 64, { chunkSize: 4096, "tile_stream.warps": 4, "heap_merge.warps": 4 });
const TILE = small("stream_tile", 2048, 64, { chunkSize: 4096, "tile_stream.warps": 4, "tile_merge.warps": 4 });

/** Takes the nth statement that matches out of a text, and says which line it was on. */
function without(text: string, statement: string, nth: number): { text: string; line: number } {
  let at = -1;
  for (let i = 0; i <= nth; i++) at = text.indexOf(statement, at + 1);
  if (at < 0) throw new Error(`the text holds no ${statement} number ${nth}`);
  return { text: text.slice(0, at) + text.slice(at + statement.length), line: text.slice(0, at).split("\n").length };
}

describe("race mode", () => {
  beforeAll(() => void buildProgram("race"));

  for (const [name, given] of Object.entries({ BITONIC, HEAP, TILE })) {
    it(`finds nothing in ${name}`, () => {
      const { values, indices, ...outcome } = runPlan(given);
      expect(outcome).toEqual({ text: "", status: 0, stateLeft: [] });
      expect({ values, indices }).toEqual(expectedOf(given));
    });
  }

  it("names both lines where the barrier of an exchange is missing", () => {
    let exchange = 0;
    const outcome = runPlan({
      ...BITONIC,
      mutate: (text) => {
        const mutant = without(text, "__syncthreads();", 0);
        exchange = mutant.line;
        return mutant.text;
      },
    });
    expect(outcome.status).toBe(66);
    expect(outcome.text).toContain(`.cu:${exchange - 1}`); // the store into `exchange`
    expect(outcome.text).toContain(`.cu:${exchange + 3}`); // the load from it
  });

  it("reports a read of the count before it is final", () => {
    const outcome = runPlan({
      ...HEAP,
      mutate: (text, symbol) => (symbol.startsWith("tile_stream") ? text.replace("    bar = next;\n    __syncthreads();\n", "    bar = next;\n") : text),
    });
    expect(outcome.status).toBe(66);
    expect(outcome.text).toContain("data race");
  });
});
