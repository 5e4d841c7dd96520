"""`spikeloom steps`: tiny random checkpoints, each number against runs by hand."""

import csv
import json
import subprocess

import numpy as np
import pytest
import yaml
from small_study import PROGRAM, ROOT, needs_program
from tiny_spiking_lm import replace_downloads, tiny_checkpoint

from spikeloom.__main__ import main
from spikeloom.models.spiking_lm import checkpoint, teacher

pytestmark = needs_program

SENTENCE = "a fine film"
# Counts of the most steps that the study has, 4, are codes of as many parts.
ACCURACY, EQUILIBRIUM, ROUNDED = [0.5, 0.625, 0.75], 0.875, {"4": 0.8125, "15": 0.5}
MULTIPLY = {
    "chip.tile.datapath": "multiply_dequantize",
    "chip.payload": "packed_codes",
    "chip.tile.mac_array.accumulators": "shared",
}


@pytest.fixture
def study(tmp_path, monkeypatch):
    """(path, content) of a study of two spiking models and a rival, whose embedding and tokenizer need no download."""
    replace_downloads(monkeypatch)
    for weights in ("binary", "ternary"):
        checkpoint.save(tmp_path / weights, tiny_checkpoint(weights))
        results = {"accuracy": ACCURACY, "equilibrium": {"test": EQUILIBRIUM}, "rounded": ROUNDED}
        (tmp_path / weights / "results.json").write_text(json.dumps(results))
    content = {
        "name": "tiny",
        "chip": str(ROOT / "configs/chips/spiking_lm.yaml"),
        "technologies": [str(ROOT / f"configs/energy/{name}.yaml") for name in ("22nm", "45nm")],
        "sentence": SENTENCE,
        "steps": [4, 2],
        "spiking": [{"name": name, "checkpoint": name} for name in ("binary", "ternary")],
        "rivals": [{"name": "counts", "checkpoint": "ternary", "method": "twin", "set": MULTIPLY}],
    }
    return write(tmp_path, content), content


def write(folder, content):
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump({"steps": content}, sort_keys=False))
    return path


def run(path, *more):
    folder = path.parent
    words = ["steps", path, "-o", folder / "out", "--store", folder / "store", "--spikeloom", PROGRAM, *more]
    return main([str(word) for word in words])


def test_results_of_a_comparison_are_not_mixed_with_those_of_steps(study, capsys):
    path, _ = study
    (path.parent / "out").mkdir()
    (path.parent / "out" / "numbers.json").write_text("{}")
    assert run(path) == 2
    said = f"error: {path.parent}/out: holds the results of `spikeloom compare`; choose another folder with -o\n"
    assert capsys.readouterr().err == said


def rows(folder):
    with open(folder / "out/points.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def by_hand(folder, operations, steps):
    """(cycles, pJ at 45 nm) of the ternary model, exported and run with the commands that a user has."""
    out = folder / "traces"
    words = ["export", "--model", folder / "ternary", "--text", SENTENCE, "--steps", "4", "-o", out]
    assert main([str(word) for word in words]) == 0
    experiment = {
        "experiment": {
            "name": "hand",
            "chip": str(ROOT / "configs/chips/spiking_lm.yaml"),
            "energy": str(ROOT / "configs/energy/45nm.yaml"),
            "window_cycles": 1000,
        }
    }
    totals = np.zeros(2)
    for layer in range(2):
        trace = str(out / f"layer0{layer}.sentence.safetensors")
        workload = {"trace": trace, "operations": operations, "tokens": "all", "steps": steps}
        (folder / "hand.yaml").write_text(yaml.safe_dump(experiment | {"workload": workload}))
        words = [PROGRAM, "run", folder / "hand.yaml", "-o", folder / "hand", "--no-figures"]
        subprocess.run(words, check=True, capture_output=True)
        report = json.loads((folder / "hand/report.json").read_text())
        assert report["exact"]["equal"] == report["exact"]["outputs"]
        totals += (report["time"]["cycles"], report["energy"]["total_pj"])
    return totals


def test_a_point_is_what_export_and_run_give(study, tmp_path):
    assert run(study[0]) == 0
    found = rows(tmp_path)
    assert [(row["technology"], row["model"], row["steps"]) for row in found] == [
        (technology, model, steps)
        for technology in ("22nm", "45nm")
        for model, steps in (("binary", "2"), ("binary", "4"), ("ternary", "2"), ("ternary", "4"), ("counts", ""))
    ]
    point = next(row for row in found if (row["technology"], row["model"], row["steps"]) == ("45nm", "ternary", "2"))
    operations = ["query", "key", "value", "attention_output", "intermediate", "output"]
    for part, which in (("whole", "all"), ("linear", operations)):
        cycles, pj = by_hand(tmp_path, which, 2)
        assert int(point[f"{part}_cycles"]) == cycles
        assert float(point[f"{part}_pj"]) == pytest.approx(pj, rel=1e-9)


def test_accuracy_is_that_of_the_step_of_rivals_that_of_their_rounded_rates_and_unknown_beyond(study, tmp_path):
    assert run(study[0]) == 0
    found = {(row["model"], row["steps"]): row["accuracy"] for row in rows(tmp_path)}
    assert found["binary", "2"] == str(ACCURACY[1]) and found["binary", "4"] == ""
    assert found["counts", ""] == str(ROUNDED["4"])
    report = (tmp_path / "out/report.md").read_text()
    assert "- counts: checkpoint ternary at the equilibrium, in one pass without time steps, rates rounded to" in report


def test_a_second_start_makes_nothing_and_writes_the_same(study, tmp_path, monkeypatch):
    assert run(study[0]) == 0
    first = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    monkeypatch.setattr(teacher, "pretrained", None)
    monkeypatch.setattr("spikeloom.store.program.simulate", None)
    assert run(study[0]) == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == first


@pytest.mark.parametrize(
    "change, message",
    [
        ({"steps": [0]}, "study.yaml:9:5: steps.steps: 0 is out of range"),
        ({"spiking": [{"name": "x", "checkpoint": "store"}]}, "no such file or folder"),
        ({"spiking": [{"name": "x", "checkpoint": "."}]}, "holds no model.safetensors"),
        ({"spiking": [{"name": "counts", "checkpoint": "binary"}]}, "two models are called 'counts'"),
        (
            {"rivals": [{"name": "x", "checkpoint": "ternary", "method": "fp16", "set": MULTIPLY}]},
            "needs a checkpoint with full",
        ),
        ({"rivals": [{"name": "x", "checkpoint": "ternary", "method": "twin"}]}, "x: spiking_lm.yaml:"),
        ({"colour": "red"}, "steps.colour: unknown key"),
    ],
)
def test_a_study_that_cannot_be_run_is_refused_in_one_line(study, tmp_path, capsys, change, message):
    path = write(tmp_path, study[1] | change)
    assert run(path) == 2
    errors = capsys.readouterr().err
    assert message in errors and errors.count("\n") == 1, errors
    assert not (tmp_path / "out").exists()
