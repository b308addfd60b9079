// Jobs: launches outside of Node, with files for their buffers. main.cc has the words of a job.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace topkit_job {

struct Buffer {
  std::vector<unsigned char> memory;
  unsigned char* bytes = nullptr;
  std::size_t size = 0;
  // Empty for an input.
  std::string output;
  // What it has to hold at the end, if anything is said of it.
  std::vector<unsigned char> expected;
};

struct Launch {
  // Of dlopen().
  void* object = nullptr;
  void* kernel = nullptr;
  std::string symbol;
  std::uint32_t grid = 1, block = 1, cluster = 1, sharedBytes = 0, workers = 0, flags = 0;
  std::uint64_t seed = 0, timeoutMilliseconds = 0, repeats = 0;
  std::vector<std::uint64_t> parameters;
};

struct Job {
  std::map<std::string, Buffer> buffers;
  std::vector<Launch> launches;
};

// Reads the buffers' inputs and loads the objects. Throws std::runtime_error with the reason where the job cannot be run.
Job read_job(const char* path);

// Runs the launches in sequence; the report of the first that is at fault, or nothing. Throws as read_job() does.
std::string run_launches(Job& job);

// The first buffer that does not hold what it has to, in words, or nothing.
std::string difference(const Job& job);

// Writes the outputs to their files. Throws as read_job() does.
void write_outputs(const Job& job);

}  // namespace topkit_job
