/**
 * The generated folder: compare, then write. Only what differs is written, each file whole: to a temporary name beside it, then renamed.
 * Two processes at once write the same whole files; after a kill in the middle the next run completes the set and clears what was left.
 */
import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileProblem, GeneratorError } from "./errors.ts";
import { rootRelative } from "./template-files.ts";
import { BANNER_MARK } from "./view.ts";

/** Text of each file, by its path inside the generated folder. */
export type Outputs = ReadonlyMap<string, string>;

/** Paths inside the generated folder, sorted. */
export interface Changes {
  readonly appear: readonly string[];
  readonly change: readonly string[];
  readonly disappear: readonly string[];
}

export interface Folder {
  readonly root: string;
  /** Absolute path of generated/. */
  readonly path: string;
}

const KERNELS = "kernels";

/** What writing would do. Errors: GeneratorError TG030. */
export async function compare(folder: Folder, outputs: Outputs): Promise<Changes> {
  const appear: string[] = [];
  const change: string[] = [];
  for (const [name, text] of outputs) {
    const present = await readIfThere(folder, name);
    if (present === undefined) appear.push(name);
    else if (present !== text) change.push(name);
  }
  const disappear: string[] = [];
  for (const name of await namesIn(folder, KERNELS)) {
    if (!name.endsWith(".cu") || outputs.has(name)) continue;
    if ((await readIfThere(folder, name))?.startsWith(BANNER_MARK)) disappear.push(name);
  }
  return { appear: appear.sort(), change: change.sort(), disappear: disappear.sort() };
}

/** Errors: GeneratorError TG030; files already written stay, and are whole. */
export async function write(folder: Folder, outputs: Outputs, changes: Changes): Promise<void> {
  for (const subfolder of new Set([...outputs.keys()].map(dirname))) await clearLeftovers(folder, subfolder);
  for (const name of [...changes.appear, ...changes.change]) await writeWhole(folder, name, outputs.get(name) ?? "");
  for (const name of changes.disappear) await attempt("delete", folder, name, () => rm(join(folder.path, name), { force: true }));
}

async function writeWhole(folder: Folder, name: string, text: string): Promise<void> {
  const target = join(folder.path, name);
  const temporary = join(dirname(target), `.codegen-${process.pid}-${randomUUID()}.tmp`);
  await attempt("write", folder, name, async () => {
    await mkdir(dirname(target), { recursive: true });
    try {
      const file = await open(temporary, "w");
      try {
        await file.writeFile(text);
      } finally {
        await file.close();
      }
      await rename(temporary, target);
    } catch (cause) {
      await rm(temporary, { force: true });
      throw cause;
    }
  });
}

/** Removes temporary files whose process is gone. */
async function clearLeftovers(folder: Folder, subfolder: string): Promise<void> {
  for (const name of await namesIn(folder, subfolder)) {
    const owner = /(?:^|\/)\.codegen-(\d+)-[^/]*\.tmp$/.exec(name)?.[1];
    if (owner === undefined || isRunning(Number(owner))) continue;
    await attempt("delete", folder, name, () => rm(join(folder.path, name), { force: true }));
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // EPERM: it runs, as another user
    return (cause as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

const namesIn = async (folder: Folder, subfolder: string): Promise<readonly string[]> =>
  (await ifThere(folder, subfolder, (path) => readdir(path)))?.sort().map((name) => (subfolder === "." ? name : `${subfolder}/${name}`)) ?? [];

const readIfThere = (folder: Folder, name: string): Promise<string | undefined> => ifThere(folder, name, (path) => readFile(path, "utf8"));

const ifThere = <T>(folder: Folder, name: string, action: (path: string) => Promise<T>): Promise<T | undefined> =>
  attempt("read", folder, name, () =>
    action(join(folder.path, name)).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") return undefined;
      throw cause;
    }),
  );

async function attempt<T>(action: "read" | "write" | "delete", folder: Folder, name: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    throw new GeneratorError([fileProblem(action, rootRelative(folder.root, join(folder.path, name)), cause)]);
  }
}
