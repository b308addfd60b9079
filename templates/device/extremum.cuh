// The best value of a group of elements, found without making keys: a register holds one f32 or two 16-bit lanes, each lane a group of its
// own. For `largest` it is a maximum that turns into a NaN where any element is one, because NaNs rank on top; for `smallest`, a minimum that
// passes NaNs over, because they rank last. So neither negative rows nor NaNs need a path of their own.
template <Dtype D, Order O> struct Extremum {
  typedef Element<D, O> E;
  static constexpr u32 both = E::F::bits == 16 ? 0x10001u : 1u;
  // What no element is worse than; NaNs of `smallest` are, and are never seen.
  static constexpr u32 lowest = (u32)E::pad * both;
  // What no number is better than.
  static constexpr u32 highest = (O == largest ? E::F::infinity : E::F::sign | E::F::infinity) * both;

  static __device__ __forceinline__ u32 join(u32 a, u32 b) {
    if constexpr (O == largest) return D == f32 ? max_nan_f32(a, b) : D == f16 ? max_nan_f16x2(a, b) : max_nan_bf16x2(a, b);
    else return D == f32 ? min_f32(a, b) : D == f16 ? min_f16x2(a, b) : min_bf16x2(a, b);
  }
  static __device__ __forceinline__ u32 join(const uint4& slot) { return join(join(slot.x, slot.y), join(slot.z, slot.w)); }

  // A key that the best element of the register's groups reaches for certain. A NaN stands for one of unknown bits, hence for the least of
  // them; +inf of `smallest` may stand for no elements, or none but NaNs. Below the greatest key, so that there is always one above.
  static __device__ __forceinline__ u32 delegate(u32 best) {
    if constexpr (E::F::bits == 32) return delegate_of(best);
    else return greater_of(delegate_of(best & E::F::ones), delegate_of(best >> 16));
  }
  static __device__ __forceinline__ u32 delegate_of(u32 best) {
    const u32 key = E::key((typename E::Raw)best), infinity = E::key((typename E::Raw)E::F::infinity);
    if constexpr (O == largest) return lesser_of(key, infinity + 1);
    else return key <= infinity ? 0 : lesser_of(key, E::greatestKey - 1);
  }

  // A value such that `reaches` is true of every group that has an element with a key of at least `bar`, and of few others; false where
  // there is none.
  static __device__ __forceinline__ bool below(u32 bar, u32& value) {
    const u32 infinity = E::key((typename E::Raw)E::F::infinity);
    if (bar == 0 || (O == smallest && bar <= infinity)) return false;
    value = (u32)E::raw(O == largest ? lesser_of(bar - 1, infinity) : bar - 1) * both;
    return true;
  }
  static __device__ __forceinline__ bool reaches(u32 best, u32 value) { return join(best, value) != value; }

  // The best key of the register's groups; less where it would be `vague`: of NaNs, one of which stands for all, and of +inf for `smallest`, which
  // stands for no number at all as well.
  static __device__ __forceinline__ u32 best_key(u32 best) {
    if constexpr (E::F::bits == 16) best = join(best, best >> 16 | best << 16) & E::F::ones;
    const u32 key = E::key((typename E::Raw)best), infinity = E::key((typename E::Raw)E::F::infinity);
    if constexpr (O == largest) return lesser_of(key, infinity + 1);
    else return key <= infinity ? 0 : key;
  }
  static __device__ __forceinline__ bool vague(u32 key) { return (key <= E::key((typename E::Raw)E::F::infinity)) == (O == smallest); }
};
