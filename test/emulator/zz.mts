import { MutationRun, nameOf } from "./mutation-run.ts";
import { readFileSync } from "node:fs";
const listed = readFileSync("/tmp/redo.txt","utf8").trim().split("\n");
using run = await MutationRun.prepare();
for (const m of run.mutations) if (listed.includes(nameOf(m))) { const t=performance.now(); console.log(run.verdictOf(m), Math.round(performance.now()-t), nameOf(m)); }
