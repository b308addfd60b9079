import { expect, test } from "vitest";
import { beyondLimits, bitonicBlock, type DeviceLimits, type Launch } from "../../dsl/index.ts";

const limits: DeviceLimits = { arch: 90, maxThreadsPerBlock: 1024, maxSharedBytes: 232448, maxCluster: 8, ptx: "8.7" };
const launch: Launch = { grid: 1, block: 256, cluster: 1, sharedBytes: 0 };
const hopper = { ...bitonicBlock, minArch: 90, minPtx: "8.0" } as const;

test("a launch within limits is let through, at each limit's edge too", () => {
  expect(beyondLimits(hopper, launch, limits)).toBeUndefined();
  expect(beyondLimits(hopper, { grid: 2 ** 31 - 1, block: 1024, cluster: 8, sharedBytes: 232448 }, { ...limits, ptx: "8.0" })).toBeUndefined();
  expect(beyondLimits(hopper, launch, { ...limits, ptx: undefined })).toBeUndefined();
});

test.each([
  [launch, { arch: 80 }, "needs compute capability 9, the device has 8"],
  [launch, { ptx: "7.8" }, "needs PTX 8.0, NVRTC gives 7.8"],
  [{ ...launch, block: 2048 }, {}, "needs 2048 threads a block, the device allows 1024"],
  [{ ...launch, sharedBytes: 232449 }, {}, "needs 232449 bytes of shared memory a block, the device allows 232448"],
  [{ ...launch, cluster: 16 }, {}, "needs clusters of 16 blocks, the device allows 8"],
  [{ ...launch, grid: 2 ** 31 }, {}, "needs 2147483648 blocks, a grid has at most 2147483647"],
])("a launch beyond a limit is refused in words: %#", (asked, device, sentence) => {
  expect(beyondLimits(hopper, asked, { ...limits, ...device })).toBe(sentence);
});

test("PTX versions are compared as numbers, not as text", () => {
  const newer = { ...bitonicBlock, minPtx: "8.7" } as const;
  expect(beyondLimits(newer, launch, { ...limits, ptx: "8.10" })).toBeUndefined();
  expect(beyondLimits({ ...bitonicBlock, minPtx: "8.10" }, launch, limits)).toBe("needs PTX 8.10, NVRTC gives 8.7");
});
