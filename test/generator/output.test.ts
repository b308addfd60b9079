/** What reaches the disk: deterministic, only what changed, whole files, nothing of others. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { codegen } from "../../cli/codegen.ts";
import { BANNER_MARK, generate, readCatalog } from "../../generator/index.ts";
import { change, fixture, KERNEL, PACKAGE_ROOT, packageCopy, TEMPLATE } from "./fixture.ts";

interface Result {
  readonly status: number;
  readonly files: number;
  readonly appear: readonly string[];
  readonly change: readonly string[];
  readonly disappear: readonly string[];
}

async function run(root: string, check = false): Promise<Result> {
  const lines: string[] = [];
  const status = await codegen({ root, check, watch: false, json: true, log: (line) => lines.push(line) });
  expect(lines).toHaveLength(1);
  return { status, ...JSON.parse(lines[0]!) };
}

/** Every file below generated/, with its text. */
function generated(root: string): Record<string, string> {
  const folder = join(root, "generated");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(folder, name)).isFile());
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

const KERNEL_FILES = ["f16", "f32"].flatMap((dtype) => [1, 2].map((warps) => `kernels/copy_row_${dtype}_largest_warps${warps}.cu`));

it("renders what tuning tables name beside what ships, and leaves out what is stale", async () => {
  const choice = (config: object, dtype = "f32"): object => ({ dtype, config });
  const choices = [
    choice({ "copy_row.warps": 2 }),
    choice({ "copy_row.warps": 2 }),
    choice({ "copy_row.warps": 3 }),
    choice({ "gone.warps": 2 }),
    choice({}, "f64"),
  ];
  const root = fixture({ file: KERNEL, from: "ships: [{ warps: 1 }, { warps: 2 }]", to: "ships: [{ warps: 1 }]" });
  await run(root);
  change(root, { file: "generated/tuning/some.json", to: JSON.stringify({ choices }) });
  expect(await run(root)).toMatchObject({ status: 0, appear: ["kernels/copy_row_f32_largest_warps2.cu"], disappear: [] });
  expect(generated(root)["variants.ts"]).toContain("copy_row_f32_largest_warps2");
});

describe("writing", () => {
  it("is deterministic, and touches only what changed", async () => {
    const root = fixture();
    expect(await run(root)).toMatchObject({ status: 0, files: 6, appear: [...KERNEL_FILES, "manifest.json", "variants.ts"], change: [], disappear: [] });
    const before = generated(root);
    const long = new Date(0);
    for (const name of Object.keys(before)) utimesSync(join(root, "generated", name), long, long);

    expect(await run(root)).toMatchObject({ status: 0, appear: [], change: [], disappear: [] });
    change(root, { file: TEMPLATE, from: "int v = 0;", to: "int v = sizeof(Raw) == 2;" });
    change(root, { file: KERNEL, from: "oneOf(1, 2)", to: "oneOf(1, 2, 1)" });
    expect(await run(root)).toMatchObject({ change: [...KERNEL_FILES, "manifest.json", "variants.ts"] });

    change(root, { file: TEMPLATE, from: "int v = sizeof(Raw) == 2;", to: "int v = 0;" });
    change(root, { file: KERNEL, from: "oneOf(1, 2, 1)", to: "oneOf(1, 2)" });
    await run(root);
    expect(generated(root)).toEqual(before);
    change(root, { file: KERNEL, from: "minArch: 80", to: "minArch: 90" });
    for (const name of Object.keys(before)) utimesSync(join(root, "generated", name), long, long);
    expect(await run(root)).toMatchObject({ appear: [], change: ["manifest.json"], disappear: [] });
    for (const name of KERNEL_FILES) expect(statSync(join(root, "generated", name)).mtimeMs).toBe(0);
  });

  it("deletes what is stale, of its own files only", async () => {
    const root = fixture();
    await run(root);
    const put = (name: string, text: string): void => {
      mkdirSync(join(root, "generated", "tuning"), { recursive: true });
      writeFileSync(join(root, "generated", name), text);
    };
    put("kernels/old.cu", `${BANNER_MARK} from templates/old.cu.hbs\n`);
    put("kernels/mine.cu", "// written by hand\n");
    put("kernels/notes.txt", `${BANNER_MARK}\n`);
    put("tuning/h200.cu", `${BANNER_MARK}\n`);
    change(root, { file: KERNEL, from: "ships: [{ warps: 1 }, ", to: "ships: [" });
    expect(await run(root)).toMatchObject({ status: 0, appear: [], disappear: [KERNEL_FILES[0], KERNEL_FILES[2], "kernels/old.cu"] });
    const left = Object.keys(generated(root));
    expect(left).toEqual([KERNEL_FILES[1], KERNEL_FILES[3], "kernels/mine.cu", "kernels/notes.txt", "manifest.json", "tuning/h200.cu", "variants.ts"]);
  });

  it("leaves everything as it was where a source is wrong", async () => {
    const root = fixture();
    await run(root);
    const before = generated(root);
    change(root, { file: TEMPLATE, from: "{{warps}}", to: "{{wraps}}" });
    expect(await run(root)).toMatchObject({ status: 1 });
    expect(generated(root)).toEqual(before);
  });

  it("clears what a killed process left, and leaves a running one its own", async () => {
    const root = fixture();
    await run(root);
    const dead = spawn(process.execPath, ["--version"], { stdio: "ignore" });
    await new Promise((done) => dead.once("close", done));
    const [theirs, ours] = [dead.pid, process.pid].map((pid) => join(root, "generated", "kernels", `.codegen-${pid}-x.tmp`)) as [string, string];
    for (const path of [theirs, ours]) writeFileSync(path, "half a fi");
    expect(await run(root)).toMatchObject({ status: 0, change: [], disappear: [] });
    expect([theirs, ours].map((path) => existsSync(path))).toEqual([false, true]);
  });
});

