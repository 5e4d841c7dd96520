"""Loads a results folder (format: sim/app/README.md) and checks it before anything is drawn."""

import csv
import json
import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import yaml

from spikeloom import UserError
from spikeloom.plots import style

FORMAT = "spikeloom-report"
REPORT, ENERGY, WINDOWS, CONFIG = "report.json", "energy.csv", "windows.csv", "resolved.yaml"
VERSION = 1
ENERGY_COLUMNS = ["block", "event", "group", "count", "unit_pj", "energy_pj"]
WINDOW_COLUMNS = ["window_begin_cycle", "phase", "block", "event", "group", "count", "energy_pj"]
PORTS = ("north", "east", "south", "west")
AGAIN = "`spikeloom run` writes the folder again"

# Keys of report.json that the figures need; "a.b" is key b of object a.
NUMBER = (int, float)
REPORT_KEYS = {
    "synthetic": bool,
    "trace.model": str,
    "trace.layer": int,
    "trace.tokens": int,
    "chip.name": str,
    "chip.width": int,
    "chip.height": int,
    "chip.clock_mhz": NUMBER,
    "chip.payload": str,
    "chip.arithmetic": str,
    "technology": str,
    "time.cycles": int,
    "time.us": NUMBER,
    "energy.total_pj": NUMBER,
    "energy.per_token_pj": NUMBER,
    "energy.groups_pj": dict,
    "phases": list,
    "activity_cycles": dict,
    "link_flits": dict,
}
PHASE_KEYS = {
    "operations": list,
    "begin_cycle": int,
    "end_cycle": int,
    "cycles": int,
    "energy_pj": dict,
    "tile_cycles": dict,
}
ROOFLINE_KEYS = {"additions_per_cycle": NUMBER, "bounds": dict, "lowest_bound": str, "reached": NUMBER}
POSITIVE = ("chip.width", "chip.height", "time.cycles", "time.us", "energy.total_pj")


@dataclass(frozen=True)
class MemoryNode:
    """A memory node at edge port `port` (north, east, south, west) of router x, y."""

    x: int
    y: int
    port: str


@dataclass(frozen=True)
class RunResults:
    """What all figures of a run need. Energies are in pJ; `groups` gives the order of their columns.

    memory_nodes: None where resolved.yaml is not in the folder.
    """

    report: dict
    groups: tuple
    energy_pj: dict
    memory_nodes: list | None

    @cached_property
    def cycles(self):
        """Length of the run in cycles."""
        return self.report["time"]["cycles"]

    @cached_property
    def us_per_cycle(self):
        """Length of a cycle in microseconds."""
        return self.report["time"]["us"] / self.cycles

    @cached_property
    def total_pj(self):
        """Energy of the run in pJ."""
        return self.report["energy"]["total_pj"]

    @cached_property
    def silent_groups(self):
        """Names of the groups that spent nothing."""
        return [group for group in self.groups if self.energy_pj[group] == 0]


@dataclass(frozen=True)
class Results(RunResults):
    """A run of one layer.

    window_energy_pj: (windows, groups); window i covers the cycles edges[i] to edges[i + 1].
    """

    window_edges_cycles: np.ndarray = field(repr=False)
    window_energy_pj: np.ndarray = field(repr=False)


def load(directory):
    """Results of the run in `directory`; raises UserError for a missing, malformed or foreign file."""
    directory = Path(directory)
    report = read_report(directory / REPORT, FORMAT, REPORT_KEYS, PHASE_KEYS)
    groups = tuple(report["energy"]["groups_pj"])
    energy_pj = read_energy(directory / ENERGY, groups)
    edges, window_energy_pj = _read_windows(directory / WINDOWS, groups, report["time"]["cycles"])
    check_total(directory / ENERGY, report, np.array([energy_pj[group] for group in groups]))
    check_total(directory / WINDOWS, report, window_energy_pj.sum(axis=0))
    return Results(
        report=report,
        groups=groups,
        energy_pj=energy_pj,
        window_edges_cycles=edges,
        window_energy_pj=window_energy_pj,
        memory_nodes=read_memory_nodes(directory / CONFIG),
    )


def read_report(path, form, keys, phase_keys):
    """report.json of format `form` that has `keys` and, per phase, `phase_keys`; raises UserError."""
    try:
        report = json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise UserError(f"{path}:{error.lineno}: not JSON ({error.msg}); {AGAIN}") from error
    if not isinstance(report, dict) or report.get("format") != form:
        raise UserError(f"{path}: not a report of spikeloom; name a folder that `spikeloom run` wrote")
    if report.get("version") != VERSION:
        raise UserError(f"{path}: version {report.get('version')}, these figures read {VERSION}; {AGAIN}")
    check_keys(path, report, keys, "")
    for name in POSITIVE:
        if not _value(report, name) > 0:
            raise broken(path, f"{name} is {_value(report, name)}, must be above 0")
    if not report["phases"]:
        raise broken(path, "phases is empty")
    for i, phase in enumerate(report["phases"]):
        check_keys(path, phase, phase_keys, f"phases[{i}].")
        check_numbers(path, phase["energy_pj"], f"phases[{i}].energy_pj")
        if "roofline" in phase:  # phases of spikes of one layer
            check_keys(path, phase["roofline"], ROOFLINE_KEYS, f"phases[{i}].roofline.")
            check_numbers(path, phase["tile_cycles"], f"phases[{i}].tile_cycles")
    check_numbers(path, report["energy"]["groups_pj"], "energy.groups_pj")
    for group in report["energy"]["groups_pj"]:
        if group not in style.GROUPS:
            raise UserError(f"{path}: energy group '{group}' has no colour in plots/style.py; {AGAIN}")
    check_numbers(path, report["link_flits"], "link_flits")
    for block, states in report["activity_cycles"].items():
        check_numbers(path, states, f"activity_cycles.{block}")
    return report


