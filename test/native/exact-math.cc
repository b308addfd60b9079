// Reads words from stdin and writes results to stdout, for exact-math.test.ts: `exp` and `log` take f32 bits and give f32 bits; `philox` takes six
// words (counter, key) and gives four; `draw` takes a seed and an offset of 64 bits and gives 64 bits.
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>
#include "device_code.h"

namespace topkit::cpu {
#include "device/exp_log.cuh"
#include "device/philox.cuh"
}  // namespace topkit::cpu

using namespace topkit::cpu;

static std::vector<u32> read_words() {
  std::vector<u32> words;
  u32 chunk[4096];
  for (size_t count; (count = fread(chunk, 4, 4096, stdin)) > 0;) words.insert(words.end(), chunk, chunk + count);
  return words;
}

int main(int, char** arguments) {
  const std::string what = arguments[1];
  const std::vector<u32> in = read_words();
  std::vector<u32> out;
  if (what == "exp")
    for (const u32 bits : in) out.push_back(__float_as_uint(exact_exp(__uint_as_float(bits))));
  if (what == "log")
    for (const u32 bits : in) out.push_back(__float_as_uint(exact_log(__uint_as_float(bits))));
  if (what == "philox")
    for (size_t i = 0; i < in.size(); i += 6) {
      const PhiloxBlock block = philox(PhiloxBlock{{in[i], in[i + 1], in[i + 2], in[i + 3]}}, in[i + 4], in[i + 5]);
      out.insert(out.end(), block.word, block.word + 4);
    }
  if (what == "draw")
    for (size_t i = 0; i < in.size(); i += 4) {
      const u64 bits = draw_bits((u64)in[i + 1] << 32 | in[i], (u64)in[i + 3] << 32 | in[i + 2]);
      out.push_back((u32)bits);
      out.push_back((u32)(bits >> 32));
    }
  return fwrite(out.data(), 4, out.size(), stdout) == out.size() ? 0 : 1;
}
