"""The strict YAML reader: what a value means, and where a mistake is."""

import pytest

from spikeloom import UserError
from spikeloom.strict_yaml import Section, plain


def section_of(folder, text):
    path = folder / "file.yaml"
    path.write_text(text)
    return Section.load(path)


VALUES = {
    "010": 10,
    "1e-6": 1e-6,
    "'5'": "5",
    "true": True,
    "yes": "yes",
    "~": None,
    "nan": "nan",
    "-3": -3,
    "0x10": "0x10",
}


@pytest.mark.parametrize(("written", "meant"), VALUES.items())
def test_numbers_are_decimal_and_quoted_values_are_text(tmp_path, written, meant):
    found = section_of(tmp_path, f"key: {written}").any("key")
    assert (found, type(found)) == (meant, type(meant))


def test_plain_reads_everything_below(tmp_path):
    section = section_of(tmp_path, "a: {b: [1, {c: 2.5}], d: }\n")
    assert plain(section.any("a")) == {"b": [1, {"c": 2.5}], "d": None}
    section.finish()


def test_values_are_read_as_written_or_by_type(tmp_path):
    section = section_of(tmp_path, "share: 2.50%\ncounts: [1, 2]\nmixed: [4, {x.y: 5}]\n")
    assert section.text("share") == "2.50%"
    assert (section.values("counts", int), section.texts("counts")) == ([1, 2], ["1", "2"])
    first, second = section.items("mixed")
    assert (first, second.all_texts()) == ("4", {"x.y": "5"})


# (text, what is read, message behind the file's name)
MISTAKES = [
    ("a: 1\nb: x\n", lambda s: s.value("b", int), ":2:4: b: expected a whole number"),
    ("a: true\n", lambda s: s.value("a", int), ":1:4: a: expected a whole number"),
    ("a: 7\n", lambda s: s.value("a", int, least=1, most=6), ":1:4: a: 7 is out of range (allowed 1..6)"),
    ("a: [1, 9]\n", lambda s: s.values("a", int, most=6, least=0), ":1:8: a: 9 is out of range (allowed 0..6)"),
    ("a: [b]\n", lambda s: s.section("a"), ":1:4: a: expected keys with values"),
    ("a: {b: 1}\n", lambda s: s.section("a").text("c"), ":1:4: a.c: missing key"),
    (
        "a: {nmae: 1}\n",
        lambda s: s.section("a").text("name"),
        ":1:11: a.nmae: unknown key, and 'name' is missing; is it meant?",
    ),
    (
        "seed: 1\nsead: 2\n",
        lambda s: (s.text("seed"), s.finish()),
        ":2:7: sead: unknown key, 'seed' may be meant (known here: seed)",
    ),
    ("a:\n  b: 1\n  b: 2\n", lambda s: s.section("a"), ":3:3: a.b: repeated key"),
    ("a: none.yaml\n", lambda s: s.file("a"), ":1:4: a: no such file or folder "),
]


@pytest.mark.parametrize(("text", "read", "said"), MISTAKES)
def test_a_mistake_is_named_with_line_column_and_path(tmp_path, text, read, said):
    with pytest.raises(UserError) as caught:
        read(section_of(tmp_path, text))
    assert str(caught.value).removeprefix(str(tmp_path / "file.yaml")).startswith(said)


def test_a_key_that_was_asked_for_is_no_typo_of_another(tmp_path):
    section = section_of(tmp_path, "names: [a]\n")
    assert section.has("names")
    with pytest.raises(UserError, match="1:1: name: missing key"):
        section.text("name")


def test_a_file_that_is_not_there_is_named_and_where_the_head_says_what_makes_it(tmp_path):
    for head, hint in (("", ""), ("# `make traces` writes them.\n", "; the head of this file says what makes it")):
        with pytest.raises(UserError) as error:
            section_of(tmp_path, f"{head}key: nowhere\n").file("key")
        assert str(error.value).endswith(f"no such file or folder '{tmp_path / 'nowhere'}'{hint}")
