/** Prints a hash of many answers; cpu-exact.test.ts runs it once for each instruction set (TOPKIT_CPU_ISA is read once a process). */
import { createHash } from "node:crypto";
import { makeInput } from "../../bench/workloads.ts";
import { addon } from "../../native/index.ts";
import { jobOf } from "./cpu-job.ts";

const hash = createHash("sha256");
for (const dtype of ["f32", "f16", "bf16"] as const) {
  for (const dist of ["normal", "few", "asc", "bf16ramp"] as const) {
    for (const [rows, cols, k] of [
      [3, 50257, 50],
      [3, 50257, 3000],
      [40, 1001, 33],
      [40, 100, 100],
    ] as const) {
      for (const order of ["largest", "smallest"] as const) {
        const job = jobOf({ data: makeInput({ rows, cols, dtype, dist }), dtype, rows, cols, k, order });
        await addon().cpuTopk(job);
        for (const out of [job.values, job.indices] as ArrayBufferView[]) hash.update(new Uint8Array(out.buffer, out.byteOffset, out.byteLength));
      }
    }
  }
}
console.log(hash.digest("hex"));
