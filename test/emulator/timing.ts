/**
 * What the emulator costs: `npx tsx test/emulator/timing.ts`. Times of a simulation on this machine's CPU, which say nothing of a kernel's speed.
 */
import { compileKernel, runJob } from "./emulator.ts";
import { type PlanCase, runPlan } from "./plan-job.ts";

const SYNCS = 100_000;

const SWITCHES = `
extern "C" __global__ void switches(unsigned* out, const long long rounds) {
  for (long long i = 0; i < rounds; i++) __syncwarp();
  out[threadIdx.x] = 1;
}
extern "C" __global__ void barriers(unsigned* out, const long long rounds) {
  for (long long i = 0; i < rounds; i++) __syncthreads();
  out[threadIdx.x] = 1;
}
`;

function milliseconds(text: string): number[] {
  return [...text.matchAll(/([\d.e+-]+) ms a launch/g)].map(([, time]) => Number(time));
}

for (const program of ["plain", "ucontext"] as const) {
  const object = compileKernel("switches.cu", SWITCHES, "fast");
  for (const [symbol, threads] of [
    ["switches", 32],
    ["barriers", 256],
  ] as const) {
    const rounds = Math.ceil((SYNCS * 32) / threads);
    const { text } = runJob(program, [
      ["buffer", "out", 4096, 0, "-", "/dev/null"],
      ["launch", object, symbol, `block=${threads}`, "--", "@out", rounds],
      ["repeat", 5],
    ]);
    const [time = Number.NaN] = milliseconds(text);
    // all threads but the last to come leave the processor once a round
    console.log(`${program}, ${threads} threads: ${((time * 1e6) / (rounds * (threads - 1))).toFixed(1)} ns a switch, with its share of the synchronisation`);
  }
}

const cols = 50304;
const data = Uint16Array.from({ length: cols }, (_, i) => {
  const bits = new Uint32Array(new Float32Array([Math.sin(i * 12.9898) * 4]).buffer)[0]!;
  return bits >>> 16;
});
const request = { rows: 1, cols, k: 50, rowStride: cols, dtype: "bf16", order: "largest", indexBytes: 4 } as const;
for (const mode of ["fast", "checked"] as const) {
  for (const seed of [0, 1]) {
    const given: PlanCase = { plan: "stream_heap", request, data, mode, seed, repeat: 5 };
    const times = milliseconds(runPlan(given).text);
    const total = times.reduce((sum, time) => sum + time, 0);
    console.log(
      `1 x ${cols} bf16 k 50, ${mode}, seed ${seed}: ${total.toFixed(1)} ms (tile_stream ${times[0]?.toFixed(1)}, heap_merge ${times[1]?.toFixed(1)})`,
    );
  }
}
