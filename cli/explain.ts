/** `topkit explain`: the plan and config that would run, and why not the others. Works without a GPU. */
import { Command, Option } from "commander";
import type { DeviceLimits, Dtype } from "../dsl/index.ts";
import { checkRequest } from "../runtime/check.ts";
import { type Choice, choosePlan, explanation } from "../runtime/choose-plan.ts";
import { ptxOf } from "../runtime/compile.ts";
import { limitsOf } from "../runtime/cuda-plan.ts";
import { EMULATED_LIMITS } from "../runtime/emulate-device.ts";
import { native } from "../runtime/native-access.ts";
import type { PlanExplanation } from "../runtime/types.ts";
import { dtypeOption, integerOption, jsonOption } from "./options.ts";
import { print, printJson } from "./status.ts";

interface ExplainOptions {
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly dtype: Dtype;
  readonly backend: "cuda" | "emulate";
  readonly plan?: string;
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
    .addOption(jsonOption())
    .action((options: ExplainOptions) => explain(options));

function explain({ rows, cols, k, dtype, backend, plan, json }: ExplainOptions): void {
  const { limits, device } = backend === "emulate" ? EMULATOR : limitsHere();
  const choice = choosePlan(checkRequest({ rows, cols, k, dtype }), limits, plan === undefined ? undefined : { plan });
  const explained = explanation(choice);
  if (json) printJson({ rows, cols, k, dtype, device, limits, ...explained, geometry: geometry(choice) });
  else for (const line of asText(explained, choice, device)) print(line);
}

interface Limits {
  readonly limits: DeviceLimits;
  readonly device: string;
}

const EMULATOR: Limits = { limits: EMULATED_LIMITS, device: "the emulator, with the limits of an H200" };

/** The first GPU's; where there is none, those that the emulator has. */
function limitsHere(): Limits {
  try {
    const driver = native().driverInfo();
    const info = driver.ok ? driver.devices[0] : undefined;
    const nvrtc = native().nvrtcInfo();
    if (info !== undefined) return { limits: limitsOf({ info }, nvrtc.ok ? ptxOf(nvrtc.version) : undefined), device: info.name };
  } catch {
    // without an addon there is no device either
  }
  return { limits: EMULATED_LIMITS, device: "no GPU here: the limits of an H200 are assumed" };
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