def broken(path, what):
    """UserError about a file that `spikeloom run` has not written so."""
    return UserError(f"{path}: {what}; {AGAIN}")


def check_keys(path, node, keys, prefix):
    """Raises UserError unless `node` has `keys` ("a.b" is key b of object a) of their types."""
    for name, kind in keys.items():
        if not isinstance(_value(node, name), kind):
            raise broken(path, f"{prefix}{name} is missing or of the wrong type")


def _value(node, name):
    for key in name.split("."):
        node = node.get(key) if isinstance(node, dict) else None
    return node


def check_numbers(path, node, name):
    """Raises UserError unless `node` is an object of numbers."""
    if not isinstance(node, dict) or not all(isinstance(value, NUMBER) for value in node.values()):
        raise broken(path, f"{name} must be an object of numbers")


def read_energy(path, groups):
    """Energy by group in pJ."""
    energy_pj = dict.fromkeys(groups, 0.0)
    with _rows(path, ENERGY_COLUMNS) as rows:
        for _block, _event, group, _count, _unit, energy in rows:
            energy_pj[group] += float(energy)
    return energy_pj


def _read_windows(path, groups, cycles):
    """Window edges in cycles (windows + 1) and energy in pJ (windows, groups)."""
    column = {group: i for i, group in enumerate(groups)}
    sums = {}
    with _rows(path, WINDOW_COLUMNS) as rows:
        for begin, _phase, _block, _event, group, _count, energy in rows:
            window = sums.get(begin)
            if window is None:
                window = sums[begin] = [0.0] * len(groups)
            window[column[group]] += float(energy)
        begins = [int(begin) for begin in sums]
    if not begins or not 0 <= min(begins) <= max(begins) < cycles:
        raise UserError(f"{path}: its windows must begin in the {cycles} cycles of the run; {AGAIN}")
    # A window in which nothing was spent has no row: the step is what all begins are multiples of.
    step = math.gcd(*begins) or cycles
    edges = np.append(np.arange(0, cycles, step), cycles)
    energy_pj = np.zeros((len(edges) - 1, len(groups)))
    energy_pj[np.array(begins) // step] = list(sums.values())
    return edges, energy_pj


class _rows:
    """Context of a CSV file's rows; what its body cannot read becomes a UserError with the line."""

    def __init__(self, path, columns):
        self.path, self.columns = path, columns

    def __enter__(self):
        self.file = _open(self.path)
        self.reader = csv.reader(self.file)
        header = next(self.reader, None)
        if header != self.columns:
            self.file.close()
            raise UserError(f"{self.path}:1: the header must be {','.join(self.columns)}; {AGAIN}")
        return self.reader

    def __exit__(self, _kind, error, _trace):
        self.file.close()
        if isinstance(error, KeyError):
            reason = f"energy group {error} is not in {REPORT}"
        elif isinstance(error, (ValueError, csv.Error)):
            reason = f"cannot be read ({error})"
        else:
            return False
        raise UserError(f"{self.path}:{self.reader.line_num}: {reason}; {AGAIN}") from error


def check_total(path, report, sums_pj):
    """Tables must be of the report's run: a group's sum equals the report's within 1e-6 of the total."""
    energy = report["energy"]
    for (group, expected), found in zip(energy["groups_pj"].items(), sums_pj, strict=True):
        if not abs(found - expected) <= 1e-6 * energy["total_pj"]:
            raise UserError(
                f"{path}: {group} adds up to {found:.6g} pJ, {REPORT} says {expected:.6g} pJ: "
                f"the files are of different runs; {AGAIN}"
            )


def read_memory_nodes(path):
    """Places of the memory nodes, in the order of their numbers; None without the file."""
    if not path.is_file():
        return None
    try:
        nodes = yaml.load(_text(path), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        nodes = [MemoryNode(*node["router"], node["port"]) for node in nodes["chip"]["memory_nodes"]]
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML ({' '.join(str(error).split())}); {AGAIN}") from error
    except (KeyError, TypeError) as error:
        raise UserError(f"{path}: chip.memory_nodes cannot be read ({error}); {AGAIN}") from error
    for node in nodes:
        if node.port not in PORTS or not isinstance(node.x, int) or not isinstance(node.y, int):
            raise UserError(f"{path}: chip.memory_nodes: {node} is no edge port; {AGAIN}")
    return nodes


def _open(path):
    try:
        return open(path, encoding="utf-8", newline="")
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; name a folder that `spikeloom run` wrote") from error


def _text(path):
    with _open(path) as file:
        try:
            return file.read()
        except UnicodeDecodeError as error:
            raise UserError(f"{path}: not UTF-8 text ({error.reason}); {AGAIN}") from error
