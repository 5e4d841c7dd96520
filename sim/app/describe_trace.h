// What `spikeloom describe` prints of a trace file.
#pragma once

#include <string>

namespace spikeloom {

// Prints a spiking or a multiply-accumulate trace to stdout. Throws UserError for anything out of order.
void describe_trace(const std::string& file);

}  // namespace spikeloom
