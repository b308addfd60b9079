// Maxima of raw bits, a register (one f32 or two 16-bit elements) at a time. Raw bits as signed integers (with the sign bit flipped for
// `smallest`) order right among the elements of the wanted sign and put any of them above any of the other. So the maximum of a group
// is an element of the group, and its key is a lower bound of the group's greatest key, whatever the data; it is that key where the
// group holds an element of the wanted sign and no negative NaN. Where it is not, ordered() gives bits that follow the keys.
template <Dtype D, Order O> struct RawOrder {
  typedef Element<D, O> E;
  typedef Format<D> F;
  static constexpr bool paired = F::bits == 16;
  static constexpr u32 each = paired ? 0x00010001u : 1u; // repeats a pattern for each element of a register
  static constexpr u32 flip = O == largest ? 0 : F::sign;

  static __device__ __forceinline__ u32 bits_max(u32 a, u32 b) {
    if constexpr (paired) return __vmaxu2(a, b);
    else return a > b ? a : b;
  }
  static __device__ __forceinline__ u32 bits_min(u32 a, u32 b) {
    if constexpr (paired) return __vminu2(a, b);
    else return a < b ? a : b;
  }
  static __device__ __forceinline__ u32 raw_max(u32 a, u32 b) {
    if constexpr (O == smallest) return bits_max(a, b); // the flip, undone by comparing unsigned
    else if constexpr (paired) return __vmaxs2(a, b);
    else return (u32)((int)a > (int)b ? (int)a : (int)b);
  }
  static __device__ __forceinline__ u32 raw_max(const uint4& v) { return raw_max(raw_max(v.x, v.y), raw_max(v.z, v.w)); }
  static __device__ __forceinline__ u32 bits_max(const uint4& v) { return bits_max(bits_max(v.x, v.y), bits_max(v.z, v.w)); }

  static __device__ __forceinline__ int of_bits(u32 raw) {
    if constexpr (paired) return (int)(short)(raw ^ flip);
    else return (int)(raw ^ flip);
  }
  // The greater element of a register, as a signed number: non-negative for the wanted sign.
  static __device__ __forceinline__ int greatest(u32 maxima) {
    if constexpr (paired) {
      const u32 s = maxima ^ flip * each;
      const int low = (int)(short)s, high = (int)s >> 16;
      return low > high ? low : high;
    } else {
      return (int)(maxima ^ flip);
    }
  }
  static __device__ __forceinline__ bool has_negative_nan(u32 bitsMaxima) {
    constexpr u32 negativeInfinity = F::sign | F::infinity;
    if constexpr (paired) return (bitsMaxima & 0xffffu) > negativeInfinity || (bitsMaxima >> 16) > negativeInfinity;
    else return bitsMaxima > negativeInfinity;
  }
  // Elements of a register turned so that raw_max and greatest follow the keys: greatest(ordered(u)) is of_key(the greater key).
  static __device__ __forceinline__ u32 ordered(u32 u) {
    u32 s;
    if constexpr (paired) s = __vsub2(u ^ ((u >> 15) & each) * 0x7fffu, E::negativeNans * each);
    else s = (u ^ ((u32)((int)u >> 31) & 0x7fffffffu)) - E::negativeNans;
    return (O == largest ? s : ~s) ^ flip * each;
  }
  static __device__ __forceinline__ uint4 ordered(const uint4& v) { return make_uint4(ordered(v.x), ordered(v.y), ordered(v.z), ordered(v.w)); }
  // The keys of a register's elements.
  static __device__ __forceinline__ u32 keys(u32 u) { return ordered(u) ^ (F::sign ^ flip) * each; }
  static __device__ __forceinline__ uint4 keys(const uint4& v) { return make_uint4(keys(v.x), keys(v.y), keys(v.z), keys(v.w)); }
  static __device__ __forceinline__ u32 greatest_key(const uint4& keys) {
    const u32 maxima = bits_max(keys);
    return paired ? ((maxima & 0xffffu) > maxima >> 16 ? maxima & 0xffffu : maxima >> 16) : maxima;
  }
  static __device__ __forceinline__ int of_key(u32 key) { return paired ? (int)(short)(key ^ F::sign) : (int)(key ^ F::sign); }
  static __device__ __forceinline__ u32 key_of(int ordered) { return ((u32)ordered ^ F::sign) & F::ones; }
  static __device__ __forceinline__ u32 key_of_bits(int greatest) { return E::key((typename E::Raw)((u32)greatest ^ flip)); }
};
