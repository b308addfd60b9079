/** `topkit sample`, as a process. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readNpy, writeNpy } from "../../cli/npy.ts";
import { packageRoot } from "../../native/index.ts";
import { sample } from "../../runtime/index.ts";

const folder = mkdtempSync(path.join(tmpdir(), "topkit-cli-sample-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const topkit = (...args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, ["--import", "tsx", "cli/main.ts", "sample", ...args], { cwd: packageRoot }, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

const data = Float32Array.from({ length: 3 * 100 }, (_, at) => Math.sin(at * 1.7) * 3);
const logits = path.join(folder, "logits.npy");
await writeNpy(logits, { type: "<f4", shape: [3, 1, 100], data });
const common = ["--input", logits, "--k", "20", "--backend", "cpu"];

describe("sample", { timeout: 60_000 }, () => {
  it("draws what sample() draws, in JSON, and writes it", async () => {
    const out = path.join(folder, "out");
    const more = ["--temperature", "0.7", "--top-p", "0.9", "--min-p", "0.01", "--seed", "18446744073709551615", "--offset", "40", "--logprobs"];
    const { status, stdout } = await topkit(...common, ...more, "--json", "--out", out);
    const options = { k: 20, temperature: 0.7, topP: 0.9, minP: 0.01, seed: 2n ** 64n - 1n, offset: 40n, logprobs: true, backend: "cpu" } as const;
    const { tokens, logprobs } = await sample({ data, dims: [3, 1, 100] }, options);
    expect({ status, ...JSON.parse(stdout) }).toMatchObject({
      ...{ status: 0, dims: [3, 1], backend: "cpu", seed: "18446744073709551615", offset: "40" },
      ...{ tokens: [...tokens], logprobs: [...logprobs!] },
    });
    expect(await readNpy(path.join(out, "tokens.npy"))).toEqual({ type: "<i4", shape: [3, 1], data: tokens });
    expect(await readNpy(path.join(out, "logprobs.npy"))).toEqual({ type: "<f4", shape: [3, 1], data: logprobs });
    expect(readdirSync(out).toSorted()).toEqual(["logprobs.npy", "tokens.npy"]);
  });

  it("draws from logits of its own, of the dtype asked for", async () => {
    const drawn = async (...args: string[]) => JSON.parse((await topkit("--demo", "--backend", "cpu", "--seed", "1", "--json", ...args)).stdout);
    const [bf16, again, f32] = await Promise.all([drawn(), drawn("--k", "50", "--dtype", "bf16"), drawn("--dtype", "f32")]);
    expect(bf16).toMatchObject({ dtype: "bf16", k: 50, dims: [4] });
    expect(again).toEqual(bf16);
    expect(f32).toMatchObject({ dtype: "f32", k: 50, dims: [4] });
    for (const { tokens } of [bf16, f32]) expect((tokens as number[]).filter((token) => token >= 0 && token < 50304)).toHaveLength(4);
  });

  it("shows the seed that it chose, with which the same is drawn again", async () => {
    const first = await topkit(...common);
    const seed = /^seed +(\d+)$/m.exec(first.stdout)![1]!;
    expect(await topkit(...common, "--seed", seed)).toMatchObject({ status: 0, stdout: first.stdout });
    const lengths = path.join(folder, "lengths.npy");
    await writeNpy(lengths, { type: "<i4", shape: [3], data: Int32Array.of(1, 0, 1) });
    const { stdout } = await topkit(...common, "--lengths", lengths, "--logprobs");
    expect(stdout).toMatch(/row 0 +token +0 {2}logprob 0\nrow 1 +token +-1 {2}logprob NaN\nrow 2 +token +0 {2}logprob 0\n/);
  });

  it.each<[string, string[], string]>([
    ["no input", ["--k", "5"], "TK101: sample takes one of --input FILE and --demo"],
    ["both inputs", ["--demo", "--input", logits], "TK101: sample takes one of --input FILE and --demo"],
    ["a tensor of the demo", ["--demo", "--tensor", "logits"], "TK101: --tensor logits: the demo has no names"],
    ["no k", ["--input", logits], "TK101: --k is missing"],
    ["a temperature below 0", [...common, "--temperature", "-1"], "'--temperature <t>' argument '-1' is invalid. It is a finite f32 >= 0."],
    ["a temperature beyond f32", [...common, "--temperature", "4e38"], "'--temperature <t>' argument '4e38' is invalid. It is a finite f32 >= 0."],
    ["a temperature that is no number", [...common, "--temperature", "hot"], "'--temperature <t>' argument 'hot' is invalid. It is a finite f32 >= 0."],
    ["a top-p above 1", [...common, "--top-p", "2"], "'--top-p <p>' argument '2' is invalid. It is a number from 0 to 1."],
    ["a min-p of nothing", [...common, "--min-p", ""], "'--min-p <p>' argument '' is invalid. It is a number from 0 to 1."],
    ["a seed beyond 64 bits", [...common, "--seed", "18446744073709551616"], "It is an integer from 0 to 2^64-1."],
    ["k beyond the columns", ["--input", logits, "--k", "101"], "TK105: k is 101; it is an integer from 1 to 100"],
  ])("exits 2 and says in one line what is wrong: %s", async (_, args, message) => {
    const { status, stdout, stderr } = await topkit(...args);
    const lines = stderr.split("\n").filter((line) => line.includes(message));
    expect({ status, stdout, lines: lines.length }).toEqual({ status: 2, stdout: "", lines: 1 });
  });
});
