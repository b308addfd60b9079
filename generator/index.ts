/** The generator's public face: check, render, write. */
export { readCatalog } from "./catalog.ts";
export { type EntryOptions, generateEntry, refuseForeign } from "./entry-outputs.ts";
export { CODES, type Code, formatProblem, GeneratorError, type Position, type Problem } from "./errors.ts";
export { type Catalog, generate } from "./generate.ts";
export { type Loaded, load } from "./load.ts";
export { type Changes, compare, type Folder, type Outputs, write } from "./output.ts";
export type { Render, Rendered, ScoringText } from "./render.ts";
export { BANNER_MARK } from "./view.ts";
