/** Generated CUDA, compared whole, so that a change to a template or to the generator shows as a diff of CUDA. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { kernels } from "../../dsl/catalog.ts";
import { GOLDEN_FOLDER, goldenFiles } from "./golden.ts";

it("renders one variant of each kernel as committed; else `npx tsx test/golden/update.ts` and read the diff", async () => {
  const files = await goldenFiles();
  expect(files.size).toBe(kernels.length + 1);
  expect(readdirSync(GOLDEN_FOLDER).sort()).toEqual([...files.keys()].sort());
  for (const [name, text] of files) expect(text, name).toBe(readFileSync(join(GOLDEN_FOLDER, name), "utf8"));
});
