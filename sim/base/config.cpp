#include "sim/base/config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include "sim/base/spelling.h"
#include "sim/base/text.h"

namespace spikeloom {

namespace {

constexpr size_t kMostNameBytes = 200;  // a file's name may have 255

std::string join(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

template <typename T>
std::string bounds_text(T least, T most) {
  std::ostringstream text;
  text << "allowed: " << least << " to " << most;
  return text.str();
}

// Plain decimal only: `010`, `0x10`, `1_000` and `4.0` are refused rather than guessed at.
bool parse_integer(const std::string& text, int64_t* value) {
  const size_t start = text.size() > 1 && text[0] == '-' ? 1 : 0;
  if (text.empty() || text.find_first_not_of("0123456789", start) != std::string::npos) return false;
  if (text.size() > start + 1 && text[start] == '0') return false;
  errno = 0;
  *value = std::strtoll(text.c_str(), nullptr, 10);
  return errno == 0;
}

bool parse_real(const std::string& text, double* value) {
  if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string::npos) return false;
  char* end = nullptr;
  *value = std::strtod(text.c_str(), &end);
  return *end == 0 && std::isfinite(*value);
}

}  // namespace

std::string ConfigNode::place() const {
  return line_ > 0 ? file_ + ":" + std::to_string(line_) + ":" + std::to_string(column_) : file_;
}

void ConfigNode::fail(const std::string& what) const {
  throw UserError(place() + ": " + (path_.empty() ? "(top level)" : path_) + ": " + what);
}

void ConfigNode::fail_at(const std::string& key, const std::string& what) const {
  const ConfigNode* value = find(key);
  if (value) value->fail(what);
  throw UserError(place() + ": " + child_path(key) + ": " + what);
}

void ConfigNode::fail_below(const std::string& dotted_path, const std::string& what) const {
  throw UserError(message_below(dotted_path, what));
}

std::string ConfigNode::message_below(const std::string& dotted_path, const std::string& what) const {
  const ConfigNode* value = walk(dotted_path).first;
  const std::string where = value ? value->place() : place();
  return (where.empty() ? "" : where + ": ") + child_path(dotted_path) + ": " + what;
}

std::string ConfigNode::misspelt(const std::string& key) const {
  for (const auto& [name, value] : entries_)
    if (!value.read_ && is_close(key, name)) return "; '" + name + "' at " + value.place() + " may be it, misspelt";
  return "";
}

std::string ConfigNode::place_of(const std::string& key) const {
  const ConfigNode* value = find(key);
  return value ? value->place() : place();
}

std::pair<const ConfigNode*, const ConfigNode*> ConfigNode::walk(const std::string& dotted_path) const {
  const ConfigNode* node = this;
  const ConfigNode* above = nullptr;
  std::stringstream path(dotted_path);
  for (std::string key; node && std::getline(path, key, '.');) {
    above = node;
    int64_t index = 0;
    node = above->kind_ == Kind::kMap ? above->find(key) : nullptr;
    if (above->kind_ == Kind::kList && parse_integer(key, &index) && index >= 0 &&
        index < static_cast<int64_t>(above->items_.size()))
      node = &above->items_[index];
  }
  return {node, above};
}

ConfigNode* ConfigNode::find(const std::string& key) {
  return const_cast<ConfigNode*>(static_cast<const ConfigNode*>(this)->find(key));
}

const ConfigNode* ConfigNode::find(const std::string& key) const {
  for (const auto& entry : entries_)
    if (entry.first == key) return &entry.second;
  return nullptr;
}

bool ConfigNode::has(const std::string& key) const {
  const ConfigNode* value = find(key);
  if (!value) asked_.insert(key);
  return value != nullptr;
}

bool ConfigNode::has_section(const std::string& key) const {
  const ConfigNode* value = find(key);
  return value && value->kind_ == Kind::kMap;
}

bool ConfigNode::is_list(const std::string& key) const {
  const ConfigNode* value = find(key);
  return value && value->kind_ == Kind::kList;
}

ConfigNode& ConfigNode::require(const std::string& key, Kind kind, const char* kind_name) {
  ConfigNode* value = find(key);
  if (!value) fail_at(key, std::string("missing key (expected ") + kind_name + ")" + misspelt(key));
  if (value->kind_ != kind) value->fail(std::string("expected ") + kind_name);
  value->read_ = true;
  return *value;
}

int64_t ConfigNode::integer(const std::string& key, int64_t least, int64_t most) {
  ConfigNode& node = require(key, Kind::kScalar, "an integer");
  int64_t value = 0;
  const bool fits = parse_integer(node.scalar_, &value);
  const bool digits = !node.scalar_.empty() && node.scalar_[0] != '0' &&
                      node.scalar_.find_first_not_of("0123456789") == std::string::npos;
  if (!fits && !digits) node.fail("'" + node.scalar_ + "' is not a decimal integer (" + bounds_text(least, most) + ")");
  if (!fits || value < least || value > most)
    node.fail(node.scalar_ + " is out of range (" + bounds_text(least, most) + ")");
  return value;
}

double ConfigNode::real(const std::string& key, double least, double most) {
  ConfigNode& node = require(key, Kind::kScalar, "a number");
  double value = 0;
  if (!parse_real(node.scalar_, &value))
    node.fail("'" + node.scalar_ + "' is not a finite number (" + bounds_text(least, most) + ")");
  if (value < least || value > most) node.fail(node.scalar_ + " is out of range (" + bounds_text(least, most) + ")");
  return value;
}

bool ConfigNode::flag(const std::string& key) {
  require(key, Kind::kScalar, "true or false");
  return choice(key, {"false", "true"}) == 1;
}

std::string ConfigNode::text(const std::string& key) {
  ConfigNode& node = require(key, Kind::kScalar, "text");
  if (node.scalar_.empty()) node.fail("must not be empty");
  return node.scalar_;
}

std::string ConfigNode::name(const std::string& key) {
  const std::string value = text(key);
  if (const size_t at = first_control(value); at != std::string::npos)
    fail_at(key, "a name must not have a " + control(value, at));
  if (value.size() > kMostNameBytes)
    fail_at(key, "a name of " + std::to_string(value.size()) + " bytes is too long (allowed: up to " +
                     std::to_string(kMostNameBytes) + ")");
  return value;
}

int ConfigNode::choice(const std::string& key, const std::vector<std::string>& names) {
  ConfigNode& node = require(key, Kind::kScalar, "a name");
  for (size_t i = 0; i < names.size(); ++i)
    if (node.scalar_ == names[i]) return static_cast<int>(i);
  node.fail("'" + node.scalar_ + "' is unknown (allowed: " + join(names) + ")");
}

ConfigNode& ConfigNode::section(const std::string& key) { return require(key, Kind::kMap, "a section of keys"); }

std::vector<ConfigNode>& ConfigNode::items(const std::string& key) {
  ConfigNode& list = require(key, Kind::kList, "a list");
  for (auto& item : list.items_) item.read_ = true;
  return list.items_;
}

std::vector<int64_t> ConfigNode::integers(const std::string& key, size_t count, int64_t least, int64_t most) {
  ConfigNode& list = require(key, Kind::kList, "a list of integers");
  if (list.items_.size() != count) list.fail("expected " + std::to_string(count) + " integers");
  std::vector<int64_t> values;
  for (auto& item : list.items_) {
    int64_t value = 0;
    item.read_ = true;
    if (item.kind_ != Kind::kScalar || !parse_integer(item.scalar_, &value) || value < least || value > most)
      item.fail("'" + item.scalar_ + "' is not an allowed integer (" + bounds_text(least, most) + ")");
    values.push_back(value);
  }
  return values;
}

std::vector<int64_t> ConfigNode::integers(const std::string& key, int64_t least, int64_t most) {
  const ConfigNode& list = require(key, Kind::kList, "a list of integers");
  if (list.items_.empty()) list.fail("must not be empty");
  return integers(key, list.items_.size(), least, most);
}

std::vector<double> ConfigNode::reals(const std::string& key, double least, double most) {
  ConfigNode& list = require(key, Kind::kList, "a list of numbers");
  if (list.items_.empty()) list.fail("must not be empty");
  std::vector<double> values;
  for (auto& item : list.items_) {
    double value = 0;
    item.read_ = true;
    if (item.kind_ != Kind::kScalar || !parse_real(item.scalar_, &value) || value < least || value > most)
      item.fail("'" + item.scalar_ + "' is not an allowed number (" + bounds_text(least, most) + ")");
    values.push_back(value);
  }
  return values;
}

std::string ConfigNode::as_text() {
  read_ = true;
  if (kind_ != Kind::kScalar) fail("expected text");
  return scalar_;
}

std::vector<std::string> ConfigNode::keys() const {
  std::vector<std::string> names;
  for (const auto& entry : entries_) names.push_back(entry.first);
  return names;
}

std::vector<std::string> ConfigNode::names_below() const {
  std::vector<std::string> names = keys();
  for (size_t i = 0; i < items_.size(); ++i) names.push_back(std::to_string(i));
  if (names.empty()) names.push_back("nothing");
  return names;
}

void ConfigNode::finish() const {
  std::vector<std::string> known;
  for (const auto& entry : entries_)
    if (entry.second.read_) known.push_back(entry.first);
  known.insert(known.end(), asked_.begin(), asked_.end());
  for (const auto& entry : entries_) {
    if (!entry.second.read_) entry.second.fail("unknown key (known here: " + join(known) + ")");
    entry.second.finish();
  }
  for (const auto& item : items_) item.finish();
}

bool ConfigNode::is_all(const std::string& key) {
  ConfigNode* value = find(key);
  if (!value || value->kind_ != Kind::kScalar || value->scalar_ != "all") return false;
  value->read_ = true;
  return true;
}

std::string ConfigNode::path(const std::string& key) {
  const std::filesystem::path named = text(key);
  const std::filesystem::path path =
      named.is_absolute() ? named : (std::filesystem::path(find(key)->folder_) / named).lexically_normal();
  const std::string absolute = std::filesystem::absolute(path).string();
  if (const size_t at = first_not_utf8(absolute); at != std::string::npos)
    fail_at(key, "the path '" + printable(absolute) + "' is " + not_utf8(absolute, at) + "; rename the folder");
  return path.string();
}

void ConfigNode::check_text() const {
  if (const size_t at = first_control(scalar_, "\t\n"); at != std::string::npos)
    fail("must not have a " + control(scalar_, at));
}

void ConfigNode::override_value(const std::string& dotted_path, const std::string& value, const std::string& place,
                                const std::string& folder) {
  const auto [found, above] = walk(dotted_path);
  if (!found)
    throw UserError(place + ": " + dotted_path + ": no such key to override (known " +
                    (above->path_.empty() ? "at the top level" : "under " + above->path_) + ": " +
                    join(above->names_below()) + ")");
  ConfigNode* node = const_cast<ConfigNode*>(found);
  if (node->kind_ == Kind::kMap)
    throw UserError(place + ": " + dotted_path + ": names a section, an override must name a single value or a list");
  if (const size_t at = first_not_utf8(value); at != std::string::npos)
    throw UserError(printable(place) + ": " + dotted_path + ": " + not_utf8(value, at) + "; write it in UTF-8");
  const bool list = !value.empty() && value[0] == '[';
  if (node->kind_ == Kind::kList && !list)
    throw UserError(place + ": " + dotted_path + ": names a list (write it as [1, 2], or name an item: " + dotted_path +
                    ".0)");
  const std::string path = node->path_;
  if (list) *node = std::move(parse("list: " + value, place).entries_[0].second);
  if (!list) node->scalar_ = value;
  node->rebase(path);
  node->come_from(printable(place), folder);
  if (!list) node->check_text();
}

void ConfigNode::come_from(const std::string& place, const std::string& folder) {
  folder_ = folder;
  file_ = place;
  line_ = 0;
  for (auto& entry : entries_) entry.second.come_from(place, folder);
  for (auto& item : items_) item.come_from(place, folder);
}

void ConfigNode::rebase(const std::string& path) {
  path_ = path;
  for (auto& entry : entries_) entry.second.rebase(child_path(entry.first));
  for (size_t i = 0; i < items_.size(); ++i) items_[i].rebase(child_path(std::to_string(i)));
}

void ConfigNode::put(const std::string& key, ConfigNode subtree) {
  subtree.rebase(child_path(key));
  if (ConfigNode* old = find(key))
    *old = std::move(subtree);
  else
    entries_.emplace_back(key, std::move(subtree));
}

void ConfigNode::put_scalar(const std::string& key, const std::string& value) {
  ConfigNode node;
  node.kind_ = Kind::kScalar;
  node.scalar_ = value;
  node.file_ = file_;
  node.line_ = line_;
  node.column_ = column_;
  put(key, std::move(node));
}

void ConfigNode::remove(const std::string& key) {
  entries_.erase(
      std::remove_if(entries_.begin(), entries_.end(), [&key](const auto& entry) { return entry.first == key; }),
      entries_.end());
}

std::vector<std::pair<std::string, std::string>> ConfigNode::scalars() const {
  if (kind_ == Kind::kScalar) return {{path_, scalar_}};
  std::vector<std::pair<std::string, std::string>> all;
  const auto add = [&all](const ConfigNode& node) {
    const auto below = node.scalars();
    all.insert(all.end(), below.begin(), below.end());
  };
  for (const auto& entry : entries_) add(entry.second);
  for (const ConfigNode& item : items_) add(item);
  return all;
}

std::string ConfigNode::dump(int indent) const {
  if (kind_ == Kind::kScalar) return YAML::Dump(YAML::Node(scalar_)) + "\n";
  if (empty()) return kind_ == Kind::kMap ? "{}\n" : "[]\n";
  std::string text;
  const std::string pad(indent, ' ');
  for (const auto& [key, value] : entries_) {
    text += pad + YAML::Dump(YAML::Node(key)) + ":" + (value.kind_ == Kind::kScalar || value.empty() ? " " : "\n");
    text += value.dump(indent + 2);
  }
  for (const auto& item : items_) {
    const std::string inner = item.dump(indent + 2);
    text += pad + "- " + (item.kind_ == Kind::kScalar || item.empty() ? inner : inner.substr(indent + 2));
  }
  return text;
}

}  // namespace spikeloom
