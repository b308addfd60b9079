/** `topkit codegen`: the command's options; what it does is in codegen.ts. */
import { Command, Option } from "commander";
import type { Dtype } from "../dsl/index.ts";
import { packageRoot } from "../native/index.ts";
import { DTYPES } from "../runtime/check.ts";
import { jsonOption } from "./options.ts";
import { print } from "./status.ts";

interface CodegenFlags {
  readonly check?: boolean;
  readonly watch?: boolean;
  readonly entry?: string;
  readonly out?: string;
  readonly dtype?: readonly Dtype[];
  readonly json?: boolean;
}

export const codegenCommand = (): Command =>
  new Command("codegen")
    .description("render device functions of yours into your project; in a checkout, generated/ from dsl/ and templates/")
    .option("--check", "change nothing; fail where rendering would change anything")
    .addOption(new Option("--watch", "in a checkout: render again whenever a declaration or template changes").conflicts(["entry", "out"]))
    .option("--entry <file.ts>", "a module whose exported device functions become top-ks to import; needs --out")
    .option("--out <folder>", "where those are written: index.js, its types, kernels; needs --entry")
    .addOption(new Option("--dtype <dtype...>", "with --entry: the dtypes that kernels are rendered for (default: all)").choices(DTYPES).conflicts("watch"))
    .addOption(jsonOption())
    .action(async ({ check = false, watch = false, json = false, entry: file, out, dtype }: CodegenFlags, command: Command) => {
      if ((file === undefined) !== (out === undefined))
        command.error(`error: --entry and --out go together; give ${file === undefined ? "--entry <file.ts>" : "--out <folder>"} too`);
      if (dtype !== undefined && file === undefined) command.error("error: --dtype goes with --entry; give --entry <file.ts> and --out <folder> too");
      // in one order, however they are given
      const dtypes = DTYPES.filter((each) => dtype === undefined || dtype.includes(each));
      const entry = file !== undefined && out !== undefined ? { file, out, dtypes } : undefined;
      // loads the generator, which other commands do without
      const { codegen } = await import("./codegen.ts");
      process.exitCode = await codegen({ root: packageRoot, check, watch, json, log: print, ...(entry && { entry }) });
    });
