import { expect, test } from "vitest";
import { addon } from "../../native/index.ts";
import { live, useFakeDriver } from "./fake-driver/fake-driver.ts";

useFakeDriver();
const device = addon().openDevice(0);
const memory = device.allocate(1024);

test("bytes go up and come back, through every kind of view and at any offset", async () => {
  const stream = device.createStream();
  await device.fill(memory.pointer, 0xab, 1024);
  const source = new Float32Array([0, 1.5, -2, Number.NaN, 4]).subarray(1, 4);
  await device.upload(memory.pointer + 8n, source, stream);
  const bytes = Buffer.alloc(1024);
  await device.download(bytes, memory.pointer, stream);
  expect(bytes.subarray(0, 8)).toEqual(Buffer.alloc(8, 0xab));
  expect(bytes.subarray(8, 20)).toEqual(Buffer.from(source.buffer, source.byteOffset, source.byteLength));
  expect(bytes.subarray(20)).toEqual(Buffer.alloc(1004, 0xab));
  const view = new DataView(new ArrayBuffer(32), 4, 12);
  await device.download(view, memory.pointer + 8n, null);
  expect(view.getFloat32(0, true)).toBe(1.5);
  const shared = new Int32Array(new SharedArrayBuffer(12));
  await device.download(shared, memory.pointer + 8n, null);
  expect(new Float32Array(shared.buffer)[1]).toBe(-2);
  stream.close();
});

test("nothing is copied for an empty array", async () => {
  await device.upload(memory.pointer, new Uint8Array(0), null);
  await device.download(new Uint8Array(0), memory.pointer, null);
  await device.fill(memory.pointer, 0, 0);
});

test("sizes that the allocation does not have are refused", async () => {
  const beyond = { code: "TK_ARGUMENT", message: expect.stringContaining("has 1016 bytes up to the end of its allocation of 1024; 1024 were asked for") };
  await expect(device.upload(memory.pointer + 8n, new Uint8Array(1024), null)).rejects.toMatchObject(beyond);
  await expect(device.download(new Uint8Array(1024), memory.pointer + 8n, null)).rejects.toMatchObject(beyond);
  await expect(device.fill(memory.pointer + 8n, 0, 1024)).rejects.toMatchObject(beyond);
  await expect(device.fill(memory.pointer, 256, 1)).rejects.toMatchObject({ code: "TK_ARGUMENT", message: "byte is 256; allowed: an integer from 0 to 255" });
});

test("arrays that hold no fixed memory are refused", async () => {
  const detached = new Uint8Array(8);
  structuredClone(detached, { transfer: [detached.buffer] });
  await expect(device.upload(memory.pointer, detached, null)).rejects.toMatchObject({ code: "TK_ARGUMENT", message: expect.stringContaining("is detached") });
  const resizable = new Uint8Array(Reflect.construct(ArrayBuffer, [8, { maxByteLength: 16 }]) as ArrayBuffer);
  await expect(device.upload(memory.pointer, resizable, null)).rejects.toMatchObject({ code: "TK_ARGUMENT", message: expect.stringContaining("fixed length") });
  // @ts-expect-error an array is no view
  await expect(device.upload(memory.pointer, [1, 2], null)).rejects.toMatchObject({
    code: "TK_ARGUMENT",
    message: expect.stringContaining("the array is an array"),
  });
  // @ts-expect-error a number is no address
  await expect(device.upload(4096, new Uint8Array(8), null)).rejects.toMatchObject({
    code: "TK_ARGUMENT",
    message: expect.stringContaining("allowed: a bigint"),
  });
});

test("an array that is detached while it is copied rejects, and does not crash", async () => {
  const array = new Uint8Array(512);
  process.env.TOPKIT_FAKE_DELAY_MS = "30";
  const copy = device.upload(memory.pointer, array, null);
  const moved = structuredClone(array, { transfer: [array.buffer] });
  await expect(copy).rejects.toMatchObject({ code: "TK_ARGUMENT", message: expect.stringContaining("was detached (transferred) while it was copied") });
  delete process.env.TOPKIT_FAKE_DELAY_MS;
  expect(moved.length).toBe(512);
});

test("waiting never blocks the event loop, and many streams at once do not deadlock", async () => {
  process.env.TOPKIT_FAKE_DELAY_MS = "40";
  const streams = Array.from({ length: 16 }, () => device.createStream());
  let ticks = 0;
  const timer = setInterval(() => ticks++, 2);
  await Promise.all(streams.flatMap((stream) => [device.upload(memory.pointer, new Uint8Array(64), stream), stream.synchronize(), device.synchronize()]));
  clearInterval(timer);
  delete process.env.TOPKIT_FAKE_DELAY_MS;
  // 48 waits of 40 ms on 4 threads take half a second
  expect(ticks).toBeGreaterThan(50);
  for (const stream of streams) stream.close();
});

test("memory and streams closed under a transfer are freed when it is done", async () => {
  process.env.TOPKIT_FAKE_DELAY_MS = "30";
  const stream = device.createStream();
  const short = device.allocate(64);
  const copy = device.upload(short.pointer, new Uint8Array(64).fill(1), stream);
  short.close();
  stream.close();
  expect(live()).toMatchObject({ cuMemAlloc_v2: 2, cuStreamCreate: 1 });
  await copy;
  delete process.env.TOPKIT_FAKE_DELAY_MS;
  expect(live()).toEqual({ cuDevicePrimaryCtxRetain: 1, cuMemAlloc_v2: 1 });
});
