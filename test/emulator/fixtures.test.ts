/** Micro-kernels: what each construct means, and what each mistake is reported as. Each fixture's first lines say how it is run. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { buildProgram, compileKernel, type Program, runJob, scratch } from "./emulator.ts";

const FOLDER = fileURLToPath(new URL("fixtures", import.meta.url));
const BUFFER_BYTES = 65536;

interface Run {
  readonly symbol: string;
  readonly options: Readonly<Record<string, number>>;
  readonly mode: "checked" | "fast";
  readonly seeds: readonly number[];
  readonly outcome: "ok" | "fault" | "refused" | "race" | "uncompilable";
  readonly expected: readonly string[];
}

/** `// run SYMBOL NAME=VALUE... -> OUTCOME TEXT | TEXT`; `seeds=N` runs the seeds 0 to N. */
function runsOf(file: string, text: string): Run[] {
  const lines = text.split("\n");
  const place = (mark: string): string => `${file}:${lines.findIndex((line) => line.endsWith(`// @${mark}`)) + 1}`;
  return [...text.matchAll(/^\/\/ run (\w+) (.*?) -> (\w+) ?(.*)$/gm)].map(([, symbol = "", given = "", outcome = "", words = ""]) => {
    const { mode = "checked", seeds, ...options } = Object.fromEntries(given.split(" ").map((word) => word.split("=") as [string, string]));
    return {
      symbol,
      options: Object.fromEntries(Object.entries(options).map(([name, value]) => [name, Number(value)])),
      mode: mode as Run["mode"],
      seeds: seeds === undefined ? [Number(options.seed ?? 0)] : Array.from({ length: Number(seeds) + 1 }, (_, seed) => seed),
      outcome: outcome as Run["outcome"],
      expected: words === "" ? [] : words.split(" | ").map((part) => part.replace(/@(\w+)/g, (_, mark: string) => place(mark))),
    };
  });
}

// in[i] is i
const input = join(FOLDER, "counting.bin");

function job(object: string, { symbol, options, mode }: Run, seed: number): (string | number)[][] {
  const named = Object.entries({ ...options, seed, checked: Number(mode === "checked") }).map(([name, value]) => `${name}=${value}`);
  return [
    ["buffer", "out", BUFFER_BYTES, 0, "-", "/dev/null"],
    ["buffer", "in", BUFFER_BYTES, 0, input, "-"],
    ["launch", object, symbol, ...named, "--", "@out", "@in", 0],
  ];
}

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith(".cu"))) {
  const text = readFileSync(join(FOLDER, file), "utf8");
  const runs = runsOf(file, text);
  const program: Program = file === "races.cu" ? "race" : "plain";

  describe(file, () => {
    beforeAll(() => void buildProgram(program));

    it("says how it is run", () => expect(runs.length).toBeGreaterThan(0));

    for (const run of runs) {
      const title = `${run.symbol} ${JSON.stringify(run.options)} ${run.mode}, ${run.seeds.length} schedules: ${run.outcome}`;
      it(title, () => {
        if (run.outcome === "uncompilable") {
          expect(() => compileKernel(file, text, run.mode)).toThrow(run.expected[0]!);
          return;
        }
        const object = compileKernel(file, text, run.mode);
        for (const seed of run.seeds) {
          const { status, text: report } = runJob(program, job(object, run, seed));
          expect({ seed, report, status }).toMatchObject({ status: { ok: 0, fault: 1, refused: 2, race: 66 }[run.outcome] });
          if (run.outcome === "ok") expect(report).toBe("");
          for (const words of run.expected) expect(report).toContain(words);
        }
      });
    }
  });
}

describe("a seed", () => {
  beforeAll(() => void buildProgram("plain"));

  // each thread notes when it came
  const ORDER = `extern "C" __global__ void order(unsigned* out, const long long n) {
    out[1 + blockIdx.x * blockDim.x + threadIdx.x] = atomicAdd(&out[0], 1u);
  }`;

  function orderOf(seed: number): string {
    using folder = scratch();
    const file = join(folder.path, "out");
    const object = compileKernel("order.cu", ORDER, "checked");
    const launch = ["launch", object, "order", "grid=5", "block=64", "checked=1", "workers=1", `seed=${seed}`, "--", "@out", 0];
    expect(runJob("plain", [["buffer", "out", 4 * 321, 0, "-", file], launch])).toEqual({ status: 0, text: "" });
    return readFileSync(file).toString("hex");
  }

  it("decides the schedule, and 0 is in order", () => {
    const inOrder = Buffer.from(Uint32Array.from({ length: 321 }, (_, i) => (i === 0 ? 320 : i - 1)).buffer).toString("hex");
    expect(orderOf(0)).toBe(inOrder);
    const orders = [1, 2, 3, 4].map(orderOf);
    expect(new Set([inOrder, ...orders]).size).toBe(5);
    expect([1, 2, 3, 4].map(orderOf)).toEqual(orders);
  });
});

describe("the portable switch of contexts", () => {
  beforeAll(() => void buildProgram("ucontext"));

  for (const file of ["block.cu", "warp.cu", "cluster.cu"]) {
    it(`runs ${file}`, () => {
      const text = readFileSync(join(FOLDER, file), "utf8");
      for (const run of runsOf(file, text)) {
        expect({ run, ...runJob("ucontext", job(compileKernel(file, text, run.mode), run, run.seeds.at(-1)!)) }).toMatchObject({ status: 0, text: "" });
      }
    });
  }
});
