// Atomic functions. CUDA's are relaxed: they order nothing by themselves. The _block and _system forms differ in scope only.
#pragma once

namespace topkit_emulator {

template <class T> struct AtomicTypes { static constexpr bool integer = false, wide = false; };
template <> struct AtomicTypes<int> { static constexpr bool integer = true, wide = false; };
template <> struct AtomicTypes<unsigned> { static constexpr bool integer = true, wide = false; };
template <> struct AtomicTypes<long long> { static constexpr bool integer = true, wide = true; };
template <> struct AtomicTypes<unsigned long long> { static constexpr bool integer = true, wide = true; };

// One atomic operation between its two calls of the runtime.
template <unsigned ORDER, class T, class Operation> static inline T atomically(T* address, Place place, Operation operation) {
  topkit_emu_atomic_begin(address, ORDER, place);
  const T old = operation();
  topkit_emu_atomic_end(address, ORDER);
  return old;
}

// What has no instruction of its own is a loop of compare-and-swap.
template <unsigned ORDER, class T, class Next> static inline T atomic_update(T* address, Place place, Next next) {
  return atomically<ORDER>(address, place, [&] {
    T old = __atomic_load_n(address, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(address, &old, next(old), false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
    return old;
  });
}

}  // namespace topkit_emulator

#define TOPKIT_EMU_ATOMIC(name, condition, body)                                                                       \
  template <class T> static inline T name(T* address, topkit_emulator::SameAs<T> value, TOPKIT_EMU_HERE) {             \
    static_assert(condition, #name " has no overload for this type");                                                  \
    constexpr unsigned ORDER = topkit_emulator::RELAXED;                                                               \
    return body;                                                                                                       \
  }
#define TOPKIT_EMU_ATOMIC_SCOPES(name, condition, body) \
  TOPKIT_EMU_ATOMIC(name, condition, body)              \
  TOPKIT_EMU_ATOMIC(name##_block, condition, body)      \
  TOPKIT_EMU_ATOMIC(name##_system, condition, body)

#define TOPKIT_EMU_INTEGER (topkit_emulator::AtomicTypes<T>::integer)
// add and exchange have no signed 64-bit overload
#define TOPKIT_EMU_ADDABLE (topkit_emulator::AtomicTypes<T>::integer && !(topkit_emulator::AtomicTypes<T>::wide && (T)-1 < 0))
#define TOPKIT_EMU_BUILTIN(builtin) (topkit_emulator::atomically<ORDER>(address, place, [&] { return builtin(address, value, __ATOMIC_RELAXED); }))
#define TOPKIT_EMU_NEXT(expression) (topkit_emulator::atomic_update<ORDER>(address, place, [&](T old) -> T { return expression; }))

TOPKIT_EMU_ATOMIC_SCOPES(atomicAdd, TOPKIT_EMU_ADDABLE, TOPKIT_EMU_BUILTIN(__atomic_fetch_add))
TOPKIT_EMU_ATOMIC_SCOPES(atomicSub, TOPKIT_EMU_ADDABLE && sizeof(T) == 4, TOPKIT_EMU_BUILTIN(__atomic_fetch_sub))
TOPKIT_EMU_ATOMIC_SCOPES(atomicExch, TOPKIT_EMU_ADDABLE, TOPKIT_EMU_BUILTIN(__atomic_exchange_n))
TOPKIT_EMU_ATOMIC_SCOPES(atomicAnd, TOPKIT_EMU_INTEGER, TOPKIT_EMU_BUILTIN(__atomic_fetch_and))
TOPKIT_EMU_ATOMIC_SCOPES(atomicOr, TOPKIT_EMU_INTEGER, TOPKIT_EMU_BUILTIN(__atomic_fetch_or))
TOPKIT_EMU_ATOMIC_SCOPES(atomicXor, TOPKIT_EMU_INTEGER, TOPKIT_EMU_BUILTIN(__atomic_fetch_xor))
TOPKIT_EMU_ATOMIC_SCOPES(atomicMin, TOPKIT_EMU_INTEGER, TOPKIT_EMU_NEXT(value < old ? value : old))
TOPKIT_EMU_ATOMIC_SCOPES(atomicMax, TOPKIT_EMU_INTEGER, TOPKIT_EMU_NEXT(value > old ? value : old))
TOPKIT_EMU_ATOMIC_SCOPES(atomicInc, sizeof(T) == 4 && (T)-1 > 0, TOPKIT_EMU_NEXT(old >= value ? 0 : old + 1))
TOPKIT_EMU_ATOMIC_SCOPES(atomicDec, sizeof(T) == 4 && (T)-1 > 0, TOPKIT_EMU_NEXT(old == 0 || old > value ? value : old - 1))

#define TOPKIT_EMU_CAS(name)                                                                                                                     \
  template <class T> static inline T name(T* address, topkit_emulator::SameAs<T> expected, topkit_emulator::SameAs<T> desired, TOPKIT_EMU_HERE) { \
    static_assert(TOPKIT_EMU_ADDABLE, #name " has no overload for this type");                                                                   \
    return topkit_emulator::atomically<topkit_emulator::RELAXED>(address, place, [&] {                                                           \
      T old = expected;                                                                                                                          \
      __atomic_compare_exchange_n(address, &old, desired, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);                                            \
      return old;                                                                                                                                \
    });                                                                                                                                          \
  }
TOPKIT_EMU_CAS(atomicCAS)
TOPKIT_EMU_CAS(atomicCAS_block)
TOPKIT_EMU_CAS(atomicCAS_system)

// Twins of PTX loads, stores and read-modify-writes that order memory: ld.acquire, st.release, atom.acq_rel.
template <class T> static inline T load_relaxed(const T* address, TOPKIT_EMU_HERE) {
  return topkit_emulator::atomically<topkit_emulator::RELAXED>((T*)address, place, [&] { return __atomic_load_n(address, __ATOMIC_RELAXED); });
}
template <class T> static inline T load_acquire(const T* address, TOPKIT_EMU_HERE) {
  return topkit_emulator::atomically<topkit_emulator::ACQUIRE>((T*)address, place, [&] { return __atomic_load_n(address, __ATOMIC_RELAXED); });
}
template <class T> static inline void store_release(T* address, topkit_emulator::SameAs<T> value, TOPKIT_EMU_HERE) {
  topkit_emulator::atomically<topkit_emulator::RELEASE>(address, place, [&] { return __atomic_store_n(address, value, __ATOMIC_RELAXED), value; });
}
template <class T> static inline T atomic_add_acq_rel(T* address, topkit_emulator::SameAs<T> value, TOPKIT_EMU_HERE) {
  constexpr unsigned ORDER = topkit_emulator::ACQUIRE | topkit_emulator::RELEASE;
  return topkit_emulator::atomically<ORDER>(address, place, [&] { return __atomic_fetch_add(address, value, __ATOMIC_RELAXED); });
}
