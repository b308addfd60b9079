// The kernels of scan.h, for the instruction set that the including file compiles for, with vectors of TOPKIT_VECTOR_BYTES, which it defines:
// gcc 12 does not define __AVX2__ after a pragma. That file includes key.h, scan.h and words.h first, and no standard function template is
// used here: a shared inline function compiled for a wide instruction set could be linked into narrow code.
//
// A chunk is scanned in two passes. The first folds blocks of `fold` vectors into one vector of maxima: every lane of it is the maximum of
// a group of `fold` elements, in straight-line code. k groups with a maximum >= T hold k elements >= T, so any such T is a threshold that drops
// no answer; it is found by bisection over the maxima. The second pass reads again only the groups with a maximum >= T. Sorted, equal or clustered
// rows go through the same steps: only candidates that fill the buffer cost more, and then a linear selection raises the threshold.

namespace topkit::cpu {
namespace {

constexpr size_t kVectorBytes = TOPKIT_VECTOR_BYTES;

template <typename K>
struct VectorOf {
  typedef K type __attribute__((vector_size(kVectorBytes)));
};
template <typename K>
using Vector = typename VectorOf<K>::type;
template <typename K>
constexpr size_t kLanes = kVectorBytes / sizeof(K);

#define TOPKIT_INLINE inline __attribute__((always_inline))

template <typename K>
TOPKIT_INLINE Vector<K> load_vector(const void* from) {
  Vector<K> vector;
  __builtin_memcpy(&vector, from, sizeof vector);
  return vector;
}

template <typename K>
TOPKIT_INLINE Vector<K> broadcast(K value) {
  return Vector<K>{} + value;
}

template <typename K>
TOPKIT_INLINE Vector<K> greater_of(Vector<K> a, Vector<K> b) {
  return a > b ? a : b;
}

// key_of_bits() of key.h, on a vector. Vector arithmetic wraps only when unsigned, so the bias is taken off unsigned lanes.
template <typename K>
TOPKIT_INLINE Vector<K> keys_of_bits(Vector<K> bits, KeyCode code) {
  using U = std::make_unsigned_t<K>;
  constexpr int top = 8 * sizeof(K) - 1;
  const Vector<U> mirror = reinterpret_cast<Vector<U>>(bits >> top) >> 1;
  const Vector<U> flipped = reinterpret_cast<Vector<U>>(bits) ^ mirror ^ static_cast<U>(code.flip);
  return reinterpret_cast<Vector<K>>(flipped - static_cast<U>(code.bias));
}

template <typename K, int fold>
void fold_blocks(const unsigned char* from, size_t blocks, KeyCode code, K* maxima) {
  for (size_t block = 0; block < blocks; block++) {
    Vector<K> best = keys_of_bits<K>(load_vector<K>(from), code);
    for (int i = 1; i < fold; i++) best = greater_of<K>(best, keys_of_bits<K>(load_vector<K>(from + i * kVectorBytes), code));
    __builtin_memcpy(maxima + block * kLanes<K>, &best, sizeof best);
    from += fold * kVectorBytes;
  }
}

// The sum of all lanes of counts that together stay below 2^16 or 2^32.
template <typename K>
TOPKIT_INLINE size_t sum_of_lanes(Vector<K> counts) {
  const Vector<uint64_t> halves = reinterpret_cast<Vector<uint64_t>>(counts);
  uint64_t sum = 0;
  for (size_t i = 0; i < kLanes<uint64_t>; i++) sum += halves[i];
  return sizeof(K) == 2 ? sum * 0x0001000100010001u >> 48 : sum * 0x0000000100000001u >> 32;
}

// How many of `vectors` vectors' lanes are >= threshold.
template <typename K>
size_t count_reaching(const K* maxima, size_t vectors, K threshold) {
  constexpr size_t stretch = 4095;  // 16 lanes of 16 bits count together to 65520
  const Vector<K> limit = broadcast<K>(threshold);
  size_t total = 0;
  for (size_t start = 0; start < vectors; start += stretch) {
    const size_t stop = vectors - start < stretch ? vectors : start + stretch;
    Vector<K> reaching{};
    for (size_t i = start; i < stop; i++) reaching -= load_vector<K>(maxima + i * kLanes<K>) >= limit;
    total += sum_of_lanes<K>(reaching);
  }
  return total;
}

// A greatest or nearly greatest threshold that k of the lanes reach, not below `least`; `least` where it is too high already.
template <typename K>
K raise_threshold(const K* maxima, size_t vectors, size_t k, K least) {
  if (count_reaching<K>(maxima, vectors, least) < k) return least;
  Vector<K> minima = load_vector<K>(maxima);
  Vector<K> tops = minima;
  for (size_t i = 1; i < vectors; i++) {
    const Vector<K> keys = load_vector<K>(maxima + i * kLanes<K>);
    minima = minima < keys ? minima : keys;
    tops = greater_of<K>(tops, keys);
  }
  K least_group = minima[0];
  K greatest_group = tops[0];
  for (size_t lane = 1; lane < kLanes<K>; lane++) {
    least_group = minima[lane] < least_group ? minima[lane] : least_group;
    greatest_group = tops[lane] > greatest_group ? tops[lane] : greatest_group;
  }
  int64_t low = least_group > least ? least_group : least;  // k lanes or more reach it
  int64_t high = greatest_group + int64_t{1};               // none reaches it
  const size_t enough = k + k / 8;
  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;
    const size_t reaching = count_reaching<K>(maxima, vectors, static_cast<K>(middle));
    if (reaching < k) {
      high = middle;
      continue;
    }
    low = middle;
    if (reaching <= enough) break;
  }
  return static_cast<K>(low);
}

template <typename K>
class Scan {
 public:
  Scan(const Range& range, const Workspace& workspace) : range_(range), space_(workspace), maxima_(reinterpret_cast<K*>(workspace.maxima)) {}

