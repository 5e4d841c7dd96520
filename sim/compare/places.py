"""Strict reading of a YAML file: every key is read once, and what is wrong is named with file, line and column."""

from pathlib import Path

import yaml

from spikeloom import UserError


def load_section(path):
    """The root mapping of a file as a Section. Raises UserError if it is missing, no YAML, or no mapping."""
    path = Path(path)
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise UserError(f"{path}{place}: not YAML ({error.problem})") from error
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML ({' '.join(str(error).split())})") from error
    if not isinstance(root, yaml.MappingNode):
        raise UserError(f"{path}: expected a mapping")
    return Section(root, path, "")


class Section:
    """A mapping of the file. Getters raise UserError; `finish` names the first key that nobody read."""

    def __init__(self, node, file, path):
        self._node, self._file, self._path = node, file, path
        self._read, self._known = set(), set()
        self._values = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._error(key, path, "a key must be plain text")
            if key.value in self._values:
                raise self._error(key, self._of(key.value), "this key stands here twice")
            self._values[key.value] = value

    @property
    def names(self):
        """The keys in the order of the file."""
        return list(self._values)

    def has(self, key):
        """Whether the key is there."""
        self._known.add(key)
        return key in self._values

    def text(self, key):
        """A scalar as it is written."""
        return self._scalar(self._take(key), self._of(key))

    def choice(self, key, names):
        """One of `names`."""
        value = self.text(key)
        if value not in names:
            raise self.error(key, f"'{value}' is not one of {', '.join(names)}")
        return value

    def integer(self, key, least, most):
        """An integer within bounds."""
        return self._number(key, int, "an integer", least, most)

    def real(self, key, least, most):
        """A number within bounds."""
        return self._number(key, float, "a number", least, most)

    def reals(self, key, least, most):
        """A list of numbers within bounds."""
        found = [self._float(key, text) for text in self.texts(key)]
        if not all(least <= value <= most for value in found):
            raise self.error(key, f"its numbers must lie in {least}..{most}")
        return found

    def file(self, key):
        """A path, relative to the file that names it; it must exist."""
        place = Path(self._file).parent / self.text(key)
        if not place.exists():
            raise self.error(key, f"no such file or folder '{place}'")
        return place

    def files(self, key):
        """A list of paths."""
        return [self._existing(key, name) for name in self.texts(key)]

    def texts(self, key):
        """A list of scalars, at least one."""
        return [self._scalar(item, f"{self._of(key)}[{i}]") for i, item in enumerate(self._list(key))]

    def texts_or(self, key, word):
        """A list of scalars, or the plain `word` in its place."""
        node = self._values.get(key)
        return self.text(key) if getattr(node, "value", None) == word else self.texts(key)

    def section(self, key):
        """A mapping below this one."""
        return self._mapping(self._take(key), self._of(key))

    def sections(self, key):
        """A list of mappings, at least one."""
        return [self._mapping(item, f"{self._of(key)}[{i}]") for i, item in enumerate(self._list(key))]

    def settings(self, key):
        """{path: value as it is written} of a mapping; empty where the key is missing."""
        return self.section(key).all_texts() if self.has(key) else {}

    def all_texts(self):
        """{key: scalar as it is written} of this whole mapping."""
        return {key: self.text(key) for key in self.names}

    def alternatives(self, key):
        """A list whose items are scalars, or mappings of paths that go together: a list of {path: value}."""
        found = []
        for i, item in enumerate(self._list(key)):
            path = f"{self._of(key)}[{i}]"
            if isinstance(item, yaml.MappingNode):
                found.append(self._mapping(item, path).all_texts())
            else:
                found.append({key: self._scalar(item, path)})
        return found

    def finish(self):
        """Raises UserError for a key that nobody read."""
        for key in self._values:
            if key not in self._read:
                known = ", ".join(sorted(self._read | self._known)) or "none"
                raise self.error(key, f"unknown key (known here: {known})")

    def error(self, key, what):
        """UserError at the place of a key's value."""
        return self._error(self._values.get(key, self._node), self._of(key), what)

    def _of(self, key):
        return f"{self._path}.{key}" if self._path else key

    def _error(self, node, path, what):
        mark = node.start_mark
        return UserError(f"{self._file}:{mark.line + 1}:{mark.column + 1}: {path}: {what}")

    def _take(self, key):
        if key not in self._values:
            raise self._error(self._node, self._of(key), "is missing")
        self._read.add(key)
        return self._values[key]

    def _scalar(self, node, path):
        if not isinstance(node, yaml.ScalarNode) or node.value == "":
            raise self._error(node, path, "expected one value")
        return node.value

    def _list(self, key):
        node = self._take(key)
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            raise self._error(node, self._of(key), "expected a list with at least one item")
        return node.value

    def _mapping(self, node, path):
        if not isinstance(node, yaml.MappingNode):
            raise self._error(node, path, "expected a mapping")
        return Section(node, self._file, path)

    def _existing(self, key, name):
        place = Path(self._file).parent / name
        if not place.exists():
            raise self.error(key, f"no such file or folder '{place}'")
        return place

    def _float(self, key, text):
        try:
            return float(text)
        except ValueError:
            raise self.error(key, f"'{text}' is not a number") from None

    def _number(self, key, kind, what, least, most):
        text = self.text(key)
        try:
            value = kind(text)
        except ValueError:
            raise self.error(key, f"'{text}' is not {what}") from None
        if not least <= value <= most:
            raise self.error(key, f"{text} is not in {least}..{most}")
        return value
