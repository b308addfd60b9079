import { expect, it, vi } from "vitest";
import { loadDraw } from "../../bench/report/draw.ts";
import { failsWith } from "../runtime/fails-with.ts";

it("draws", async () => {
  const draw = await loadDraw();
  const svg = await draw({ data: { values: [{ a: 1 }] }, mark: "bar", encoding: { x: { field: "a", type: "quantitative" } } });
  expect(svg).toMatch(/^<svg /);
});

it("says what to install where the libraries are not", async () => {
  vi.doMock("vega", () => {
    throw new Error("Cannot find package 'vega'");
  });
  await failsWith("TK210", loadDraw, /npm install --no-save vega vega-lite/);
  vi.doUnmock("vega");
});
