import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TopkitError, topk } from "../../runtime/index.ts";
import { useNative } from "../../runtime/native-access.ts";
import { FakeNative, nativeError } from "./fake-native.ts";
import "./private-cache.ts";
import { failsWith, failure } from "./fails-with.ts";

// biome-ignore lint/suspicious/noExplicitAny: wrong arguments are the subject
const loosely = topk as any;
const six = Float32Array.of(3, 1, 2, 6, 5, 4);
let native: FakeNative;

beforeEach(() => {
  native = new FakeNative();
  useNative(native);
});
afterEach(() => {
  useNative(undefined);
  delete process.env.TOPKIT_BACKEND;
});

describe("options", () => {
  it.each([[undefined], [null], [3], [[]], ["k"]])("refuses %s as options", (options) =>
    failsWith("TK101", () => loosely(six, options), /give an object with k/),
  );
  it("refuses an option that there is none of, since ignoring it would give another answer", () =>
    failsWith("TK101", () => loosely(six, { k: 1, largest: false }), /no option "largest"; it has k, dtype.*order/));
  it("refuses an unknown order, indices or backend", async () => {
    await failsWith("TK101", () => loosely(six, { k: 1, order: "ascending" }), /order is "ascending"; give one of "largest", "smallest"/);
    await failsWith("TK101", () => loosely(six, { k: 1, indices: "u32" }), /indices is "u32"/);
    await failsWith("TK101", () => loosely(six, { k: 1, backend: "gpu" }), /"auto", "cuda", "cpu", "emulate"/);
  });
  it("says what an unusable TOPKIT_BACKEND holds", async () => {
    process.env.TOPKIT_BACKEND = "rocm";
    await failsWith("TK114", () => topk(six, { k: 1 }), /TOPKIT_BACKEND is "rocm"/);
  });
});

describe("x", () => {
  it.each([
    [undefined],
    [null],
    [5],
    ["x"],
    [[1, 2]],
    [new Float64Array(3)],
    [new DataView(new ArrayBuffer(8))],
    [{}],
    [{ data: six }],
    [{ dims: [6] }],
    [{ data: [1], dims: [1] }],
  ])("refuses %s", (x) => failsWith("TK102", () => loosely(x, { k: 1 }), /give a Float32Array, a Uint16Array with its dtype, or a tensor/));
  it("passes on why a tensor's data cannot be read", () => {
    const onGpu = {
      dims: [6],
      get data(): Float32Array {
        throw new Error("The data is not on CPU");
      },
    };
    return failsWith("TK102", () => topk(onGpu, { k: 1 }), /not on CPU.*bring the tensor to the CPU/);
  });
  it("refuses a detached array", async () => {
    const gone = new Float32Array(4);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    await failsWith("TK109", () => topk(gone, { k: 1 }), /was detached/);
    const lengths = Int32Array.of(6);
    structuredClone(lengths.buffer, { transfer: [lengths.buffer] });
    await failsWith("TK109", () => topk(six, { k: 1, lengths }), /buffer of lengths/);
  });
});

describe("dtype", () => {
  it("must be named for a bare Uint16Array", () => failsWith("TK103", () => topk(new Uint16Array(4), { k: 1 }), /give dtype: "f16" or dtype: "bf16"/));
  it("refuses unknown ones", () => failsWith("TK103", () => loosely(six, { k: 1, dtype: "float32" }), /"f32", "f16", "bf16"/));
  it("refuses what is at odds with the data", async () => {
    await failsWith("TK103", () => topk(six, { k: 1, dtype: "bf16" }));
    await failsWith("TK103", () => topk(new Uint16Array(4), { k: 1, dtype: "f32" }));
    await failsWith("TK103", () => topk({ data: new Uint16Array(4), dims: [4], type: "float16" }, { k: 1, dtype: "bf16" }), /x is f16, the dtype is "bf16"/);
    await failsWith("TK103", () => topk({ data: six, dims: [6], type: "float16" }, { k: 1 }));
  });
  it("refuses tensor types that it does not know", () =>
    failsWith("TK103", () => topk({ data: six, dims: [6], type: "float64" }, { k: 1 }), /"float32", "float16"/));
});

