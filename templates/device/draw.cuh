// A row's draw by a block (docs/contract.md, "Sampling"), behind sample.cuh: sample_row and the kernels that draw in their own launch have this text.

// An element as the f32 that it stands for.
template <Dtype D> __device__ __forceinline__ float value_of(u32 raw) {
  if constexpr (D == f32) return __uint_as_float(raw);
  else if constexpr (D == f16) return widen_f16(raw);
  else return widen_bf16(raw);
}

// A candidate in 64 bits: its column above its value. NO_CANDIDATE: what stands behind a row's last, -inf without a column.
constexpr u64 NO_CANDIDATE = 0xffffffffff800000ull;
__device__ __forceinline__ u64 candidate(float value, u32 column) { return (u64)column << 32 | __float_as_uint(value); }

// What a row is drawn with, as it is given.
struct DrawParameters {
  float temperature, topP, minP;
  u64 seed, offset;
  __device__ __forceinline__ DrawParameters(const float* temperatures, const float* topPs, const float* minPs, const u64* seeds, const u64* offsets, i64 row)
      : temperature(temperatures ? temperatures[row] : 1.0f), topP(topPs ? topPs[row] : 1.0f), minP(minPs ? minPs[row] : 0.0f), seed(seeds[row]),
        offset(offsets[row]) {}
};

// And all that follows from it alone: some hundred cycles, which a kernel spends while it waits for candidates.
struct DrawTerms {
  bool inRange;
  float temperature, minP;
  TopP topP;
  u64 bits;
  __device__ __forceinline__ explicit DrawTerms(const DrawParameters& given)
      : inRange(in_range(given.temperature, given.topP, given.minP)), temperature(given.temperature), minP(given.minP), topP(top_p_of(given.topP)),
        bits(draw_bits(given.seed, given.offset)) {}
};

// Where the answer goes; all but the tokens are null where nobody asks.
struct DrawOutputs {
  int* tokens;
  float* logprobs;
  int* kept;
  float* candidateLogprobs;
};

// Masses are below 2^33: beside each, whether min-p lets its candidate pass.
constexpr u64 PASSES = 1ull << 63;

// A tile of masses in shared memory, of which each lane of one warp has so many neighbours. They are read anew for each question: registers are
// dearer in a kernel that has found the candidates.
template <int ITEMS> struct DrawTile {
  const u32 items; // a lane's: at most ITEMS, and even unless that is 1
  const u64* own;
  u64 before, end; // the row's running mass before the lane's first, and at the end of the tile

  __device__ __forceinline__ explicit DrawTile(i64 k) : items(ITEMS == 1 ? 1 : k >= 32 * ITEMS ? ITEMS : ((u32)k + 63) / 64 * 2) {}
  __device__ __forceinline__ u32 first() const { return threadIdx.x % 32 * items; }

  __device__ __forceinline__ void take(const u64* words, u64 at) {
    const u32 lane = threadIdx.x % 32;
    own = words + first();
    u64 sum = 0;
    walk([&](u32, bool, u64 mass) { sum += mass; });
    u64 through = sum;
#pragma unroll 1
    for (u32 step = 1; step < 32; step *= 2) {
      const u64 below = __shfl_up_sync(0xffffffffu, through, step);
      if (lane >= step) through += below;
    }
    before = at + through - sum;
    end = at + __shfl_sync(0xffffffffu, through, 31);
  }
  // Calls work(i, whether min-p lets it pass, mass) for each of the lane's.
  template <class Work> __device__ __forceinline__ void walk(Work work) const {
    if constexpr (ITEMS == 1) {
      work(0, *own >= PASSES, *own & ~PASSES);
    } else {
#pragma unroll 1
      for (u32 i = 0; i < items; i += 2) {
        const ulonglong2 two = *(const ulonglong2*)(own + i);
        work(i, two.x >= PASSES, two.x & ~PASSES);
        work(i + 1, two.y >= PASSES, two.y & ~PASSES);
      }
    }
  }
};

// Calls work(base) in the first warp for each tile of a row: the one that is held, or each after weigh(base, mass before) took it.
template <int ITEMS, class Weigh, class Work>
__device__ __forceinline__ void each_tile(const DrawTile<ITEMS>& tile, i64 k, bool held, Weigh weigh, Work work) {
  const bool drawing = threadIdx.x < 32;
  if (held) {
    if (drawing) work((i64)0);
    return;
  }
  u64 before = 0;
  for (i64 base = 0; base < k; base += 32 * ITEMS) {
    __syncthreads(); // the last tile was taken
    weigh(base, before);
    before = tile.end;
    if (drawing) work(base);
  }
}

