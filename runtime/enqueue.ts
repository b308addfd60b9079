/** Putting a plan's work on a stream, in order with everything that touches the same tensors. */
import type { DeviceHandle } from "./device.ts";
import type { StreamHandle } from "./stream.ts";
import type { TensorHandle } from "./tensor.ts";
import { isPending, type Timeline } from "./timeline.ts";

export interface Enqueued {
  readonly reads: readonly TensorHandle[];
  readonly writes: readonly TensorHandle[];
  /** What else the work touches: the plan, a captured run. */
  readonly owners: readonly Timeline[];
  readonly work: () => void | Promise<void>;
}

/** At once where nothing that the work touches is pending; otherwise after it, and the failure is told to whoever waits. */
export function enqueue(device: DeviceHandle, stream: StreamHandle, { reads, writes, owners, work }: Enqueued): void {
  let pending = isPending(stream);
  for (const owner of owners) pending ||= isPending(owner);
  for (const tensors of [reads, writes]) {
    for (const tensor of tensors) {
      tensor.touchedOn(stream);
      pending ||= isPending(tensor);
    }
  }
  if (!pending && device.backend.queues) {
    checkArrived(reads);
    work();
    forget(writes);
    return;
  }
  const checked = (): void | Promise<void> => {
    checkArrived(reads);
    return work();
  };
  device.follow([...owners, stream, ...reads, ...writes], checked).then(
    () => forget(writes),
    (error: unknown) => {
      stream.failure = { error };
      for (const tensor of writes) tensor.failure = { error };
    },
  );
}

/** Throws why the contents of an input never came: a failed upload, or a failed run that was to write it. */
function checkArrived(reads: readonly TensorHandle[]): void {
  for (const { failure } of reads) if (failure !== undefined) throw failure.error;
}

/** What was written is good again. */
function forget(writes: readonly TensorHandle[]): void {
  for (const tensor of writes) tensor.failure = undefined;
}
