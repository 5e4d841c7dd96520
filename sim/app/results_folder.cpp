#include "sim/app/results_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "sim/app/commands.h"
#include "sim/base/config.h"
#include "sim/base/error.h"
#include "sim/base/regular_file.h"

namespace spikeloom {

namespace fs = std::filesystem;

namespace {

constexpr int kLockTries = 20, kLockTryUs = 100000;

// Of a run, in the order in which they go.
const char* const kResults[] = {"report.json", "energy.csv",         "counts.csv",
                                "windows.csv", "resolved.yaml",      "timeline.perfetto-trace",
                                "waves.vcd",   "traffic.safetensors"};

std::string read_all(int read_end) {
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = read(read_end, buffer, sizeof buffer)) > 0;) text.append(buffer, size_t(got));
  close(read_end);
  return text;
}

// The last line that Python wrote is the error; a package that is missing has one remedy, which Spikeloom's own Python
// names itself.
std::string reason_of(std::string said) {
  while (!said.empty() && said.back() == '\n') said.pop_back();
  std::string line = said.substr(said.rfind('\n') + 1);
  if (line.rfind("error: ", 0) == 0) line.erase(0, 7);
  if (line.empty()) line = "Python ended without a word";
  if (line.find("No module named") != std::string::npos && line.find("make venv") == std::string::npos)
    line += " (run `make venv`)";
  return line;
}

std::string in_short(const std::string& text) { return text.size() > 60 ? text.substr(0, 57) + "..." : text; }

// The name in a resolved configuration of a run or of a network.
std::string name_in(const std::string& file) {
  for (const auto& [path, value] : ConfigNode::load(file).scalars())
    if (path == "experiment.name" || path == "noc.name") return value;
  return "";
}

using Values = std::vector<std::pair<std::string, std::string>>;  // path and value

Values values_of(const ConfigNode& config, const std::vector<std::string>& ignored) {
  Values values = config.scalars();
  const auto is_ignored = [&ignored](const auto& entry) {
    return std::any_of(ignored.begin(), ignored.end(), [&entry](const std::string& path) {
      return (entry.first + ".").compare(0, path.size() + 1, path + ".") == 0;
    });
  };
  values.erase(std::remove_if(values.begin(), values.end(), is_ignored), values.end());
  return values;
}

// A file under the name of a report that another program has written, or an export.
void refuse_foreign(const std::string& command, const std::string& folder) {
  const auto read = [&folder](const char* name) {
    std::ifstream stream(fs::path(folder) / name, std::ios::binary);
    return nlohmann::json::parse(stream, nullptr, false);
  };
  const auto is_of = [](const nlohmann::json& json, const char* format) {
    return json.is_object() && json.value("format", nlohmann::json()) == format;
  };
  const auto refuse = [&folder](const std::string& what) {
    throw UserError(folder + ": holds " + what + "; choose another folder with -o");
  };
  const auto is_there = [&folder](const char* name) { return why_no_file((fs::path(folder) / name).string()).empty(); };
  if (is_there("manifest.json") && is_of(read("manifest.json"), "spikeloom-export"))
    refuse("an export of `spikeloom export`");
  if (command == "run" && is_there("report.json")) {
    const nlohmann::json report = read("report.json");
    if (!is_of(report, "spikeloom-report") && !is_of(report, "spikeloom-model-report"))
      refuse("a report.json that `spikeloom run` has not written");
  }
  if (command == "noc" && is_there("noc.json")) {
    const nlohmann::json noc = read("noc.json");
    if (!noc.is_object() || !noc.contains("network") || !noc.contains("pattern"))
      refuse("a noc.json that `spikeloom noc` has not written");
  }
}

}  // namespace

FolderLock::FolderLock(const std::string& folder) : file_(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  for (int tries = 0; flock(file_, LOCK_EX | LOCK_NB) != 0; ++tries) {
    if (tries == kLockTries) {
      close(file_);
      throw UserError(folder + ": another `spikeloom` is writing there; wait for it, or choose another folder with -o");
    }
    usleep(kLockTryUs);
  }
}

FolderLock::~FolderLock() { close(file_); }

