/** `topkit explain`: the plan and config that would run, and why not the others. Works without a GPU. */
import { Command, Option } from "commander";
import type { Dtype } from "../dsl/index.ts";
import { checkRequest } from "../runtime/check.ts";
import { type Choice, choosePlan, drawing, explanation } from "../runtime/choose-plan.ts";
import { entriesNear } from "../runtime/nearest-entries.ts";
import { loadTuning, NO_TUNING, type Tuning } from "../runtime/tuning.ts";
import type { PlanExplanation } from "../runtime/types.ts";
import { EMULATOR, limitsHere } from "./limits-here.ts";
import { dtypeOption, freeze, frozenOption, integerOption, jsonOption } from "./options.ts";
import { print, printJson } from "./status.ts";

interface ExplainOptions {
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly dtype: Dtype;
  readonly backend: "cuda" | "emulate";
  readonly plan?: string;
  readonly sample?: boolean;
  readonly frozen?: boolean;
  readonly json?: boolean;
}

export const explainCommand = (): Command =>
  new Command("explain")
    .description("the plan and config that would run on the GPU and why; every plan refused, with the rule that refused it")
    .addOption(integerOption("--rows <r>", "rows").makeOptionMandatory())
    .addOption(integerOption("--cols <c>", "columns", 1).makeOptionMandatory())
    .addOption(integerOption("--k <k>", "how many of each row", 1).makeOptionMandatory())
    .addOption(dtypeOption("of the elements").makeOptionMandatory())
    .addOption(new Option("--backend <backend>", "cuda: the GPU here; emulate: the emulator").choices(["cuda", "emulate"]).default("cuda"))
    .option("--plan <name>", "this plan, and not the one that would run")
    .option("--sample", "for drawing a token from each row's top-k")
    .addOption(frozenOption())
    .addOption(jsonOption())
    .action((options: ExplainOptions) => explain(options));

async function explain({ rows, cols, k, dtype, backend, plan, sample, frozen, json }: ExplainOptions): Promise<void> {
  freeze(frozen);
  const { limits, device, tables } = backend === "emulate" ? EMULATOR : limitsHere();
  const tuning = tables === undefined ? NO_TUNING : await loadTuning(tables);
  const request = { ...checkRequest({ rows, cols, k, dtype }), ...(sample === true ? { sample } : {}) };
  const topk = choosePlan(request, limits, plan === undefined ? undefined : { plan }, tuning);
  const choice = sample === true ? await drawing(topk, limits) : topk;
  const explained = explanation(choice);
  if (json) printJson({ rows, cols, k, dtype, device, limits, ...explained, geometry: geometry(choice), tuned: tunedJson(choice), others: choice.others });
  else for (const line of [...asText(explained, choice, device), ...staleEntry(choice, tuning)]) print(line);
}

const geometry = ({ resolved }: Choice): readonly object[] =>
  resolved.stages.map(({ kernel, launch }) => ({ kernel: kernel.name, unit: kernel.unit, ...launch }));

/** What the tuning table says of the choice. */
const tunedJson = ({ tuned }: Choice): object | undefined => {
  if (tuned === undefined) return undefined;
  const { near, us, shapes, runnersUp } = tuned;
  const { rows, cols, k } = near.entry;
  const others = runnersUp.map(({ plan, config, us: time }) => ({ plan, config, us: time }));
  return { table: near.table.file, origin: near.table.origin, rows, cols, k, us, shapes, runnersUp: others };
};

function asText({ plan, config, kernels, workspaceBytes, refused }: PlanExplanation, choice: Choice, device: string): string[] {
  return [
    `device     ${device}`,
    `plan       ${plan}: ${reasonOf(choice)}`,
    ...(Object.keys(config).length === 0 ? [] : [`config     ${JSON.stringify(config)}`]),
    ...choice.resolved.stages.flatMap(({ kernel, launch }, stage) => [
      `kernel ${stage + 1}   ${kernel.name} ${JSON.stringify(kernels[stage]?.config)}`,
      `           ${launch.grid} blocks of ${launch.block} threads, ${launch.sharedBytes} bytes of shared memory: ${kernel.unit}`,
    ]),
    `workspace  ${workspaceBytes} bytes`,
    ...runnersUp(choice),
    ...(refused.length === 0
      ? ["refused    none"]
      : refused.map(({ plan: name, reason }) => `refused    ${reason.startsWith(`${name}: `) ? reason : `${name}: ${reason}`}`)),
  ];
}

function reasonOf({ source, tuned }: Choice): string {
  if (source === "forced") return "forced";
  if (tuned === undefined) return "the first of the catalog that can answer; untuned defaults";
  const { entry, table } = tuned.near;
  const whose = table.origin === "user" ? `your table ${table.file}` : "the table that ships";
  if (tuned.exact) return `tuned for this shape, in ${whose}`;
  return `the best guess from ${tuned.shapes} tuned shapes near it, such as ${entry.rows} x ${entry.cols}, k ${entry.k}, of ${whose}`;
}

/** An entry of this very shape that was passed over. */
function staleEntry({ resolved, source, tuned }: Choice, tuning: Tuning): string[] {
  if (source === "forced" || tuned?.exact === true) return [];
  const exact = entriesNear(resolved.request, tuning).find(({ distance }) => distance === 0);
  return exact === undefined ? [] : [`stale      ${exact.table.file} has this shape, of kernels or rules that are others now: tune again`];
}

/** Measured ones with their times; else the plans that would be taken next. */
function runnersUp({ tuned, others }: Choice): string[] {
  if (tuned === undefined) return others.length === 0 ? [] : [`next       ${others.join(", ")}`];
  const { us, runnersUp: measured } = tuned;
  return [
    `measured   ${us.toFixed(2)} us${tuned.exact ? "" : " there"}`,
    ...measured.map((each) => `next       ${each.us.toFixed(2)} us: ${each.plan} ${JSON.stringify(each.config)}`),
  ];
}
