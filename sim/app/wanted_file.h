// The file that a command or a key names: where it is of another kind than wanted, the error says of which.
#pragma once

#include <string>
#include <vector>

#include "sim/base/config.h"

namespace spikeloom {

// Whether a file is to be read as safetensors, as traces and recorded traffic are: by its name or by its first bytes.
bool is_safetensors(const std::string& file);
// Throws UserError where --set is given, but `file` is a trace, which has no value to change.
void refuse_overrides(const std::vector<std::string>& overrides, const std::string& file);
// The YAML file that has one of the sections: {"experiment"}, {"noc"}, {"chip", "experiment"}. Throws UserError.
ConfigNode load_wanted(const std::string& file, const std::vector<std::string>& sections);
// Throws UserError at a key whose value names no file, or a folder: `remedy` may say what makes one.
void require_file(const ConfigNode& section, const std::string& key, const std::string& file,
                  const std::string& remedy = "");

}  // namespace spikeloom
