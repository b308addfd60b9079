// From a CpuTopkJob object to a TopkJob whose sizes are checked.
#pragma once

#include <napi.h>

#include <string>
#include <utility>
#include <vector>

#include "../arguments.h"
#include "topk_core.h"

namespace topkit::cpu {

struct ParsedJob {
  TopkJob job;
  // Name and view of each memory that JavaScript owns. Their buffers are handles of the current scope.
  std::vector<std::pair<std::string, View>> buffers;
};

// Throws TK_ARGUMENT.
ParsedJob parse_job(Napi::Value value);

}  // namespace topkit::cpu
