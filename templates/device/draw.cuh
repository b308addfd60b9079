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
  // Some hundred cycles, which a kernel spends while it waits for something else.
  __device__ __forceinline__ u64 bits() const { return draw_bits(seed, offset); }
  __device__ __forceinline__ bool drawable(float best) const { return in_range(temperature, topP, minP) && can_be_best(best); }
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
__device__ __forceinline__ u64 weigh(float value, float best, float temperature, float minP) {
  const float weight = exact_exp(score_of(value, best, temperature));
  if (!(weight <= 1.0f)) return 0; // parameters out of range, which draw nothing
  const u64 mass = mass_of(weight);
  return mass > 0 && weight >= minP ? mass | PASSES : mass;
}

// Candidates that a lane of the warp that draws has, as a power of two, where one tile holds all: at most 256. Of four, few would gain, and all would wait for
// more instructions.
__device__ __forceinline__ u32 held_items(i64 k) { return k <= 64 ? 1 : 3; }
// Where a tile's masses lie in shared memory: a lane has neighbours, and reads without conflicts.
__device__ __forceinline__ u32 mass_slot(u32 place, u32 items) { return (place & ((1u << items) - 1)) * 32 + (place >> items); }

// A tile of masses in the registers of a warp: each lane has ITEMS neighbours.
template <int ITEMS> struct MassTile {
  u64 through[ITEMS]; // running mass of the lane's own
  u32 passing;        // by min-p, a bit each
  u64 before, end;    // the row's running mass before the lane's first, and at the end of the tile

  // masses(slot, place) gives each; `at`: the row's running mass before the tile.
  template <class Masses> __device__ __forceinline__ void take(Masses masses, u64 at) {
    const u32 lane = threadIdx.x % 32;
    u64 sum = 0;
    passing = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
      const u64 its = masses(i * 32 + lane, lane * ITEMS + i);
      passing |= (u32)(its >> 63) << i;
      sum += its & ~PASSES;
      through[i] = sum;
    }
    u64 inclusive = sum;
#pragma unroll
    for (u32 step = 1; step < 32; step *= 2) {
      const u64 below = __shfl_up_sync(0xffffffffu, inclusive, step);
      if (lane >= step) inclusive += below;
    }
    before = at + inclusive - sum;
    end = at + __shfl_sync(0xffffffffu, inclusive, 31);
  }
};

// Calls work(base) where the masses of a tile are drawn from: once for the one that is held, or behind take(base, mass before) for each.
template <int ITEMS, class Take, class Work>
__device__ __forceinline__ void each_tile(const MassTile<ITEMS>& tile, i64 k, bool held, bool drawing, Take take, Work work) {
  if (held) {
    if (drawing) work((i64)0);
    return;
  }
  u64 before = 0;
  for (i64 base = 0; base < k; base += 32 * ITEMS) {
    take(base, before);
    before = tile.end;
    if (drawing) work(base);
  }
}

// What came of a draw: the mass of what is kept, how many that are where anybody asks, and, in the lane that has it, the token's place.
struct Drawn {
  u64 mass;
  u32 kept, place;
};
constexpr u32 NO_PLACE = 0xffffffffu;

// Draws from k candidates in passes over tiles: the mass of all, the cuts, the draw. HELD: k is at most a tile, and one warp calls; else all threads do,
// and prepare(base), which begins and ends with a barrier, makes a tile's masses. masses(slot, place) gives a mass of the tile.
template <int ITEMS, bool HELD, class Prepare, class Masses>
__device__ __forceinline__ Drawn choose(const DrawParameters& with, u64 bits, i64 k, bool counted, Prepare prepare, Masses masses) {
  const bool drawing = HELD || threadIdx.x < 32, held = HELD || k <= 32 * ITEMS;
  const u32 lane = threadIdx.x % 32;
  MassTile<ITEMS> tile;
  const auto take = [&](i64 base, u64 before) {
    prepare(base);
    if (drawing) tile.take(masses, before);
  };
  if (held) take(0, 0);

  u64 total = 0;
  each_tile(tile, k, held, drawing, take, [&](i64) { total = tile.end; });

  // the cuts keep a prefix, because weights fall: its length, and its mass
  const u64 wanted = with.temperature == 0.0f ? 0 : mass_wanted(total, top_p_of(with.topP));
  Drawn drawn = {0, 0, NO_PLACE};
  each_tile(tile, k, held, drawing, take, [&](i64 base) {
    const u64 room = wanted > tile.before ? wanted - tile.before : 0;
    u32 count = 0;
    u64 kept = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
      // the best is always kept
      const bool keeps = ((tile.passing >> i & 1) && (i ? tile.through[i - 1] : 0) < room) || (i == 0 && lane == 0 && base == 0);
      count += keeps;
      if (keeps) kept = tile.through[i];
    }
    const u32 keeping = __ballot_sync(0xffffffffu, count > 0);
    if (keeping) drawn.mass = __shfl_sync(0xffffffffu, tile.before + kept, 31 - __clz((int)keeping));
    if (counted) drawn.kept += __reduce_add_sync(0xffffffffu, count);
  });

  const u64 target = draw_target(bits, drawn.mass);
  each_tile(tile, k, held, drawing, take, [&](i64 base) {
    // of exactly one candidate the running mass passes the target
    const u64 over = target - tile.before;
    if (target < tile.before || over >= tile.through[ITEMS - 1]) return;
    u32 mine = 0;
#pragma unroll
    for (int i = 0; i < ITEMS - 1; i++) mine += over >= tile.through[i];
    drawn.place = (u32)base + lane * ITEMS + mine;
  });
  return drawn;
}

