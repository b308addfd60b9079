/** Compiles nothing; dies of some, and never answers for some. */
process.on("message", ({ symbol }) => {
  if (symbol.startsWith("dies")) process.exit(1);
  if (!symbol.startsWith("hangs")) process.send("done");
});
process.once("disconnect", () => process.exit());
