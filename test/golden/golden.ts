/** The golden files: the first shipped variant of each kernel. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { load, readCatalog } from "../../generator/index.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const GOLDEN_FOLDER = join(ROOT, "test", "golden", "files");

/** Text of each, by file name. */
export async function goldenFiles(): Promise<ReadonlyMap<string, string>> {
  const { kernels } = await readCatalog(ROOT);
  const { variants, render } = await load(ROOT, kernels);
  const first = kernels.flatMap((kernel) => variants.find((variant) => variant.kernel === kernel) ?? []);
  return new Map(
    first.map(({ kernel, spec, tune }) => {
      const { symbol, text } = render(kernel, spec, tune);
      return [`${symbol}.cu`, text];
    }),
  );
}