describe("shape", () => {
  it.each([[-1], [1.5], [Number.NaN], [2 ** 31], ["2"], [1n], [null]])("refuses rows %s", (rows) =>
    failsWith("TK104", () => loosely(six, { k: 1, rows, cols: 2 }), /rows is .*an integer from 0 to 2147483647/),
  );
  it.each([[0], [-2], [2.5], [2 ** 31], [3n]])("refuses cols %s", (cols) => failsWith("TK104", () => loosely(six, { k: 1, cols }), /cols is .*from 1 to/));
  it("refuses rows that do not divide the data", () => failsWith("TK104", () => topk(six, { k: 1, rows: 4 }), /6 elements do not divide into 4 rows/));
  it("wants cols where they do not follow", async () => {
    await failsWith("TK104", () => topk(six, { k: 1, rows: 0 }), /give cols/);
    await failsWith("TK104", () => topk(six, { k: 1, rows: 2, rowStride: 3 }), /give cols/);
  });
  it("refuses an empty row", () => failsWith("TK104", () => topk(new Float32Array(0), { k: 1 }), /cols is 0/));
  it.each([[[]], [[2.5, 2]], [["6"]], [[-6]], [6], [[Number.NaN]]])("refuses dims %s", (dims) =>
    failsWith("TK104", () => loosely({ data: six, dims }, { k: 1 }), /x\.dims is/),
  );
  it("refuses rows and cols beside dims", () => failsWith("TK104", () => topk({ data: six, dims: [2, 3] }, { k: 1, rows: 2 }), /leave rows out/));
  it.each([[0], [4], [-1], [1.5], [Number.NaN], [Number.POSITIVE_INFINITY], ["1"], [1n], [undefined], [null]])("refuses k %s of 3 columns", (k) =>
    failsWith("TK105", () => loosely(six, { k, rows: 2 }), /k is .*an integer from 1 to 3/),
  );
  it.each([[2], [3.5], [Number.NaN], ["3"], [3n]])("refuses rowStride %s of 3 columns", (rowStride) =>
    failsWith("TK106", () => loosely(six, { k: 1, rows: 2, cols: 3, rowStride }), /at least cols/),
  );
  it("refuses strides beyond any memory", () =>
    failsWith("TK106", () => topk(six, { k: 1, rows: 2 ** 31 - 1, cols: 3, rowStride: 2 ** 40 }), /beyond what can be addressed/));
  it("refuses a buffer that is too small", async () => {
    await failsWith("TK107", () => topk(six, { k: 1, rows: 2, cols: 4 }), /6 elements; 2 rows of 4 need 8/);
    await failsWith("TK107", () => topk(six, { k: 1, rows: 2, cols: 3, rowStride: 4 }), /2 rows of 3, 4 apart, need 7 or more/);
    await failsWith("TK107", () => topk({ data: six, dims: [2, 4] }, { k: 1 }));
    await failsWith("TK107", () => topk({ data: six, dims: [1, 5] }, { k: 1 }));
  });
});

describe("lengths", () => {
  it.each([[[2, 3]], [new Int16Array(2)], [null], [7]])("refuses %s", (lengths) =>
    failsWith("TK108", () => loosely(six, { k: 1, rows: 2, lengths }), /give an Int32Array of 2 entries/),
  );
  it("must be one a row", () => failsWith("TK108", () => topk(six, { k: 1, rows: 2, lengths: Int32Array.of(1) }), /1 entries, there are 2 rows/));
});

it("computes nothing where an argument is wrong", async () => {
  native.failing.set("cpuTopk", nativeError("TK_MEMORY", "computed"));
  await failsWith("TK105", () => topk(six, { k: 9, backend: "cpu" }));
});

it("translates the addon's errors, with their details", async () => {
  native.failing.set("cpuTopk", nativeError("TK_ARGUMENT", "k is 9"));
  const refused = await failure("TK115", () => topk(six, { k: 1, backend: "cpu" }), /k is 9/);
  expect(refused.cause).toBeInstanceOf(Error);
  native.failing.set("cpuTopk", nativeError("TK_MEMORY", "no memory"));
  await failsWith("TK303", () => topk(six, { k: 1, backend: "cpu" }), /no memory/);
});

it("has errors that are errors", () => {
  const error = new TopkitError("TK101", "message", { given: 1 });
  expect(error).toBeInstanceOf(Error);
  expect({ name: error.name, code: error.code, details: error.details, message: error.message }).toEqual({
    name: "TopkitError",
    code: "TK101",
    details: { given: 1 },
    message: "message",
  });
});
