import { afterEach, beforeEach, expect, it } from "vitest";
import { bitonicBlock, kernel, output, single, state } from "../../dsl/index.ts";
import { resolve } from "../../dsl/resolve.ts";
import type { EmulatedLaunch } from "../../native/types.ts";
import { prepareEmulatedPlan } from "../../runtime/emulate-plan.ts";
import { useNative } from "../../runtime/native-access.ts";
import { request } from "../dsl/arbitrary.ts";
import { failsWith } from "./fails-with.ts";
import { FakeNative, nativeError } from "./fake-native.ts";

let native: FakeNative;
beforeEach(() => {
  native = new FakeNative();
  useNative(native);
});
afterEach(() => useNative(undefined));

const ticketed = kernel("ticketed", {
  ...bitonicBlock,
  buffers: { ...bitonicBlock.buffers, tickets: state("u32"), values: output("value") },
  extents: (c, shape) => ({ ...bitonicBlock.extents(c, shape), tickets: shape.rows }),
});

it("state is zero for the first launch, kept between launches, and zero again after one that failed", async () => {
  const resolution = resolve(single("ticketed", ticketed), request({ rows: 3, cols: 64, k: 5 }));
  if (!resolution.ok) throw new Error(resolution.reason);
  const seen: number[][] = [];
  let fails = false;
  const launch = async ({ buffers }: EmulatedLaunch): Promise<void> => {
    const tickets = buffers.find(({ name }) => name === "tickets")!;
    expect(tickets).toMatchObject({ bytes: 12, writable: true });
    const bytes = native.bytesAt(tickets.pointer, tickets.bytes);
    seen.push([...bytes]);
    bytes.fill(7);
    if (fails) throw nativeError("TK_FAULT", "out of bounds");
  };
  const plan = await prepareEmulatedPlan(
    { mode: "fast", seed: 0n, kernel: async () => ({ launch, close: () => {} }) as never },
    { resolved: resolution.resolved, source: "forced", refused: [], others: [] },
  );
  const run = async (): Promise<void> => plan.run(null, { x: 4096n, lengths: 0n, values: 8192n, indices: 12288n });
  await run();
  fails = true;
  await failsWith("TK306", run);
  fails = false;
  await run();
  const [zeros, sevens] = [Array(12).fill(0), Array(12).fill(7)];
  expect(seen).toEqual([zeros, sevens, zeros]);
});
