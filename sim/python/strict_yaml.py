"""YAML files read strictly: repeated keys and wrong values are errors, and a key that nobody read is one too."""

import difflib
import math
from pathlib import Path

import yaml

from spikeloom import UserError

_KINDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


class Section:
    """A mapping of a YAML file. Each key is to be read once; `finish` names the first that nobody read.

    Every error is a UserError that begins with file, line, column and path of the key. Numbers are decimal, a quoted
    value is text.
    """

    def __init__(self, node, file, path):
        self._node, self._file, self._path = node, file, path
        self._nodes, self._places, self._read, self._known = {}, {}, set(), set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._error(key, path, "a key must be plain text")
            if key.value in self._nodes:
                raise self._error(key, self._of(key.value), "repeated key")
            self._nodes[key.value] = value
            self._places[key.value] = value if isinstance(value, yaml.ScalarNode) else key

    @classmethod
    def load(cls, file):
        """The mapping of a file."""
        try:
            node = yaml.compose(Path(file).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except OSError as error:
            raise UserError(f"{file}: cannot be read: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise UserError(f"{file}: not UTF-8 text") from error
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
            said = getattr(error, "problem", None) or " ".join(str(error).split())
            raise UserError(f"{place}: not YAML: {said}") from error
        if not isinstance(node, yaml.MappingNode):
            raise UserError(f"{file}: expected keys with values")
        return cls(node, file, "")

    @property
    def keys(self):
        """Names of the keys, in file order."""
        return list(self._nodes)

    def has(self, key):
        """Whether a key is there."""
        self._known.add(key)
        return key in self._nodes

    def error(self, key, what):
        """The UserError of one key's value; of the whole section where `key` is None."""
        return self._error(self._places.get(key, self._node), self._of(key), what)

    def text(self, key):
        """A scalar as it is written."""
        return self._text(self._take(key), self._of(key))

    def value(self, key, kind, default=..., least=None, most=None, names=None):
        """A scalar of type `kind`, within bounds or one of `names`, if given; `default` where the key is missing."""
        if not self.has(key) and default is not ...:
            return default
        return self._checked(key, self._take(key), kind, least, most, names)

    def values(self, key, kind, least=None, most=None, names=None):
        """A list of at least one scalar, each as `value` has it."""
        return [self._checked(key, node, kind, least, most, names) for node in self._list(key)]

    def texts(self, key):
        """A list of at least one scalar, as they are written."""
        return [self._text(node, f"{self._of(key)}[{i}]") for i, node in enumerate(self._list(key))]

    def file(self, key):
        """A path, relative to this file; it must exist."""
        return self._existing(key, self.text(key))

    def files(self, key):
        """A list of at least one path."""
        return [self._existing(key, name) for name in self.texts(key)]

    def any(self, key):
        """Whatever stands there: a Section, a list or a scalar."""
        return self._any(self._take(key), self._of(key))

    def section(self, key, optional=False):
        """The mapping under a key; an empty one where it is missing and `optional`."""
        if not self.has(key) and optional:
            return Section(yaml.MappingNode("", [], self._node.start_mark), self._file, self._of(key))
        return self._mapping(self._take(key), self._of(key))

    def sections(self, key):
        """A list of at least one mapping."""
        return [self._mapping(node, f"{self._of(key)}[{i}]") for i, node in enumerate(self._list(key))]

    def items(self, key):
        """A list of at least one mapping, as a Section, or scalar, as it is written."""
        nodes = ((node, f"{self._of(key)}[{i}]") for i, node in enumerate(self._list(key)))
        return [
            self._mapping(node, path) if isinstance(node, yaml.MappingNode) else self._text(node, path)
            for node, path in nodes
        ]

    def all_texts(self):
        """{key: scalar as it is written} of this whole mapping."""
        return {key: self.text(key) for key in self._nodes}

    def finish(self):
        """Raise UserError at the first key of this section that nobody read."""
        known = self._read | self._known
        for key in self._nodes:
            if key not in self._read:
                listed = ", ".join(sorted(known)) or "none"
                raise self.error(key, f"unknown key{_meant(key, known)} (known here: {listed})")

    def _of(self, key):
        return ".".join(filter(None, (self._path, key)))

    def _error(self, node, path, what):
        mark = node.start_mark
        return UserError(f"{self._file}:{mark.line + 1}:{mark.column + 1}: {path}: {what}")

    def _take(self, key):
        if key not in self._nodes:
            other = self._nodes.keys() - self._read - self._known
            near = _nearest(key, other)
            if near:
                raise self.error(near, f"unknown key, and '{key}' is missing; is it meant?")
            raise self.error(key, "missing key")
        self._read.add(key)
        return self._nodes[key]

    def _text(self, node, path):
        if not isinstance(node, yaml.ScalarNode) or node.value == "":
            raise self._error(node, path, "expected one value")
        return node.value

    def _checked(self, key, node, kind, least, most, names):
        value = _scalar(node) if isinstance(node, yaml.ScalarNode) else None
        right = isinstance(value, (int, float) if kind is float else kind)
        if not right or (isinstance(value, bool) and kind is not bool):
            raise self._error(node, self._of(key), f"expected {_KINDS[kind]}")
        if (least is not None and value < least) or (most is not None and value > most):
            allowed = f"at least {least}" if most is None else f"allowed {least}..{most}"
            raise self._error(node, self._of(key), f"{value} is out of range ({allowed})")
        if names is not None and value not in names:
            raise self._error(node, self._of(key), f"'{value}' is unknown (allowed: {', '.join(names)})")
        return value

    def _list(self, key):
        node = self._take(key)
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            raise self.error(key, "expected a list with at least one item")
        return node.value

    def _mapping(self, node, path):
        if not isinstance(node, yaml.MappingNode):
            raise self._error(node, path, "expected keys with values")
        return Section(node, self._file, path)

    def _any(self, node, path):
        if isinstance(node, yaml.MappingNode):
            return Section(node, self._file, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._any(item, f"{path}[{i}]") for i, item in enumerate(node.value)]
        return _scalar(node)

    def _existing(self, key, name):
        place = Path(self._file).parent / name
        if not place.exists():
            hint = "; the head of this file says what makes it" if _has_head(self._file) else ""
            raise self.error(key, f"no such file or folder '{place}'{hint}")
        return place


def _has_head(file):
    """Whether a file begins with a comment."""
    return Path(file).read_text(encoding="utf-8").startswith("#")


def plain(value):
    """A Section or list as dictionaries and lists; everything in it counts as read."""
    if isinstance(value, Section):
        return {key: plain(value.any(key)) for key in value.keys}
    return [plain(item) for item in value] if isinstance(value, list) else value


def _scalar(node):
    """The value of a scalar node: 010 is ten and 1e-6 a number, which YAML 1.1 has otherwise."""
    text = node.value
    if node.style is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return number if math.isfinite(number) else text
    return text


def _meant(key, names):
    near = _nearest(key, names)
    return f", '{near}' may be meant" if near else ""


def _nearest(key, names):
    found = difflib.get_close_matches(key, sorted(names), n=1, cutoff=0.7)
    return found[0] if found else None