// Draws from k candidates, which load(place) gives in their order. All threads of the block weigh them, the first warp does the rest, in passes over
// tiles of 32 x ITEMS: the mass of all, the cuts, the draw. HELD: k is at most a tile. Begins after a barrier; `words` (as many as k, rounded up to
// a multiple of 64; aligned to 16 bytes) and `found` (two) are free after the next one.
template <int THREADS, int ITEMS, bool HELD, class Load>
__device__ __forceinline__ void draw_row(const DrawTerms& with, i64 row, i64 k, const DrawOutputs& out, u64* words, u32* found, Load load) {
  constexpr i64 TILE = 32 * ITEMS;
  const float best = __uint_as_float((u32)load(0)), nothing = __uint_as_float(0xff800000u);
  if (!with.inRange || !can_be_best(best)) {
    if (threadIdx.x == 0) {
      out.tokens[row] = -1;
      if (out.logprobs) out.logprobs[row] = __uint_as_float(CANONICAL_NAN);
      if (out.kept) out.kept[row] = 0;
    }
    if (out.candidateLogprobs) {
      for (i64 place = threadIdx.x; place < k; place += THREADS) out.candidateLogprobs[row * k + place] = nothing;
    }
    return;
  }

  DrawTile<ITEMS> tile(k);
  const bool held = HELD || k <= TILE;
  const auto weigh = [&](i64 base, u64 before) {
    for (u32 at = threadIdx.x; at < 32 * tile.items; at += THREADS) {
      u64 word = 0;
      if (base + at < k) {
        const float weight = exact_exp(score_of(__uint_as_float((u32)load(base + at)), best, with.temperature));
        word = mass_of(weight);
        if (word > 0 && weight >= with.minP) word |= PASSES;
      }
      words[at] = word;
    }
    __syncthreads();
    if (threadIdx.x < 32) tile.take(words, before);
  };
  if (held) weigh(0, 0);

  const u32 lane = threadIdx.x % 32;
  u64 total = 0;
  each_tile(tile, k, held, weigh, [&](i64) { total = tile.end; });

  // the cuts keep a prefix, because weights fall: its length, and its mass
  const u64 wanted = with.temperature == 0.0f ? 0 : mass_wanted(total, with.topP);
  u32 left = 0;
  u64 mass = 0;
  each_tile(tile, k, held, weigh, [&](i64 base) {
    u32 count = 0;
    u64 through = tile.before, kept = 0;
    tile.walk([&](u32 i, bool passes, u64 its) {
      // the best is always kept
      const bool keeps = (passes && through < wanted) || (i == 0 && lane == 0 && base == 0);
      through += its;
      if (keeps) {
        count++;
        kept = through;
      }
    });
    const u32 keeping = __ballot_sync(0xffffffffu, count > 0);
    if (keeping) mass = __shfl_sync(0xffffffffu, kept, 31 - __clz((int)keeping));
    if (out.kept || out.candidateLogprobs) left += __reduce_add_sync(0xffffffffu, count);
  });

  const u64 target = draw_target(with.bits, mass);
  each_tile(tile, k, held, weigh, [&](i64 base) {
    u64 through = tile.before;
    int mine = -1;
    tile.walk([&](u32 i, bool, u64 its) {
      // of exactly one candidate the running mass passes the target
      if (through <= target && target - through < its) mine = (int)i;
      through += its;
    });
    if (mine < 0) return;
    const u64 its = load(base + tile.first() + mine);
    out.tokens[row] = (int)(its >> 32);
    if (out.logprobs) out.logprobs[row] = __fsub_rn(score_of(__uint_as_float((u32)its), best, with.temperature), log_mass(mass));
  });
  if (out.kept && threadIdx.x == 0) out.kept[row] = (int)left;
  if (!out.candidateLogprobs) return;
  if (threadIdx.x == 0) {
    found[0] = left;
    found[1] = __float_as_uint(log_mass(mass));
  }
  __syncthreads();
  for (i64 place = threadIdx.x; place < k; place += THREADS) {
    const float score = score_of(__uint_as_float((u32)load(place)), best, with.temperature);
    out.candidateLogprobs[row * k + place] = place < found[0] ? __fsub_rn(score, __uint_as_float(found[1])) : nothing;
  }
}
