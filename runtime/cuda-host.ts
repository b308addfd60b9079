/** Host in, host out on a CUDA device: plans are kept between calls, buffers are not. */

import type { Request } from "../dsl/index.ts";
import type { BackendDevice, BackendPlan, HostJob, HostSampleJob, RunPointers, SamplePointers } from "./backend.ts";
import { runOnHostMemory, sampleBuffers } from "./host-run.ts";
import { KeptPlans } from "./kept-plans.ts";

export interface HostPlanner {
  readonly topk: (request: Request) => Promise<BackendPlan<RunPointers>>;
  readonly sample: (request: Request) => Promise<BackendPlan<SamplePointers>>;
}

export class CudaHost {
  readonly #device: Pick<BackendDevice, "allocate">;
  readonly #topk: KeptPlans<RunPointers>;
  readonly #sample: KeptPlans<SamplePointers>;

  constructor(device: Pick<BackendDevice, "allocate">, plan: HostPlanner) {
    this.#device = device;
    this.#topk = new KeptPlans(plan.topk);
    this.#sample = new KeptPlans(plan.sample);
  }

  topk({ request, data, lengths, values, indices }: HostJob): Promise<void> {
    return this.#topk.use(request, async (plan) => {
      if (request.rows > 0) await runOnHostMemory(this.#device, plan, { x: data, lengths }, { values, indices });
    });
  }

  sample(job: HostSampleJob): Promise<void> {
    return this.#sample.use(job.request, async (plan) => {
      if (job.request.rows > 0) await runOnHostMemory(this.#device, plan, ...sampleBuffers(job, plan));
    });
  }

  close(): void {
    this.#topk.close();
    this.#sample.close();
  }
}
