#include "job.h"

#include <dlfcn.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "emulate.h"

namespace topkit_job {

namespace {

using Fields = std::vector<std::string>;

std::runtime_error bad(const std::string& what) { return std::runtime_error(what); }

std::uint64_t number(const std::string& word) {
  char* end = nullptr;
  const std::uint64_t value = word[0] == '-' ? static_cast<std::uint64_t>(std::strtoll(word.c_str(), &end, 0)) : std::strtoull(word.c_str(), &end, 0);
  if (word.empty() || *end) throw bad("\"" + word + "\" is no number");
  return value;
}

void read_file(const std::string& path, unsigned char* bytes, std::size_t size) {
  std::ifstream input(path, std::ios::binary);
  input.read(reinterpret_cast<char*>(bytes), static_cast<std::streamsize>(size));
  if (static_cast<std::size_t>(input.gcount()) != size) throw bad(path + " does not hold " + std::to_string(size) + " bytes");
}

void add_buffer(Job& job, const Fields& fields) {
  if (fields.size() != 6) throw bad("a buffer has 5 fields: name, bytes, skew, input, output");
  constexpr std::size_t ALIGNMENT = 256;
  Buffer& buffer = job.buffers[fields[1]];
  buffer.size = number(fields[2]);
  const std::size_t skew = number(fields[3]);
  buffer.memory.assign(buffer.size + skew + ALIGNMENT, 0);
  const auto at = reinterpret_cast<std::uintptr_t>(buffer.memory.data());
  buffer.bytes = buffer.memory.data() + (ALIGNMENT - at % ALIGNMENT) % ALIGNMENT + skew;
  if (fields[4] != "-") read_file(fields[4], buffer.bytes, buffer.size);
  if (fields[5] != "-") buffer.output = fields[5];
}

Buffer& buffer_named(Job& job, const std::string& name) {
  const auto found = job.buffers.find(name);
  if (found == job.buffers.end()) throw bad("there is no buffer " + name);
  return found->second;
}

void add_expectation(Job& job, const Fields& fields) {
  if (fields.size() != 3) throw bad("an expectation has 2 fields: buffer, file");
  Buffer& buffer = buffer_named(job, fields[1]);
  buffer.expected.resize(buffer.size);
  read_file(fields[2], buffer.expected.data(), buffer.size);
}

std::uint64_t parameter(Job& job, const std::string& word) {
  if (word[0] != '@') return number(word);
  const std::size_t plus = word.find('+');
  const Buffer& buffer = buffer_named(job, word.substr(1, plus == std::string::npos ? plus : plus - 1));
  return reinterpret_cast<std::uint64_t>(buffer.bytes) + (plus == std::string::npos ? 0 : number(word.substr(plus + 1)));
}

void set(Launch& launch, const std::string& name, std::uint64_t value) {
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

void add_launch(Job& job, const Fields& fields) {
  if (fields.size() < 4) throw bad("a launch has an object, a symbol and its geometry");
  Launch launch;
  launch.object = dlopen(fields[1].c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!launch.object) throw bad(dlerror());
  launch.symbol = fields[2];
  launch.kernel = dlsym(launch.object, fields[2].c_str());
  if (!launch.kernel) throw bad(dlerror());
  std::size_t i = 3;
  for (; i < fields.size() && fields[i] != "--"; ++i) {
    const std::size_t equals = fields[i].find('=');
    if (equals == std::string::npos) throw bad("\"" + fields[i] + "\" is not NAME=VALUE");
    set(launch, fields[i].substr(0, equals), number(fields[i].substr(equals + 1)));
  }
  for (++i; i < fields.size(); ++i) launch.parameters.push_back(parameter(job, fields[i]));
  job.launches.push_back(launch);
}

void add_line(Job& job, const Fields& fields) {
  if (fields[0] == "buffer") add_buffer(job, fields);
  else if (fields[0] == "expect") add_expectation(job, fields);
  else if (fields[0] == "launch") add_launch(job, fields);
  else if (fields[0] == "repeat" && fields.size() == 2 && !job.launches.empty()) job.launches.back().repeats = number(fields[1]);
  else throw bad("\"" + fields[0] + "\" is not understood here");
}

// The report, or nothing.
std::string run(const Job& job, const Launch& given) {
  TopkitEmulateLaunch launch = {};
  launch.kernel = given.kernel;
  launch.symbol = given.symbol.c_str();
  launch.parameters = given.parameters.data();
  launch.parameterCount = static_cast<std::uint32_t>(given.parameters.size());
  launch.grid = given.grid;
  launch.block = given.block;
  launch.cluster = given.cluster;
  launch.sharedBytes = given.sharedBytes;
  launch.staticBytes = reinterpret_cast<unsigned (*)()>(dlsym(given.object, "topkit_emulated_static_bytes"))();
  launch.flags = given.flags;
  launch.workers = given.workers;
  launch.seed = given.seed;
  launch.timeoutMilliseconds = given.timeoutMilliseconds;
  std::vector<TopkitEmulateBuffer> buffers;
  for (const auto& [name, buffer] : job.buffers) {
    buffers.push_back({reinterpret_cast<std::uint64_t>(buffer.bytes), buffer.size, name.c_str(), !buffer.output.empty()});
  }
  launch.buffers = buffers.data();
  launch.bufferCount = static_cast<std::uint32_t>(buffers.size());
  std::vector<char> report(64 * 1024);
  launch.report = report.data();
  launch.reportBytes = report.size();
  if (topkit_emulate_launch(&launch) == TOPKIT_EMULATE_REFUSED) throw bad(report.data());
  return report.data();
}

}  // namespace

Job read_job(const char* path) {
  std::ifstream lines(path);
  if (!lines) throw bad(std::string(path) + " cannot be read");
  Job job;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    Fields fields;
    std::istringstream words(line);
    for (std::string field; std::getline(words, field, '\t');) fields.push_back(field);
    add_line(job, fields);
  }
  return job;
}

std::string run_launches(Job& job) {
  for (const Launch& launch : job.launches) {
    std::string report = run(job, launch);
    const auto start = std::chrono::steady_clock::now();
    for (std::uint64_t i = 0; report.empty() && i < launch.repeats; ++i) report = run(job, launch);
    if (!report.empty()) return report;
    const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
    if (launch.repeats) std::cout << elapsed.count() / static_cast<double>(launch.repeats) << " ms a launch of the emulator\n";
  }
  return "";
}

std::string difference(const Job& job) {
  for (const auto& [name, buffer] : job.buffers) {
    if (std::memcmp(buffer.bytes, buffer.expected.data(), buffer.expected.size()) != 0) return name + " does not hold what it has to";
  }
  return "";
}

void write_outputs(const Job& job) {
  for (const auto& [name, buffer] : job.buffers) {
    if (buffer.output.empty()) continue;
    std::ofstream output(buffer.output, std::ios::binary);
    output.write(reinterpret_cast<const char*>(buffer.bytes), static_cast<std::streamsize>(buffer.size));
    output.close();
    if (!output) throw bad(buffer.output + " cannot be written");
  }
}

}  // namespace topkit_job
