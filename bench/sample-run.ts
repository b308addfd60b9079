/** Drawing tokens as the benchmark measures it: the plan that the runtime takes, on every input. */
import type { SamplePlan } from "../runtime/types.ts";
import type { DeviceInputs } from "./device-inputs.ts";
import { Draws } from "./draws.ts";
import type { Gpu } from "./gpu.ts";

export class SampleRun {
  readonly plan: SamplePlan;
  readonly draws: Draws;
  readonly #gpu: Gpu;
  readonly #inputs: DeviceInputs;

  private constructor(gpu: Gpu, inputs: DeviceInputs, plan: SamplePlan, draws: Draws) {
    this.plan = plan;
    this.draws = draws;
    this.#gpu = gpu;
    this.#inputs = inputs;
  }

  /** Errors: TK112, TK303. */
  static async make(gpu: Gpu, inputs: DeviceInputs): Promise<SampleRun> {
    const { rows, cols, k, dtype } = inputs.workload;
    const plan = await gpu.device.samplePlan({ rows, cols, k, dtype });
    try {
      return new SampleRun(gpu, inputs, plan, await Draws.make(gpu, inputs));
    } catch (error) {
      plan.dispose();
      throw error;
    }
  }

  enqueue(input: number): void {
    this.plan.run(this.#inputs.x[input]!, this.draws.parameters, { tokens: this.draws.tokens[input]! }, { stream: this.#gpu.stream });
  }

  close(): void {
    this.plan.dispose();
    this.draws.close();
  }
}
