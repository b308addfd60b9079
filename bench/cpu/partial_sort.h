// The peer: std::partial_sort of each row's column numbers, by the contract's order, rows over threads.
#pragma once
#include "../../native/src/cpu/topk_core.h"

namespace topkit::bench {

// Rows of full length, 4-byte indices. The same answer as topk_rows().
void partial_sort_rows(const cpu::TopkJob& job);

}  // namespace topkit::bench
