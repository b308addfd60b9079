/** What the tables that ship name, on data that the tuner did not measure: both orders, ties, NaNs, few rows; at the tuned columns and at fewer. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "../../native/index.ts";
import type { TableChoice, TunedEntry, TuningTable } from "../../runtime/tuning-table.ts";
import { ORDERS, type TopkCase } from "./case.ts";
import { answers } from "./cases-shapes.ts";
import type { PatternName } from "./patterns.ts";

/** The least rows that every plan for many rows takes, and one more. */
const MOST_ROWS = 34;
const FEW_COLS = 4099;
const HARD: readonly PatternName[] = ["ties", "anyBits", "someNans", "spike"];

/** Each choice of the tables, at the smallest of the shapes that have its time; those of draws are a top-k's choices too. */
export function shippedChoices(): { readonly choice: TableChoice; readonly entry: TunedEntry }[] {
  const folder = path.join(packageRoot, "generated", "tuning");
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return files.flatMap((name) => {
    const { choices, entries } = JSON.parse(readFileSync(path.join(folder, name), "utf8")) as TuningTable;
    const bySize = entries.toSorted((a, b) => a.rows * a.cols - b.rows * b.cols);
    const topk = bySize.filter(({ sample }) => sample !== true);
    return choices.flatMap((choice, at) => {
      const entry = topk.find((each) => each.choices.includes(at));
      return entry === undefined ? [] : [{ choice, entry }];
    });
  });
}

export function tunedCases(): TopkCase[] {
  return shippedChoices().flatMap(({ choice: { plan, config }, entry: { rows, cols, k, dtype } }) => {
    const own = { rows: Math.min(rows, MOST_ROWS), cols, k, patterns: HARD.slice(0, 2) };
    const few = { ...own, cols: Math.min(cols, FEW_COLS), patterns: HARD };
    return [own, few].flatMap(({ patterns, ...shape }) =>
      ORDERS.flatMap((order) =>
        patterns
          .filter(() => answers(plan, { ...shape, dtype, order }, config))
          .map((pattern, at): TopkCase => {
            const quick = at === 0 && order === "largest" && shape.cols === few.cols;
            return { group: "tuned", ...shape, dtype, order, pattern, plan, config, quick };
          }),
      ),
    );
  });
}
