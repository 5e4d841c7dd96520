#include "sim/base/regular_file.h"

#include <filesystem>

namespace spikeloom {

std::string why_no_file(const std::string& file) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::file_type type = fs::status(file, error).type();
  if (type == fs::file_type::regular) return "";
  if (type == fs::file_type::directory) return "is a folder, not a file";
  if (type == fs::file_type::fifo) return "is a FIFO, not a regular file";
  if (type == fs::file_type::character || type == fs::file_type::block) return "is a device, not a regular file";
  if (type == fs::file_type::socket) return "is a socket, not a regular file";
  if (error == std::errc::too_many_symbolic_link_levels) return "is a loop of symbolic links, not a regular file";
  if (error == std::errc::permission_denied) return "is in a folder that may not be read";
  if (fs::is_symlink(fs::symlink_status(file, error))) return "is a symbolic link to a file that is not there";
  return "no such file";
}

}  // namespace spikeloom
