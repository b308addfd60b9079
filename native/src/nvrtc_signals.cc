#include "nvrtc_signals.h"

#ifdef __linux__

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

namespace topkit {
namespace {

bool IsOurs(int number) { return number == SIGINT || number == SIGTERM; }

int KeepAction(int number, const struct sigaction* action, struct sigaction* before) {
  return sigaction(number, IsOurs(number) ? nullptr : action, before);
}

sighandler_t KeepHandler(int number, sighandler_t handler) {
  if (!IsOurs(number)) return signal(number, handler);
  struct sigaction now;
  return sigaction(number, nullptr, &now) == 0 ? now.sa_handler : SIG_ERR;
}

/** What a library's imports are bound through: its dynamic section's tables. */
struct Imports {
  const ElfW(Sym)* symbols = nullptr;
  const char* names = nullptr;
  const ElfW(Rela)* tables[2] = {};  // of calls, and of addresses
  std::size_t bytes[2] = {};
};

Imports ImportsOf(ElfW(Addr) base, const ElfW(Dyn)* entry) {
  Imports imports;
  // glibc has added the base already, other loaders have not
  const auto at = [base](ElfW(Addr) address) { return address < base ? base + address : address; };
  for (; entry->d_tag != DT_NULL; entry++) {
    switch (entry->d_tag) {
      case DT_SYMTAB: imports.symbols = reinterpret_cast<const ElfW(Sym)*>(at(entry->d_un.d_ptr)); break;
      case DT_STRTAB: imports.names = reinterpret_cast<const char*>(at(entry->d_un.d_ptr)); break;
      case DT_JMPREL: imports.tables[0] = reinterpret_cast<const ElfW(Rela)*>(at(entry->d_un.d_ptr)); break;
      case DT_PLTRELSZ: imports.bytes[0] = entry->d_un.d_val; break;
      case DT_RELA: imports.tables[1] = reinterpret_cast<const ElfW(Rela)*>(at(entry->d_un.d_ptr)); break;
      case DT_RELASZ: imports.bytes[1] = entry->d_un.d_val; break;
      default: break;
    }
  }
  return imports;
}

/** The page may have been made read-only after it was bound. */
void Bind(void** slot, void* target) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  void* const start = reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(slot) & ~(page - 1));
  if (mprotect(start, page, PROT_READ | PROT_WRITE) == 0) *slot = target;
}

void Rebind(ElfW(Addr) base, const Imports& imports) {
  if (imports.symbols == nullptr || imports.names == nullptr) return;
  for (int table = 0; table < 2; table++) {
    for (std::size_t i = 0; imports.tables[table] != nullptr && i < imports.bytes[table] / sizeof(ElfW(Rela)); i++) {
      const ElfW(Rela)& import = imports.tables[table][i];
      const auto symbol = ELF64_R_SYM(import.r_info);
      if (symbol == 0 || import.r_addend != 0) continue;
      const char* const name = imports.names + imports.symbols[symbol].st_name;
      void** const slot = reinterpret_cast<void**>(base + import.r_offset);
      if (std::strcmp(name, "sigaction") == 0) Bind(slot, reinterpret_cast<void*>(&KeepAction));
      if (std::strcmp(name, "signal") == 0) Bind(slot, reinterpret_cast<void*>(&KeepHandler));
    }
  }
}

int Visit(dl_phdr_info* library, std::size_t, void* address) {
  const auto wanted = reinterpret_cast<ElfW(Addr)>(address);
  const ElfW(Dyn)* dynamic = nullptr;
  bool holds = false;
  for (int i = 0; i < library->dlpi_phnum; i++) {
    const ElfW(Phdr)& part = library->dlpi_phdr[i];
    const ElfW(Addr) start = library->dlpi_addr + part.p_vaddr;
    if (part.p_type == PT_DYNAMIC) dynamic = reinterpret_cast<const ElfW(Dyn)*>(start);
    if (part.p_type == PT_LOAD && start <= wanted && wanted - start < part.p_memsz) holds = true;
  }
  if (!holds) return 0;
  if (dynamic != nullptr) Rebind(library->dlpi_addr, ImportsOf(library->dlpi_addr, dynamic));
  return 1;
}

}  // namespace

void KeepSignalsFrom(const void* inNvrtc) { dl_iterate_phdr(Visit, const_cast<void*>(inNvrtc)); }

}  // namespace topkit

#else

namespace topkit {
void KeepSignalsFrom(const void*) {}
}  // namespace topkit

#endif
