/**
 * Import for its effect: what the emulator compiles is kept between test runs. Files are named by their content and whole, so that test files
 * share the folder. `npm ci` empties it.
 */
import path from "node:path";
import { packageRoot } from "../../native/index.ts";

export const COMPILED_CACHE = path.join(packageRoot, "node_modules", ".cache", "topkit-emulate");
process.env.TOPKIT_CACHE = COMPILED_CACHE;
