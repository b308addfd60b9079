import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { loadDraw } from "../../bench/report/draw.ts";
import { makeReadme } from "../../bench/report/readme.ts";
import { packageRoot } from "../../native/index.ts";

const read = (file: string): string => readFileSync(path.join(packageRoot, file), "utf8");

it("README.md says of speed what the results say; else run `npm run bench:readme`", async () => {
  const { text, picture } = await makeReadme(read("README.md"), await loadDraw());
  expect(text).toBe(read("README.md"));
  expect(picture).toBe(read("bench/results/nvidia-h200.svg"));
});

it("replaces what stands between the marks, and nothing else", async () => {
  const draw = async () => "<svg/>";
  const { text } = await makeReadme("before\n<!-- speed -->\nold\n<!-- /speed -->\nafter\n", draw);
  expect(text).toMatch(/^before\n<!-- speed -->\n\nOn an NVIDIA H200, [\s\S]*\n\n<!-- \/speed -->\nafter\n$/);
  expect(text).not.toContain("old");
  await expect(makeReadme("no marks\n", draw)).rejects.toThrow(/has not the lines/);
});
