/** The generator, which the tuner renders candidates by. Its packages are installed for development only. */
import { kernels } from "../../dsl/index.ts";
import { packageRoot } from "../../native/index.ts";
import { TopkitError } from "../../runtime/errors.ts";
import { Sources } from "./sources.ts";

/** Errors: TK211 where ts-morph or handlebars is not installed. */
export async function loadSources(importGenerator = () => import("../../generator/index.ts")): Promise<Sources> {
  let generator: Awaited<ReturnType<typeof importGenerator>>;
  try {
    generator = await importGenerator();
  } catch (cause) {
    const name = /Cannot find package '(ts-morph|handlebars)'/.exec(String(cause))?.[1];
    if (name === undefined) throw cause;
    const message = `the tuner renders kernels with ts-morph and handlebars, and ${name} is not installed; run \`npm install --no-save ts-morph@28 handlebars@4.7\``;
    throw new TopkitError("TK211", message, { package: name }, { cause });
  }
  return new Sources((await generator.load(packageRoot, kernels)).render);
}
