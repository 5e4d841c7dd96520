// Typed, strict reading of YAML: every key is read once with its type and bounds, and what nobody read is an error.
// Messages are `file:line:column: section.path: what is wrong (and what is allowed)`. Only this and the loader use
// yaml-cpp.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/error.h"

namespace spikeloom {

// One node of a parsed YAML document, with the place it came from.
class ConfigNode {
 public:
  enum class Kind { kMap, kList, kScalar };

  // Parses a file whose root is a mapping. Throws UserError on syntax errors, repeated keys, anchors and nulls.
  static ConfigNode load(const std::string& file);
  // The same of a text; `file` names it in messages.
  static ConfigNode parse(const std::string& text, const std::string& file);

  Kind kind() const { return kind_; }
  const std::string& file() const { return file_; }
  bool has(const std::string& key) const;
  bool has_section(const std::string& key) const;

  // Each getter throws UserError when the key is missing, of another type or out of its bounds.
  int64_t integer(const std::string& key, int64_t least, int64_t most);
  double real(const std::string& key, double least, double most);
  bool flag(const std::string& key);
  std::string text(const std::string& key);
  // A text that names a chip, or the folder of results: short, in one line.
  std::string name(const std::string& key);
  // One of the names; returns its index.
  int choice(const std::string& key, const std::vector<std::string>& names);
  ConfigNode& section(const std::string& key);
  std::vector<ConfigNode>& items(const std::string& key);
  // This list's scalars, as integers in bounds; the list must have `count` items.
  std::vector<int64_t> integers(const std::string& key, size_t count, int64_t least, int64_t most);
  // The same with any number of items, at least one.
  std::vector<int64_t> integers(const std::string& key, int64_t least, int64_t most);
  std::vector<double> reals(const std::string& key, double least, double most);
  // A scalar item of a list.
  std::string as_text();
  // Whether the value is the plain word `all`; if so it counts as read.
  bool is_all(const std::string& key);
  // A text that names a file: relative ones are relative to the file that names them (overrides: to `folder`). As an
  // absolute one, too, it must be UTF-8, as all results are.
  std::string path(const std::string& key);
  // `file:line:column` of a key's value.
  std::string place_of(const std::string& key) const;
  // The dotted path of a key: `chip.network.buffer_flits`.
  std::string path_of(const std::string& key) const { return child_path(key); }
  // The keys of this mapping, in file order.
  std::vector<std::string> keys() const;
  // Whether a key's value is a list.
  bool is_list(const std::string& key) const;
  // Every scalar below this node as (dotted path, value), in file order.
  std::vector<std::pair<std::string, std::string>> scalars() const;

  // Throws UserError naming the first key below this node that nobody read.
  void finish() const;
  // Throws UserError at this node's place.
  [[noreturn]] void fail(const std::string& what) const;
  // Throws UserError at the place of one key's value.
  [[noreturn]] void fail_at(const std::string& key, const std::string& what) const;

  // Throws UserError at the place of the value that a dotted path below this node names.
  [[noreturn]] void fail_below(const std::string& dotted_path, const std::string& what) const;
  // Its message.
  std::string message_below(const std::string& dotted_path, const std::string& what) const;
  // "; 'memry_nodes' at FILE:LINE:COLUMN may be it, misspelt" where nobody has read a key that may be meant; else
  // empty.
  std::string misspelt(const std::string& key) const;

  // Replaces the value at a dotted path (`tile.lanes`, `memory_nodes.0.port`), a list by one: `[1, 2]`. The path must
  // exist.
  // `place` names where the override was written, for messages; `folder` is what a relative path in it refers to.
  void override_value(const std::string& dotted_path, const std::string& value, const std::string& place,
                      const std::string& folder);
  // Puts a whole subtree under a key of this mapping.
  void put(const std::string& key, ConfigNode subtree);
  // Puts a new or replaces an old scalar.
  void put_scalar(const std::string& key, const std::string& value);
  // Takes a key out of this mapping, if it is there.
  void remove(const std::string& key);

  // The subtree as YAML text; reading it back gives the same values.
  std::string dump(int indent = 0) const;

 private:
  friend class ConfigLoader;
  ConfigNode* find(const std::string& key);
  const ConfigNode* find(const std::string& key) const;
  ConfigNode& require(const std::string& key, Kind kind, const char* kind_name);
  std::string place() const;
  // Throws UserError where the scalar has control characters, which would end or hide a part of it.
  void check_text() const;
  // The node that a dotted path names (null if there is none), and the last one above it that exists.
  std::pair<const ConfigNode*, const ConfigNode*> walk(const std::string& dotted_path) const;
  std::vector<std::string> names_below() const;
  bool empty() const { return kind_ != Kind::kScalar && entries_.empty() && items_.empty(); }
  std::string child_path(const std::string& key) const { return path_.empty() ? key : path_ + "." + key; }
  void rebase(const std::string& path);
  void come_from(const std::string& place, const std::string& folder);

  Kind kind_ = Kind::kMap;
  std::string scalar_;
  std::vector<std::pair<std::string, ConfigNode>> entries_;
  std::vector<ConfigNode> items_;
  std::string file_, path_, folder_;
  int line_ = 0, column_ = 0;
  mutable std::set<std::string> asked_;  // keys that may be left out, and are
  bool read_ = false;
};

}  // namespace spikeloom
