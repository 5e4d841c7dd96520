"""YAML files read strictly: repeated keys and wrong types are errors, and what nobody read is one too."""

from pathlib import Path

import yaml

from spikeloom import UserError

_KINDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false", list: "a list"}


class Section:
    """A mapping of a YAML file. Each key is handed out once; `finish` names the first that nobody read.

    Every error is a UserError that begins with file, line and path of the key.
    """

    def __init__(self, values, lines, file, path):
        self._values, self._lines, self._file, self._path = values, lines, file, path
        self._read = set()

    @classmethod
    def load(cls, file):
        """The mapping of a file."""
        try:
            text = Path(file).read_text(encoding="utf-8")
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except OSError as error:
            raise UserError(f"{file}: cannot be read: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise UserError(f"{file}: not UTF-8 text") from error
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = f"{file}:{mark.line + 1}" if mark else file
            raise UserError(f"{place}: not YAML: {getattr(error, 'problem', error)}") from error
        if not isinstance(node, yaml.MappingNode):
            raise UserError(f"{file}: expected keys with values")
        return _section(node, str(file), "")

    @property
    def keys(self):
        """Names of the keys, in file order."""
        return list(self._values)

    @property
    def path(self):
        """Dotted path of the section."""
        return self._path

    def has(self, key):
        """Whether a key is there."""
        return key in self._values

    def fail(self, key, what):
        """Raise the UserError of one key's value; of the whole section where `key` is None."""
        raise UserError(f"{self._file}:{self._lines.get(key, self._lines[None])}: {self._path_of(key)}: {what}")

    def value(self, key, kind, default=..., least=None, names=None):
        """A scalar or list of type `kind`; `default` where the key is missing; one of `names`, if given."""
        if key not in self._values and default is not ...:
            return default
        value = self._take(key)
        right = isinstance(value, (int, float) if kind is float else kind)
        if not right or (isinstance(value, bool) and kind is not bool):
            self.fail(key, f"expected {_KINDS[kind]}")
        if least is not None and value < least:
            self.fail(key, f"{value} is out of range (at least {least})")
        if names is not None and value not in names:
            self.fail(key, f"'{value}' is unknown (allowed: {', '.join(names)})")
        return value

    def any(self, key):
        """Whatever stands there: a Section, a list or a scalar."""
        return self._take(key)

    def section(self, key, optional=False):
        """The mapping under a key; an empty one where it is missing and `optional`."""
        if optional and key not in self._values:
            return Section({}, self._lines, self._file, self._path_of(key))
        value = self._take(key)
        if not isinstance(value, Section):
            self.fail(key, "expected keys with values")
        return value

    def finish(self):
        """Raise UserError at the first key of this section that nobody read."""
        for key in self._values:
            if key not in self._read:
                self.fail(key, f"unknown key (known here: {', '.join(sorted(self._read)) or 'none'})")

    def _path_of(self, key):
        return ".".join(filter(None, (self._path, key)))

    def _take(self, key):
        if key not in self._values:
            self.fail(key, "missing key")
        self._read.add(key)
        return self._values[key]


def plain(value):
    """A Section or list as dictionaries and lists; everything in it counts as read."""
    if isinstance(value, Section):
        return {key: plain(value.any(key)) for key in value.keys}
    return [plain(item) for item in value] if isinstance(value, list) else value


def _section(node, file, path):
    values, lines = {}, {None: node.start_mark.line + 1}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise UserError(f"{file}:{line}: {path}: keys must be plain text")
        key = key_node.value
        if key in values:
            raise UserError(f"{file}:{line}: {f'{path}.{key}'.lstrip('.')}: repeated key")
        values[key], lines[key] = _value(value_node, file, f"{path}.{key}".lstrip(".")), line
    return Section(values, lines, file, path)


def _value(node, file, path):
    if isinstance(node, yaml.MappingNode):
        return _section(node, file, path)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, file, f"{path}[{i}]") for i, item in enumerate(node.value)]
    return yaml.SafeLoader("").construct_object(node)
