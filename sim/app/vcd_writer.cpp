#include "sim/app/vcd_writer.h"

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"

namespace spikeloom {

namespace {

constexpr uint64_t kEndBytes = 24;  // of the last time

// "b", "a", "c" of "b.a.c"
std::vector<std::string> parts(const std::string& name) {
  std::vector<std::string> list;
  size_t at = 0;
  for (size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', at)) {
    list.push_back(name.substr(at, dot - at));
    at = dot + 1;
  }
  list.push_back(name.substr(at));
  return list;
}

}  // namespace

int VcdWriter::signal(const std::string& name, int bits) {
  std::string code;  // base 94, of the printable characters
  size_t left = signals_.size();
  do code += char('!' + left % 94);
  while (left /= 94);
  signals_.push_back({name, code, bits, 0});
  return int(signals_.size()) - 1;
}

std::string VcdWriter::header() const {
  std::string text = "$version Spikeloom $end\n$timescale 1 ps $end\n";
  text += "$comment a cycle takes " + std::to_string(std::llround(period_ps_)) + " ps $end\n";
  std::vector<std::string> open;
  const auto close_to = [&](size_t depth) {
    for (; open.size() > depth; open.pop_back()) text += "$upscope $end\n";
  };
  for (const Signal& signal : signals_) {
    std::vector<std::string> scopes = parts(signal.name);
    const std::string last = scopes.back();
    scopes.pop_back();
    size_t same = 0;
    while (same < std::min(open.size(), scopes.size()) && open[same] == scopes[same]) ++same;
    close_to(same);
    for (; open.size() < scopes.size(); open.push_back(scopes[open.size()]))
      text += "$scope module " + scopes[open.size()] + " $end\n";
    const std::string range = signal.bits > 1 ? " [" + std::to_string(signal.bits - 1) + ":0]" : "";
    text += "$var wire " + std::to_string(signal.bits) + " " + signal.code + " " + last + range + " $end\n";
  }
  close_to(0);
  return text + "$enddefinitions $end\n";
}

std::string VcdWriter::time(Cycle cycle) const {
  return "#" + std::to_string(std::llround(double(cycle) * period_ps_)) + "\n";
}

void VcdWriter::append(const Signal& signal, std::string* text) const {
  if (signal.bits > 1) {
    *text += 'b';
    for (int bit = signal.bits - 1; bit >= 0; --bit) *text += char('0' + (signal.value >> bit & 1));
    *text += ' ';
  } else {
    *text += char('0' + (signal.value & 1));
  }
  *text += signal.code + "\n";
}

void VcdWriter::put(const std::string& text) {
  stream_ << text;
  bytes_ += text.size();
}

void VcdWriter::open(const std::string& file) {
  file_ = file;
  stream_.open(file, std::ios::binary);
  if (!stream_) throw UserError(file + ": cannot be written");
}

void VcdWriter::begin(Cycle first) {
  for (; !changes_.empty() && changes_.begin()->first <= first; changes_.erase(changes_.begin()))
    for (const auto& [signal, value] : changes_.begin()->second) signals_[signal].value = value;
  std::string text = header() + time(first) + "$dumpvars\n";
  for (const Signal& signal : signals_) append(signal, &text);
  put(text + "$end\n");
  end_ = first;
  full_ = bytes_ + kEndBytes > limit_;
}

bool VcdWriter::write(Cycle end) {
  for (; !full_ && !changes_.empty() && changes_.begin()->first < end; changes_.erase(changes_.begin())) {
    end_ = changes_.begin()->first;
    std::string text;
    for (const auto& [number, value] : changes_.begin()->second) {
      Signal& signal = signals_[number];
      if (signal.value == value) continue;
      signal.value = value;
      append(signal, &text);
    }
    if (text.empty()) continue;
    text.insert(0, time(end_));
    full_ = bytes_ + text.size() + kEndBytes > limit_;
    if (!full_) put(text);
  }
  if (!full_) end_ = std::max(end_, end);
  return !full_;
}

void VcdWriter::close(Cycle end) {
  write(end);
  put(time(end_));
  stream_.close();
  if (!stream_) throw UserError(file_ + ": cannot be written (disk full?)");
}

}  // namespace spikeloom
