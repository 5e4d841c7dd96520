"""A study's file: what is wrong with it is said in one line, with file, line and key."""

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from small_study import STUDY, write

from spikeloom import UserError
from spikeloom.explore import fronts, study_file


def refusal(folder, text):
    path = folder / "bad.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        study_file.read(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    return re.sub(r"^(:\d+):\d+", r"\1", message.removeprefix(str(path)))  # lines are enough here


HEAD = "study: {name: a, experiment: small.yaml, trials: 2}\nobjectives: {energy_uj: minimize}\n"
MISTAKES = {
    "no mapping": ("- 1", ": expected keys with values"),
    "no YAML": ("a: [", ":1: not YAML: "),
    "repeated key": ("a: 1\na: 2", ":2: a: repeated key"),
    "missing section": ("study: {}", ":1: parameters: missing key"),
    "unknown section": (HEAD + "parameters: {x: [1]}\nmore: 1", ":4: more: unknown key"),
    "unknown key": (HEAD + "parameters: {x: [1]}\nsearch: {speed: 3}", ":4: search.speed: unknown key"),
    "no parameter": (HEAD + "parameters: {}", ":3: parameters: no parameter"),
    "empty list": (HEAD + "parameters: {x: []}", ":3: parameters.x: no value"),
    "value twice": (HEAD + "parameters: {x: [1, 1]}", ":3: parameters.x: a value stands there twice"),
    "a bare value": (HEAD + "parameters: {x: 4}", ":3: parameters.x: expected a list of values"),
    "ends turned": (HEAD + "parameters: {x: {from: 3, to: 2}}", ":3: parameters.x.to: 2 is below from, 3"),
    "end missing": (HEAD + "parameters: {x: {from: 3}}", ":3: parameters.x.to: missing key"),
    "steps beside": (
        HEAD + "parameters: {x: {from: 1, to: 4, step: 2}}",
        ":3: parameters.x.to: 4 is not from, 1, plus",
    ),
    "no power": (
        HEAD + "parameters: {x: {from: 3, to: 8, powers_of_two: true}}",
        ":3: parameters.x.from: 3 is not a power",
    ),
    "log from 0": (HEAD + "parameters: {x: {from: 0.0, to: 1.0, log: true}}", ":3: parameters.x.log: "),
    "a grid without steps": (
        HEAD + "parameters: {x: {from: 0.0, to: 1.0}}\nsearch: {sampler: grid}",
        ":4: search.sampler: a grid needs steps or values, and x is a range without",
    ),
    "unknown sampler": (
        HEAD + "parameters: {x: [1]}\nsearch: {sampler: magic}",
        ":4: search.sampler: 'magic' is unknown",
    ),
    "no experiment": (
        "study: {name: a, experiment: none.yaml, trials: 1}\nparameters: {x: [1]}\nobjectives: {energy_uj: minimize}",
        ":1: study.experiment: no such file",
    ),
    "a name with a slash": (
        "study: {name: a/b, experiment: small.yaml, trials: 1}\nparameters: {x: [1]}\nobjectives: {cycles: minimize}",
        ":1: study.name: 'a/b' must not",
    ),
    "no trials": (
        "study: {name: a, experiment: small.yaml, trials: 0}\nparameters: {x: [1]}\nobjectives: {energy_uj: minimize}",
        ":1: study.trials: 0 is out of range",
    ),
    "unknown metric": (
        "study: {name: a, experiment: small.yaml, trials: 1}\nparameters: {x: [1]}\nobjectives: {speed: maximize}",
        ":3: objectives.speed: 'speed' is no metric (allowed: area_mm2",
    ),
    "unknown direction": (
        "study: {name: a, experiment: small.yaml, trials: 1}\nparameters: {x: [1]}\nobjectives: {cycles: down}",
        ":3: objectives.cycles: 'down' is unknown (allowed: minimize, maximize)",
    ),
    "no objective": (
        "study: {name: a, experiment: small.yaml, trials: 1}\nparameters: {x: [1]}\nobjectives: {}",
        ":3: objectives: no objective",
    ),
    "empty constraint": (
        HEAD + "parameters: {x: [1]}\nconstraints: {cycles: {}}",
        ":4: constraints.cycles: expected `most`",
    ),
    "impossible constraint": (
        HEAD + "parameters: {x: [1]}\nconstraints: {cycles: {least: 2, most: 1}}",
        ":4: constraints.cycles.least: 2 is above most, 1",
    ),
    "no lower bound": (
        "study: {name: a, experiment: small.yaml, trials: 1}\nparameters: {x: [1]}\n"
        "objectives: {energy_per_token_uj: minimize}\nprune_by_part: {workload.tokens: 1}",
        ":4: prune_by_part: a part of the layer is no lower bound of energy_per_token_uj",
    ),
    "no part": (
        HEAD + "parameters: {x: [1]}\nprune_by_part: {chip.tile.lanes: 2}",
        ":4: prune_by_part: chip.tile.lanes: only fewer workload.tokens",
    ),
    "an experiment": (
        "experiment: {}",
        ":1: experiment: this file is an experiment, not a study (use `spikeloom run`)",
    ),
    "not UTF-8 key": ("? [a]\n: 1", ":1: "),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_named(tmp_path, mistake):
    write(tmp_path)
    text, expected = MISTAKES[mistake]
    assert refusal(tmp_path, text).startswith(expected)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match="none.yaml: cannot be read"):
        study_file.read(tmp_path / "none.yaml")


def test_values_of_every_kind_of_range(tmp_path):
    ranges = {
        "a": [3, 1],
        "b": {"from": 2, "to": 6, "step": 2},
        "c": {"from": 4, "to": 32, "powers_of_two": True},
        "d": {"from": 0.5, "to": 1.5, "step": 0.5},
        "e": {"choices": {"one": {"x.y": 1, "x.z": "w"}, "two": {"x.y": 2, "x.z": "v"}}},
    }
    study = study_file.read(write(tmp_path, parameters=ranges))
    assert [p.grid for p in study.parameters] == [(3, 1), (2, 4, 6), (4, 8, 16, 32), (0.5, 1.0, 1.5), ("one", "two")]
    assert study.grid_size == 2 * 3 * 4 * 3 * 2
    assert study.parameters[1].assignments(4) == {"b": 4}
    assert study.parameters[4].assignments("two") == {"x.y": 2, "x.z": "v"}


def test_the_small_study_reads_as_it_was_written(tmp_path):
    study = study_file.read(write(tmp_path))
    assert (study.name, study.trials, study.sampler) == ("small", 12, "grid")
    assert list(study.objectives) == list(STUDY["objectives"])
    assert yaml.safe_load(study.experiment.read_text())["workload"]["tokens"] == 2


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=12))
def test_a_front_is_what_no_other_point_is_better_than(points):
    found = set(fronts.front(points))
    for i, point in enumerate(points):
        better = [o for o in points if all(x <= y for x, y in zip(o, point, strict=True)) and sum(o) < sum(point)]
        assert (i in found) == (not better)
