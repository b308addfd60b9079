#!/usr/bin/env node
/** The `topkit` command. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { Command } from "commander";
import { packageRoot } from "../native/index.ts";
import { codegenCommand } from "./codegen-command.ts";
import { doctorCommand } from "./doctor.ts";
import { explainCommand } from "./explain.ts";
import { runCommand } from "./run.ts";
import { reportFailure } from "./status.ts";

const { version } = JSON.parse(readFileSync(path.join(packageRoot, "package.json"), "utf8")) as { version: string };

const program = new Command("topkit").description("exact top-k on NVIDIA GPUs and on the CPU").version(version);
for (const command of [runCommand(), doctorCommand(), codegenCommand(), explainCommand()]) {
  program.addCommand(command.copyInheritedSettings(program));
}
// commander exits 1 for a bad argument; ours is 2
for (const command of [program, ...program.commands]) command.exitOverride();

// a reader that has seen enough, such as head, is no failure
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error, process.argv.includes("--json"));
}
