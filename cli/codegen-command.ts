/** `topkit codegen`: the command's options; what it does is in codegen.ts. */
import { Command } from "commander";
import { packageRoot } from "../native/index.ts";
import { jsonOption } from "./options.ts";
import { print } from "./status.ts";

interface CodegenFlags {
  readonly check?: boolean;
  readonly watch?: boolean;
  readonly json?: boolean;
}

export const codegenCommand = (): Command =>
  new Command("codegen")
    .description("render generated/ from dsl/ and templates/; for a checkout")
    .option("--check", "change nothing; fail where rendering would change anything")
    .option("--watch", "render again whenever a declaration or template changes")
    .addOption(jsonOption())
    .action(async ({ check = false, watch = false, json = false }: CodegenFlags) => {
      // loads the generator, which other commands do without
      const { codegen } = await import("./codegen.ts");
      process.exitCode = await codegen({ root: packageRoot, check, watch, json, log: print });
    });
