// From a CpuTopkJob object to a TopkJob whose sizes are checked.
#pragma once

#include <napi.h>

#include "job_reader.h"
#include "topk_core.h"

namespace topkit::cpu {

struct ParsedJob {
  TopkJob job;
  NamedViews views;
};

// Throws TK_ARGUMENT.
ParsedJob parse_job(Napi::Value value);

}  // namespace topkit::cpu
