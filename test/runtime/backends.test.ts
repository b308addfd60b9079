import { afterEach, beforeEach, expect, it } from "vitest";
import { isAvailable, open } from "../../runtime/index.ts";
import { useNative } from "../../runtime/native-access.ts";
import { failsWith, failure } from "./fails-with.ts";
import { FakeNative, nativeError } from "./fake-native.ts";
import "./private-cache.ts";

let native: FakeNative;
beforeEach(() => {
  native = new FakeNative();
  useNative(native);
});
afterEach(() => useNative(undefined));

it("says what is available", () => {
  expect(isAvailable("cuda")).toEqual({ ok: true });
  expect(isAvailable("cpu")).toEqual({ ok: true });
});

it("says why the GPU cannot be used", async () => {
  native.driver = {
    ok: false,
    code: "TK_NO_DRIVER",
    reason: "libcuda.so.1 was not found",
    trail: [{ source: "the loader", path: "libcuda.so.1", outcome: "not found" }],
  };
  expect(isAvailable("cuda")).toEqual({ ok: false, reason: expect.stringContaining("libcuda.so.1 was not found") });
  const error = await failure("TK202", () => open(), /libcuda/);
  expect(error.details.trail).toHaveLength(1);
  native.driver = { ok: false, code: "TK_NO_DEVICE", reason: "the driver has no devices", trail: [] };
  await failsWith("TK203", () => open());
});

it("needs NVRTC for the GPU", async () => {
  native.nvrtc = { ok: false, reason: "libnvrtc was not found", trail: [] };
  expect(isAvailable("cuda")).toMatchObject({ ok: false });
  await failsWith("TK204", () => open(), /libnvrtc was not found/);
});

it("refuses devices that there are not", async () => {
  await failsWith("TK203", () => open({ device: 1 }), /no CUDA device 1; there are 1/);
  await failsWith("TK203", () => open({ device: 1, backend: "cpu" }));
  await failsWith("TK203", () => open({ device: 1, backend: "emulate" }));
  await failsWith("TK101", () => open({ device: -1 }));
  // @ts-expect-error auto is for topk()
  await failsWith("TK101", () => open({ backend: "auto" }));
});

it("passes on the failure of a driver call, with the call", async () => {
  const device = await open();
  native.failing.set(
    "createStream",
    nativeError("TK_DRIVER", "cuStreamCreate failed", { call: "cuStreamCreate", status: 2, statusName: "CUDA_ERROR_OUT_OF_MEMORY" }),
  );
  const error = await failure("TK303", () => device.stream());
  expect(error.details).toEqual({ call: "cuStreamCreate", status: 2, statusName: "CUDA_ERROR_OUT_OF_MEMORY" });
});

it("closes the native device once, after pending work", async () => {
  const device = await open();
  const x = device.tensor(Float32Array.of(1, 2), { shape: [1, 2], dtype: "f32" });
  const host = x.toHost();
  device.dispose();
  device.dispose();
  expect(native.openDevices).toBe(1);
  expect(await host).toEqual(Float32Array.of(1, 2));
  await new Promise((resolve) => setImmediate(resolve));
  expect(native.openDevices).toBe(0);
});
