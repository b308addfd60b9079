/** A driver from before CUDA 11.8: what it lacks is missed only by those who need it. */
import { expect, test } from "vitest";
import { addon } from "../../native/index.ts";
import { errorOf, loadKernels, useFakeDriver } from "./fake-driver/fake-driver.ts";

useFakeDriver({ old: true });

test("launches without clusters work, clusters are refused by name", async () => {
  const device = addon().openDevice(0);
  expect(device.info.clusterLaunch).toBe(false);
  const { store } = loadKernels(device);
  const memory = device.allocate(8);
  const step = { function: store, grid: 2, block: 32, cluster: 1, sharedBytes: 0, parameters: [memory.pointer, 3n], slots: [] };
  device.prepare([step], 0).run(null, []);
  const host = new BigUint64Array(1);
  await device.download(host, memory.pointer, null);
  expect(host[0]).toBe(3n);
  expect(errorOf(() => device.prepare([{ ...step, cluster: 2 }], 0))).toMatchObject({
    code: "TK_ARGUMENT",
    message: expect.stringMatching(/clusters of 2 blocks.*driver of CUDA 11.8 or newer.*take a config with cluster 1/),
  });
});
