/** What the built addon asks of the machine that it is shipped to: glibc 2.28, and nothing else by version. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { builtFile } from "./fake-driver/fake-driver.ts";

const file = builtFile("topkit.node");
const output = (program: string, ...options: string[]): string => execFileSync(program, [...options, file], { encoding: "utf8" });

test.runIf(process.platform === "linux")("no symbol newer than glibc 2.28, none of libstdc++", () => {
  const imports = output("objdump", "-T")
    .split("\n")
    .filter((line) => line.includes("*UND*"));
  expect(imports.length).toBeGreaterThan(50);
  expect(imports.filter((line) => line.includes("napi_")).length).toBeGreaterThan(20);
  const beyond = imports.filter((line) => {
    const version = /GLIBC_2\.(\d+)/.exec(line);
    return /GLIBCXX|CXXABI/.test(line) || (version !== null && Number(version[1]) > 28);
  });
  expect(beyond, "give these an older version in native/src/glibc_compat.c").toEqual([]);
});

test.runIf(process.platform === "linux")("it exports its entry alone", () => {
  const exported = output("nm", "-D", "--defined-only")
    .trim()
    .split("\n")
    .map((line) => line.split(" ").at(-1));
  expect(exported.filter((name) => name !== "napi_register_module_v1" && name !== "node_api_module_get_api_version_v1")).toEqual([]);
});

test.runIf(process.platform === "linux")("it links neither CUDA nor libstdc++", () => {
  const linked = output("ldd");
  expect(linked).toContain("libc.so.6");
  expect(linked).not.toMatch(/libcuda|libnvrtc|libcudart|libstdc\+\+|not found/);
});