  size_t run() {
    const uint32_t chunk = static_cast<uint32_t>(chunk_columns(range_.k) < 0x7fffffff ? chunk_columns(range_.k) : 0x7fffffff);
    for (uint32_t at = range_.begin; at < range_.end && !full_;) {
      const uint32_t columns = range_.end - at < chunk ? range_.end - at : chunk;
      scan_chunk(at, columns);
      at += columns;
    }
    return count_;
  }

 private:
  static constexpr size_t lanes = kLanes<K>;

  void scan_chunk(uint32_t begin, uint32_t columns) {
    uint32_t done = 0;
    if (columns >= least_columns(range_.k, 8)) {
      done = scan_blocks<8>(begin, columns);
    } else if (columns >= least_columns(range_.k, 4)) {
      done = scan_blocks<4>(begin, columns);
    } else if (columns >= least_columns(range_.k, 1)) {
      done = scan_blocks<1>(begin, columns);
    }
    scan_elements(begin + done, begin + columns);
  }

  // Scans the whole blocks at the front of a chunk; returns the columns they hold.
  template <int fold>
  uint32_t scan_blocks(uint32_t begin, uint32_t columns) {
    constexpr size_t block_columns = fold * lanes;
    static_assert(block_columns <= kMaxBlock);
    const size_t blocks = columns / block_columns;
    fold_blocks<K, fold>(range_.row + begin * sizeof(K), blocks, range_.code, maxima_);
    find_threshold(blocks);

    const Vector<K> limit = broadcast<K>(threshold_);
    size_t hits = 0;
    for (size_t block = 0; block < blocks; block++) {
      space_.hits[hits] = static_cast<uint32_t>(block);
      hits += reaches(load_vector<K>(maxima_ + block * lanes), limit);
    }
    for (size_t i = 0; i < hits; i++) {
      if (!make_room(block_columns)) break;
      take_block<fold>(begin, space_.hits[i]);
    }
    return static_cast<uint32_t>(blocks * block_columns);
  }

  // About 4k groups give a threshold that few more than k elements reach, and bisecting them costs little beside the first pass.
  void find_threshold(size_t blocks) {
    const size_t wanted = 4 * static_cast<size_t>(range_.k) > 64 ? 4 * static_cast<size_t>(range_.k) : 64;
    const size_t fold = blocks * lanes / wanted;
    if (fold <= 1) {
      threshold_ = raise_threshold<K>(maxima_, blocks, range_.k, threshold_);
      return;
    }
    const size_t coarse = blocks / fold;
    K* groups = maxima_ + blocks * lanes;
    for (size_t group = 0; group < coarse; group++) {
      Vector<K> best = load_vector<K>(maxima_ + group * fold * lanes);
      for (size_t i = 1; i < fold; i++) best = greater_of<K>(best, load_vector<K>(maxima_ + (group * fold + i) * lanes));
      __builtin_memcpy(groups + group * lanes, &best, sizeof best);
    }
    threshold_ = raise_threshold<K>(groups, coarse, range_.k, threshold_);
  }

  static TOPKIT_INLINE bool reaches(Vector<K> keys, Vector<K> limit) {
    const Vector<uint64_t> hit = reinterpret_cast<Vector<uint64_t>>(keys >= limit);
    uint64_t any = 0;
    for (size_t i = 0; i < kLanes<uint64_t>; i++) any |= hit[i];
    return any != 0;
  }