describe("--check", () => {
  it("passes where nothing would change", async () => {
    const root = fixture();
    await run(root);
    expect(await run(root, true)).toMatchObject({ status: 0, appear: [], change: [], disappear: [] });
  });

  it("lists what would change, appear and disappear, and changes nothing", async () => {
    const root = fixture();
    await run(root);
    const folder = join(root, "generated", "kernels");
    rmSync(join(folder, "copy_row_f16_largest_warps1.cu"));
    writeFileSync(join(folder, "copy_row_f16_largest_warps2.cu"), `${BANNER_MARK}, edited by hand\n`);
    writeFileSync(join(folder, "stale.cu"), `${BANNER_MARK}\n`);
    const before = generated(root);
    expect(await run(root, true)).toMatchObject({ status: 1, appear: [KERNEL_FILES[0]], change: [KERNEL_FILES[1]], disappear: ["kernels/stale.cu"] });
    const lines: string[] = [];
    expect(await codegen({ root, check: true, watch: false, json: false, log: (line) => lines.push(line) })).toBe(1);
    expect(lines).toEqual(
      expect.arrayContaining([
        `would appear: generated/${KERNEL_FILES[0]}`,
        `would change: generated/${KERNEL_FILES[1]}`,
        "would disappear: generated/kernels/stale.cu",
        expect.stringContaining("TG032"),
      ]),
    );
    expect(generated(root)).toEqual(before);
  });
});

/** The command in a process of its own, which can be killed. */
function processOf(root: string, watch = false) {
  const script = `
    const { codegen } = await import(${JSON.stringify(pathToFileURL(join(PACKAGE_ROOT, "cli", "codegen.ts")).href)});
    process.exitCode = await codegen({ root: ${JSON.stringify(root)}, check: false, watch: ${watch}, json: false, log: console.log });`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script], {
    cwd: PACKAGE_ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const closed = new Promise<number | null>((done) => child.once("close", (status) => done(status)));
  const says = async (text: string, times = 1): Promise<void> => {
    const deadline = Date.now() + 60_000;
    while (output.split(text).length <= times) {
      if (Date.now() > deadline) throw new Error(`never said "${text}" ${times} times, only: ${output}`);
      await sleep(20);
    }
  };
  return { child, closed, says };
}

describe("processes", () => {
  it("leave only whole files when killed in the middle, and the next run completes them", async () => {
    const root = packageCopy();
    const outputs = await generate(root, await readCatalog(root));
    const kernels = join(root, "generated", "kernels");
    const { child, closed } = processOf(root);
    while ((existsSync(kernels) ? readdirSync(kernels).length : 0) < 10 && child.exitCode === null) await sleep(0);
    child.kill("SIGKILL");
    await closed;
    const written = readdirSync(kernels).filter((name) => name.endsWith(".cu"));
    expect(written.length).toBeGreaterThan(0);
    for (const name of written) expect(readFileSync(join(kernels, name), "utf8")).toBe(outputs.get(`kernels/${name}`));
    expect(await run(root)).toMatchObject({ status: 0 });
    expect(generated(root)).toEqual(Object.fromEntries([...outputs].sort(([a], [b]) => (a < b ? -1 : 1))));
  });

  it("do not disturb each other", async () => {
    const root = packageCopy();
    const outputs = await generate(root, await readCatalog(root));
    const both = [processOf(root), processOf(root)];
    expect(await Promise.all(both.map(({ closed }) => closed))).toEqual([0, 0]);
    expect(generated(root)).toEqual(Object.fromEntries([...outputs].sort(([a], [b]) => (a < b ? -1 : 1))));
  });

  it("watch: runs again after a change, survives a mistake, and ends at Ctrl-C", async () => {
    const root = fixture();
    const { child, closed, says } = processOf(root, true);
    await says("codegen: watching");
    change(root, { file: TEMPLATE, from: "{{warps}}", to: "{{wraps}}" });
    await says(`${TEMPLATE}:5:23 TG012`);
    await says("codegen: watching", 2);
    change(root, { file: TEMPLATE, from: "{{wraps}}", to: "1 * {{warps}}" });
    await says("codegen: watching", 3);
    expect(generated(root)[KERNEL_FILES[1]!]).toContain("WARPS = 1 * 2");
    child.kill("SIGINT");
    expect(await closed).toBe(0);
  });
});
