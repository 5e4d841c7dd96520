#include "sim/app/results_folder.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "sim/app/commands.h"
#include "sim/base/error.h"

namespace spikeloom {

namespace fs = std::filesystem;

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
  if (!stream) throw UserError(part.string() + ": cannot be written (disk full?)");
  fs::rename(part, target);
}

void remove_figures(const std::string& folder) {
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".png") fs::remove(entry.path());
}

bool draw_figures(const std::string& folder) {
  const pid_t child = fork();
  if (child == 0) {
    // The report names the figures; `plot` need not.
    dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
    std::exit(command_python("plot", {folder}));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace spikeloom
