/** `topkit doctor`: what is here, what is missing, how to get it. */
import { Command } from "commander";
import type { TrailEntry } from "../native/types.ts";
import { type Diagnosis, diagnose } from "../runtime/doctor.ts";
import { jsonOption } from "./options.ts";
import { print, printJson } from "./status.ts";

export const doctorCommand = (): Command =>
  new Command("doctor")
    .description("driver, device, NVRTC, compiler, caches: what was found where, what is missing, how to get it; exit 0 where the CPU backend works")
    .addOption(jsonOption())
    .action(async ({ json }: { json?: boolean }) => {
      const diagnosis = await diagnose();
      if (json) printJson(diagnosis);
      else for (const line of asText(diagnosis)) print(line);
      if (!diagnosis.cpu.ok) process.exitCode = 1;
    });

const line = (ok: boolean, name: string, text: string): string => `${ok ? "ok  " : "--  "}${name.padEnd(10)}${text}`;
const detail = (text: string): string => `${" ".repeat(14)}${text}`;
const trail = (entries: readonly TrailEntry[]): string[] =>
  entries.map(({ source, path, outcome }) => detail([source, ...(outcome.startsWith(path) ? [] : [path]), outcome].join(": ")));

function asText({ node, platform, glibc, addon, cpu, driver, nvrtc, cache, compiler }: Diagnosis): string[] {
  const lines = [
    line(true, "node", `${node}, ${platform}${glibc === undefined ? "" : `, glibc ${glibc}`}`),
    line(addon.ok, "addon", addon.ok ? `version ${addon.version}` : addon.reason),
    line(cpu.ok, "cpu", cpu.ok ? "the CPU backend works" : cpu.reason),
  ];
  if (driver.ok) {
    lines.push(line(true, "driver", `CUDA ${driver.version.join(".")}, ${driver.path}`));
    for (const { ordinal, name, arch, multiprocessors, memoryBytes } of driver.devices) {
      lines.push(line(true, `device ${ordinal}`, `${name}, sm_${arch}, ${multiprocessors} multiprocessors, ${(memoryBytes / 2 ** 30).toFixed(1)} GiB`));
    }
  } else {
    lines.push(line(false, "driver", `needed for the GPU only: ${driver.reason}`), ...("trail" in driver ? trail(driver.trail) : []));
  }
  if (nvrtc.ok) lines.push(line(true, "nvrtc", `${nvrtc.version.join(".")}, ${nvrtc.path}; compiles for sm_${nvrtc.arches.join(", sm_")}`));
  else lines.push(line(false, "nvrtc", `needed for the GPU only: ${nvrtc.reason}`));
  if ("trail" in nvrtc) lines.push(...trail(nvrtc.trail));
  lines.push(line(cache.ok, "cache", `${cache.folder ?? "none"}: ${cache.state}`));
  lines.push(
    line(
      compiler.ok,
      "compiler",
      compiler.ok ? `${compiler.version}, ${compiler.path}; backend "emulate" works` : `needed for the emulator only: ${compiler.reason}`,
    ),
  );
  return lines;
}
