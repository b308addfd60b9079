/** A thread of PartMaker: a job comes, a part goes, its memory moved and not copied. */
import { parentPort } from "node:worker_threads";
import { makePart, type PartJob } from "./input-parts.ts";

parentPort?.on("message", (job: PartJob) => {
  const part = makePart(job);
  parentPort?.postMessage(part, [part.data.buffer, part.values.buffer, part.indices.buffer] as ArrayBuffer[]);
});
