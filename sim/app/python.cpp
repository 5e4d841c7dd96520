// Subcommands that live in the Python package.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "sim/app/commands.h"
#include "sim/base/error.h"

namespace spikeloom {

int command_python(const std::string& name, const std::vector<std::string>& words) {
  const char* chosen = std::getenv("SPIKELOOM_PYTHON");
  const std::string python = chosen ? chosen : SPIKELOOM_SOURCE_DIR "/.venv/bin/python";
  if (!std::filesystem::exists(python))
    throw UserError("'" + name + "' needs the Python package: " + python +
                    " does not exist; run `make venv`, or set SPIKELOOM_PYTHON to an interpreter that has it");
  std::vector<std::string> line = {python, "-P", "-m", "spikeloom", name};
  line.insert(line.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (std::string& word : line) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  // Subcommands that simulate use this program.
  setenv("SPIKELOOM_PROGRAM", std::filesystem::read_symlink("/proc/self/exe").c_str(), 1);
  execv(python.c_str(), arguments.data());
  throw UserError(python + ": cannot be started");
}

}  // namespace spikeloom