__device__ __forceinline__ u64 mass_in(u64 word) { return word; }
__device__ __forceinline__ u64 mass_in(const ulonglong2& candidate) { return candidate.y; }
template <int ITEMS, class Word> __device__ __forceinline__ Drawn choose_from(const DrawParameters& with, u64 bits, const Word* words, u32 there, bool counted) {
  return choose<ITEMS, true>(with, bits, 0, counted, [](i64) {}, [&](u32 slot, u32 place) { return place < there ? mass_in(words[slot]) : 0; });
}
// As choose(), by one warp, from masses that lie in the slots of held_items(k), as many as are there.
template <class Word> __device__ __forceinline__ Drawn choose_held(const DrawParameters& with, u64 bits, i64 k, const Word* words, u32 there, bool counted) {
  return held_items(k) == 1 ? choose_from<2>(with, bits, words, there, counted) : choose_from<8>(with, bits, words, there, counted);
}
// Stores what the first warp drew, and leaves in `found` what store_candidates() asks for.
template <class Load>
__device__ __forceinline__ void store_drawn(const Drawn& drawn, float best, float temperature, i64 row, const DrawOutputs& out, u32* found, Load load) {
  if (drawn.place != NO_PLACE) {
    const u64 its = load(drawn.place);
    out.tokens[row] = (int)(its >> 32);
    if (out.logprobs) out.logprobs[row] = __fsub_rn(score_of(__uint_as_float((u32)its), best, temperature), log_mass(drawn.mass));
  }
  if (threadIdx.x == 0 && (out.kept || out.candidateLogprobs)) {
    found[0] = drawn.kept;
    found[1] = __float_as_uint(log_mass(drawn.mass));
  }
}

// Of a row that has no distribution.
template <int THREADS> __device__ __forceinline__ void store_nothing(i64 row, i64 k, const DrawOutputs& out) {
  if (threadIdx.x == 0) {
    out.tokens[row] = -1;
    if (out.logprobs) out.logprobs[row] = __uint_as_float(CANONICAL_NAN);
    if (out.kept) out.kept[row] = 0;
  }
  if (out.candidateLogprobs) {
    for (i64 place = threadIdx.x; place < k; place += THREADS) out.candidateLogprobs[row * k + place] = __uint_as_float(0xff800000u);
  }
}

// What is known of the candidates, where anybody asks: all threads, behind choose().
template <int THREADS, class Load>
__device__ __forceinline__ void store_candidates(float temperature, float best, i64 row, i64 k, const DrawOutputs& out, const u32* found, Load load) {
  if (!out.kept && !out.candidateLogprobs) return;
  __syncthreads();
  if (out.kept && threadIdx.x == 0) out.kept[row] = (int)found[0];
  if (!out.candidateLogprobs) return;
  for (i64 place = threadIdx.x; place < k; place += THREADS) {
    const float score = score_of(__uint_as_float((u32)load(place)), best, temperature);
    out.candidateLogprobs[row * k + place] = place < found[0] ? __fsub_rn(score, __uint_as_float(found[1])) : __uint_as_float(0xff800000u);
  }
}

// All threads make the masses of the tile that begins at `base`, of 32 << items; a barrier then.
template <int THREADS, class Load>
__device__ __forceinline__ void weigh_tile(const DrawParameters& with, float best, i64 base, i64 k, u32 items, u64* words, Load load) {
  for (u32 at = threadIdx.x; at < 32u << items; at += THREADS) {
    words[mass_slot(at, items)] = base + at < k ? weigh(__uint_as_float((u32)load(base + at)), best, with.temperature, with.minP) : 0;
  }
  __syncthreads();
}

// Draws from k candidates, which load(place) gives in their order: all threads of the block weigh them, the first warp does the rest. Begins after a barrier.
// draw_held(): k is at most 256; `words` has 64, or 256 where k is greater. draw_tiles(): any k; `words` is a tile, 32 << LOG_ITEMS. Both, and `found`
// (two), are free after the next barrier.
template <int THREADS, class Load>
__device__ __forceinline__ void draw_held(const DrawParameters& with, u64 bits, i64 row, i64 k, const DrawOutputs& out, u64* words, u32* found, Load load) {
  const float best = __uint_as_float((u32)load(0));
  if (!with.drawable(best)) {
    __syncthreads(); // all have read the bits, as behind weigh_tile()
    return store_nothing<THREADS>(row, k, out);
  }
  weigh_tile<THREADS>(with, best, 0, k, held_items(k), words, load);
  if (threadIdx.x < 32) {
    const Drawn drawn = choose_held(with, bits, k, words, (u32)k, out.kept || out.candidateLogprobs);
    store_drawn(drawn, best, with.temperature, row, out, found, load);
  }
  store_candidates<THREADS>(with.temperature, best, row, k, out, found, load);
}
template <int THREADS, int LOG_ITEMS, class Load>
__device__ __forceinline__ void draw_tiles(const DrawParameters& with, i64 row, i64 k, const DrawOutputs& out, u64* words, u32* found, Load load) {
  const float best = __uint_as_float((u32)load(0));
  if (!with.drawable(best)) return store_nothing<THREADS>(row, k, out);
  const auto prepare = [&](i64 base) {
    __syncthreads(); // the last tile was taken
    weigh_tile<THREADS>(with, best, base, k, LOG_ITEMS, words, load);
  };
  const auto masses = [&](u32 slot, u32) { return words[slot]; };
  const Drawn drawn = choose<1 << LOG_ITEMS, false>(with, with.bits(), k, out.kept || out.candidateLogprobs, prepare, masses);
  if (threadIdx.x < 32) store_drawn(drawn, best, with.temperature, row, out, found, load);
  store_candidates<THREADS>(with.temperature, best, row, k, out, found, load);
}
