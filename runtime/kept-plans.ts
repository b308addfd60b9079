/** Plans kept between calls, by their requests: what host-in, host-out calls on a device run. */
import type { Request } from "../dsl/index.ts";
import type { BackendPlan } from "./backend.ts";
import { surroundings } from "./environment.ts";

/** A plan holds a workspace on the device; a program has few shapes. */
const MAX_PLANS = 16;

interface KeptPlan<Pointers> {
  readonly plan: Promise<BackendPlan<Pointers>>;
  /** Calls that hold it; an evicted plan is closed by the last of them. */
  users: number;
  evicted: boolean;
}

export class KeptPlans<Pointers> {
  readonly #makePlan: (request: Request) => Promise<BackendPlan<Pointers>>;
  /** In the order of use, the latest last. */
  readonly #plans = new Map<string, KeptPlan<Pointers>>();

  constructor(makePlan: (request: Request) => Promise<BackendPlan<Pointers>>) {
    this.#makePlan = makePlan;
  }

  /** The plan stays open until `body` has settled. */
  async use(request: Request, body: (plan: BackendPlan<Pointers>) => Promise<void>): Promise<void> {
    const kept = this.#keep(request);
    kept.users += 1;
    try {
      await body(await kept.plan);
    } finally {
      kept.users -= 1;
      if (kept.evicted) this.#evict(kept);
    }
  }

  close(): void {
    for (const kept of this.#plans.values()) this.#evict(kept);
    this.#plans.clear();
  }

  #keep(request: Request): KeptPlan<Pointers> {
    const key = JSON.stringify([request, surroundings()]);
    const known = this.#plans.get(key);
    const kept: KeptPlan<Pointers> = known ?? { plan: this.#makePlan(request), users: 0, evicted: false };
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

  #evict(kept: KeptPlan<Pointers>): void {
    kept.evicted = true;
    if (kept.users === 0)
      kept.plan.then(
        (plan) => plan.close(),
        () => {},
      );
  }
}
