/** The templates folder, read once: *.cu.hbs, partials/*.hbs, device/*.cuh. */
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileProblem, GeneratorError } from "./errors.ts";

export interface TemplateFile {
  /** Relative to the package root, with forward slashes. */
  readonly file: string;
  readonly text: string;
}

export interface TemplateFiles {
  /** By file name, as "tile_stream.cu.hbs". */
  readonly kernels: ReadonlyMap<string, TemplateFile>;
  /** By name as included: the file name up to its first dot. */
  readonly partials: ReadonlyMap<string, TemplateFile>;
  /** Plain CUDA, inserted as it is. By name as included: "device/key.cuh". */
  readonly device: ReadonlyMap<string, TemplateFile>;
}

/** Errors: GeneratorError TG030 where the folder or a file cannot be read. partials/ and device/ need not exist. */
export async function readTemplateFiles(folder: string, root: string): Promise<TemplateFiles> {
  const [kernels, partials, device] = await Promise.all([
    readAll(await list(folder, root), folder, root, ".cu.hbs", (name) => name),
    readAll(await list(join(folder, "partials"), root, []), join(folder, "partials"), root, ".hbs", (name) => name.slice(0, name.indexOf("."))),
    readAll(await list(join(folder, "device"), root, []), join(folder, "device"), root, ".cuh", (name) => `device/${name}`),
  ]);
  return { kernels, partials, device };
}

/** Names in a folder; `absent` where it does not exist, an error where nothing is given for that. */
async function list(folder: string, root: string, absent?: readonly string[]): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (absent !== undefined && (cause as NodeJS.ErrnoException).code === "ENOENT") return absent;
    throw new GeneratorError([fileProblem("read", rootRelative(root, folder), cause)]);
  }
}

async function readAll(
  names: readonly string[],
  folder: string,
  root: string,
  suffix: string,
  keyOf: (name: string) => string,
): Promise<ReadonlyMap<string, TemplateFile>> {
  const files = names
    .filter((name) => name.endsWith(suffix))
    .sort()
    .map(async (name): Promise<[string, TemplateFile]> => {
      const file = rootRelative(root, join(folder, name));
      const text = await readFile(join(folder, name), "utf8").catch((cause: unknown) => {
        throw new GeneratorError([fileProblem("read", file, cause)]);
      });
      // a file without its last newline would run into the line behind the inclusion
      return [keyOf(name), { file, text: text.endsWith("\n") ? text : `${text}\n` }];
    });
  return new Map(await Promise.all(files));
}

export const rootRelative = (root: string, path: string): string => relative(root, path).replaceAll("\\", "/");
