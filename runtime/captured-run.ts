/** A captured run: the same launches again, with the pointers given at capture. */
import type { BackendGraph } from "./backend.ts";
import { OwnedHandle } from "./handle.ts";
import type { Timeline } from "./timeline.ts";
import type { CapturedRun, Stream } from "./types.ts";

type Replay = (captured: Timeline, graph: BackendGraph, stream: Stream | undefined) => void;

export class CapturedRunHandle extends OwnedHandle implements CapturedRun {
  readonly kind = "captured run";
  readonly #plan: OwnedHandle;
  readonly #graph: BackendGraph;
  readonly #replay: Replay;

  constructor(plan: OwnedHandle, graph: BackendGraph, replay: Replay) {
    super(plan.owner);
    this.#plan = plan;
    this.#graph = graph;
    this.#replay = replay;
  }

  replay(stream?: Stream): void {
    this.checkAlive();
    // its launches use the plan's workspace
    this.#plan.checkAlive();
    this.#replay(this, this.#graph, stream);
  }

  protected override release(): void {
    this.#graph.close();
  }
}
