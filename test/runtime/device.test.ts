import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Device, open } from "../../runtime/index.ts";
import { useNative } from "../../runtime/native-access.ts";
import { failsWith } from "./fails-with.ts";
import { FakeNative, nativeError } from "./fake-native.ts";
import "./private-cache.ts";

const SHAPE = { rows: 2, cols: 3, k: 2, dtype: "f32" } as const;
const six = Float32Array.of(3, 1, 2, 6, 5, 4);

// one API, two backends: copies and runs are in the order in which they were asked for, awaited or not
describe.each(["cpu", "cuda"] as const)("a device of %s", (backend) => {
  let native: FakeNative;
  let device: Device;
  beforeEach(async () => {
    native = new FakeNative();
    useNative(native);
    device = await open({ backend });
  });
  afterEach(() => {
    device.dispose();
    useNative(undefined);
  });
  const outputs = (rows = 2, k = 2) => ({ values: device.empty([rows, k], "f32"), indices: device.empty([rows, k], "i32") });

  it("says its name and arch", () => expect(device).toMatchObject(backend === "cuda" ? { name: "Fake H200", arch: "sm_90" } : { arch: process.arch }));

  it("runs after an upload that nobody waited for", async () => {
    const plan = await device.plan(SHAPE);
    const out = outputs();
    plan.run(device.tensor(six, { shape: [2, 3], dtype: "f32" }), out);
    expect(await out.values.toHost()).toEqual(Float32Array.of(3, 2, 6, 5));
    expect(await out.indices.toHost()).toEqual(Int32Array.of(0, 2, 0, 1));
  });

  it("keeps uploads, runs and downloads of one tensor in order", async () => {
    const plan = await device.plan(SHAPE);
    const out = outputs();
    const x = device.tensor(six, { shape: [2, 3], dtype: "f32" });
    plan.run(x, out);
    const first = out.values.toHost();
    const uploaded = x.upload(Float32Array.of(9, 8, 7, 1, 2, 3));
    plan.run(x, out);
    const second = out.values.toHost();
    expect([await first, await second]).toEqual([Float32Array.of(3, 2, 6, 5), Float32Array.of(9, 8, 3, 2)]);
    await uploaded;
  });

  it("runs one plan on two streams, and a stream's synchronize waits for its runs", async () => {
    const plan = await device.plan(SHAPE);
    const [a, b] = [device.stream(), device.stream()];
    const [first, second] = [outputs(), outputs()];
    plan.run(device.tensor(six, { shape: [2, 3], dtype: "f32" }), first, { stream: a });
    plan.run(
      device.tensor(
        six.map((value) => -value),
        { shape: [2, 3], dtype: "f32" },
      ),
      second,
      { stream: b },
    );
    await Promise.all([a.synchronize(), b.synchronize()]);
    expect([await first.values.toHost(), await second.values.toHost()]).toEqual([Float32Array.of(3, 2, 6, 5), Float32Array.of(-1, -2, -4, -5)]);
  });

  it("feeds one plan's values to the next", async () => {
    const [first, second] = [await device.plan(SHAPE), await device.plan({ ...SHAPE, cols: 2, k: 1 })];
    const [between, last] = [outputs(), outputs(2, 1)];
    first.run(device.tensor(six, { shape: [2, 3], dtype: "f32" }), between);
    second.run(between.values, last);
    expect(await last.values.toHost()).toEqual(Float32Array.of(3, 6));
  });

  it("replays a captured run on changed data", async () => {
    const plan = await device.plan(SHAPE);
    const out = outputs();
    const x = device.tensor(six, { shape: [2, 3], dtype: "f32" });
    using captured = await plan.capture(x, out);
    captured.replay();
    expect(await out.indices.toHost()).toEqual(Int32Array.of(0, 2, 0, 1));
    await x.upload(Float32Array.of(1, 2, 3, 3, 2, 1));
    captured.replay(device.stream());
    expect(await out.indices.toHost()).toEqual(Int32Array.of(2, 1, 0, 1));
  });

  it("takes row lengths where they are planned, and only there", async () => {
    const plan = await device.plan({ ...SHAPE, lengths: true });
    const out = outputs();
    const x = device.tensor(six, { shape: [2, 3], dtype: "f32" });
    const lengths = device.tensor(Int32Array.of(1, 7), { shape: [2, 1], dtype: "i32" });
    plan.run(x, out, { lengths });
    expect(await out.indices.toHost()).toEqual(Int32Array.of(0, -1, 0, 1));
    await failsWith("TK108", () => plan.run(x, out), /the plan takes lengths/);
    await failsWith("TK108", () => plan.run(x, out, { lengths: x }), /2 x 3 f32; give an i32 tensor of 2 x 1/);
    const without = await device.plan(SHAPE);
    await failsWith("TK108", () => without.run(x, out, { lengths }), /make the plan with lengths: true/);
  });

  it("wraps memory of others: rows apart, a base off by one element, never freed", async () => {
    const padded = device.tensor(Float32Array.of(0, 1, 2, 3, 99, 4, 5, 6, 99), { shape: [1, 9], dtype: "f32" });
    await padded.toHost();
    const x = device.wrap(padded.pointer + 4n, { shape: [2, 3], dtype: "f32", rowStride: 4 });
    expect(await x.toHost()).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
    const plan = await device.plan({ ...SHAPE, rowStride: 4 });
    const out = outputs();
    plan.run(x, out);
    expect(await out.indices.toHost()).toEqual(Int32Array.of(2, 1, 2, 1));
    await x.upload(Float32Array.of(10, 20, 30, 40, 50, 60));
    x.dispose();
    expect(await padded.toHost()).toEqual(Float32Array.of(0, 10, 20, 30, 99, 40, 50, 60, 99));
  });

  it("copies wrapped 16-bit and odd-sized memory bit for bit", async () => {
    const bits = Uint16Array.of(0xffff, 0x7fc1, 0x8000, 0, 1, 0x7f80, 0xff81);
    const whole = device.tensor(bits, { shape: [1, 7], dtype: "bf16" });
    await whole.toHost();
    const tail = device.wrap(whole.pointer + 2n, { shape: [1, 5], dtype: "bf16" });
    expect(await tail.toHost()).toEqual(bits.slice(1, 6));
  });

  it("refuses pointers that cannot be", async () => {
    const shape = { shape: [2, 3], dtype: "f32" } as const;
    await failsWith("TK111", () => device.wrap(0n, shape), /null/);
    await failsWith("TK111", () => device.wrap(-4n, shape));
    await failsWith("TK111", () => device.wrap(0x1002n, shape), /0x1002 is not a multiple of 4 bytes/);
    // @ts-expect-error a number loses bits of an address
    await failsWith("TK111", () => device.wrap(4096, shape), /give an address as a bigint/);
  });

  it("refuses data that is not the shape's or the dtype's", async () => {
    await failsWith("TK107", () => device.tensor(six, { shape: [2, 4], dtype: "f32" }), /6 elements; its shape needs 8/);
    await failsWith("TK103", () => device.tensor(six, { shape: [2, 3], dtype: "f16" }), /give a Uint16Array/);
    await failsWith("TK104", () => device.empty([2, -3], "f32"), /shape\[1\]/);
    // @ts-expect-error a tensor has two dimensions
    await failsWith("TK104", () => device.empty([6], "f32"), /give \[rows, cols\]/);
    await failsWith("TK104", () => device.empty([2 ** 31 - 1, 2 ** 31 - 1], "i64"), /beyond what can be addressed/);
    await failsWith("TK106", () => device.wrap(4096n, { shape: [2, 3], dtype: "f32", rowStride: 2 }));
    // @ts-expect-error no such option
    await failsWith("TK101", () => device.tensor(six, { shape: [2, 3], dtype: "f32", stride: 4 }), /no option "stride"/);
  });

  it("refuses tensors that do not fit the plan, before anything is launched", async () => {
    const plan = await device.plan(SHAPE);
    const out = outputs();
    const x = device.tensor(six, { shape: [2, 3], dtype: "f32" });
    await failsWith("TK110", () => plan.run(device.empty([3, 2], "f32"), out), /x is 3 x 2 f32; the plan takes 2 x 3 f32/);
    await failsWith("TK110", () => plan.run(device.empty([2, 3], "f16"), out), /f16/);
    await failsWith("TK110", () => plan.run(device.wrap(x.pointer, { shape: [2, 3], dtype: "f32", rowStride: 4 }), out), /rowStride 4/);
    await failsWith("TK110", () => plan.run(x, { ...out, indices: device.empty([2, 2], "i64") }), /indices is 2 x 2 i64; the plan takes 2 x 2 i32/);
    await failsWith("TK110", () => plan.run(x, { ...out, values: device.empty([2, 3], "f32") }));
    await failsWith("TK110", () => plan.run(x, { ...out, values: device.wrap(x.pointer + 4n, { shape: [2, 2], dtype: "f32" }) }), /shares memory/);
    expect(native.launches).toEqual([]);
  });

  it("gives 64-bit indices, and works with no rows", async () => {
    const plan = await device.plan({ ...SHAPE, indices: "i64" });
    const out = { values: device.empty([2, 2], "f32"), indices: device.empty([2, 2], "i64") };
    plan.run(device.tensor(six, { shape: [2, 3], dtype: "f32" }), out);
    expect(await out.indices.toHost()).toEqual(BigInt64Array.of(0n, 2n, 0n, 1n));
    const none = await device.plan({ ...SHAPE, rows: 0 });
    const nothing = outputs(0);
    none.run(device.empty([0, 3], "f32"), nothing);
    (await none.capture(device.empty([0, 3], "f32"), nothing)).replay();
    expect(await nothing.values.toHost()).toEqual(new Float32Array(0));
    expect(none.explain.kernels.every(({ launches }) => launches === 0)).toBe(true);
  });

  it("refuses bad plans", async () => {
    // @ts-expect-error no such option
    await failsWith("TK101", () => device.plan({ ...SHAPE, sorted: true }), /no option "sorted"/);
    // @ts-expect-error the tensor belongs to run()
    await failsWith("TK101", () => device.plan({ ...SHAPE, lengths: Int32Array.of(1) }), /true or false/);
    await failsWith("TK105", () => device.plan({ ...SHAPE, k: 4 }));
    await failsWith("TK106", () => device.plan({ ...SHAPE, rowStride: 2 }));
  });

  describe("handles", () => {
    it("cannot be used after dispose(), which may be called twice", async () => {
      const plan = await device.plan(SHAPE);
      const x = device.tensor(six, { shape: [2, 3], dtype: "f32" });
      const out = outputs();
      const stream = device.stream();
      const captured = await plan.capture(x, out);
      stream.dispose();
      stream.dispose();
      await failsWith("TK401", () => plan.run(x, out, { stream }), /this stream was disposed/);
      await failsWith("TK401", () => stream.synchronize());
      x.dispose();
      x.dispose();
      await failsWith("TK401", () => x.toHost(), /this tensor was disposed/);
      await failsWith("TK401", () => x.upload(six));
      await failsWith("TK401", () => plan.run(x, out));
      await failsWith("TK401", () => captured.replay());
      plan.dispose();
      await failsWith("TK401", () => plan.run(device.empty([2, 3], "f32"), out), /this plan was disposed/);
      captured[Symbol.dispose]();
      await failsWith("TK401", () => captured.replay(), /this captured run was disposed/);
    });

    it("end with their device", async () => {
      const plan = await device.plan(SHAPE);
      const out = outputs();
      const x = device.tensor(six, { shape: [2, 3], dtype: "f32" });
      await x.toHost();
      device.dispose();
      device.dispose();
      await failsWith("TK401", () => plan.run(x, out), /the device of this plan was disposed/);
      await failsWith("TK401", () => x.toHost(), /the device of this tensor was disposed/);
      await failsWith("TK401", () => device.empty([1, 1], "f32"), /this device was disposed/);
      await failsWith("TK401", () => device.plan(SHAPE));
      x.dispose();
    });

    it("free their memory once, when pending work is done", async () => {
      const before = native.liveAllocations;
      const plan = await device.plan(SHAPE);
      const out = outputs();
      const x = device.tensor(six, { shape: [2, 3], dtype: "f32" });
      plan.run(x, out);
      const values = out.values.toHost();
      for (const handle of [x, out.values, out.indices, plan]) handle.dispose();
      expect(await values).toEqual(Float32Array.of(3, 2, 6, 5));
      await new Promise((resolve) => setImmediate(resolve));
      expect(native.liveAllocations).toBe(before);
    });

    it("work with `using`", async () => {
      let x: ReturnType<Device["empty"]>;
      {
        using scoped = device.empty([1, 1], "f32");
        x = scoped;
      }
      await failsWith("TK401", () => x.toHost());
    });

    it("of another device are refused, and things that are no handles", async () => {
      using other = await open({ backend });
      const plan = await device.plan(SHAPE);
      const x = device.tensor(six, { shape: [2, 3], dtype: "f32" });
      const out = outputs();
      await failsWith("TK402", () => plan.run(other.empty([2, 3], "f32"), out), /x belongs to another device/);
      await failsWith("TK402", () => plan.run(x, out, { stream: other.stream() }), /stream belongs to another device/);
      // biome-ignore lint/suspicious/noExplicitAny: wrong arguments are the subject
      const run = plan.run.bind(plan) as any;
      await failsWith("TK403", () => run(six, out), /x is a Float32Array/);
      await failsWith("TK403", () => run(x, { values: out.values }), /indices is undefined/);
      await failsWith("TK403", () => run(x), /the outputs are undefined/);
      await failsWith("TK403", () => run(x, out, { stream: {} }), /stream is a Object/);
    });
  });

  it("tells a deferred run's failure to the stream and to its outputs", async () => {
    const plan = await device.plan(SHAPE);
    const out = outputs();
    const stream = device.stream();
    native.failing.set(backend === "cpu" ? "cpuTopk" : "run", nativeError("TK_HANDLE", "closed"));
    plan.run(device.tensor(six, { shape: [2, 3], dtype: "f32" }), out, { stream });
    await failsWith("TK404", () => stream.synchronize(), /closed/);
    await failsWith("TK404", () => out.values.toHost());
    native.failing.clear();
    plan.run(device.tensor(six, { shape: [2, 3], dtype: "f32" }), out, { stream });
    await stream.synchronize();
    expect(await out.indices.toHost()).toEqual(Int32Array.of(0, 2, 0, 1));
  });
});
