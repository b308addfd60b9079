import { expect, it } from "vitest";
import { costRows, RUNTIME_COST_HEADER } from "../../bench/runtime-cost.ts";

it("is a row for each thing measured, of all processes together", () => {
  const process = (samples: Record<string, number[]>) => ({ device: "D", versions: "node=20;nvrtc=13.0", samples });
  const rows = costRows("topkit", "32,50304,50,bf16", [
    process({ "call enqueued us": [1, 3], "first plan (cold cache) ms": [900] }),
    process({ "call enqueued us": [2] }),
  ]);
  expect(rows).toEqual([
    "topkit,call enqueued,32 x 50304 k 50 bf16,us,2.000,1.000,3.000,3,D,node=20;nvrtc=13.0",
    "topkit,first plan (cold cache),32 x 50304 k 50 bf16,ms,900.0,900.0,900.0,1,D,node=20;nvrtc=13.0",
  ]);
  for (const row of rows) expect(row.split(",")).toHaveLength(RUNTIME_COST_HEADER.split(",").length);
});
