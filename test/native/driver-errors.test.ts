import { expect, test } from "vitest";
import { addon } from "../../native/index.ts";
import { builtFile, errorOf, failing, image, loadKernels, rejectionOf, storeList, useFakeDriver } from "./fake-driver/fake-driver.ts";

// In this order: a driver that loaded stays for the life of the process.
test("a driver that is not there: no throw from driverInfo(), a coded error from openDevice()", () => {
  process.env.TOPKIT_CUDA_DRIVER = "/nowhere/libcuda.so.1";
  const info = addon().driverInfo();
  expect(info).toMatchObject({
    ok: false,
    code: "TK_NO_DRIVER",
    reason: expect.stringMatching(/that TOPKIT_CUDA_DRIVER names could not be opened.*install NVIDIA's driver/),
  });
  expect(info.ok ? [] : info.trail).toEqual([
    { source: "TOPKIT_CUDA_DRIVER", path: "/nowhere/libcuda.so.1", outcome: expect.stringContaining("No such file") },
  ]);
  expect(errorOf(() => addon().openDevice(0))).toMatchObject({ code: "TK_NO_DRIVER" });
});

test("a library that is no driver", () => {
  process.env.TOPKIT_CUDA_DRIVER = builtFile("libfake_nvrtc.so");
  expect(addon().driverInfo()).toMatchObject({
    ok: false,
    code: "TK_NO_DRIVER",
    reason: expect.stringContaining("lacks cuInit"),
    trail: [{ outcome: expect.stringContaining("lacks cuInit") }],
  });
});

test("a driver without a GPU, and one that cannot start", () => {
  useFakeDriver({ devices: 0 });
  expect(addon().driverInfo()).toMatchObject({ ok: false, code: "TK_NO_DEVICE", reason: expect.stringContaining("CUDA_VISIBLE_DEVICES") });
  expect(errorOf(() => addon().openDevice(0))).toMatchObject({ code: "TK_NO_DEVICE", call: "cuInit", status: 100, statusName: "CUDA_ERROR_NO_DEVICE" });
  process.env.TOPKIT_FAKE_DEVICES = "2";
  failing("cuInit=803", () => {
    expect(addon().driverInfo()).toMatchObject({ ok: false, code: "TK_DRIVER", reason: expect.stringContaining("reboot after a driver update") });
  });
  failing("cuInit=34", () => {
    expect(addon().driverInfo()).toMatchObject({ ok: false, code: "TK_DRIVER", reason: expect.stringContaining("stub of libcuda") });
  });
});

test("a working driver", () => {
  useFakeDriver({ devices: 2 });
  expect(addon().driverInfo()).toMatchObject({ ok: true, version: [12, 8], path: builtFile("libfake_cuda.so"), devices: [{ ordinal: 0 }, { ordinal: 1 }] });
});

test("devices that go away, and a query that fails, are reports too", () => {
  process.env.TOPKIT_FAKE_DEVICES = "0";
  expect(addon().driverInfo()).toMatchObject({ ok: false, code: "TK_NO_DEVICE" });
  process.env.TOPKIT_FAKE_DEVICES = "2";
  failing("cuDeviceGetName=2", () => expect(addon().driverInfo()).toMatchObject({ ok: false, code: "TK_DRIVER" }));
  failing("cuDevicePrimaryCtxRetain=46", () => {
    expect(errorOf(() => addon().openDevice(0))).toMatchObject({ code: "TK_DRIVER", status: 46, message: expect.stringContaining("exclusive mode") });
  });
});

test("out of memory is TK_MEMORY and says how much was asked for", () => {
  const device = addon().openDevice(0);
  const error = errorOf(() => device.allocate(2 ** 34));
  expect(error).toMatchObject({ code: "TK_MEMORY", call: "cuMemAlloc_v2", status: 2, statusName: "CUDA_ERROR_OUT_OF_MEMORY" });
  expect(error.message).toBe(
    "cuMemAlloc_v2 failed with 2 (CUDA_ERROR_OUT_OF_MEMORY: the fake driver's text of 2) allocating 17179869184 bytes on device 0; free device memory " +
      "(close tensors and plans, end other processes: see nvidia-smi), or take fewer rows at a time",
  );
  expect(errorOf(() => device.allocate(-1))).toMatchObject({ code: "TK_ARGUMENT", message: "bytes is -1; allowed: an integer from 0 to 9007199254740991" });
  // @ts-expect-error a bigint is no byte count
  expect(errorOf(() => device.allocate(8n))).toMatchObject({ code: "TK_ARGUMENT", message: expect.stringContaining("bytes is 8n") });
  device.allocate(0).close();
  device.close();
});

test("images that the driver refuses", () => {
  const device = addon().openDevice(0);
  expect(errorOf(() => device.loadModule(image("garbage")))).toMatchObject({
    code: "TK_DRIVER",
    status: 200,
    log: "bad line: garbage",
    message: expect.stringContaining("compile it for this device's arch"),
  });
  failing("cuModuleLoadDataEx=222", () => {
    expect(errorOf(() => device.loadModule(image("kernel a 0")))).toMatchObject({
      status: 222,
      statusName: "an unknown status",
      message: expect.stringContaining("newer than the driver"),
    });
  });
  const { module } = loadKernels(device);
  expect(errorOf(() => module.getFunction("absent"))).toMatchObject({
    code: "TK_DRIVER",
    statusName: "CUDA_ERROR_NOT_FOUND",
    message: expect.stringContaining('looking for "absent"'),
  });
  expect(errorOf(() => module.getFunction("store\0x"))).toMatchObject({ code: "TK_ARGUMENT", message: expect.stringContaining("NUL") });
  module.close();
  device.close();
});

test("every call's failure comes out with its name and number, and the next try works", async () => {
  const device = addon().openDevice(0);
  const memory = device.allocate(64);
  const { module, store } = loadKernels(device);
  const stream = device.createStream();
  const [start, end] = [device.createEvent(true), device.createEvent(true)];
  const list = storeList(device, store, 1n);
  const clusteredList = () =>
    device.prepare([{ function: store, grid: 2, block: 32, cluster: 2, sharedBytes: 0, parameters: [0n, 1n], slots: [{ parameter: 0, pointer: 0 }] }], 1);
  const clustered = clusteredList();
  const capture = (captured = list) => {
    stream.beginCapture();
    try {
      captured.run(stream, [memory.pointer]);
    } catch (error) {
      stream.endCapture().close();
      throw error;
    }
    return stream.endCapture();
  };
  const calls: Readonly<Record<string, () => unknown>> = {
    cuDeviceGetCount: () => addon().openDevice(0).close(),
    cuDeviceGet: () => addon().openDevice(0).close(),
    cuDeviceGetAttribute: () => addon().openDevice(0).close(),
    cuDeviceTotalMem_v2: () => addon().openDevice(0).close(),
    cuMemAlloc_v2: () => device.allocate(8).close(),
    cuStreamCreate: () => device.createStream().close(),
    cuEventCreate: () => device.createEvent(false).close(),
    cuEventRecord: () => [start, end].map((event) => event.record(stream)),
    cuStreamWaitEvent: () => stream.waitEvent(end),
    cuModuleLoadDataEx: () => loadKernels(device).module.close(),
    cuModuleGetFunction: () => module.getFunction("store"),
    cuFuncGetAttribute: () => storeList(device, store, 1n).close(),
    cuFuncSetAttribute: () => store.setMaxSharedBytes(1024),
    cuLaunchKernel: () => capture(list).close(),
    cuLaunchKernelEx: () => capture(clustered).close(),
    cuGraphCreate: () => storeList(device, store, 1n).close(),
    cuGraphAddKernelNode: () => storeList(device, store, 1n).close(),
    cuGraphKernelNodeSetAttribute: () => clusteredList().close(),
    cuGraphExecKernelNodeSetParams: () => [0n, 8n].map((offset) => list.run(stream, [memory.pointer + offset])),
    cuStreamBeginCapture_v2: () => capture().close(),
    cuGraphGetNodes: () => capture().close(),
    cuGraphInstantiateWithFlags: () => capture().close(),
    cuGraphLaunch: () => {
      const graph = capture();
      try {
        graph.launch(stream);
      } finally {
        graph.close();
      }
    },
  };
  for (const [call, use] of Object.entries(calls)) {
    expect(failing(`${call}=999`, () => errorOf(use))).toMatchObject({
      code: "TK_DRIVER",
      call,
      status: 999,
      message: expect.stringMatching(`^${call} failed with 999`),
    });
    use();
  }
  const rejecting: Readonly<Record<string, () => Promise<unknown>>> = {
    cuMemcpyHtoDAsync_v2: () => device.upload(memory.pointer, new Uint8Array(8), stream),
    cuMemcpyDtoHAsync_v2: () => device.download(new Uint8Array(8), memory.pointer, stream),
    cuMemsetD8Async: () => device.fill(memory.pointer, 1, 8),
    cuStreamSynchronize: () => stream.synchronize(),
    cuCtxSynchronize: () => device.synchronize(),
    cuEventSynchronize: () => end.millisecondsSince(start),
    cuEventElapsedTime: () => end.millisecondsSince(start),
  };
  for (const [call, use] of Object.entries(rejecting)) {
    process.env.TOPKIT_FAKE_FAIL = `${call}=999`;
    expect(await rejectionOf(use())).toMatchObject({ code: "TK_DRIVER", call, status: 999 });
    delete process.env.TOPKIT_FAKE_FAIL;
    await use();
  }
});

// Last: the fake driver's context is lost for the rest of the process, as a real one's is.
test("after an illegal address every call says that the context is lost, and closing is quiet", async () => {
  const device = addon().openDevice(0);
  const memory = device.allocate(8);
  const { module, trap } = loadKernels(device);
  device.prepare([{ function: trap, grid: 1, block: 32, cluster: 1, sharedBytes: 0, parameters: [], slots: [] }], 0).run(null, []);
  const error = await rejectionOf(device.synchronize());
  expect(error).toMatchObject({ code: "TK_DRIVER", status: 700, statusName: "CUDA_ERROR_ILLEGAL_ADDRESS" });
  expect(error.message).toContain("context is lost");
  expect(errorOf(() => device.allocate(8))).toMatchObject({ status: 700 });
  for (const handle of [memory, module, device]) handle.close();
});
