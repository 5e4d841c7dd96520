#include "sim/base/config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_folder.h"
#include "tests/support/user_error.h"

namespace spikeloom {
namespace {

class ConfigReaderConfig : public testing::Test {
 protected:
  ConfigNode load(const std::string& text) const { return ConfigNode::load(folder_.write("c.yaml", text)); }
  // The message of an action on the parsed text, without the folder.
  template <typename Action>
  std::string message(const std::string& text, const Action& action) const {
    const std::string full = user_error_of([&] {
      ConfigNode root = load(text);
      action(root);
    });
    const std::string prefix = folder_.file("");
    return full.compare(0, prefix.size(), prefix) == 0 ? full.substr(prefix.size()) : full;
  }
  std::string load_message(const std::string& text) const {
    return message(text, [](ConfigNode&) {});
  }

  TempFolder folder_;
};

TEST_F(ConfigReaderConfig, EveryTypeReads) {
  ConfigNode root = load("i: -12\nr: 2.5e-3\nf: true\nt: some words\nc: blue\ns: {x: 0}\nl: [a, b]\nn: [3, 4]\n");
  EXPECT_EQ(root.integer("i", -20, 0), -12);
  EXPECT_EQ(root.real("r", 0, 1), 0.0025);
  EXPECT_TRUE(root.flag("f"));
  EXPECT_EQ(root.text("t"), "some words");
  EXPECT_EQ(root.choice("c", {"red", "blue"}), 1);
  EXPECT_EQ(root.section("s").integer("x", 0, 0), 0);
  EXPECT_EQ(root.items("l")[1].as_text(), "b");
  EXPECT_EQ(root.integers("n", 2, 0, 9), (std::vector<int64_t>{3, 4}));
  EXPECT_EQ(root.keys().size(), 8u);
  root.finish();
}

TEST_F(ConfigReaderConfig, OnlyPlainDecimalIntegersAreIntegers) {
  for (const char* text :
       {"010", "0x10", "1_000", "4.0", "1e3", "abc", "+5", "'-'", "0b1", "\"\"", "' 5'", "-01", "0o7", "Infinity"})
    EXPECT_NE(message(std::string("k: ") + text + "\n", [](ConfigNode& root) { root.integer("k", -10, 10); })
                  .find("is not a decimal integer (allowed: -10 to 10)"),
              std::string::npos)
        << text;
  EXPECT_EQ(message("k: 010\n", [](ConfigNode& root) { root.integer("k", 0, 99); }),
            "c.yaml:1:4: k: '010' is not a decimal integer (allowed: 0 to 99)");
}

TEST_F(ConfigReaderConfig, IntegersReachTheEndsOfTheirBounds) {
  EXPECT_EQ(load("k: 9223372036854775807\n").integer("k", 0, INT64_MAX), INT64_MAX);
  EXPECT_EQ(load("k: -9223372036854775808\n").integer("k", INT64_MIN, 0), INT64_MIN);
  EXPECT_EQ(message("k: 11\n", [](ConfigNode& root) { root.integer("k", 0, 10); }),
            "c.yaml:1:4: k: 11 is out of range (allowed: 0 to 10)");
  EXPECT_EQ(message("k: 9223372036854775808\n", [](ConfigNode& root) { root.integer("k", 0, 10); }),
            "c.yaml:1:4: k: 9223372036854775808 is out of range (allowed: 0 to 10)");
}

TEST_F(ConfigReaderConfig, RealsAreFiniteNumbersInBounds) {
  for (const char* text : {".nan", ".inf", "nan", "inf", "1e999", "-1e999", "abc", "1.5x", "0x1p3", "1,5", "."})
    EXPECT_EQ(message(std::string("k: ") + text + "\n", [](ConfigNode& root) { root.real("k", 0, 1); }),
              std::string("c.yaml:1:4: k: '") + text + "' is not a finite number (allowed: 0 to 1)");
  EXPECT_EQ(message("k: 1.01\n", [](ConfigNode& root) { root.real("k", 0, 1); }),
            "c.yaml:1:4: k: 1.01 is out of range (allowed: 0 to 1)");
}

TEST_F(ConfigReaderConfig, FlagsAreTrueOrFalseOnly) {
  EXPECT_EQ(message("k: yes\n", [](ConfigNode& root) { root.flag("k"); }),
            "c.yaml:1:4: k: 'yes' is unknown (allowed: false, true)");
}

TEST_F(ConfigReaderConfig, OtherKindsAreRefusedWhereTheyStand) {
  EXPECT_EQ(message("a: {k: [1]}\n", [](ConfigNode& root) { root.section("a").integer("k", 0, 1); }),
            "c.yaml:1:5: a.k: expected an integer");
  EXPECT_EQ(message("k: 1\n", [](ConfigNode& root) { root.section("k"); }),
            "c.yaml:1:4: k: expected a section of keys");
  EXPECT_EQ(message("k: 1\n", [](ConfigNode& root) { root.items("k"); }), "c.yaml:1:4: k: expected a list");
  EXPECT_EQ(message("k: {a: 1}\n", [](ConfigNode& root) { root.text("k"); }), "c.yaml:1:1: k: expected text");
  EXPECT_EQ(message("k: ''\n", [](ConfigNode& root) { root.text("k"); }), "c.yaml:1:4: k: must not be empty");
  EXPECT_EQ(message("k: [1, 2, 3]\n", [](ConfigNode& root) { root.integers("k", 2, 0, 9); }),
            "c.yaml:1:1: k: expected 2 integers");
  EXPECT_EQ(message("k: [1, x]\n", [](ConfigNode& root) { root.integers("k", 2, 0, 9); }),
            "c.yaml:1:8: k.1: 'x' is not an allowed integer (allowed: 0 to 9)");
}

TEST_F(ConfigReaderConfig, MissingKeysNameTheSectionsPlace) {
  EXPECT_EQ(message("a:\n  b: 1\n", [](ConfigNode& root) { root.section("a").integer("c", 0, 1); }),
            "c.yaml:1:1: a.c: missing key (expected an integer)");
}

TEST_F(ConfigReaderConfig, AMissingKeyNamesWhatMayBeItMisspelt) {
  const auto section = [](const char* key) { return [key](ConfigNode& root) { root.section(key); }; };
  const auto hint = [](const std::string& key, const std::string& name) {
    return "c.yaml:1:1: " + key + ": missing key (expected a section of keys); '" + name +
           "' at c.yaml:2:1 may be it, misspelt";
  };
  const auto short_place = [this](std::string said) {
    const std::string prefix = folder_.file("");
    for (size_t at; (at = said.find(prefix)) != std::string::npos;) said.erase(at, prefix.size());
    return said;
  };
  EXPECT_EQ(short_place(message("a: 1\nmemry_node: {b: 2}\n", section("memory_node"))),
            hint("memory_node", "memry_node"));
  EXPECT_EQ(short_place(message("a: 1\nmemory: {b: 2}\n", section("memory_node"))), hint("memory_node", "memory"));
  EXPECT_EQ(message("a: 1\nside_bytes: 2\n", section("main_bytes")),
            "c.yaml:1:1: main_bytes: missing key (expected a section of keys)");
}

TEST_F(ConfigReaderConfig, UnknownKeysNameWhatIsKnown) {
  const auto read_a_and_b = [](ConfigNode& root) {
    root.integer("a", 0, 9);
    root.section("b").integer("c", 0, 9);
    root.finish();
  };
  EXPECT_EQ(message("a: 1\nb: {c: 2}\nd: 3\n", read_a_and_b), "c.yaml:3:4: d: unknown key (known here: a, b)");
  EXPECT_EQ(message("a: 1\nb: {c: 2, C: 3}\n", read_a_and_b), "c.yaml:2:14: b.C: unknown key (known here: c)");
  EXPECT_EQ(message("a: 1\nb: {c: 2}\n", read_a_and_b), "(no error)");
}

TEST_F(ConfigReaderConfig, RepeatedKeysAreRefusedAtTheSecond) {
  EXPECT_EQ(load_message("a: 1\nb: 2\na: 3\n"), "c.yaml:3:4: a: repeated key");
  EXPECT_EQ(load_message("a:\n  - {x: 1, x: 1}\n"), "c.yaml:2:15: a.0.x: repeated key");
}

TEST_F(ConfigReaderConfig, NullsAnchorsDocumentsAndListsAreRefused) {
  EXPECT_EQ(load_message("a:\n"), "c.yaml:1:1: a: has no value");
  EXPECT_EQ(load_message("a: null\n"), "c.yaml:1:1: a: has no value");
  EXPECT_EQ(load_message("a: &x 1\nb: 2\n"), "c.yaml:1:4: not valid YAML: anchors and aliases are not allowed");
  EXPECT_EQ(load_message("a: 1\n---\nb: 2\n"), "c.yaml: several YAML documents in one file (allowed: one)");
  EXPECT_EQ(load_message("- a\n"), "c.yaml:1:1: the file must be a YAML mapping");
  EXPECT_EQ(load_message(""), "c.yaml:1:1: the file must be a YAML mapping");
  EXPECT_NE(load_message("a: [1\n").find(": not valid YAML: "), std::string::npos);
}

TEST_F(ConfigReaderConfig, DeepNestingIsRefused) {
  std::string text = "a: ";
  for (int i = 0; i < 17; ++i) text += "[";
  text += "1";
  for (int i = 0; i < 17; ++i) text += "]";
  EXPECT_NE(load_message(text + "\n").find("nested too deeply (allowed: 16 levels)"), std::string::npos);
  EXPECT_NE(load_message("a: " + std::string(100000, '[')).find("nested too deeply (allowed: 16 levels)"),
            std::string::npos);
}

// YAML has tags, which nothing here would heed: `!!python/object:os.system` is no text.
TEST_F(ConfigReaderConfig, TagsAreRefused) {
  EXPECT_EQ(load_message("a: !!int 1\n"), "c.yaml:1:4: not valid YAML: tags are not allowed ('tag:yaml.org,2002:int')");
  EXPECT_EQ(load_message("a: 1\nb: !x {c: 1}\n"), "c.yaml:2:4: not valid YAML: tags are not allowed ('!x')");
  EXPECT_EQ(load_message("a: !x [1]\n"), "c.yaml:1:4: not valid YAML: tags are not allowed ('!x')");
  EXPECT_EQ(load_message("a: '!x'\nb: \"!y\"\nc: [!z]\n"), "c.yaml:3:5: not valid YAML: tags are not allowed ('!z')");
}

// RFC 3629: no lone, cut, overlong or surrogate bytes. Columns count characters.
TEST_F(ConfigReaderConfig, BytesThatAreNotUtf8AreRefusedAtTheirPlace) {
  const std::string remedy = "; save the file as UTF-8";
  EXPECT_EQ(load_message("a: 1\nb: \xc3\xa9\xff\n"), "c.yaml:2:5: not UTF-8 (byte 0xff)" + remedy);
  EXPECT_EQ(load_message("a: \xc3\n"), "c.yaml:1:4: not UTF-8 (byte 0xc3)" + remedy);
  EXPECT_EQ(load_message("# \xc0\xaf\na: 1\n"), "c.yaml:1:3: not UTF-8 (byte 0xc0)" + remedy);
  EXPECT_EQ(load_message("a: \xe0\x80\x80\n"), "c.yaml:1:4: not UTF-8 (byte 0xe0)" + remedy);
  EXPECT_EQ(load_message("a: \xed\xa0\x80\n"), "c.yaml:1:4: not UTF-8 (byte 0xed)" + remedy);
  EXPECT_EQ(load_message("a: \xf4\x90\x80\x80\n"), "c.yaml:1:4: not UTF-8 (byte 0xf4)" + remedy);
  EXPECT_EQ(load_message("a: \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\n"), "(no error)");
  ConfigNode root = load("a: 1\nb: [x]\n");
  EXPECT_EQ(user_error_of([&] { root.override_value("a", "\xff", "--set a=\xff", "/"); }),
            "--set a=\xef\xbf\xbd: a: not UTF-8 (byte 0xff); write it in UTF-8");
  EXPECT_EQ(user_error_of([&] { root.override_value("b", "[\xff]", "--set b=[\xff]", "/"); }),
            "--set b=[\xef\xbf\xbd]: b: not UTF-8 (byte 0xff); write it in UTF-8");
}

TEST_F(ConfigReaderConfig, APathThatIsNotUtf8IsRefused) {
  const std::string folder = folder_.file("x\xff");
  std::filesystem::create_directory(folder);
  const std::string file = folder_.write("x\xff/c.yaml", "a: trace\n");
  EXPECT_EQ(user_error_of([&] { ConfigNode::load(file).path("a"); }),
            file + ":1:4: a: the path '" + folder_.file("x\xef\xbf\xbd") +
                "/trace' is not UTF-8 (byte 0xff); rename the folder");
}

TEST_F(ConfigReaderConfig, ControlCharactersAreRefused) {
  EXPECT_EQ(load_message("a: \"b\\0c\"\n"), "c.yaml:1:4: a: must not have a control character 0x00");
  EXPECT_EQ(load_message("a: \"b\\ec\"\n"), "c.yaml:1:4: a: must not have a control character 0x1b");
  EXPECT_EQ(load_message("a: \"b\\tc\\n\"\n"), "(no error)");
}

TEST_F(ConfigReaderConfig, NamesAreShortAndInOneLine) {
  const auto name = [](ConfigNode& root) { root.name("a"); };
  EXPECT_EQ(message("a: \"b\\nc\"\n", name), "c.yaml:1:4: a: a name must not have a control character 0x0a");
  EXPECT_EQ(message("a: " + std::string(201, 'x') + "\n", name),
            "c.yaml:1:4: a: a name of 201 bytes is too long (allowed: up to 200)");
  EXPECT_EQ(message("a: " + std::string(200, 'x') + "\n", name), "(no error)");
  ConfigNode root = load("a: 1\n");
  root.override_value("a", "b\nc", "--set a=b\nc", "/");
  EXPECT_EQ(user_error_of([&] { root.name("a"); }),
            "--set a=b\xef\xbf\xbd"
            "c: a: a name must not have a control character 0x0a");
}

TEST_F(ConfigReaderConfig, MissingFilesAreNamed) {
  EXPECT_EQ(user_error_of([] { ConfigNode::load("/none/c.yaml"); }), "/none/c.yaml: no such file");
}

TEST_F(ConfigReaderConfig, WhatIsNoRegularFileIsNamedAsWhatItIs) {
  const auto said_of = [](const std::string& file) { return user_error_of([&] { ConfigNode::load(file); }); };
  const std::string fifo = folder_.file("fifo"), loop = folder_.file("loop"), stale = folder_.file("stale");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  std::filesystem::create_symlink(loop, loop);
  std::filesystem::create_symlink(folder_.file("none"), stale);
  EXPECT_EQ(said_of(fifo), fifo + ": is a FIFO, not a regular file");
  EXPECT_EQ(said_of("/dev/null"), "/dev/null: is a device, not a regular file");
  EXPECT_EQ(said_of(loop), loop + ": is a loop of symbolic links, not a regular file");
  EXPECT_EQ(said_of(stale), stale + ": is a symbolic link to a file that is not there");
  EXPECT_EQ(said_of(folder_.file("")), folder_.file("") + ": is a folder, not a file");
}

TEST_F(ConfigReaderConfig, OverridesReplaceOneValueAndNameTheirPlace) {
  ConfigNode root = load("a: {b: 1, c: [5, 6]}\n");
  root.override_value("a.b", "7", "--set a.b=7", "/");
  root.override_value("a.c.1", "8", "--set a.c.1=8", "/");
  ConfigNode& a = root.section("a");
  EXPECT_EQ(a.integer("b", 0, 9), 7);
  EXPECT_EQ(a.integers("c", 2, 0, 9), (std::vector<int64_t>{5, 8}));
  EXPECT_EQ(user_error_of([&] { a.integer("b", 0, 6); }), "--set a.b=7: a.b: 7 is out of range (allowed: 0 to 6)");
}

TEST_F(ConfigReaderConfig, ListsAreReplacedByLists) {
  ConfigNode root = load("a: [5, 6]\nb: all\nc: [x]\n");
  root.override_value("a", "[1, 2, 3]", "--set a=[1, 2, 3]", "/");
  root.override_value("b", "[q, k]", "--set b=[q, k]", "/");
  root.override_value("c", "[y.csv]", "--set c=[y.csv]", "/");
  EXPECT_EQ(root.integers("a", 0, 9), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(root.items("b")[1].as_text(), "k");
  EXPECT_EQ(user_error_of([&] { root.integers("a", 0, 2); }),
            "--set a=[1, 2, 3]: a.2: '3' is not an allowed integer (allowed: 0 to 2)");
  EXPECT_EQ(user_error_of([&] { root.override_value("c", "7", "here", "/"); }),
            "here: c: names a list (write it as [1, 2], or name an item: c.0)");
  EXPECT_NE(user_error_of([&] { root.override_value("c", "[7", "here", "/"); }).find("not valid YAML"),
            std::string::npos);
}

TEST_F(ConfigReaderConfig, OverridesMustNameAnExistingValue) {
  ConfigNode root = load("a: {b: 1, c: [5, 6]}\n");
  const auto message = [&root](const std::string& path) {
    return user_error_of([&] { root.override_value(path, "7", "here", "/"); });
  };
  EXPECT_EQ(message("a.d"), "here: a.d: no such key to override (known under a: b, c)");
  EXPECT_EQ(message("d"), "here: d: no such key to override (known at the top level: a)");
  EXPECT_EQ(message("a.c.2"), "here: a.c.2: no such key to override (known under a.c: 0, 1)");
  EXPECT_EQ(message("a.c.-1"), "here: a.c.-1: no such key to override (known under a.c: 0, 1)");
  EXPECT_EQ(message("a.b.x"), "here: a.b.x: no such key to override (known under a.b: nothing)");
  EXPECT_EQ(message("a"), "here: a: names a section, an override must name a single value or a list");
}

TEST_F(ConfigReaderConfig, RelativePathsBelongToTheFileThatNamesThem) {
  ConfigNode root = load("a: ../x.csv\nb: /abs/x.csv\nc: old\n");
  root.override_value("c", "y.csv", "--set", "/somewhere");
  EXPECT_EQ(root.path("a"), std::filesystem::path(folder_.file("../x.csv")).lexically_normal().string());
  EXPECT_EQ(root.path("b"), "/abs/x.csv");
  EXPECT_EQ(root.path("c"), "/somewhere/y.csv");
}

TEST_F(ConfigReaderConfig, SubtreesTakeTheirNewPath) {
  ConfigNode root = load("a: 1\n"), part = load("k: {x: 99}\n");
  root.put("part", part.section("k"));
  EXPECT_EQ(message("", [](ConfigNode&) {}), "c.yaml:1:1: the file must be a YAML mapping");
  EXPECT_EQ(user_error_of([&] { root.section("part").integer("x", 0, 1); }),
            folder_.file("c.yaml") + ":1:8: part.x: 99 is out of range (allowed: 0 to 1)");
}

TEST_F(ConfigReaderConfig, DumpReadsBackAsTheSameText) {
  const std::string odd =
      "a: {b: 1, c: [5, [6, 7], {x: y, z: [w]}], d: []}\n"
      "'key: with #': 'null'\n"
      "quoted: \"two\\nlines\\t\\\"and\\\" more\"\n"
      "hash: 'a # b'\n"
      "colon: 'a: b'\n"
      "empty: ''\n"
      "tilde: '~'\n"
      "word: 'true'\n"
      "spaces: '  x '\n"
      "dash: '- x'\n"
      "unicode: '\xc3\xa4\xe2\x82\xac'\n"
      "e: {}\n"
      "list:\n  - {m: 1, n: 2}\n  - plain\n";
  const std::string first = load(odd).dump();
  ConfigNode again = load(first);
  EXPECT_EQ(again.dump(), first);
  EXPECT_EQ(again.text("quoted"), "two\nlines\t\"and\" more");
  EXPECT_EQ(again.text("key: with #"), "null");
  EXPECT_EQ(again.text("tilde"), "~");
  EXPECT_EQ(again.text("spaces"), "  x ");
  EXPECT_EQ(again.text("hash"), "a # b");
  EXPECT_EQ(again.section("a").items("c")[1].kind(), ConfigNode::Kind::kList);
  EXPECT_TRUE(again.section("e").keys().empty());
  EXPECT_EQ(again.items("list")[0].integer("n", 0, 9), 2);
}

TEST_F(ConfigReaderConfig, AllIsAWordOfItsOwn) {
  ConfigNode root = load("a: all\nb: [all]\nc: some\n");
  EXPECT_TRUE(root.is_all("a"));
  EXPECT_FALSE(root.is_all("b"));
  EXPECT_FALSE(root.is_all("c"));
  EXPECT_FALSE(root.is_all("d"));
}

}  // namespace
}  // namespace spikeloom
