// Puts the addon built here where an installed package looks for it: prebuilds/<platform>-<arch>/topkit.node, less its debug symbols.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const built = `${root}build/Release/topkit.node`;
if (!existsSync(built)) {
  console.error(`prebuild: ${built} is not there; run "npm run build:native" first`);
  process.exit(1);
}
const folder = `${root}prebuilds/${process.platform}-${process.arch}`;
mkdirSync(folder, { recursive: true });
copyFileSync(built, `${folder}/topkit.node`);
if (process.platform === "linux") execFileSync("strip", ["--strip-unneeded", `${folder}/topkit.node`]);
