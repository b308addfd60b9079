/** The suite finds every kind of fault, misses nothing that it lists, and counts right: shown on a device that errs on request. */
import { describe, expect, test } from "vitest";
import { combinations, plans, topkKernels, variantSymbol } from "../../dsl/index.ts";
import { variants } from "../../generated/variants.ts";
import { nameOf, type SuiteBackend } from "./case.ts";
import { allCases, cpuCases } from "./cases.ts";
import { drawCases } from "./cases-draws.ts";
import { shippedChoices } from "./cases-tuned.ts";
import { FakeDevice, type Fault } from "./fake-device.ts";
import { PATTERNS } from "./patterns.ts";
import { runSuite, type SuiteResult } from "./run-suite.ts";

const SMALL = "^layouts: 5x1000 .* bitonic_block|^lengths: 14x100 .*stream_tile|^int64 indices: 9x1000 .*bitonic_block";

async function run(fault?: Fault, filter = SMALL, backend: SuiteBackend = "cuda"): Promise<SuiteResult & { live: number; lines: string[] }> {
  const device = new FakeDevice(fault);
  const lines: string[] = [];
  const result = await runSuite({ backend, device, filter, log: (line) => lines.push(line) });
  return { ...result, live: device.live, lines };
}

test("a right device passes, and everything made is disposed", async () => {
  const { passed, failed, failures, live, plans: tallies } = await run();
  expect([failed, failures, live]).toEqual([0, [], 0]);
  expect(passed).toBe(allCases().filter((c) => new RegExp(SMALL).test(nameOf(c))).length);
  expect([...tallies.keys()].sort()).toEqual(["bitonic_block", "stream_tile"]);
});

const flip = (view: DataView): void => view.setUint8(0, view.getUint8(0) ^ 1);

describe("one wrong bit fails each case that it is in", () => {
  const faults: Readonly<Record<string, readonly [Fault, string]>> = {
    "in a value": [({ at, values }) => flip(at("values", values.length - 1)), "expected 0x"],
    "in an index": [({ at }) => flip(at("indices", 0)), "row 0, place 0"],
    "before values": [({ at }) => flip(at("values", -1)), "the guard before values was changed: element 128"],
    "behind values": [({ at, values }) => flip(at("values", values.length)), "the guard behind values was changed: element 0"],
    "before indices": [({ at }) => flip(at("indices", -1)), "the guard before indices"],
    "behind indices": [({ at, indices }) => flip(at("indices", indices.length)), "the guard behind indices"],
    "in the input": [({ at }) => flip(at("x", 3)), "the input was changed"],
    "before the input": [({ at }) => flip(at("x", -1)), "the input was changed"],
  };
  for (const [where, [fault, reason]] of Object.entries(faults)) {
    test(where, async () => {
      const { passed, failed, failures, live } = await run(fault);
      expect([passed, live]).toEqual([0, 0]);
      expect(failed).toBe(failures.length);
      for (const failure of failures) expect(failure.reason).toContain(reason);
    });
  }
});

test("what lies in gaps, beyond lengths and around x would win if it were read", async () => {
  // a device that takes every row for full
  const { failures } = await run(undefined, "^lengths: 14x65 ");
  expect(failures).toEqual([]);
  const device = new FakeDevice();
  const { plan } = device;
  device.plan = (options) => plan.call(device, { ...options, lengths: false }).then((made) => ({ ...made, run: (x, out) => made.run(x, out) }));
  const blind = await runSuite({ backend: "cuda", device, filter: "^lengths: 14x65 ", log: () => {} });
  expect(blind.passed).toBe(0);
});

test("another plan than the forced one is a failure", async () => {
  const device = new FakeDevice();
  const { plan } = device;
  device.plan = (options) => plan.call(device, { ...options, force: { plan: "stream_heap" } });
  const { passed, failures } = await runSuite({ backend: "cuda", device, filter: SMALL, log: () => {} });
  expect(passed).toBe(0);
  expect(failures[0]!.reason).toMatch(/^plan \w+ was forced; stream_heap \(forced\) ran$/);
});

test("a device that fails everything ends the suite; what was not run counts as failed", async () => {
  const { passed, failed, failures, lines } = await run(() => {
    throw new Error("an illegal address");
  }, "^every k");
  expect([passed, failed]).toEqual([0, 3072]);
  expect(failures.length).toBe(26);
  expect(failures.at(-1)!.name).toBe("3047 cases");
  expect(lines.filter((line) => line.startsWith("FAILED")).length).toBe(25);
});

