/** A folder and its ancestors. */
import { mkdir, stat } from "node:fs/promises";
import path from "node:path";

/**
 * Makes what is missing of `folder`, with `mode` for each. mkdir({ recursive: true }) of Node 20 never returns below a folder that takes
 * none and says ENOENT, such as /proc. Errors: the system's.
 */
export async function makeFolder(folder: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const parent = path.dirname(folder);
    if (await isFolder(folder)) return;
    if (code !== "ENOENT") throw error;
    if (!(await isFolder(parent))) await makeFolder(parent, mode);
    // the parent is there, made by us or by another process; a folder that another made meanwhile is as good
    await mkdir(folder, { mode }).catch(async (again: unknown) => {
      if (!(await isFolder(folder))) throw again;
    });
  }
}

const isFolder = (folder: string): Promise<boolean> =>
  stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
