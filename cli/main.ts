#!/usr/bin/env node
import { main } from "./program.ts";
import { log } from "./status.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // a reader that has seen enough, such as head, is no failure
  if (error.code === "EPIPE") process.exit(0);
  log(`topkit: the result cannot be written to stdout: ${error.message}; check where it goes, and the disk's free space`);
  process.exit(1);
});

await main(process.argv.slice(2));
