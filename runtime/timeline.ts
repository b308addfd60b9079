/**
 * Timelines keep asynchronous work in order. A stream, a plan and a tensor are each one: work that touches the same timeline runs in the
 * order in which it was asked for, work that shares none runs side by side.
 *
 * `tail` is undefined where nothing is pending on the JavaScript side; a run then goes straight to the driver.
 */
export class Timeline {
  /** Settles, never rejects, when the last work asked for is done, or handed to the device. */
  tail: Promise<void> | undefined;
  /** Why deferred work failed; reported by whoever waits next. */
  failure: { readonly error: unknown } | undefined;

  /** Throws the failure of earlier deferred work, once. */
  raise(): void {
    const { failure } = this;
    if (failure === undefined) return;
    this.failure = undefined;
    throw failure.error;
  }
}

export const isPending = (timeline: Timeline | undefined): boolean => timeline?.tail !== undefined;

/** Does the work after everything asked for earlier on any of the timelines: at once where nothing is pending. */
export function follow<T>(touched: readonly Timeline[], work: () => T | Promise<T>): Promise<T> {
  const before = touched.flatMap((timeline) => timeline.tail ?? []);
  const result = before.length === 0 ? new Promise<T>((resolve) => resolve(work())) : Promise.all(before).then(work);
  // the timelines are tensors and streams: held here, none is collected while work on its memory is pending
  const settle = (): void => {
    for (const timeline of touched) if (timeline.tail === tail) timeline.tail = undefined;
  };
  const tail: Promise<void> = result.then(settle, settle);
  for (const timeline of touched) timeline.tail = tail;
  return result;
}
