/** Measures nothing: a candidate's plan says what happens to the process. The job says whether it starts. */
import { appendFileSync } from "node:fs";

let started = false;

function begin(job) {
  if (job.broken) return process.send({ failed: "there is no device" }, () => process.exit(1));
  if (!started) appendFileSync(job.log, "started\n");
  started = true;
  process.send({ ready: true });
}

function measure({ choices, rounds }) {
  if (choices.some(({ plan }) => plan === "kills-the-compiler")) process.kill(process.pid, "SIGSEGV");
  for (const [at, { plan }] of choices.entries()) {
    process.send({ begin: at });
    if (plan === "hangs") return;
    if (plan === "crashes") return void setTimeout(() => process.kill(process.pid, "SIGKILL"), 50);
    if (plan === "fails") return void process.send({ failed: "an illegal address" });
  }
  process.send({ outcomes: choices.map(({ config }) => ({ us: Array(rounds).fill(config.us) })) });
}

process.on("message", (message) => (message.job === undefined ? measure(message) : begin(message.job)));
process.once("disconnect", () => process.exit());
