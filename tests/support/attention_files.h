// The small trace of trace_files.h with a small attention beside its operations.
#pragma once

#include "tests/support/trace_files.h"

namespace spikeloom {

// H = 2 heads, G = 1 of keys and values, d = 2, C = 3 positions, M = 2 tokens, which see 2 and 3 of them; and a list of
// the vector unit's work. Values and results: attention_reference_test.cpp.
TracePair small_attention_trace();

// The `attention` object of a description; queries without digits.
nlohmann::json attention_description(int heads, int kv_heads, int head_dim, int context);

}  // namespace spikeloom
