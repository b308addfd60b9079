/** A queue of work on a device. */
import type { BackendStream } from "./backend.ts";
import { type Handle, OwnedHandle } from "./handle.ts";
import type { Stream } from "./types.ts";

export class StreamHandle extends OwnedHandle implements Stream {
  readonly kind = "stream";
  readonly pointer: bigint;
  /** null: the device's default stream. */
  readonly backend: BackendStream | null;

  constructor(owner: Handle, backend: BackendStream | null) {
    super(owner);
    this.backend = backend;
    this.pointer = backend?.pointer ?? 0n;
  }

  async synchronize(): Promise<void> {
    this.checkAlive();
    await this.tail;
    await this.backend?.synchronize();
    this.raise();
  }

  protected override release(): void {
    this.backend?.close();
  }
}
