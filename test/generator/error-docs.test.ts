import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { CODES } from "../../generator/errors.ts";

const docs = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");

it("documents every generator code with the meaning of the table, and no other", () => {
  const documented = [...docs.matchAll(/^### (TG\d+) (.*)$/gm)].map(([, code, meaning]) => [code, meaning]);
  expect(documented).toEqual(Object.entries(CODES));
});
