/** The cuda backend on the fake driver (test/native/fake-driver): all of it is real but the driver, whose kernels do nothing, and the compiler. */
import { kernels } from "../../dsl/index.ts";
import { addon } from "../../native/index.ts";
import type { NativeAddon } from "../../native/types.ts";
import { useNative } from "../../runtime/native-access.ts";

/** Call after useFakeDriver(). */
export function useFakeCuda(): void {
  const real = addon();
  const parametersOf = (symbol: string): number => {
    const kernel = kernels.find(({ name }) => symbol.startsWith(`${name}_`));
    if (kernel === undefined) throw new Error(`no kernel of that name: ${symbol}`);
    return Object.keys(kernel.buffers).length + kernel.shape.length;
  };
  const fake: NativeAddon = {
    ...real,
    nvrtcInfo: () => ({ ok: true, version: [13, 0], path: "fake", arches: [80, 90], trail: [] }),
    compile: async (_, symbol) => ({ image: Buffer.from(`kernel ${symbol} ${parametersOf(symbol)}`.padEnd(64, "\n")), log: "", milliseconds: 0 }),
  };
  useNative(fake);
}
