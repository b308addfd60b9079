// Runs launches outside of Node: for tests, for timing, and for race mode, since a library built with ThreadSanitizer does not load into
// Node. Reads a job, a text file of lines with fields between tabs:
//
//   buffer  NAME  BYTES  SKEW  INPUT  OUTPUT      BYTES of memory, SKEW bytes behind a 256-byte boundary, from file INPUT (- for zeros);
//                                                 written to file OUTPUT at the end, or an input, which no kernel may write (-)
//   launch  OBJECT  SYMBOL  NAME=VALUE...  -- PARAMETER...    in sequence. NAME: grid, block, cluster, shared, seed, workers, timeout,
//                                                 checked, coresident. PARAMETER: a number, or @BUFFER, or @BUFFER+BYTES
//   repeat  COUNT                                 runs the launch above so many times more, and prints the mean time (not a kernel's speed)
//
// Exit status: 0 done; 1 the kernel is at fault, the report is on standard output; 2 the job cannot be run, the reason is on standard error.
// ThreadSanitizer ends with its own status.
#include <dlfcn.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "emulate.h"

namespace {

struct Buffer {
  std::vector<unsigned char> memory;
  unsigned char* bytes = nullptr;
  std::size_t size = 0;
  std::string output;
};

struct Job {
  std::map<std::string, Buffer> buffers;
  std::vector<std::string> lastLaunch;
};

std::runtime_error bad(const std::string& what) { return std::runtime_error(what); }

std::uint64_t number(const std::string& word) {
  char* end = nullptr;
  const std::uint64_t value = word[0] == '-' ? static_cast<std::uint64_t>(std::strtoll(word.c_str(), &end, 0)) : std::strtoull(word.c_str(), &end, 0);
  if (word.empty() || *end) throw bad("\"" + word + "\" is no number");
  return value;
}

void add_buffer(Job& job, const std::vector<std::string>& fields) {
  if (fields.size() != 6) throw bad("a buffer has 5 fields: name, bytes, skew, input, output");
  constexpr std::size_t ALIGNMENT = 256;
  Buffer& buffer = job.buffers[fields[1]];
  buffer.size = number(fields[2]);
  const std::size_t skew = number(fields[3]);
  buffer.memory.assign(buffer.size + skew + ALIGNMENT, 0);
  const auto at = reinterpret_cast<std::uintptr_t>(buffer.memory.data());
  buffer.bytes = buffer.memory.data() + (ALIGNMENT - at % ALIGNMENT) % ALIGNMENT + skew;
  if (fields[4] != "-") {
    std::ifstream input(fields[4], std::ios::binary);
    input.read(reinterpret_cast<char*>(buffer.bytes), static_cast<std::streamsize>(buffer.size));
    if (static_cast<std::size_t>(input.gcount()) != buffer.size) throw bad(fields[4] + " does not hold " + fields[2] + " bytes");
  }
  if (fields[5] != "-") buffer.output = fields[5];
}

std::uint64_t parameter(const Job& job, const std::string& word) {
  if (word[0] != '@') return number(word);
  const std::size_t plus = word.find('+');
  const auto found = job.buffers.find(word.substr(1, plus == std::string::npos ? plus : plus - 1));
  if (found == job.buffers.end()) throw bad("there is no buffer " + word);
  return reinterpret_cast<std::uint64_t>(found->second.bytes) + (plus == std::string::npos ? 0 : number(word.substr(plus + 1)));
}

// The report, or nothing.
std::string run(const Job& job, const std::vector<std::string>& fields) {
  if (fields.size() < 4) throw bad("a launch has an object, a symbol and its geometry");
  void* const object = dlopen(fields[1].c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!object) throw bad(dlerror());
  TopkitEmulateLaunch launch = {};
  launch.kernel = dlsym(object, fields[2].c_str());
  if (!launch.kernel) throw bad(dlerror());
  launch.symbol = fields[2].c_str();
  launch.grid = launch.block = launch.cluster = 1;
  launch.staticBytes = reinterpret_cast<unsigned (*)()>(dlsym(object, "topkit_emulated_static_bytes"))();

  std::size_t i = 3;
  for (; i < fields.size() && fields[i] != "--"; ++i) {
    const std::size_t equals = fields[i].find('=');
    if (equals == std::string::npos) throw bad("\"" + fields[i] + "\" is not NAME=VALUE");
    const std::string name = fields[i].substr(0, equals);
    const std::uint64_t value = number(fields[i].substr(equals + 1));
    if (name == "grid") launch.grid = static_cast<std::uint32_t>(value);
    else if (name == "block") launch.block = static_cast<std::uint32_t>(value);
    else if (name == "cluster") launch.cluster = static_cast<std::uint32_t>(value);
    else if (name == "shared") launch.sharedBytes = static_cast<std::uint32_t>(value);
    else if (name == "workers") launch.workers = static_cast<std::uint32_t>(value);
    else if (name == "seed") launch.seed = value;
    else if (name == "timeout") launch.timeoutMilliseconds = value;
    else if (name == "checked") launch.flags |= value ? std::uint32_t{TOPKIT_EMULATE_CHECKED} : 0;
    else if (name == "coresident") launch.flags |= value ? std::uint32_t{TOPKIT_EMULATE_CO_RESIDENT} : 0;
    else throw bad("a launch has no \"" + name + "\"");
  }
  std::vector<std::uint64_t> parameters;
  for (++i; i < fields.size(); ++i) parameters.push_back(parameter(job, fields[i]));
  launch.parameters = parameters.data();
  launch.parameterCount = static_cast<std::uint32_t>(parameters.size());

  std::vector<TopkitEmulateBuffer> buffers;
  for (const auto& [name, buffer] : job.buffers) {
    buffers.push_back({reinterpret_cast<std::uint64_t>(buffer.bytes), buffer.size, name.c_str(), !buffer.output.empty()});
  }
  launch.buffers = buffers.data();
  launch.bufferCount = static_cast<std::uint32_t>(buffers.size());
  std::vector<char> report(64 * 1024);
  launch.report = report.data();
  launch.reportBytes = report.size();
  const int status = topkit_emulate_launch(&launch);
  if (status == TOPKIT_EMULATE_REFUSED) throw bad(report.data());
  return report.data();
}

// False where a kernel is at fault.
bool run_line(Job& job, const std::vector<std::string>& fields) {
  if (fields[0] == "buffer") {
    add_buffer(job, fields);
    return true;
  }
  std::uint64_t times = 1;
  if (fields[0] == "launch") {
    job.lastLaunch = fields;
  } else if (fields[0] == "repeat" && fields.size() == 2 && !job.lastLaunch.empty()) {
    times = number(fields[1]);
  } else {
    throw bad("\"" + fields[0] + "\" is not understood here");
  }
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < times; ++i) {
    const std::string report = run(job, job.lastLaunch);
    if (!report.empty()) {
      std::cout << report << std::endl;
      return false;
    }
  }
  const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  if (fields[0] == "repeat") std::cout << elapsed.count() / static_cast<double>(times) << " ms a launch of the emulator\n";
  return true;
}

void run_job(const char* path, bool& faultless) {
  std::ifstream lines(path);
  if (!lines) throw bad(std::string(path) + " cannot be read");
  Job job;
  for (std::string line; faultless && std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::vector<std::string> fields;
    std::istringstream words(line);
    for (std::string field; std::getline(words, field, '\t');) fields.push_back(field);
    faultless = run_line(job, fields);
  }
  for (const auto& [name, buffer] : job.buffers) {
    if (buffer.output.empty()) continue;
    std::ofstream output(buffer.output, std::ios::binary);
    output.write(reinterpret_cast<const char*>(buffer.bytes), static_cast<std::streamsize>(buffer.size));
    output.close();
    if (!output) throw bad(buffer.output + " cannot be written");
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: " << arguments[0] << " JOB\n";
    return 2;
  }
  bool faultless = true;
  try {
    run_job(arguments[1], faultless);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
  return faultless ? 0 : 1;
}
