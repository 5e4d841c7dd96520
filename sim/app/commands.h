// The subcommands of the program. Each takes the words after its name and returns the exit status.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hw/noc/network_spec.h"

namespace spikeloom {

// `run`: simulates an experiment and writes its results. 0: outputs equal the trace; 1: they differ.
int command_run(const std::vector<std::string>& words);
// `check`: validates experiments and traces without running them.
int command_check(const std::vector<std::string>& words);
// `price`: what a chip takes in area, and what stored counts cost on it.
int command_price(const std::vector<std::string>& words);
// `describe`: what is in a trace; what a chip consists of.
int command_describe(const std::vector<std::string>& words);
// `noc`: latency and throughput of a network alone, under synthetic or recorded traffic.
int command_noc(const std::vector<std::string>& words);
// Hands a subcommand to the Python package of the .venv; does not return when that starts.
int command_python(const std::string& name, const std::vector<std::string>& words);

// Shared option handling: parses `words`, prints help (and returns false) when asked for.
// Positional words go to `files`; every --set to `overrides`.
struct CommonOptions {
  std::vector<std::string> files, overrides;
  std::string output;
  std::string counts;
  std::optional<std::string> rates;
  bool quiet = false, no_figures = false, json = false;
  std::optional<int> jobs;
  bool fresh = false;
  bool timeline = false;
  bool traffic = false;
  std::string vcd, record_cycles;
  std::optional<int> record_limit;  // MiB
};
// Says on stderr what throughput a network loses by shallow buffers, if it does.
void warn(const NetworkSpec& network);
// The two sides of --set path=value. Throws UserError, with the example, when it is no such thing.
std::pair<std::string, std::string> split_assignment(const std::string& assignment, const std::string& example);
// Throws UserError at key `name` unless the name can name a results folder.
void check_results_name(ConfigNode& section, const std::string& name);
bool parse_options(const std::vector<std::string>& words, const std::string& help, const std::string& allowed,
                   CommonOptions* options);

}  // namespace spikeloom
