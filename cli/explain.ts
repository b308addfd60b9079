/** `topkit explain`: the plan and config that would run, and why not the others. Works without a GPU. */
import { Command } from "commander";
import type { DeviceLimits, Dtype } from "../dsl/index.ts";
import { checkRequest } from "../runtime/check.ts";
import { type Choice, choosePlan, explanation } from "../runtime/choose-plan.ts";
import { ptxOf } from "../runtime/compile.ts";
import { limitsOf } from "../runtime/cuda-plan.ts";
import { native } from "../runtime/native-access.ts";
import type { PlanExplanation } from "../runtime/types.ts";
import { dtypeOption, integerOption, jsonOption } from "./options.ts";
import { print, printJson } from "./status.ts";

interface ExplainOptions {
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly dtype: Dtype;
  readonly json?: boolean;
}

/** What an H200 allows, for machines without a GPU. */
const H200: DeviceLimits = { arch: 90, maxThreadsPerBlock: 1024, maxSharedBytes: 227 * 1024, maxCluster: 8 };

export const explainCommand = (): Command =>
  new Command("explain")
    .description("the plan and config that would run on the GPU and why; every plan refused, with the rule that refused it")
    .addOption(integerOption("--rows <r>", "rows").makeOptionMandatory())
    .addOption(integerOption("--cols <c>", "columns").makeOptionMandatory())
    .addOption(integerOption("--k <k>", "how many of each row").makeOptionMandatory())
    .addOption(dtypeOption("of the elements").makeOptionMandatory())
    .addOption(jsonOption())
    .action((options: ExplainOptions) => explain(options));

function explain({ rows, cols, k, dtype, json }: ExplainOptions): void {
  const { limits, device } = limitsHere();
  const choice = choosePlan(checkRequest({ rows, cols, k, dtype }), limits);
  const explained = explanation(choice);
  if (json) printJson({ rows, cols, k, dtype, device, limits, ...explained, geometry: geometry(choice) });
  else for (const line of asText(explained, choice, device)) print(line);
}

/** The first GPU's; where there is none, an H200's. */
function limitsHere(): { limits: DeviceLimits; device: string } {
  try {
    const driver = native().driverInfo();
    const info = driver.ok ? driver.devices[0] : undefined;
    const nvrtc = native().nvrtcInfo();
    if (info !== undefined) return { limits: limitsOf({ info }, nvrtc.ok ? ptxOf(nvrtc.version) : undefined), device: info.name };
  } catch {
    // without an addon there is no device either
  }
  return { limits: H200, device: "no GPU here: the limits of an H200 are assumed" };
}

const geometry = ({ resolved }: Choice): readonly object[] =>
  resolved.stages.map(({ kernel, launch }) => ({ kernel: kernel.name, unit: kernel.unit, ...launch }));

function asText({ plan, config, kernels, source, workspaceBytes, refused }: PlanExplanation, { resolved }: Choice, device: string): string[] {
  const SOURCES = { tuned: "tuned for this device", nearest: "tuned for the nearest shape", heuristic: "untuned defaults", forced: "forced" } as const;
  return [
    `device     ${device}`,
    `plan       ${plan}: the first of the catalog that can answer; ${SOURCES[source]}`,
    ...(Object.keys(config).length === 0 ? [] : [`config     ${JSON.stringify(config)}`]),
    ...resolved.stages.flatMap(({ kernel, launch }, stage) => [
      `kernel ${stage + 1}   ${kernel.name} ${JSON.stringify(kernels[stage]?.config)}`,
      `           ${launch.grid} blocks of ${launch.block} threads, ${launch.sharedBytes} bytes of shared memory: ${kernel.unit}`,
    ]),
    `workspace  ${workspaceBytes} bytes`,
    ...(refused.length === 0
      ? ["refused    none"]
      : refused.map(({ plan: name, reason }) => `refused    ${reason.startsWith(`${name}: `) ? reason : `${name}: ${reason}`}`)),
  ];
}
