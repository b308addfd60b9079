/** Host in, host out on a CUDA device: plans are kept between calls, buffers are not. */
import type { Request } from "../dsl/index.ts";
import type { NativeDevice, NativeMemory } from "../native/types.ts";
import type { BackendPlan, HostJob } from "./backend.ts";
import { surroundings } from "./environment.ts";
import { awaiting, calling } from "./native-access.ts";

/** A plan holds a workspace on the device; a program has few shapes. */
const MAX_PLANS = 16;

interface KeptPlan {
  readonly plan: Promise<BackendPlan>;
  /** Calls that hold it; an evicted plan is closed by the last of them. */
  users: number;
  evicted: boolean;
}

export class CudaHost {
  readonly #device: NativeDevice;
  readonly #makePlan: (request: Request) => Promise<BackendPlan>;
  /** In the order of use, the latest last. */
  readonly #plans = new Map<string, KeptPlan>();

  constructor(device: NativeDevice, makePlan: (request: Request) => Promise<BackendPlan>) {
    this.#device = device;
    this.#makePlan = makePlan;
  }

  /** Calls side by side are safe: each owns its buffers, and the default stream orders the runs of a shared plan. */
  async topk({ request, data, lengths, values, indices }: HostJob): Promise<void> {
    const device = this.#device;
    await this.#withPlan(request, async (plan) => {
      if (request.rows === 0) return;
      const memories: NativeMemory[] = [];
      const allocate = (bytes: number): NativeMemory => {
        const memory = calling(() => device.allocate(bytes));
        memories.push(memory);
        return memory;
      };
      try {
        const x = allocate(data.byteLength);
        const ends = lengths === null ? null : allocate(lengths.byteLength);
        const best = allocate(values.byteLength);
        const places = allocate(indices.byteLength);
        await awaiting(() => device.upload(x.pointer, data, null));
        if (ends !== null && lengths !== null) await awaiting(() => device.upload(ends.pointer, lengths, null));
        await plan.run(null, { x: x.pointer, lengths: ends?.pointer ?? 0n, values: best.pointer, indices: places.pointer });
        await awaiting(() => device.download(values, best.pointer, null));
        await awaiting(() => device.download(indices, places.pointer, null));
      } finally {
        for (const memory of memories) memory.close();
      }
    });
  }

  close(): void {
    for (const kept of this.#plans.values()) this.#evict(kept);
    this.#plans.clear();
  }

  async #withPlan(request: Request, body: (plan: BackendPlan) => Promise<void>): Promise<void> {
    const kept = this.#keep(request);
    kept.users += 1;
    try {
      await body(await kept.plan);
    } finally {
      kept.users -= 1;
      if (kept.evicted) this.#evict(kept);
    }
  }

  #keep(request: Request): KeptPlan {
    const key = JSON.stringify([request, surroundings()]);
    const known = this.#plans.get(key);
    const kept: KeptPlan = known ?? { plan: this.#makePlan(request), users: 0, evicted: false };
    if (known === undefined) kept.plan.catch(() => this.#plans.get(key) === kept && this.#plans.delete(key));
    this.#plans.delete(key);
    this.#plans.set(key, kept);
    for (const [oldest, entry] of this.#plans) {
      if (this.#plans.size <= MAX_PLANS) break;
      this.#plans.delete(oldest);
      this.#evict(entry);
    }
    return kept;
  }

  #evict(kept: KeptPlan): void {
    kept.evicted = true;
    if (kept.users === 0)
      kept.plan.then(
        (plan) => plan.close(),
        () => {},
      );
  }
}
