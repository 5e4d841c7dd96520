"""Reads what the figures of an exported folder show."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spikeloom import UserError
from spikeloom.traces import manifest, trace_files


@dataclass(frozen=True)
class Exported:
    """`layers` are numbers; `errors` their residual errors (None where there is none).

    By input: `shares` [layers] the salient share, `digit_shares` the share of values with two-digit codes, and
    `codes` {"normal" or "salient" or "two digits": {integer a: count}} over all layers.
    """

    origin: str
    synthetic: bool
    layers: list
    errors: list
    shares: dict
    digit_shares: dict
    codes: dict


def load(directory):
    """Exported of a folder's prefill. Raises UserError if it is not whole, or has no spike codes."""
    directory = Path(directory)
    found = manifest.load(directory)
    found.require_complete(directory)
    header = found.header
    if not header["method"].startswith("spikequant"):
        raise UserError(f"{directory}: an export by {header['method']}, which has no spike codes to draw")
    case = header["cases"][0]
    origin = f"{header['model']}, {header['method']}, {case['context'] - case['first']} tokens"
    content = Exported(origin, header.get("synthetic", False), found.wanted, [], {}, {}, {})
    for layer in found.wanted:
        content.errors.append(found.layers[layer]["residual_error"])
        try:
            _add_layer(content, directory, layer, case["name"])
        except (OSError, ValueError, KeyError) as error:
            raise UserError(f"{directory}: layer {layer}: {error}") from error
    return content


def _add_layer(content, directory, layer, case_name):
    _, weights = trace_files.read_trace_file(directory / manifest.weights_name(layer))
    description, tensors = trace_files.read_trace_file(directory / manifest.activations_name(layer, case_name))
    for entry in description["inputs"]:
        name = entry["name"]
        wide = weights.get(f"{name}.wide", np.empty(0, dtype=np.int64))
        fmt = trace_files.format_of(description, entry)
        _, salient, a = trace_files.stored_codes(tensors, name, fmt, wide)
        digits = np.zeros_like(salient)
        if fmt.digits:
            digits[:, wide] = True
        content.shares.setdefault(name, []).append(float(salient.mean()))
        content.digit_shares.setdefault(name, []).append(float(digits.mean()))
        counts = content.codes.setdefault(name, {"normal": {}, "salient": {}, "two digits": {}})
        for kind, part in (("normal", ~salient & ~digits), ("salient", salient & ~digits), ("two digits", digits)):
            for value, count in zip(*np.unique(a[part], return_counts=True), strict=True):
                counts[kind][int(value)] = counts[kind].get(int(value), 0) + int(count)
