import { expect, test } from "vitest";
import { addon } from "../../native/index.ts";
import { errorOf } from "./fake-driver/fake-driver.ts";

test("zeroed, aligned, and one memory for all its views, which outlive it", () => {
  const memory = addon().allocateHost(1000);
  expect(memory.bytes).toBe(1000);
  expect(memory.pointer % 64n).toBe(0n);
  const view = memory.bytesView;
  expect(view).toHaveLength(1000);
  expect(view.every((byte) => byte === 0)).toBe(true);
  view[999] = 7;
  expect(memory.bytesView[999]).toBe(7);
  memory.close();
  memory.close();
  expect(view[999]).toBe(7);
  view.fill(1);
  expect(errorOf(() => memory.pointer)).toMatchObject({ code: "TK_HANDLE" });
  expect(errorOf(() => memory.bytesView)).toMatchObject({ code: "TK_HANDLE" });
});

test("no bytes at all, more than an array can show, and more than there is", () => {
  const none = addon().allocateHost(0);
  expect(none.bytesView).toHaveLength(0);
  none.close();
  // not touched, so not backed by the machine's memory
  const large = addon().allocateHost(5 * 2 ** 30);
  expect(errorOf(() => large.bytesView)).toMatchObject({ code: "TK_ARGUMENT", message: expect.stringContaining("pass the pointer instead") });
  large.close();
  expect(errorOf(() => addon().allocateHost(2 ** 52))).toMatchObject({ code: "TK_MEMORY" });
  expect(errorOf(() => addon().allocateHost(-1))).toMatchObject({ code: "TK_ARGUMENT" });
});
