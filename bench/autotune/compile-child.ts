/** A process that CompilePool starts: it compiles kernels into the folder of compiled kernels, one after the other, for as long as its parent lives. */
import { compileKernel, requireNvrtc } from "../../runtime/compile.ts";
import type { CompileJob } from "./compile-pool.ts";

process.on("message", ({ symbol, text, arch }: CompileJob) => {
  // what cannot be compiled is compiled again by whoever needs it, who is told why
  Promise.resolve()
    .then(() => compileKernel({ symbol, text }, arch, requireNvrtc()))
    .catch(() => {})
    .then(() => process.send?.("done"));
});
process.once("disconnect", () => process.exit());
// Ctrl-C reaches the whole group: what it ends is the parent's to say
process.on("SIGINT", () => {});
