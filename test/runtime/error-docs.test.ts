import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "../../native/index.ts";
import { errorCodes } from "../../runtime/error-codes.ts";

const codes = Object.keys(errorCodes);
const docs = readFileSync(path.join(packageRoot, "docs", "errors.md"), "utf8");

it("documents every runtime code, and no other", () => {
  const documented = [...docs.matchAll(/^### (TK\d+) /gm)].map((match) => match[1]);
  expect(documented).toEqual(codes);
});

it("says in the docs what the code means in the table", () => {
  for (const [code, meaning] of Object.entries(errorCodes)) expect(docs).toContain(`### ${code} ${meaning}\n`);
});

it("triggers every code in a test", () => {
  const folder = path.join(packageRoot, "test");
  const tests = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".test.ts"));
  const calls = tests.flatMap((file) =>
    [...readFileSync(path.join(folder, file), "utf8").matchAll(/\b(?:failsWith|failure)\(\s*"(TK\d+)"/g)].map((match) => match[1]),
  );
  expect(codes.filter((code) => !calls.includes(code))).toEqual([]);
});
