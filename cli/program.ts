/** The `topkit` command as a function of its arguments. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { Command } from "commander";
import { packageRoot } from "../native/index.ts";
import { benchCommand } from "./bench.ts";
import { codegenCommand } from "./codegen-command.ts";
import { doctorCommand } from "./doctor.ts";
import { explainCommand } from "./explain.ts";
import { runCommand } from "./run.ts";
import { sampleCommand } from "./sample.ts";
import { oneLine, reportFailure } from "./status.ts";
import { tuneCommand } from "./tune.ts";

export function makeProgram(): Command {
  const { version } = JSON.parse(readFileSync(path.join(packageRoot, "package.json"), "utf8")) as { version: string };
  const program = new Command("topkit")
    .description("exact top-k, and drawing tokens from it, on NVIDIA GPUs and on the CPU")
    .version(version)
    // `tune merge` has options of the same names as `tune`: what stands behind a command is its own
    .enablePositionalOptions()
    // commander puts its suggestions on a line of their own
    .configureOutput({ outputError: (text, write) => write(`${oneLine(text)}\n`) });
  for (const command of [runCommand(), sampleCommand(), doctorCommand(), codegenCommand(), explainCommand(), benchCommand(), tuneCommand()]) {
    program.addCommand(command.copyInheritedSettings(program));
    for (const inner of command.commands) inner.copyInheritedSettings(program);
  }
  // commander exits 1 for a bad argument; ours is 2
  for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)]) command.exitOverride();
  return program;
}

/** `args` as process.argv.slice(2). The exit status is left in process.exitCode. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    await makeProgram().parseAsync(args, { from: "user" });
  } catch (error) {
    process.exitCode = reportFailure(error, args.includes("--json"));
  }
}
