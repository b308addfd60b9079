/** Writes test/golden/files anew: `npx tsx test/golden/update.ts`. Read the diff before you commit it: it is CUDA. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { GOLDEN_FOLDER, goldenFiles } from "./golden.ts";

const files = await goldenFiles();
rmSync(GOLDEN_FOLDER, { recursive: true, force: true });
mkdirSync(GOLDEN_FOLDER, { recursive: true });
for (const [name, text] of files) writeFileSync(`${GOLDEN_FOLDER}/${name}`, text);
console.log(`${files.size} files in test/golden/files`);
