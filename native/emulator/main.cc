// Runs launches outside of Node: for tests, for timing, and for race mode, since a library built with ThreadSanitizer does not load into
// Node. Reads a job, a text file of lines with fields between tabs:
//
//   buffer  NAME  BYTES  SKEW  INPUT  OUTPUT      BYTES of memory, SKEW bytes behind a 256-byte boundary, from file INPUT (- for zeros);
//                                                 written to file OUTPUT at the end, or an input, which no kernel may write (-)
//   launch  OBJECT  SYMBOL  NAME=VALUE...  -- PARAMETER...    in sequence. NAME: grid, block, cluster, shared, seed, workers, timeout,
//                                                 checked, coresident. PARAMETER: a number, or @BUFFER, or @BUFFER+BYTES
//   repeat  COUNT                                 runs the launch above so many times more, and prints the mean time (not a kernel's speed)
//   expect  BUFFER  FILE                          what the buffer has to hold at the end
//
// Exit status: 0 done; 1 the kernel is at fault, the report is on standard output; 2 the job cannot be run, the reason is on standard error.
// ThreadSanitizer ends with its own status.
#include <exception>
#include <iostream>

#include "job.h"

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: " << arguments[0] << " JOB\n";
    return 2;
  }
  try {
    topkit_job::Job job = topkit_job::read_job(arguments[1]);
    std::string fault = topkit_job::run_launches(job);
    if (fault.empty()) fault = topkit_job::difference(job);
    if (!fault.empty()) std::cout << fault << std::endl;
    topkit_job::write_outputs(job);
    return fault.empty() ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
}
