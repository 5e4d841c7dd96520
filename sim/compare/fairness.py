"""Refuses comparisons of unlike things: other layers, tokens or models, or chips that differ beyond the datapath."""

import json

import yaml

from spikeloom import UserError

TRACE_KEYS = ("model", "layer", "tokens", "text")


def differences(ran, may_differ):
    """Sentences on what differs between outcomes of one regime and technology; empty if they may be compared.

    `may_differ`: configuration paths, each of which stands for everything below it too.
    """
    found = []
    first = ran[0]
    for other in ran[1:]:
        for what in _trace_differences(first, other) + _chip_differences(first, other, may_differ):
            sentence = f"{what} ({first.point.contender.name}, {other.point.contender.name})"
            if sentence not in found:
                found.append(sentence)
    return found


def require_fair(found, allowed):
    """Raises UserError with the list of differences unless they are `allowed`."""
    if found and not allowed:
        listed = "; ".join(found)
        raise UserError(
            f"not a fair comparison: {listed} (--allow-different compares all the same, and says so on top)"
        )


def _trace_differences(one, other):
    found = []
    for key in TRACE_KEYS:
        values = [outcome.report["trace"].get(key) for outcome in (one, other)]
        if values[0] != values[1]:
            found.append(f"trace.{key}: {values[0]} and {values[1]}")
    operations = [_operations(outcome) for outcome in (one, other)]
    if operations[0] != operations[1]:
        missing = sorted(set(operations[0]) ^ set(operations[1]))
        found.append(f"operations: {', '.join(missing)} on one side only")
    return found


def _operations(outcome):
    return [name for phase in outcome.report["phases"] for name in phase["operations"]]


def _chip_differences(one, other, may_differ):
    values = [_scalars(outcome) for outcome in (one, other)]
    return [
        f"{path}: {values[0].get(path, 'nothing')} and {values[1].get(path, 'nothing')}"
        for path in sorted(values[0].keys() | values[1].keys())
        if values[0].get(path) != values[1].get(path) and not _covered(path, may_differ)
    ]


def _covered(path, may_differ):
    return any(path == prefix or path.startswith(prefix + ".") for prefix in may_differ)


def _scalars(outcome):
    """{path: value} of the resolved chip and technology."""
    path = outcome.runs[0].folder / "resolved.yaml"
    config = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    return dict(_flat({key: config[key] for key in ("chip", "technology")}, ""))


def _flat(node, prefix):
    if isinstance(node, dict):
        pairs = node.items()
    elif isinstance(node, list):
        pairs = ((str(i), item) for i, item in enumerate(node))
    else:
        yield prefix, node if isinstance(node, str) else json.dumps(node)
        return
    for key, value in pairs:
        yield from _flat(value, f"{prefix}.{key}" if prefix else key)
