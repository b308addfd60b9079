/** Sends itself a signal in the middle of a compilation: `node --import tsx compile-signals-child.ts SIGNAL [handled]`. */
import { readdirSync, readFileSync } from "node:fs";
import { addon } from "../../native/index.ts";

const [signal, handled] = process.argv.slice(2) as [NodeJS.Signals, string | undefined];
if (handled !== undefined) process.on(signal, () => console.log(`heard ${signal}`));

// a large one, so that it takes a while
const folder = new URL("../../generated/kernels/", import.meta.url);
const name = readdirSync(folder).find((file) => file.startsWith("block_select_bf16_largest"))!;
const compilation = addon().compile(readFileSync(new URL(name, folder), "utf8"), name, "sm_90", []);
setTimeout(() => process.kill(process.pid, signal), 200);
await compilation;
console.log("compiled");