test("the scenarios pass on a right device; each fails on one that errs late", { timeout: 60_000 }, async () => {
  const right = await run(undefined, "^scenarios", "cpu");
  expect([right.failures, right.passed]).toEqual([[], 7]);
  let runs = 0;
  const late = await run(
    ({ at }) => {
      runs += 1;
      if (runs % 10 === 0) flip(at("values", 0));
    },
    "^scenarios",
    "cpu",
  );
  expect(late.passed).toBe(0);
});

test("a filter that matches nothing is an error, not an empty success", async () => {
  await expect(run(undefined, "no such case")).rejects.toThrow("no case matches /no such case/i");
});

describe("the list of cases", () => {
  const cases = allCases();

  test("names are unique", () => {
    for (const list of [cases, cpuCases()]) expect(new Set(list.map(nameOf)).size).toBe(list.length);
  });

  test("every plan meets every dtype, order and pattern", () => {
    const met = new Set(cases.map((c) => `${c.plan} ${c.dtype} ${c.order} ${c.pattern}`));
    for (const { name } of plans) {
      for (const { dtype, order } of combinations({ dtype: topkKernels[0]!.spec.dtype, order: topkKernels[0]!.spec.order })) {
        for (const pattern of PATTERNS) expect(met).toContain(`${name} ${dtype} ${order} ${pattern}`);
      }
    }
  });

  const variantsOf = (list: typeof cases): Set<string> => {
    const forced = list.filter((c) => c.group === "configs");
    return new Set(
      forced.flatMap((c) =>
        plans
          .find(({ name }) => name === c.plan)!
          .stages.map((kernel) => {
            const tune = Object.fromEntries(Object.keys(kernel.tune).map((name) => [name, c.config![`${kernel.name}.${name}`]!]));
            return variantSymbol(kernel, { dtype: c.dtype, order: c.order }, tune);
          }),
      ),
    );
  };
  const shipped = topkKernels.flatMap((kernel) =>
    [...combinations(kernel.spec)].flatMap((spec) => kernel.ships.map((config) => variantSymbol(kernel, spec, config))),
  );

  test("what the tables that ship name is forced, in both orders", () => {
    const tuned = cases.filter((c) => c.group === "tuned");
    for (const { choice, entry } of shippedChoices()) {
      const { plan, config, dtype } = choice;
      const { cols } = entry;
      for (const order of ["largest", "smallest"]) {
        const own = tuned.filter((c) => c.plan === plan && c.dtype === dtype && c.order === order && JSON.stringify(c.config) === JSON.stringify(config));
        expect(own.filter((c) => c.cols === cols).length, `${plan} ${cols} ${order}`).toBeGreaterThan(1);
      }
    }
  });
  test("every shipped variant of every kernel is forced, in the quick subset too", () => {
    expect([...variantsOf(cases)].sort()).toEqual([...shipped].sort());
    expect([...variantsOf(cases.filter((c) => c.quick))].sort()).toEqual([...shipped].sort());
  });

  test("every text that ships and draws in a top-k's launch is forced, in the quick subset too", () => {
    const drawing = plans.flatMap(({ draws }) => draws?.stages.at(-1)?.name ?? []);
    const symbols = variants.filter(({ kernel }) => drawing.includes(kernel)).map(({ symbol }) => symbol);
    const quick = drawCases().filter((c) => c.quick);
    expect(quick.map(({ symbol }) => symbol).sort()).toEqual(symbols.sort());
  });

  test("every k from 1 to 1024 meets every two-stage plan", () => {
    for (const { name } of plans.filter(({ stages }) => stages.length === 2)) {
      const ks = new Set(cases.filter((c) => c.plan === name).map((c) => c.k));
      expect(Array.from({ length: 1024 }, (_, at) => at + 1).filter((k) => !ks.has(k))).toEqual([]);
    }
  });

  test("every length of 1 to 4096 next to a power of two meets the one-kernel plan, with k = 1 and k = cols", () => {
    const met = new Set(cases.filter((c) => c.plan === "bitonic_block").map((c) => `${c.cols} ${c.k} ${c.dtype} ${c.order}`));
    for (const cols of [31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 512, 513, 1023, 1024, 1025, 2047, 2048, 2049, 4095, 4096]) {
      for (const k of [1, cols])
        for (const dtype of ["f32", "f16", "bf16"]) for (const order of ["largest", "smallest"]) expect(met).toContain(`${cols} ${k} ${dtype} ${order}`);
    }
  });
});
