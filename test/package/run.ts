/** What a user types. */
import { execFileSync } from "node:child_process";

/** Standard output. Throws where the command fails. */
export const run = (command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): string =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, ...env } });

/** Where a compiler would be called, it fails. */
export const NO_COMPILER = { CC: "/bin/false", CXX: "/bin/false" };
