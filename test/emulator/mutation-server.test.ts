/** What the program of the mutants makes of a job's end. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { compileKernel, scratch } from "./emulator.ts";
import { type Attempts, tryMutants } from "./mutation-server.ts";

const kernel = (body: string): string => `extern "C" void _exit(int);
extern "C" __global__ void given(unsigned* out, const long long n) {
  ${body}
}`;

async function racing(body: string): Promise<Attempts> {
  using folder = scratch();
  const job = join(folder.path, "job");
  const object = compileKernel("given.cu", kernel(body), "checked", folder.path);
  const lines = [
    ["buffer", "out", 256, 0, "-", "/dev/null"],
    ["launch", object, "given", "grid=1", "block=64", "checked=1", "--", "@out", 0],
  ];
  writeFileSync(job, lines.map((fields) => `${fields.join("\t")}\n`).join(""));
  return await tryMutants(true, 60_000, [job], [], 1);
}

it("tells a race", async () => {
  expect((await racing("out[0] = threadIdx.x;")).jobs).toMatchObject([{ verdict: "race" }]);
  expect((await racing("out[threadIdx.x] = 1;")).jobs).toMatchObject([{ verdict: "survives" }]);
});

it("takes an end that ThreadSanitizer chose, without a race, for none", async () => {
  await expect(racing("_exit(66);")).rejects.toThrow("a process ended with status 66, which says nothing of the kernel");
});
