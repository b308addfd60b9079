/** Every strategy by its name. */
import type { Strategy } from "../strategy.ts";
import { annealing } from "./annealing.ts";
import { every } from "./every.ts";
import { exhaustive } from "./exhaustive.ts";
import { greedy } from "./greedy.ts";
import { nearest } from "./nearest.ts";
import { randomOrder } from "./random.ts";

export const strategies: Readonly<Record<string, Strategy>> = { exhaustive, every, greedy, annealing, nearest, random: randomOrder };
