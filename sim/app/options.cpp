#include <boost/program_options.hpp>
#include <iostream>
#include <set>

#include "sim/app/commands.h"
#include "sim/base/error.h"

namespace spikeloom {

namespace po = boost::program_options;

bool parse_options(const std::vector<std::string>& words, const std::string& help, const std::string& allowed,
                   CommonOptions* options) {
  const auto has = [&allowed](const char* letter) { return allowed.find(letter) != std::string::npos; };
  po::options_description visible;
  visible.add_options()("help,h", "");
  if (has("o")) visible.add_options()("output,o", po::value<std::string>(&options->output), "");
  if (has("s")) visible.add_options()("set", po::value<std::vector<std::string>>(&options->overrides)->composing(), "");
  if (has("q")) visible.add_options()("quiet,q", po::bool_switch(&options->quiet), "");
  if (has("l"))
    visible.add_options()(
        "rates", po::value<std::string>()->notifier([options](const std::string& rates) { options->rates = rates; }),
        "");
  if (has("c")) visible.add_options()("counts", po::value<std::string>(&options->counts), "");
  if (has("j")) visible.add_options()("json", po::bool_switch(&options->json), "");
  if (has("n")) visible.add_options()("no-figures", po::bool_switch(&options->no_figures), "");
  if (has("r")) {
    visible.add_options()("timeline", po::bool_switch(&options->timeline), "");
    visible.add_options()("traffic", po::bool_switch(&options->traffic), "");
    visible.add_options()("vcd", po::value<std::string>(&options->vcd), "");
    visible.add_options()("record-cycles", po::value<std::string>(&options->record_cycles), "");
    visible.add_options()("record-limit",
                          po::value<int>()->notifier([options](int limit) { options->record_limit = limit; }), "");
  }
  if (has("m")) {
    visible.add_options()("jobs", po::value<int>()->notifier([options](int jobs) { options->jobs = jobs; }), "");
    visible.add_options()("fresh", po::bool_switch(&options->fresh), "");
  }
  po::options_description all;
  all.add(visible).add_options()("files", po::value<std::vector<std::string>>(&options->files), "");
  po::positional_options_description positional;
  positional.add("files", -1);
  po::variables_map values;
  try {
    const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(words).options(all).positional(positional).style(style).run(), values);
    po::notify(values);
  } catch (const po::error& error) {
    throw UserError(std::string(error.what()) + " (see --help)");
  }
  if (values.count("help")) {
    std::cout << help;
    return false;
  }
  for (const auto& [name, value] : values)
    if (const auto* text = boost::any_cast<std::string>(&value.value()); text && text->empty())
      throw UserError("--" + name + ": has no value (see --help)");
  std::set<std::string> set;
  for (const std::string& assignment : options->overrides)
    if (const std::string path = assignment.substr(0, assignment.find('=')); !set.insert(path).second)
      throw UserError("--set " + assignment + ": " + path + " is set twice (name each once)");
  for (const std::string& file : options->files)
    if (file.empty()) throw UserError("a file's name is empty (see --help)");
  return true;
}

void warn(const NetworkSpec& network) {
  const std::string warning = network.warning();
  if (!warning.empty()) std::cerr << "warning: " << warning << "\n";
}

std::pair<std::string, std::string> split_assignment(const std::string& assignment, const std::string& example) {
  const size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0)
    throw UserError("--set " + assignment + ": expected path=value, for example " + example);
  return {assignment.substr(0, equals), assignment.substr(equals + 1)};
}

void check_results_name(ConfigNode& section, const std::string& name) {
  if (name[0] == '.' || name.find('/') != std::string::npos)
    section.fail_at("name", "'" + name + "' must not begin with a dot or contain a slash: it names the results folder");
}

}  // namespace spikeloom
