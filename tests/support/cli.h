// The program, run as a user runs it.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

namespace spikeloom {

namespace fs = std::filesystem;
using nlohmann::json;

struct Outcome {
  int status;
  std::string text;  // stdout and stderr
};

inline Outcome spikeloom(const std::string& words) {
  const std::string command = "cd " SPIKELOOM_SOURCE_DIR " && " SPIKELOOM_BINARY " " + words + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  Outcome outcome{0, ""};
  std::array<char, 4096> buffer;
  while (const size_t got = fread(buffer.data(), 1, buffer.size(), pipe)) outcome.text.append(buffer.data(), got);
  outcome.status = WEXITSTATUS(pclose(pipe));
  return outcome;
}

class CliConfig : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/spikeloom_cli_XXXXXX";
    folder_ = mkdtemp(pattern);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string run(const std::string& name, const std::string& more) {
    return "run configs/experiments/demo.yaml --no-figures -o " + folder_ + "/" + name + " " + more;
  }
  std::string read(const std::string& file) {
    std::ifstream stream(folder_ + "/" + file, std::ios::binary);
    std::stringstream text;
    text << stream.rdbuf();
    return text.str();
  }
  std::string folder_;
};

inline const char* const kQuick = "--set workload.tokens=2";

}  // namespace spikeloom
