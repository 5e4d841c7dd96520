// YAML text to ConfigNodes: what the strict reader refuses of YAML itself.

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "sim/base/config.h"
#include "sim/base/regular_file.h"
#include "sim/base/text.h"

namespace spikeloom {

namespace {

constexpr int kMaxDepth = 16;
const std::string kTooDeep = "nested too deeply (allowed: " + std::to_string(kMaxDepth) + " levels)";

// Refuses anchors and aliases before any node is built: a few lines of nested aliases stand for millions of nodes. And
// tags, which nobody would heed.
class NoAnchors : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { check(mark, anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { check(mark, 1); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string&) override {
    check(mark, anchor, tag);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check(mark, anchor, tag);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check(mark, anchor, tag);
  }
  void OnMapEnd() override {}

 private:
  static void check(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag = "") {
    if (anchor != 0) throw YAML::Exception(mark, "anchors and aliases are not allowed");
    const bool is_given = !tag.empty() && tag != "?" && tag != "!";  // what the parser says of values without a tag
    if (is_given) throw YAML::Exception(mark, "tags are not allowed ('" + tag + "')");
  }
};

}  // namespace

class ConfigLoader {
 public:
  ConfigLoader(std::string file, std::string text) : file_(std::move(file)), text_(std::move(text)) {}

  ConfigNode load() {
    check_encoding();
    try {
      check_anchors();
      const std::vector<YAML::Node> documents = YAML::LoadAll(text_);
      if (documents.size() > 1) throw UserError(file_ + ": several YAML documents in one file (allowed: one)");
      if (documents.empty() || !documents[0].IsMap()) throw UserError(file_ + ":1:1: the file must be a YAML mapping");
      return convert(documents[0], "", 0);
    } catch (const YAML::DeepRecursion& error) {
      throw UserError(place(error.mark) + ": " + kTooDeep);
    } catch (const YAML::Exception& error) {
      throw UserError(place(error.mark) + ": not valid YAML: " + error.msg);
    }
  }

 private:
  std::string place(const YAML::Mark& mark) const {
    return file_ + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
  }

  void check_encoding() const {
    const size_t wrong = first_not_utf8(text_);
    if (wrong == std::string::npos) return;
    const size_t last_break = text_.substr(0, wrong).rfind('\n'), begin = last_break + 1;  // npos + 1 is 0
    YAML::Mark mark;
    mark.line = int(std::count(text_.begin(), text_.begin() + long(begin), '\n'));
    mark.column = int(std::count_if(text_.begin() + long(begin), text_.begin() + long(wrong),
                                    [](char byte) { return (byte & 0xc0) != 0x80; }));
    throw UserError(place(mark) + ": " + not_utf8(text_, wrong) + "; save the file as UTF-8");
  }

  void check_anchors() const {
    std::istringstream stream(text_);
    YAML::Parser parser(stream);
    NoAnchors handler;
    while (parser.HandleNextDocument(handler)) {
    }
  }

  ConfigNode convert(const YAML::Node& yaml, const std::string& path, int depth) {
    ConfigNode node;
    node.file_ = file_;
    node.path_ = path;
    node.folder_ = std::filesystem::path(file_).parent_path().string();
    node.line_ = yaml.Mark().line + 1;
    node.column_ = yaml.Mark().column + 1;
    if (depth > kMaxDepth) node.fail(kTooDeep);
    if (yaml.IsMap()) {
      convert_map(yaml, depth, &node);
    } else if (yaml.IsSequence()) {
      node.kind_ = ConfigNode::Kind::kList;
      for (size_t i = 0; i < yaml.size(); ++i)
        node.items_.push_back(convert(yaml[i], node.child_path(std::to_string(i)), depth + 1));
    } else if (yaml.IsScalar()) {
      node.kind_ = ConfigNode::Kind::kScalar;
      node.scalar_ = yaml.Scalar();
      node.check_text();
    } else {
      node.fail("has no value");
    }
    return node;
  }

  void convert_map(const YAML::Node& yaml, int depth, ConfigNode* node) {
    std::set<std::string> seen;
    for (const auto& entry : yaml) {
      if (!entry.first.IsScalar()) node->fail("a key must be plain text");
      const std::string key = entry.first.Scalar();
      if (entry.second.IsNull()) {
        throw UserError(place(entry.first.Mark()) + ": " + node->child_path(key) + ": has no value");
      }
      ConfigNode value = convert(entry.second, node->child_path(key), depth + 1);
      value.line_ = value.kind_ == ConfigNode::Kind::kScalar ? value.line_ : entry.first.Mark().line + 1;
      value.column_ = value.kind_ == ConfigNode::Kind::kScalar ? value.column_ : entry.first.Mark().column + 1;
      if (!seen.insert(key).second) value.fail("repeated key");
      node->entries_.emplace_back(key, std::move(value));
    }
  }

  std::string file_, text_;
};

ConfigNode ConfigNode::load(const std::string& file) {
  if (const std::string why = why_no_file(file); !why.empty()) throw UserError(file + ": " + why);
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) throw UserError(file + ": cannot be read");
  return parse(text.str(), file);
}

ConfigNode ConfigNode::parse(const std::string& text, const std::string& file) {
  return ConfigLoader(file, text).load();
}

}  // namespace spikeloom
