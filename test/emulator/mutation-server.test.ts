/** What the program of the mutants makes of a job's end, and of switches that a run comes by. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { compileKernel, scratch } from "./emulator.ts";
import { SWITCH } from "./mutation-schema.ts";
import { type Attempts, tryMutants } from "./mutation-server.ts";

const kernel = (body: string): string => `${SWITCH}extern "C" void _exit(int);
extern "C" __global__ void given(unsigned* out, const long long n) {
  ${body}
}`;

/** Of a launch of 64 threads, with n 4, that has to leave 64 zeros. */
async function attempts(race: boolean, body: string, mutants: readonly number[] = []): Promise<Attempts> {
  using folder = scratch();
  const [job, zeros] = ["job", "zeros"].map((name) => join(folder.path, name)) as [string, string];
  const object = compileKernel("given.cu", kernel(body), "checked", folder.path);
  const lines = [
    ["buffer", "out", 256, 0, "-", "/dev/null"],
    ["launch", object, "given", "grid=1", "block=64", "checked=1", "--", "@out", 4],
    ["expect", "out", zeros],
  ];
  writeFileSync(zeros, new Uint8Array(256));
  writeFileSync(job, lines.map((fields) => `${fields.join("\t")}\n`).join(""));
  return await tryMutants(race, 60_000, [job], mutants, 1);
}

it("tells a race", async () => {
  expect((await attempts(true, "out[0] = threadIdx.x * 0;")).jobs).toMatchObject([{ verdict: "race" }]);
  expect((await attempts(true, "out[threadIdx.x] = 0;")).jobs).toMatchObject([{ verdict: "survives" }]);
});

it("takes an end that ThreadSanitizer chose, without a race, for none", async () => {
  await expect(attempts(true, "_exit(66);")).rejects.toThrow("a process ended with status 66, which says nothing of the kernel");
});

it("tries a mutant where the kernel as it is comes by and it would do something else", async () => {
  const body = `out[threadIdx.x] = told_mutant<1>((n < 3), (n <= 3));
  out[threadIdx.x] = told_mutant<2>((n < 4), (n <= 4));
  if (n > 4) out[threadIdx.x] = chosen_mutant<3>() ? 1 : 0;
  out[threadIdx.x] = chosen_mutant<4>() ? 1 : 0;`;
  const { mutants } = await attempts(false, body, [1, 2, 3, 4]);
  expect([...mutants]).toEqual([
    [1, "unreached"],
    [2, "survives"],
    [3, "unreached"],
    [4, "oracle"],
  ]);
});
