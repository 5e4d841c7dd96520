// The subcommands of the program. Each takes the words after its name and returns the exit status.
#pragma once

#include <string>
#include <vector>

namespace spikeloom {

// `run`: simulates an experiment and writes its results. 0: outputs equal the trace; 1: they differ.
int command_run(const std::vector<std::string>& words);
// `check`: validates experiments and traces without running them.
int command_check(const std::vector<std::string>& words);
// `describe`: what is in a trace; what a chip consists of.
int command_describe(const std::vector<std::string>& words);
// Hands a subcommand to the Python package of the .venv; does not return when that starts.
int command_python(const std::string& name, const std::vector<std::string>& words);

// Shared option handling: parses `words`, prints help (and returns false) when asked for.
// Positional words go to `files`; every --set to `overrides`.
struct CommonOptions {
  std::vector<std::string> files, overrides;
  std::string output;
  bool quiet = false, no_figures = false;
  bool timeline = false;
  std::string vcd, record_cycles;
  int record_limit = 64;  // MiB
};
bool parse_options(const std::vector<std::string>& words, const std::string& help, const std::string& allowed,
                   CommonOptions* options);

}  // namespace spikeloom
