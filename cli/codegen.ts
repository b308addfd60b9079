/** `topkit codegen`: renders generated/ from dsl/ and templates/, or a user's device functions into a folder of theirs. */
import { spawn } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Dtype } from "../dsl/index.ts";
import { formatProblem, GeneratorError, type Problem } from "../generator/errors.ts";
import type * as Generator from "../generator/index.ts";
import { DTYPES } from "../runtime/check.ts";
import { basisOf } from "../runtime/tuning.ts";

export interface Entry {
  readonly file: string;
  readonly out: string;
  readonly dtypes: readonly Dtype[];
}

export interface CodegenOptions {
  /** The package's folder: dsl/ and templates/ are read, generated/ is written. */
  readonly root: string;
  /** Changes nothing; fails where writing would change anything. */
  readonly check: boolean;
  /** Runs again, in a fresh process, whenever a source changes, until SIGINT or SIGTERM. */
  readonly watch: boolean;
  /** A user's module and the folder that is written; absent: generated/ itself. */
  readonly entry?: Entry;
  /** One JSON object a run, instead of sentences. */
  readonly json: boolean;
  /** Takes the result, line by line. */
  readonly log: (line: string) => void;
}

/** Resolves to the exit status: 0, or 1 where something is wrong or, with `check`, out of date. */
export function codegen(options: CodegenOptions, importGenerator = () => import("../generator/index.ts")): Promise<number> {
  return options.watch ? watch(options) : once(options, importGenerator);
}

async function once({ root, check, json, entry, log }: CodegenOptions, importGenerator: () => Promise<typeof Generator>): Promise<number> {
  let changes: Generator.Changes = { appear: [], change: [], disappear: [] };
  let total = 0;
  let problems: readonly Problem[] = [];
  const name = entry === undefined ? "generated" : entry.out.replace(/\/+$/, "");
  try {
    const generator = await importGenerator().catch((cause: unknown) => {
      throw missingPackage(cause);
    });
    const { folder, outputs } = await (entry === undefined ? ownOutputs(generator, root) : entryOutputs(generator, root, entry));
    total = outputs.size;
    changes = await generator.compare(folder, outputs);
    if (check) problems = outOfDate(changes, name, entry);
    else await generator.write(folder, outputs, changes);
  } catch (cause) {
    if (!(cause instanceof GeneratorError)) throw cause;
    problems = cause.problems;
  }
  for (const line of reportLines({ json, check, name, total, changes, problems })) log(line);
  return problems.length === 0 ? 0 : 1;
}

interface Made {
  readonly folder: Generator.Folder;
  readonly outputs: Generator.Outputs;
}

async function ownOutputs(generator: typeof Generator, root: string): Promise<Made> {
  const base = resolve(root);
  return { folder: { root: base, path: join(base, "generated") }, outputs: await generator.generate(base, await generator.readCatalog(base)) };
}

/** Errors: TG047 where a file that codegen did not write is in the way. */
async function entryOutputs(generator: typeof Generator, root: string, { file, out, dtypes }: Entry): Promise<Made> {
  const base = process.cwd();
  const { variants } = await import("../generated/variants.ts");
  const basis = (kernel: string): string => basisOf(variants, kernel);
  const outputs = await generator.generateEntry({ root, catalog: await generator.readCatalog(root), entry: file, dtypes, base, basis });
  const folder = { root: base, path: resolve(out) };
  generator.refuseForeign(folder, outputs);
  return { folder, outputs };
}

interface Report {
  readonly json: boolean;
  readonly check: boolean;
  /** The folder's. */
  readonly name: string;
  readonly total: number;
  readonly changes: Generator.Changes;
  readonly problems: readonly Problem[];
}

function reportLines({ json, check, name, total, changes, problems }: Report): string[] {
  const ok = problems.length === 0;
  if (json) return [JSON.stringify({ ok, files: total, ...changes, problems })];
  const { appear, change, disappear } = changes;
  if (!ok) {
    const wanted = check
      ? Object.entries(changes).flatMap(([what, files]: [string, readonly string[]]) => files.map((file) => `would ${what}: ${name}/${file}`))
      : [];
    return [...wanted, ...problems.map(formatProblem), `codegen: ${problems.length} problem${problems.length === 1 ? "" : "s"}`];
  }
  if (check) return [`codegen: ${total} files in ${name}/ are up to date`];
  return [`codegen: ${total} files in ${name}/: ${appear.length} new, ${change.length} changed, ${disappear.length} deleted`];
}

