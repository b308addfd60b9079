/** `npm run bench:kernels [FOLDER]`: what every shipped kernel takes, by NVRTC's word; the benchmark's report shows it. Needs no GPU. */
import { compileReport } from "./compile-report.ts";

const { compiled, failures } = await compileReport({ out: process.argv[2] ?? "bench/results", log: (line) => console.error(line) });
for (const failure of failures) console.error(failure);
console.log(`${compiled.length} compiled, ${failures.length} failures`);
if (failures.length > 0) process.exitCode = 1;
