"""Figures of a run over several layers: what they show adds up, and bad files are named with a remedy."""

import json

import pytest
import test_plots

from spikeloom import UserError
from spikeloom.plots import model_layers, model_results, render

LAYERS = (0, 1, 4)
FILL = 50


def report():
    """Layer n of LAYERS counts n + 1 times what one layer of test_plots counts."""
    one = test_plots.report()
    shares = [layer + 1 for layer in LAYERS]
    whole = sum(shares)

    def scaled(numbers, share):
        return {key: value * share for key, value in numbers.items()}

    layers = [
        {
            "layer": layer,
            "cycles": one["time"]["cycles"] * share,
            "fill_cycles": FILL,
            "groups_pj": scaled(one["energy"]["groups_pj"], share),
            "phases": [
                {"operations": phase["operations"], "cycles": phase["cycles"] * share} for phase in one["phases"]
            ],
        }
        for layer, share in zip(LAYERS, shares, strict=True)
    ]
    phases = [
        {
            "operations": phase["operations"],
            "cycles": phase["cycles"] * whole,
            "energy_pj": scaled(phase["energy_pj"], whole),
        }
        for phase in one["phases"]
    ]
    del one["trace"]
    return one | {
        "format": "spikeloom-model-report",
        "model": {"name": "a model", "case": "prefill2", "tokens": 2, "layers_of_model": 30},
        "time": scaled(one["time"], whole),
        "energy": {
            "total_pj": one["energy"]["total_pj"] * whole,
            "per_token_pj": one["energy"]["per_token_pj"] * whole,
            "groups_pj": scaled(one["energy"]["groups_pj"], whole),
        },
        "phases": phases,
        "layers": layers,
        "activity_cycles": {block: scaled(states, whole) for block, states in one["activity_cycles"].items()},
        "link_flits": scaled(one["link_flits"], whole),
    }


@pytest.fixture
def run(tmp_path):
    (tmp_path / "layers").mkdir()
    content = report()
    (tmp_path / "report.json").write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "resolved.yaml").write_text(test_plots.RESOLVED, encoding="utf-8")
    rows = [["tile", "event", group, 1, 1, repr(pj)] for group, pj in content["energy"]["groups_pj"].items()]
    test_plots.write_rows(tmp_path / "energy.csv", test_plots.results_module.ENERGY_COLUMNS, rows)
    return tmp_path


def tops(picture):
    """Height of each layer's whole stack."""
    heights = {}
    for bars in picture.axes[0].containers:
        for bar in bars:
            place = round(bar.get_x() + bar.get_width() / 2)
            heights[place] = heights.get(place, 0) + bar.get_height()
    return heights


def test_all_figures_are_written_and_the_same_again(run):
    assert render.main(run) == 0
    pictures = sorted(run.glob("*.png"))
    assert [path.name for path in pictures] == sorted(render.MODEL_FIGURES)
    before = [path.read_bytes() for path in pictures]
    assert render.main(run) == 0
    assert [path.read_bytes() for path in pictures] == before


def test_stacks_of_energy_are_the_layers_energies(run):
    results = model_results.load(run)
    stacks = tops(model_layers.draw_energy(results))
    assert list(stacks) == list(LAYERS)
    assert stacks[4] / stacks[0] == pytest.approx(5)
    assert sum(stacks.values()) == pytest.approx(results.total_pj / 1e3)  # drawn in nJ


def test_stacks_of_cycles_count_the_fill_once(run):
    stacks = tops(model_layers.draw_cycles(model_results.load(run)))
    phases = sum(phase["cycles"] for phase in test_plots.report()["phases"])
    assert stacks == pytest.approx({layer: phases * (layer + 1) for layer in LAYERS})


@pytest.mark.parametrize("name", render.MODEL_FIGURES)
def test_figures_name_model_case_and_layers(run, name):
    shown = test_plots.texts(render.MODEL_FIGURES[name](model_results.load(run)))
    assert any(text.startswith("3 of 30 layers of a model, prefill2: 2 tokens") for text in shown)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("spikeloom-model-report", "spikeloom-report", "not a report of spikeloom"),
        ('"fill_cycles"', '"f"', "layers[0].fill_cycles is missing"),
        ('"groups_pj": {"leakage": ', '"groups_pj": {"leakage": 9', "different runs"),
    ],
)
def test_malformed_files_are_user_errors_with_file_and_remedy(run, old, new, message):
    test_plots.rewrite(old, new)(run / "report.json")
    with pytest.raises(UserError) as error:
        render.main(run)
    assert message in str(error.value)
    assert "spikeloom run" in str(error.value)
