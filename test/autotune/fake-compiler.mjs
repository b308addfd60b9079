/** Compiles nothing, and dies of some. */
process.on("message", ({ symbol }) => (symbol.startsWith("dies") ? process.exit(1) : process.send("done")));
process.once("disconnect", () => process.exit());
