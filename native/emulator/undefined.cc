// Checked and race mode: what a compiler calls for -fsanitize=alignment,shift-exponent,bounds,integer-divide-by-zero. The arguments are
// those of UBSan's runtime (compiler-rt/lib/ubsan/ubsan_handlers.h), of which nothing else is needed.
#include "report.h"
#include "scheduler.h"

using namespace topkit_emulator;

namespace {

struct SourceLocation {
  const char* file;
  unsigned line, column;
};
struct TypeDescriptor {
  unsigned short kind, info;
  char name[1];
};

[[noreturn]] void fail(const SourceLocation& location, const std::string& what) {
  worker->fail(*current, what + text(" at %s:%u", location.file, location.line));
}

}  // namespace

extern "C" {

struct TypeMismatch {
  SourceLocation location;
  const TypeDescriptor* type;
  unsigned char logAlignment, kind;
};
void __ubsan_handle_type_mismatch_v1(TypeMismatch* data, std::uintptr_t pointer) {
  if (!current) return;
  const unsigned alignment = 1u << data->logAlignment;
  fail(data->location, text("misaligned: 0x%llx is used as a pointer to %s, which is aligned to %u bytes,", static_cast<unsigned long long>(pointer),
                            data->type->name, alignment));
}

struct Shift {
  SourceLocation location;
  const TypeDescriptor *left, *right;
};
void __ubsan_handle_shift_out_of_bounds(Shift* data, std::uintptr_t, std::uintptr_t by) {
  if (!current) return;
  fail(data->location, text("a shift of %s by %lld: undefined in C++, though the GPU clamps,", data->left->name, static_cast<long long>(by)));
}

struct OutOfBounds {
  SourceLocation location;
  const TypeDescriptor *array, *index;
};
void __ubsan_handle_out_of_bounds(OutOfBounds* data, std::uintptr_t index) {
  if (!current) return;
  fail(data->location, text("out of bounds: index %lld of %s", static_cast<long long>(index), data->array->name));
}

struct Division {
  SourceLocation location;
  const TypeDescriptor* type;
};
void __ubsan_handle_divrem_overflow(Division* data, std::uintptr_t, std::uintptr_t) {
  if (!current) return;
  fail(data->location, "integer division by zero");
}

}  // extern "C"
