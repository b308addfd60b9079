// Runs the mutants of a kernel whose object has them all, behind switches (mutation-schema.ts).
//
//   mutants PROCESSES MILLISECONDS JOB...
//
// Numbers of mutants are read from standard input. For each job (main.cc) in turn, a process runs its launches up to the kernel that has mutants, and then
// goes on in a process for the kernel as it is, which tells what mutants the job reaches, and in one for each of those that no job has caught yet: they may
// crash or never end. Once all are caught, no more jobs are run. Takes so many milliseconds of the processor for a job with the kernel as it is, and for its mutants many times what that needed.
//
// Writes "job NUMBER VERDICT MILLISECONDS" for the kernel as it is, and ends where it is at fault; and "mutant NUMBER VERDICT" for each: when it is caught, or at the end.
// Status 2: a job cannot be run, the reason is on standard error.
#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "job.h"

namespace {

using topkit_job::Job;

enum Verdict : unsigned char { UNREACHED, SURVIVES, EMULATOR, ORACLE, RACE, HANG, CRASH, UNABLE };
const char* const NAMES[] = {"unreached", "survives", "emulator", "oracle", "race", "hang", "crash", "unable"};

constexpr unsigned MOST_MUTANTS = 4096;

// What all processes see.
struct Board {
  volatile unsigned char verdicts[MOST_MUTANTS];
  volatile unsigned char reached[MOST_MUTANTS];
  // Of the kernel as it is, in the job under way.
  volatile unsigned char asItIs;
  volatile long milliseconds;
};

void limit_to(long milliseconds) {
  const itimerval limit = {{0, 0}, {milliseconds / 1000, milliseconds % 1000 * 1000}};
  setitimer(ITIMER_PROF, &limit, nullptr);  // its signal ends the process
}

template <class T> bool set(const topkit_job::Launch& launch, const char* name, T value) {
  void* const variable = dlsym(launch.object, name);
  if (variable) *static_cast<T*>(variable) = value;
  return variable;
}

[[noreturn]] void finish(Job& job, unsigned mutant, long milliseconds) {
  try {
    for (const topkit_job::Launch& launch : job.launches) set(launch, "topkit_mutant", mutant);
    limit_to(milliseconds);
    if (!topkit_job::run_launches(job).empty()) std::_Exit(EMULATOR);
    std::_Exit(topkit_job::difference(job).empty() ? SURVIVES : ORACLE);
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    std::_Exit(UNABLE);
  }
}

pid_t begin(Job& job, unsigned mutant, long milliseconds) {
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process can be made");
  if (child == 0) finish(job, mutant, milliseconds);
  return child;
}

pid_t await_one(Verdict& verdict, long& milliseconds) {
  int status = 0;
  rusage used = {};
  const pid_t ended = wait4(-1, &status, 0, &used);
  milliseconds = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
  if (WIFSIGNALED(status)) verdict = WTERMSIG(status) == SIGPROF ? HANG : CRASH;
  else verdict = WEXITSTATUS(status) < UNABLE ? static_cast<Verdict>(WEXITSTATUS(status)) : UNABLE;
  if (verdict == UNABLE) std::cerr << "a process ended with status " << WEXITSTATUS(status) << ", which says nothing of the kernel" << std::endl;
  return ended;
}

// What all mutants have alike: the launches before those that have switches. Nothing where none has.
void run_beginning(Job& job, Board& board) {
  const auto isSwitched = [](const topkit_job::Launch& launch) { return dlsym(launch.object, "topkit_mutant") != nullptr; };
  const auto first = std::find_if(job.launches.begin(), job.launches.end(), isSwitched);
  if (first == job.launches.end()) return;
  Job beginning;
  beginning.buffers.swap(job.buffers);
  beginning.launches.assign(job.launches.begin(), first);
  job.launches.erase(job.launches.begin(), first);
  if (!topkit_job::run_launches(beginning).empty()) throw std::runtime_error("a kernel before the one with the mutants is at fault");
  job.buffers.swap(beginning.buffers);
  for (const topkit_job::Launch& each : job.launches) set(each, "topkit_mutants_reached", board.reached);
}

void run_job(const char* path, const std::vector<unsigned>& numbers, int processes, long milliseconds, Board& board) {
  Job job = topkit_job::read_job(path);
  run_beginning(job, board);
  Verdict verdict = UNABLE;
  long needed = 0;
  begin(job, 0, milliseconds);
  await_one(verdict, needed);
  board.asItIs = verdict;
  board.milliseconds = needed;
  if (verdict != SURVIVES) return;
  std::map<pid_t, unsigned> running;
  const auto end_one = [&] {
    long used = 0;
    const pid_t ended = await_one(verdict, used);
    const unsigned mutant = running.at(ended);
    board.verdicts[mutant] = verdict;
    if (verdict > SURVIVES) std::cout << "mutant " << mutant << " " << NAMES[verdict] << std::endl;
    running.erase(ended);
  };
  for (const unsigned mutant : numbers) {
    if (!board.reached[mutant] || board.verdicts[mutant] > SURVIVES) continue;
    if (running.size() == static_cast<std::size_t>(processes)) end_one();
    running[begin(job, mutant, 500 + 10 * needed)] = mutant;
  }
  while (!running.empty()) end_one();
}

// In a process of its own, so that the next one begins as this one did.
void run_apart(const char* path, const std::vector<unsigned>& numbers, int processes, long milliseconds, Board& board) {
  for (volatile unsigned char& each : board.reached) each = 0;
  board.asItIs = UNABLE;
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process can be made");
  if (child == 0) {
    try {
      run_job(path, numbers, processes, milliseconds, board);
    } catch (const std::exception& error) {
      std::cerr << error.what() << std::endl;
      std::_Exit(UNABLE);
    }
    std::_Exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) throw std::runtime_error(std::string(path) + " cannot be run");
}

}  // namespace

#ifdef TOPKIT_EMULATE_RACE
// What ThreadSanitizer calls behind the words on a race. Where it ends a process for reasons of its own, the status is another: that is no race.
extern "C" void __tsan_on_report(void*) { std::_Exit(RACE); }
#endif

int main(int count, char** arguments) {
  if (count < 4) {
    std::cerr << "usage: " << arguments[0] << " PROCESSES MILLISECONDS JOB...\n";
    return 2;
  }
  try {
    void* const shared = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) throw std::runtime_error("no memory");
    Board& board = *static_cast<Board*>(shared);
    std::vector<unsigned> numbers;
    for (unsigned mutant; std::cin >> mutant;) numbers.push_back(mutant);
    for (const unsigned mutant : numbers) {
      if (mutant >= MOST_MUTANTS) throw std::runtime_error("there are too many mutants");
    }
    const auto isCaught = [&](unsigned mutant) { return board.verdicts[mutant] > SURVIVES; };
    for (int at = 3; at < count; ++at) {
      run_apart(arguments[at], numbers, std::atoi(arguments[1]), std::atol(arguments[2]), board);
      std::cout << "job " << at - 3 << " " << NAMES[board.asItIs] << " " << board.milliseconds << std::endl;
      if (board.asItIs != SURVIVES) return 0;
      if (!numbers.empty() && std::all_of(numbers.begin(), numbers.end(), isCaught)) break;
    }
    for (const unsigned mutant : numbers) {
      if (!isCaught(mutant)) std::cout << "mutant " << mutant << " " << NAMES[board.verdicts[mutant]] << "\n";
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
  return 0;
}
