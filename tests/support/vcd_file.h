// A value change dump read back: what a wave viewer would show.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace spikeloom {

class VcdFile {
 public:
  std::string timescale;
  std::vector<uint64_t> times;                                  // of every # line
  std::map<std::string, std::map<uint64_t, uint64_t>> signals;  // by "scope.name": value from a time on
  std::map<std::string, int> bits;

  explicit VcdFile(const std::string& file) {
    std::ifstream stream(file);
    std::string line;
    while (std::getline(stream, line) && line != "$enddefinitions $end") read_header(line);
    while (std::getline(stream, line)) read_change(line);
  }

  bool has(const std::string& name) const { return signals.count(name) > 0; }
  uint64_t at(const std::string& name, uint64_t time) const {
    const auto found = signals.find(name);
    if (found == signals.end() || found->second.empty() || found->second.begin()->first > time) {
      ADD_FAILURE() << "no value of " << name << " at " << time;
      return ~uint64_t{0};
    }
    return std::prev(found->second.upper_bound(time))->second;
  }
  // The cycles of 2 ns, of first .. end - 1, in which a signal is not 0.
  std::vector<uint64_t> cycles(const std::string& name, uint64_t first, uint64_t end) const {
    std::vector<uint64_t> list;
    for (uint64_t cycle = first; cycle < end; ++cycle)
      if (at(name, 2000 * cycle) != 0) list.push_back(cycle);
    return list;
  }

 private:
  void read_header(const std::string& line) {
    std::istringstream words(line);
    std::string key, kind, code, name;
    int width = 0;
    words >> key;
    if (key == "$timescale") timescale = line.substr(11, line.size() - 16);
    if (key == "$scope") {
      words >> kind >> name;
      scopes_.push_back(name);
    }
    if (key == "$upscope") scopes_.pop_back();
    if (key != "$var") return;
    words >> kind >> width >> code >> name;
    std::string path;
    for (const std::string& scope : scopes_) path += scope + ".";
    EXPECT_EQ(name_of_.count(code), 0u) << code;
    EXPECT_EQ(signals.count(path + name), 0u) << path + name;
    name_of_[code] = path + name;
    bits[path + name] = width;
    signals[path + name];
  }
  void read_change(const std::string& line) {
    if (line[0] == '#') {
      times.push_back(std::stoull(line.substr(1)));
    } else if (line[0] == 'b') {
      const size_t space = line.find(' ');
      set(line.substr(space + 1), std::stoull(line.substr(1, space - 1), nullptr, 2));
    } else if (line[0] != '$') {
      set(line.substr(1), uint64_t(line[0] - '0'));
    }
  }
  void set(const std::string& code, uint64_t value) {
    ASSERT_TRUE(name_of_.count(code)) << code;
    signals[name_of_[code]][times.back()] = value;
  }

  std::vector<std::string> scopes_;
  std::map<std::string, std::string> name_of_;
};

}  // namespace spikeloom
