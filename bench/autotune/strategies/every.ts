/** Exhaustive search that passes over nothing: what another search's regret is held against. */
import type { Strategy } from "../strategy.ts";
import { searchAll } from "./exhaustive.ts";

export const every: Strategy = (search) => searchAll(search, Number.POSITIVE_INFINITY);
