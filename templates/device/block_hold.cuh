// What the threads of a block share, besides the ring, the words and the list.
struct Control {
  // in turns, so that one is zero when the other is done with
  u32 words[2];     // words pushed
  u32 groups[2];    // groups listed
  u32 saved[2];     // slots saved
  u32 top;          // greatest delegate of the block's first row
  // of sums over warps, in turns too
  u32 parts[2][WARPS];
};

// Which elements of a slot pass, as bits.
template <class Test> __device__ __forceinline__ u32 mask_of(const uint4& slot, Test test) {
  u32 mask = 0;
#pragma unroll
  for (int j = 0; j < (int)PER_SLOT; j++) mask |= (u32)test(E::key(Slots<E>::element(slot, j))) << j;
  return mask;
}
// The key of element j, which is no compile-time constant.
__device__ __forceinline__ u32 key_at(const uint4& slot, u32 j) {
  const u32 part = j * 4 / PER_SLOT;
  const u32 bits = part < 2 ? (part == 0 ? slot.x : slot.y) : (part == 2 ? slot.z : slot.w);
  return E::key((Raw)(sizeof(Raw) == 2 ? bits >> (16 * (j & 1)) : bits));
}

// Pushes the elements of a slot with keys of `bar` or more. `count` counts them all; those beyond CAPACITY are not held.
__device__ __forceinline__ void push_slot(const Row& row, u32 slot, const uint4& bits, u32 bar, W::Type* words, u32& count) {
  u32 mask = mask_of(bits, [bar](u32 key) { return key >= bar; });
  if (!mask) return;
  u32 at = atomicAdd(&count, (u32)__popc((int)mask));
  for (; mask && at < CAPACITY; mask &= mask - 1, at++) {
    const u32 j = (u32)__ffs((int)mask) - 1;
    words[at] = W::make(key_at(bits, j), row.column(slot) + j);
  }
}

__device__ __forceinline__ void push_edge(const Share& share, u32 bar, W::Type* words, u32& count) {
  if (!share.edge || share.edgeKey < bar) return;
  const u32 at = atomicAdd(&count, 1u);
  if (at < CAPACITY) words[at] = W::make(share.edgeKey, share.edgeColumn);
}

// For groups that the list cannot take though few elements reach the bar, as NaNs can do: each thread reads its own.
__device__ __noinline__ u32 hold_unlisted(Share share, u32 hits, u32 bar, W::Type* words, u32* count) {
  __syncthreads();
  if (threadIdx.x == 0) *count = 0;
  __syncthreads();
  push_edge(share, bar, words, *count);
  for (; hits; hits &= hits - 1) {
    const u32 group = (u32)__ffs((int)hits) - 1;
    for (u32 i = 0; i < GROUPED; i++) {
      const u32 slot = slot_in(group, i, threadIdx.x);
      if (slot < share.row.slots) push_slot(share.row, slot, __ldg(share.row.inside() + slot), bar, words, *count);
    }
  }
  __syncthreads();
  return *count;
}

// Slots that were copied while the row passed by, and where they lie.
struct Saved {
  uint4* bits;
  u32* slots;
};

// Holds the elements of a row with keys of `bar` or more, given those slots that may have some. Otherwise as `hold`.
__device__ __forceinline__ u32 hold_saved(const Share& share, const Saved& saved, u32 slots, u32 bar, u32 turn, W::Type* words, Control& control) {
  u32& count = control.words[turn & 1];
  push_edge(share, bar, words, count);
  for (u32 i = threadIdx.x; i < slots; i += THREADS) push_slot(share.row, saved.slots[i], saved.bits[i], bar, words, count);
  if (threadIdx.x == 0) control.words[~turn & 1] = control.groups[~turn & 1] = 0;
  __syncthreads();
  return count;
}

// Holds the elements of a row with keys of `bar` or more, given those of each thread's groups that may have some. Returns how many there are,
// or some number beyond CAPACITY. All threads call it; it begins after a barrier and ends with one.
__device__ __forceinline__ u32 hold(const Share& share, u32 hits, u32 bar, u32 turn, W::Type* words, u32* list, Control& control) {
  u32& count = control.words[turn & 1];
  push_edge(share, bar, words, count);
  // Groups go through a list, so that all threads have as many slots to read, from the L2 as a rule, and wait for it once.
  if (hits) {
    u32 at = atomicAdd(&control.groups[turn & 1], (u32)__popc((int)hits));
    for (u32 left = hits; left && at < LISTED; left &= left - 1, at++) list[at] = ((u32)__ffs((int)left) - 1) * THREADS + threadIdx.x;
  }
  __syncthreads();
  const u32 groups = control.groups[turn & 1], listed = lesser_of(groups, LISTED);
  for (u32 i = threadIdx.x; i < listed * GROUPED; i += THREADS) {
    const u32 entry = list[i / GROUPED], slot = slot_in(entry / THREADS, i % GROUPED, entry % THREADS);
    if (slot < share.row.slots) push_slot(share.row, slot, __ldg(share.row.inside() + slot), bar, words, count);
  }
  if (threadIdx.x == 0) control.words[~turn & 1] = control.groups[~turn & 1] = 0;
  __syncthreads();
  return groups > LISTED && count <= CAPACITY ? hold_unlisted(share, hits, bar, words, &count) : count;
}
