"""Compares a regenerated trace with a committed one.

Another CPU rounds floating-point sums of the FP32 model otherwise, which can move an activation across the
boundary between two codes, or a calibrated constant by its last bits. That is no error; a different shape or
description is one.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from spikeloom.traces import trace_files

LISTED_DIFFERENCES = 10
# Description entries that come out of calibration; all others describe what was exported.
CALIBRATED = {"u", "u_r", "z", "F", "gamma", "E_max", "E7_max", "g_max", "salient_k", "salient_share"}
EXPLANATION = (
    "Differences like these are expected on another CPU or with another torch: it adds the FP32 model's "
    "products in another order, so values on the boundary between two codes round otherwise. The committed "
    "trace stays the one to use."
)


@dataclass
class Comparison:
    """`structure`: lines on differing shapes or descriptions. `constants`: lines on calibrated constants.
    `counts`: differing elements by "file tensor". `examples`: the first few of them as lines."""

    structure: list = field(default_factory=list)
    constants: list = field(default_factory=list)
    counts: dict = field(default_factory=dict)
    examples: list = field(default_factory=list)

    def lines(self):
        """The report, as lines of text."""
        if self.structure:
            return ["the structure differs:"] + [f"  {line}" for line in self.structure]
        if not self.counts and not self.constants:
            return ["identical"]
        lines = ["same structure, different values:"]
        lines += [f"  {name}: {differing} of {total} differ" for name, (differing, total) in self.counts.items()]
        lines += [f"  {line}" for line in self.constants]
        if self.examples:
            lines.append(f"first {len(self.examples)} differing elements:")
            lines += [f"  {line}" for line in self.examples]
        return lines + [EXPLANATION]


def compare_traces(committed_directory, new_directory, names):
    """Comparison of the trace files `names` in two directories.

    Raises ValueError if a file is no trace file, OSError if one is missing.
    """
    result = Comparison()
    for name in names:
        committed = trace_files.read_trace_file(Path(committed_directory) / name)
        new = trace_files.read_trace_file(Path(new_directory) / name)
        _compare_descriptions(result, name, "", committed[0], new[0])
        _compare_tensors(result, name, committed, new)
    return result


def _compare_descriptions(result, file, path, committed, new):
    if isinstance(committed, dict) and isinstance(new, dict) and committed.keys() == new.keys():
        for key in committed:
            _compare_descriptions(result, file, f"{path}.{key}" if path else key, committed[key], new[key])
    elif isinstance(committed, list) and isinstance(new, list) and len(committed) == len(new):
        for i, pair in enumerate(zip(committed, new, strict=True)):
            _compare_descriptions(result, file, f"{path}[{i}]", *pair)
    elif committed != new:
        calibrated = path.rpartition(".")[2] in CALIBRATED or path == "weights.sha256"
        kind = result.constants if calibrated and type(committed) is type(new) else result.structure
        kind.append(f"{file}: {path}: committed {committed!r}, new {new!r}")


def _compare_tensors(result, file, committed, new):
    committed_tensors = committed[1]
    new_tensors = new[1]
    for name in sorted(committed_tensors.keys() | new_tensors.keys()):
        if name not in committed_tensors or name not in new_tensors:
            result.structure.append(f"{file}: {name} is in one of the two only")
            continue
        old_tensor, new_tensor = committed_tensors[name], new_tensors[name]
        if old_tensor.shape != new_tensor.shape or old_tensor.dtype != new_tensor.dtype:
            result.structure.append(
                f"{file}: {name}: committed {old_tensor.dtype} {list(old_tensor.shape)}, "
                f"new {new_tensor.dtype} {list(new_tensor.shape)}"
            )
            continue
        _compare_elements(result, f"{file} {name}", _unpack(name, old_tensor), _unpack(name, new_tensor))


def _compare_elements(result, name, committed, new):
    differing = np.argwhere(committed != new)
    if len(differing) == 0:
        return
    result.counts[name] = (len(differing), committed.size)
    for index in differing[: LISTED_DIFFERENCES - len(result.examples)]:
        position = tuple(int(i) for i in index)
        result.examples.append(f"{name} {_place(name, position)}: committed {committed[position]}, new {new[position]}")


def _place(name, position):
    if name.endswith(".weights"):
        return "input {}, output {}".format(*position)
    if name.endswith((".theta", ".v0")):
        return f"output {position[0]}"
    return ", ".join(f"{axis} {i}" for axis, i in zip(("token", "index"), position, strict=False))


def _unpack(name, tensor):
    if name.endswith(".weights"):
        return trace_files.unpack_nibbles(tensor, 2 * tensor.shape[1])
    if name.endswith(".salient_mask"):
        return trace_files.unpack_mask(tensor, 8 * tensor.shape[1])
    return tensor
