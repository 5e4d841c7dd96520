"""Figures of trained students: drawn from their results alone."""

import json

import pytest

from spikeloom.__main__ import main
from spikeloom.models.spiking_lm.measure import rate_names
from spikeloom.models.spiking_lm.shape import Shape
from spikeloom.plots import spiking_lm
from spikeloom.plots.spiking_lm import draw_accuracy, draw_rates


def results(weights, seed, accuracy):
    rate = {"equilibrium": 0.5, "level": [0.0, 0.5, 0.4], "distance": [0.5, 0.1, 0.01]}
    return {
        "task": "movies",
        "weights": weights,
        "seed": seed,
        "texts": {"train": 8, "validation": 1, "test": 2},
        "teacher": {"test": 0.9},
        "equilibrium": {"test": 0.8},
        "accuracy": accuracy,
        "rates_texts": 2,
        "rates_steps": [1, 2, 4],
        "rates": dict.fromkeys(rate_names(Shape("binary")), rate),
    }


@pytest.fixture
def folder(tmp_path):
    students = ("binary", 0, [0.5, 0.6, 0.7]), ("binary", 1, [0.5, 0.7, 0.8]), ("full", 0, [0.9] * 3)
    for weights, seed, accuracy in students:
        student = tmp_path / f"{weights}-seed{seed}"
        student.mkdir()
        (student / "results.json").write_text(json.dumps(results(weights, seed, accuracy)))
    return tmp_path


def test_a_folder_of_students_gives_three_figures(folder, capsys):
    assert main(["plot", str(folder)]) == 0
    for name in ("accuracy_steps.png", "rates.png", "rate_distance.png"):
        assert (folder / name).stat().st_size > 5000
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_the_accuracy_of_a_kind_is_the_mean_of_its_seeds(folder):
    axes = draw_accuracy(spiking_lm.load(folder)).axes[0]
    lines = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    assert lines["1 bit, 2 seeds"] == pytest.approx([0.5, 0.65, 0.75])
    assert lines["full precision, 1 seed"] == pytest.approx([0.9] * 3)


def test_every_sublayer_has_a_panel_with_one_bit_and_full_precision(folder):
    picture = draw_rates(spiking_lm.load(folder))
    assert [axes.get_title() for axes in picture.axes][:2] == ["embedding", "encoder 1: key"]
    assert len(picture.axes) == 13


def test_rates_are_drawn_at_the_steps_that_they_are_of(folder):
    line = draw_rates(spiking_lm.load(folder)).axes[0].lines[0]
    assert list(line.get_xdata()) == [1, 2, 4] and list(line.get_ydata()) == [0.0, 0.5, 0.4]


def test_a_panel_holds_every_curve(folder):
    path = folder / "full-seed0" / "results.json"
    found = json.loads(path.read_text())
    found["rates"] = {name: rate | {"level": [0.0, 0.5, 0.9]} for name, rate in found["rates"].items()}
    path.write_text(json.dumps(found))
    for axes in draw_rates(spiking_lm.load(folder)).axes:
        assert axes.get_ylim()[0] == 0 and axes.get_ylim()[1] > 0.9


def test_a_file_that_is_no_result_is_named(folder, capsys):
    (folder / "binary-seed1" / "results.json").write_text('{"task": "movies"}')
    assert main(["plot", str(folder)]) == 2
    error = capsys.readouterr().err
    assert "binary-seed1/results.json: no 'weights'" in error and error.count("\n") == 1
