/** What the tables in force have for any shape and dtype: choices whose kernels are there already. */
import type { LoadedTable } from "../../runtime/tuning.ts";
import { type Choice, candidateId } from "./space.ts";

export const knownChoices = (tables: readonly LoadedTable[]): readonly Choice[] => [
  ...new Map(tables.flatMap(({ choices }) => choices.map(({ plan, config }) => [candidateId(plan, config), { plan, config }]))).values(),
];