std::string first_difference(const std::string& file, const std::string& wanted_text,
                             const std::vector<std::string>& ignored) {
  const auto there = values_of(ConfigNode::load(file), ignored),
             wanted = values_of(ConfigNode::parse(wanted_text, file), ignored);
  const auto value_in = [](const Values& all, const std::string& path) -> const std::string* {
    for (const auto& [name, value] : all)
      if (name == path) return &value;
    return nullptr;
  };
  for (const auto& [path, value] : wanted) {
    const std::string* other = value_in(there, path);
    if (!other) return path + " is not there, " + in_short(value) + " here";
    if (*other != value) return path + " is " + in_short(*other) + " there, " + in_short(value) + " here";
  }
  for (const auto& [path, value] : there)
    if (!value_in(wanted, path)) return path + " is " + in_short(value) + " there, not here";
  return "";
}

void refuse_results_of_others(const std::string& command, const std::string& folder) {
  // As sim/python/files.py has them.
  static const std::pair<const char*, const char*> kFiles[] = {{"run", "report.json"},    {"run", "layers"},
                                                               {"noc", "noc.json"},       {"compare", "numbers.json"},
                                                               {"explore", "study.json"}, {"steps", "points.csv"}};
  for (const auto& [other, file] : kFiles)
    if (other != command && fs::exists(fs::path(folder) / file))
      throw UserError(folder + ": holds the results of `spikeloom " + other + "`; choose another folder with -o");
  refuse_foreign(command, folder);
}

void say_what_is_replaced(const std::string& folder, const std::string& resolved) {
  const std::string file = (fs::path(folder) / "resolved.yaml").string();
  try {
    const std::string difference = fs::exists(file) ? first_difference(file, resolved) : "";
    if (!difference.empty())
      std::cerr << folder << ": the results of '" << name_in(file) << "' there are replaced: " << difference << "\n";
  } catch (const UserError&) {  // no configuration of ours
  }
}

void prepare_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  const std::string probe = (fs::path(folder) / ".write_probe").string();
  const bool writable = fs::is_directory(folder) && std::ofstream(probe).put('x').flush().good();
  fs::remove(probe, error);
  if (!writable) throw UserError(folder + ": cannot write results there; choose another folder with -o");
}

// Written beside and renamed, so that an interrupted run leaves no half file.
void write_file(const std::string& folder, const std::string& name, const std::string& text) {
  const fs::path target = fs::path(folder) / name, part = target.string() + ".part";
  std::ofstream stream(part, std::ios::binary);
  stream << text;
  stream.close();
  if (!stream) {
    remove_file(folder, name + ".part");
    throw UserError(part.string() + ": cannot be written (disk full?)");
  }
  fs::rename(part, target);
}

void remove_file(const std::string& folder, const std::string& name) {
  std::error_code none;  // if it stays, writing fails, too
  fs::remove(fs::path(folder) / name, none);
}

void remove_results(const std::string& folder) {
  for (const char* name : kResults) remove_file(folder, name);
  remove_figures(folder);
}

void remove_unfinished(const std::string& folder) {
  for (const char* name : kResults) remove_file(folder, std::string(name) + ".part");
}

void remove_figures(const std::string& folder) {
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".png") fs::remove(entry.path());
}

bool draw_figures(const std::string& folder) {
  int ends[2];
  if (pipe(ends) != 0) throw UserError(std::string("no pipe for the figures: ") + std::strerror(errno));
  std::cout.flush();
  const pid_t child = fork();
  if (child < 0) throw UserError(std::string("no process for the figures: ") + std::strerror(errno));
  if (child == 0) {
    close(ends[0]);
    dup2(ends[1], STDERR_FILENO);
    dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);  // the report names the figures; `plot` need not
    try {
      command_python("plot", {folder});
    } catch (const UserError& error) {
      std::cerr << error.what() << std::endl;
    }
    _exit(2);
  }
  close(ends[1]);
  const std::string said = read_all(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  std::cerr << "figures were not drawn: " << reason_of(said) << "; then `spikeloom plot " << folder << "` draws them\n";
  return false;
}

}  // namespace spikeloom
