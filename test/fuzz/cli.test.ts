import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { writeNpy } from "../../cli/npy.ts";
import { main } from "../../cli/program.ts";
import { packageRoot } from "../../native/index.ts";
import { fuzz } from "./fuzz.ts";

const folder = mkdtempSync(path.join(tmpdir(), "topkit-fuzz-cli-"));
const before = process.cwd();
beforeAll(async () => {
  // what a junk --out makes is made here
  process.chdir(folder);
  process.env.TOPKIT_CACHE = path.join(folder, "cache");
  process.env.TOPKIT_CUDA_DRIVER = path.join(folder, "no-libcuda.so");
  await writeNpy("good.npy", { type: "<f4", shape: [2, 3], data: Float32Array.of(1, 2, 3, 6, 5, 4) });
  await writeNpy("lengths.npy", { type: "<i4", shape: [2], data: Int32Array.of(3, 1) });
  await writeNpy("empty.npy", { type: "<f4", shape: [0, 3], data: new Float32Array(0) });
  await writeNpy("bits.npy", { type: "<u2", shape: [1, 4], data: Uint16Array.of(1, 2, 0x7fc0, 4) });
  writeFileSync("torn.npy", "\x93NUMPY");
  writeFileSync("torn.safetensors", "12345678{}");
  writeFileSync("a\nb.npy", "");
  mkdirSync("folder.npy");
});
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

const junk = fc.oneof(
  fc.constantFrom(
    "",
    "-",
    "--",
    "---",
    "-1",
    "0",
    "1",
    "2",
    "4294967296",
    "9".repeat(400),
    "1e3",
    "0x1",
    "NaN",
    " 1",
    "f32",
    "bf16",
    "cpu",
    "{}",
    "[]",
    "null",
    '{"warps":8}',
    '{"a":{}}',
  ),
  fc.constantFrom(
    "__proto__",
    "constructor",
    "a\nb",
    "\u001b[2J",
    "\ufeff",
    "%s%n",
    "$(true)",
    "../x",
    "\u{1f600}",
    "x".repeat(20_000),
    "--json",
    "--help",
    "-k",
    "=",
    "--=3",
  ),
  fc.string({ maxLength: 8 }).filter((text) => !text.includes("/")),
);
const inputs = fc.constantFrom(
  "good.npy",
  "empty.npy",
  "bits.npy",
  "torn.npy",
  "torn.safetensors",
  "none.npy",
  "a\nb.npy",
  "folder.npy",
  "good.txt",
  "",
  "good.npy/x.npy",
  "lengths.npy",
);
const mostly = (...usual: readonly string[]): fc.Arbitrary<string> => fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...usual) }, junk);

const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  "--input": fc.oneof({ weight: 4, arbitrary: inputs }, junk),
  "--tensor": junk,
  "--lengths": mostly("lengths.npy", "good.npy"),
  "--k": mostly("1", "2", "3"),
  "--dtype": mostly("f32", "f16", "bf16"),
  "--backend": mostly("cpu", "auto", "cuda"),
  "--plan": mostly("bitonic_block", "stream_heap"),
  "--config": mostly("{}", '{"warps":8}', '{"warps":9}', '{"__proto__":1}', "[1]", "null"),
  // never an absolute path: what can be written would be
  "--out": fc.constantFrom("out", "good.npy", "good.npy/x", "", "folder.npy"),
  "--rows": mostly("1", "4", "2147483647"),
  "--cols": mostly("1", "50304", "2147483647"),
};
const FLAGS = ["--smallest", "--int64", "--json", "--help", "--version", "--demo=1", "--jsn", "--inpt", "-h", "-V", "-x", "help"];

const option = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .constantFrom(...Object.keys(VALUES))
      .chain((name) => (VALUES[name] ?? junk).chain((value) => fc.constantFrom([name, value], [`${name}=${value}`], [name]))),
  },
  { weight: 2, arbitrary: fc.constantFrom(...FLAGS.map((flag) => [flag])) },
  junk.map((text) => [text]),
);
/** codegen would write into the checkout: only ever with what it has to refuse. */
const commands = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.constantFrom(
      ["run"],
      ["run", "--input=good.npy", "--k=2", "--backend=cpu"],
      ["run", "--input=bits.npy", "--dtype=bf16", "--k=2", "--json"],
      ["explain", "--rows=2", "--dtype=f32"],
      ["explain", "--rows=4", "--cols=50304", "--k=50", "--dtype=bf16"],
    ),
  },
  fc.constantFrom([], ["codegen", "--no-such-option"], ["rum"]),
);
const lines = fc.tuple(commands, fc.array(option, { maxLength: 4 })).map(([command, options]) => [...command, ...options.flat()]);

async function run(args: readonly string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const text = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((chunk) => {
      text[name] += String(chunk);
      return true;
    }),
  );
  process.exitCode = undefined;
  try {
    await main(args);
    return { status: Number(process.exitCode ?? 0), ...text };
  } finally {
    process.exitCode = undefined;
    for (const spy of spies) spy.mockRestore();
  }
}

/** `topkit` and `topkit help` with nothing to explain show the help, which has many lines. */
const showsHelp = (stderr: string): boolean => stderr.startsWith("Usage: topkit");

it("ends with 0, 1 or 2 whatever it is given, and says what is wrong in one line", () =>
  fuzz("command lines", 600, lines, async (args) => {
    const { status, stdout, stderr } = await run(args);
    expect([0, 1, 2]).toContain(status);
    expect(stderr).not.toMatch(/^\s+at /m);
    // before it there may be the line that says what was read
    if (status === 2 && !showsHelp(stderr)) expect(stderr).toMatch(/^(?:[^\n]+: \d+ x \d+ \w+, k \d+\n)?(?:topkit|error): [^\n]{10,3000}\n$/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none
    if (status === 2) expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    if (status === 1) expect(stderr).toMatch(/TK\d{3}: /);
    if (status === 0 && args.includes("--json") && stdout.startsWith("{")) JSON.parse(stdout);
  }));

it("a full disk behind stdout is one line and exit 1", { timeout: 60_000 }, async () => {
  const child = spawn(process.execPath, ["--import", "tsx", "cli/main.ts", "explain", "--rows=4", "--cols=100", "--k=7", "--dtype=f32"], {
    cwd: packageRoot,
    stdio: ["ignore", openSync("/dev/full", "w"), "pipe"],
  });
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const status = await new Promise((resolve) => child.on("close", resolve));
  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/^topkit: the result cannot be written to stdout: ENOSPC[^\n]*\n$/) });
});
