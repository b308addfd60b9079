import { expect, it, vi } from "vitest";
import { isAvailable, open, topk } from "../../runtime/index.ts";
import { failsWith } from "./fails-with.ts";

vi.mock("../../native/index.ts", () => ({
  packageRoot: "/nowhere",
  addon: () => {
    throw Object.assign(new Error("topkit has no addon for plan9-mips; build it from source"), { code: "TK_NO_ADDON" });
  },
}));

it("imports without the addon, and says why nothing can be computed", async () => {
  await failsWith("TK201", () => topk(Float32Array.of(1), { k: 1 }), /plan9-mips/);
  await failsWith("TK201", () => open({ backend: "cpu" }));
  await failsWith("TK201", () => open());
  expect(isAvailable("cpu")).toEqual({ ok: false, reason: expect.stringContaining("plan9-mips") });
});

it("still checks arguments first", () => failsWith("TK105", () => topk(Float32Array.of(1), { k: 2 })));