function outOfDate({ appear, change, disappear }: Generator.Changes, name: string, entry: Entry | undefined): Problem[] {
  const [first] = [...change, ...appear, ...disappear];
  if (first === undefined) return [];
  return [
    {
      code: "TG032",
      at: { file: `${name}/${first}`, line: 1, column: 1 },
      what: `${name}/ is out of date: ${change.length} files would change, ${appear.length} appear, ${disappear.length} disappear`,
      why: `${name}/ is to be what ${entry === undefined ? "dsl/ and templates/ give, and is committed" : `${entry.file} gives with this topkit`}`,
      fix: `run \`${entry === undefined ? "npm run codegen" : `topkit codegen --entry ${entry.file} --out ${entry.out}${entry.dtypes.length === DTYPES.length ? "" : ` --dtype ${entry.dtypes.join(" ")}`}`}\`, and commit the result where it is committed`,
    },
  ];
}

/** The installed package has neither ts-morph nor handlebars: only authors of kernels need them. */
function missingPackage(cause: unknown): unknown {
  const name = /Cannot find package '(ts-morph|handlebars)'/.exec(String(cause))?.[1];
  if (name === undefined) return cause;
  return new GeneratorError([
    {
      code: "TG031",
      at: { file: "package.json", line: 1, column: 1 },
      what: `codegen needs the package "${name}", which is not installed`,
      why: "only authors of kernels need it, so the installed runtime goes without",
      fix: "npm install --save-dev ts-morph@28 handlebars@4.7",
    },
  ]);
}

/** Sources are polled: a few dozen files, and no editor's way of saving escapes it. */
const POLL_MILLISECONDS = 200;

async function watch(options: CodegenOptions): Promise<number> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  try {
    let built = "";
    let before = "";
    while (!stop.signal.aborted) {
      const now = await snapshot(options.root);
      // a source that is still being written is left to settle
      if (now === before && now !== built) {
        built = now;
        await runFresh(options, stop.signal);
        if (!options.json && !stop.signal.aborted) options.log("codegen: watching dsl/ and templates/; Ctrl-C ends");
      }
      before = now;
      await sleep(POLL_MILLISECONDS, undefined, { signal: stop.signal }).catch(() => undefined);
    }
    return 0;
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}

async function snapshot(root: string): Promise<string> {
  const folders = ["dsl", "templates"].map(async (folder) => {
    const names = await readdir(join(root, folder), { recursive: true }).catch(() => []);
    return Promise.all(names.sort().map(async (name) => describe(join(root, folder, name))));
  });
  return (await Promise.all(folders)).flat().join("\n");
}

const describe = (path: string): Promise<string> =>
  stat(path).then(
    ({ mtimeMs, size }) => `${path} ${mtimeMs} ${size}`,
    () => `${path} gone`,
  );

/** A fresh process, so that a formula that never returns can still be interrupted, and memory does not grow. */
async function runFresh({ root, check, json, log }: CodegenOptions, signal: AbortSignal): Promise<void> {
  const script = `
    const { codegen } = await import(${JSON.stringify(import.meta.url)});
    process.exitCode = await codegen({ ...${JSON.stringify({ root, check, json, watch: false })}, log: console.log });`;
  const loaders = process.execArgv.filter((_, i, all) => LOADER.test(all[i] ?? "") || /^(--import|--require|-r|--loader)$/.test(all[i - 1] ?? ""));
  const child = spawn(process.execPath, [...loaders, "--input-type=module", "--eval", script], { stdio: ["ignore", "pipe", "inherit"] });
  const kill = (): boolean => child.kill("SIGKILL");
  signal.addEventListener("abort", kill);
  const ended = new Promise<void>((done, fail) => child.once("close", () => done()).once("error", fail));
  for await (const line of createInterface({ input: child.stdout })) log(line);
  await ended;
  signal.removeEventListener("abort", kill);
}

/** Options of Node that let it read TypeScript. */
const LOADER = /^(--import|--require|-r|--loader)(=|$)/;