  // Candidates of one block, group by group: out of the order of columns, but never across a call of make_room().
  template <int fold>
  void take_block(uint32_t begin, size_t block) {
    const K* best = maxima_ + block * lanes;
    const K threshold = threshold_;
    const uint32_t first = begin + static_cast<uint32_t>(block * fold * lanes);
    uint32_t groups[lanes];
    size_t hits = 0;
    for (size_t lane = 0; lane < lanes; lane++) {
      groups[hits] = first + static_cast<uint32_t>(lane);
      hits += best[lane] >= threshold;
    }
    uint64_t* end = space_.words + count_;
    for (size_t i = 0; i < hits; i++) {
      for (size_t j = 0; j < fold; j++) end = take(end, groups[i] + static_cast<uint32_t>(j * lanes), threshold);
    }
    count_ = static_cast<size_t>(end - space_.words);
  }

  void scan_elements(uint32_t begin, uint32_t stop) {
    while (begin < stop) {
      const uint32_t pause = stop - begin < kMaxBlock ? stop : begin + kMaxBlock;
      if (!make_room(pause - begin)) return;
      const K threshold = threshold_;
      uint64_t* end = space_.words + count_;
      for (; begin < pause; begin++) end = take(end, begin, threshold);
      count_ = static_cast<size_t>(end - space_.words);
    }
  }

  // Writes a word in any case and steps past it if it is a candidate: a branch here would be mispredicted.
  TOPKIT_INLINE uint64_t* take(uint64_t* end, uint32_t column, K threshold) const {
    const K key = key_of_bits<K>(load<K>(range_.row + static_cast<size_t>(column) * sizeof(K)), range_.code);
    *end = word_of<K>(key, column);
    return end + (key >= threshold);
  }

  // Room for `more` words and the one that take() writes in vain. False where nothing that is still to come can be an answer: later columns lose
  // ties, so that the k-th best so far must be beaten, not only reached.
  bool make_room(size_t more) {
    if (full_) return false;
    if (count_ + more < space_.capacity) return true;
    select_best(space_.words, count_, range_.k);
    count_ = range_.k;
    const K kth = key_of_word<K>(space_.words[range_.k - 1]);
    constexpr K greatest = static_cast<K>(static_cast<std::make_unsigned_t<K>>(~std::make_unsigned_t<K>{0}) >> 1);
    if (kth == greatest) {
      full_ = true;
      return false;
    }
    if (kth >= threshold_) threshold_ = static_cast<K>(kth + 1);
    return true;
  }

  static constexpr K lowest = static_cast<K>(std::make_unsigned_t<K>{1} << (8 * sizeof(K) - 1));

  const Range range_;
  const Workspace space_;
  K* const maxima_;
  K threshold_ = lowest;
  size_t count_ = 0;
  bool full_ = false;
};

template <typename K>
size_t scan(const Range& range, const Workspace& workspace) {
  return Scan<K>(range, workspace).run();
}

// Where there is no 64-bit compare instruction, sorting is soon better.
constexpr size_t kRankLimit = kVectorBytes == 32 ? 256 : 48;

// A word's place is the number of words greater than it. Four words at a time share the loads.
void rank(uint64_t* words, size_t count, size_t k) {
  constexpr size_t lanes = kLanes<int64_t>;
  constexpr size_t together = 4;
  static_assert(together % lanes == 0);
  constexpr uint64_t sign = uint64_t{1} << 63;  // vector compares are signed
  int64_t copy[kRankLimit + together];
  for (size_t i = 0; i < count; i++) copy[i] = static_cast<int64_t>(words[i] ^ sign);
  for (size_t i = count; i < count + together; i++) copy[i] = static_cast<int64_t>(sign);
  for (size_t i = 0; i < count; i += together) {
    Vector<int64_t> own[together];
    Vector<int64_t> greater[together] = {};
    for (size_t n = 0; n < together; n++) own[n] = broadcast<int64_t>(copy[i + n]);
    for (size_t j = 0; j < count; j += lanes) {
      const Vector<int64_t> others = load_vector<int64_t>(copy + j);
      for (size_t n = 0; n < together; n++) greater[n] += others > own[n];
    }
    for (size_t n = 0; n < together && i + n < count; n++) {
      int64_t place = 0;
      for (size_t lane = 0; lane < lanes; lane++) place -= greater[n][lane];
      if (static_cast<size_t>(place) < k) words[place] = static_cast<uint64_t>(copy[i + n]) ^ sign;
    }
  }
}

}  // namespace
}  // namespace topkit::cpu
