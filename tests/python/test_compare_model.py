"""Both bills of several layers: sums of what each costs alone, explained layer by layer; unlike exports are refused."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from spikeloom import UserError
from spikeloom.compare import command, config, explain, layers, outcomes, study
from spikeloom.compare.runs import Runs
from spikeloom.traces import exporter, manifest, shapes

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build" / "spikeloom"
REAL = ROOT / "traces" / "smollm2-135m" / "spikequant-improved"
SHAPE = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 32,
    "vocab_size": 100,
    "max_position_embeddings": 64,
}
EXPORTED = (0, 1, 3)
CONFIG = f"""\
compare:
  name: model
  chip: {ROOT}/configs/chips/smollm2.yaml
  technologies: [{ROOT}/configs/energy/22nm.yaml, {ROOT}/configs/energy/45nm.yaml]
  layers: all
  operations: all
  regimes:
    prefill: {{case: prefill4}}
    decode: {{case: decode6}}
  may_differ: [chip.payload, chip.tile]
  samples: 100
  seed: 1
  zero_shares: [0.5]
  contenders:
    - name: spikes
      side: spiking
      trace: model
      search: {{chip.tile.token_batch: [1, 2]}}
    - name: trees
      side: multiply_accumulate
      trace: RIVAL
      set: {{chip.tile.datapath: multiply_accumulate, chip.payload: packed_codes, chip.tile.mac_array.tree_width: 8}}
"""
# Of `spikeloom run`, for the two contenders.
SETTINGS = {
    "spikes": {"chip.tile.token_batch": "1"},
    "trees": {
        "chip.tile.datapath": "multiply_accumulate",
        "chip.payload": "packed_codes",
        "chip.tile.mac_array.tree_width": "8",
    },
}
needs_program = pytest.mark.skipif(not PROGRAM.exists(), reason="build/spikeloom is not built (`make build`)")


def write_export(folder, name, numbers):
    """A small synthetic export, of a model of that name."""
    (folder / "shapes" / name).mkdir(parents=True, exist_ok=True)
    (folder / "shapes" / name / "config.json").write_text(json.dumps(SHAPE))
    none = Path("none")  # what a shape does not need
    options = exporter.ExportOptions(
        none, "spikequant-improved", none, none, folder / name / numbers, layers=numbers, tokens=4, contexts=(6,)
    )
    shapes.write_shape(str(folder / "shapes" / name), options, REAL)
    return options.directory


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """A folder with exports of three and two layers of one model, and of another model."""
    folder = tmp_path_factory.mktemp("exports")
    for name, numbers in (("one", "0-1,3"), ("one", "0-1"), ("other", "0-1,3")):
        write_export(folder, name, numbers)
    return folder


def write_config(folder, exports, rival="one/0-1,3", text=CONFIG):
    path = folder / "compare.yaml"
    path.write_text(text.replace("RIVAL", f"{exports / rival}").replace("trace: model", f"trace: {exports}/one/0-1,3"))
    return path


@pytest.fixture(scope="module")
def compared(exports, tmp_path_factory):
    """(Study, folder with compare.yaml, the report in `out`, the `store` and what was `said`)."""
    folder = tmp_path_factory.mktemp("compared")
    options = command.CompareOptions(
        write_config(folder, exports), folder / "out", folder / "store", PROGRAM, 1, False, None
    )
    said = []
    command.compare(options, said.append)
    (folder / "said").write_text("\n".join(said))
    return study.run(config.load(options.config), Runs(folder / "store", PROGRAM, 1)), folder


def simulated(folder, workload, technology, settings):
    """report.json of `spikeloom run` on a workload."""
    experiment = folder / "experiment.yaml"
    lines = "".join(f"  {key}: {value}\n" for key, value in workload.items())
    experiment.write_text(
        f"experiment:\n  name: alone\n  chip: {ROOT}/configs/chips/smollm2.yaml\n"
        f"  energy: {ROOT}/configs/energy/{technology}.yaml\n  window_cycles: 1000000\nworkload:\n{lines}"
    )
    sets = [word for path, value in settings.items() for word in ("--set", f"{path}={value}")]
    line = [PROGRAM, "run", experiment, *sets, "--no-figures", "--quiet", "-o", folder / "out"]
    subprocess.run(line, check=True, capture_output=True)
    return json.loads((folder / "out" / "report.json").read_text())


@needs_program
@pytest.mark.parametrize("technology", ["22nm", "45nm"])
@pytest.mark.parametrize(("regime", "case", "tokens"), [("prefill", "prefill4", 4), ("decode", "decode6", 1)])
@pytest.mark.parametrize("contender", SETTINGS)
def test_the_bill_of_a_model_is_the_sum_of_its_layers_each_run_alone(
    compared, exports, tmp_path, technology, regime, case, tokens, contender
):
    (bout,) = (one for one in compared[0].of_regime(regime) if one.technology == technology)
    found = next(one for one in bout.ran if one.point.contender.name == contender)
    alone = {}
    for layer in EXPORTED:
        (tmp_path / f"{layer}").mkdir()
        trace = exports / "one" / "0-1,3" / manifest.activations_name(layer, case)
        workload = {"trace": trace, "operations": "all", "tokens": "all"}
        alone[layer] = simulated(tmp_path / f"{layer}", workload, technology, SETTINGS[contender])["energy"]
    assert found.pj * tokens == pytest.approx(sum(one["total_pj"] for one in alone.values()), rel=1e-7)
    for group, pj in found.bill.groups_pj().items():
        expected = sum(one["groups_pj"].get(group, 0.0) for one in alone.values())
        assert pj * tokens == pytest.approx(expected, rel=1e-6), group


@needs_program
@pytest.mark.parametrize("contender", SETTINGS)
def test_time_and_shares_are_those_of_the_simulators_report_of_a_model(compared, exports, tmp_path, contender):
    bout = compared[0].of_regime("prefill")[0]
    found = next(one for one in bout.ran if one.point.contender.name == contender)
    workload = {"model": exports / "one" / "0-1,3", "case": "prefill4", "layers": "all"}
    expected = simulated(tmp_path, workload | {"operations": "all", "tokens": "all"}, "22nm", SETTINGS[contender])
    assert found.pj == pytest.approx(expected["energy"]["per_token_pj"], rel=1e-7)
    assert found.report["time"]["us"] == pytest.approx(expected["time"]["us"])
    for name in layers.WEIGHTS:
        assert found.report["figures"][name] == pytest.approx(expected["figures"][name]), name


@needs_program
def test_the_report_has_the_model_and_its_headlines(compared):
    text = (compared[1] / "out" / "report.md").read_text()
    assert "Layers 0-1,3 (3 of 4) of one (synthetic)" in text and "A bill is the sum of the layers' bills" in text
    headlines = text.split("Headlines: ")[1].split("\n\n")[1]
    assert [row.split(" | ")[1:3] for row in headlines.splitlines()[2:]] == [
        [regime, technology] for regime in ("prefill", "decode") for technology in ("22nm", "45nm")
    ]


@needs_program
def test_the_report_and_the_terminal_say_that_the_model_has_more_layers(compared):
    for file in ("out/report.md", "said"):
        assert "3 of 4 layers of the model ran; the others are in no bill" in (compared[1] / file).read_text(), file


@needs_program
def test_the_method_of_a_contender_is_the_manifests_whatever_its_folder_is_called(compared):
    rows = (compared[1] / "out" / "report.md").read_text().split("Contenders. ")[1].split("\n\n")[1].splitlines()
    assert [row.split(" | ")[1:4] for row in rows[2:]] == [
        ["spikes", "spiking", "spikequant-improved"],
        ["trees", "multiply_accumulate", "spikequant-improved"],
    ]


@needs_program
def test_a_network_that_is_dearer_at_the_smaller_node_is_said_with_where_that_is_explained(compared):
    """Every price of a router is 2.596 times as high: 0.06085 over 0.02344 pJ, in the table of configs/energy."""
    text = (compared[1] / "out" / "report.md").read_text()
    said = r"is 2\.60*<sup>\w+</sup> times as high at 22nm as at 45nm for the same flits.*`configs/energy/README\.md`"
    assert len(re.findall(said, text)) == 2  # in prefill and decode
    assert "as high at 45nm" not in text


@needs_program
def test_other_shares_of_zeros_are_of_every_layer(compared):
    """Half of the normal codes, where 22 % were 0: both sides add and multiply less in each layer."""
    for one in compared[0].other_zeros:
        for before, after in ((one.bout.best_rival, one.rival), (one.bout.best_spiking, one.spiking)):
            assert len(after.runs) == len(EXPORTED)
            assert after.bill.energy_pj(("arithmetic",)) < before.bill.energy_pj(("arithmetic",))


@needs_program
def test_every_number_is_explained_layer_by_layer(compared):
    folder = compared[1]
    for identity, entry in json.loads((folder / "out" / "numbers.json").read_text())["numbers"].items():
        text = explain.explain(folder / "out", identity, folder / "store")
        if entry["kind"] != "energy" or entry["groups"]:
            continue
        found = re.findall(r"energy\.csv: layer (\d+), ([\d.e+]+) pJ in all", text)
        tokens = int(re.search(r"divided by (\d+) tokens", text).group(1))
        assert [int(layer) for layer, _ in found] == list(EXPORTED)
        assert sum(float(pj) for _, pj in found) / tokens == pytest.approx(entry["value"], rel=1e-5)


@needs_program
@pytest.mark.parametrize(
    ("rival", "said"),
    [
        ("one/0-1", r"trace\.layer: 0-1,3 and 0-1 \(spikes, trees\)"),
        ("other/0-1,3", r"trace\.model: one \(synthetic\) and other \(synthetic\)"),
    ],
)
def test_unlike_exports_are_refused(exports, compared, tmp_path, rival, said):
    with pytest.raises(UserError, match=said):
        study.run(config.load(write_config(tmp_path, exports, rival)), Runs(compared[1] / "store", PROGRAM, 1))


@needs_program
def test_a_layer_that_another_file_holds_as_well_is_refused(exports, tmp_path):
    twice = tmp_path / "twice"
    shutil.copytree(exports / "one" / "0-1,3", twice)
    for case in ("prefill4", "decode6"):
        shutil.copy(twice / manifest.activations_name(0, case), twice / manifest.activations_name(1, case))
    path = write_config(tmp_path, exports, text=CONFIG.replace("trace: model", f"trace: {twice}"))
    with pytest.raises(UserError, match="twice: two files hold layer 0"):
        study.run(config.load(path), Runs(tmp_path / "store", PROGRAM, 1))


MISTAKES = [
    ("layers: all", "layers: 0-2", r"no layer 2 of case 'prefill4' \(cases: prefill4, decode6; layers: 0-1,3\)"),
    ("case: prefill4", "case: prefill5", r"no layer 0 of case 'prefill5' \(cases: prefill4, decode6"),
    (
        "layers: all",
        "layers: [0, x]",
        r":5:3: compare\.layers: 'x' is no layer number or range .allowed: all, a list of n",
    ),
    ("layers: all", "layers: 3-1", r"compare\.layers: '3-1' runs backwards"),
    ("layers: all", "layers: [0, 1, 0]", r"compare\.layers: layer 0 is named twice"),
    ("layers: all", "layers: -1", r"compare\.layers: '-1' is no layer number or range"),
    ("layers: all", "layers: 1.5", r"compare\.layers: '1\.5' is no layer number or range"),
    ("layers: all", "layers: {a: 1}", r"compare\.layers: expected one value"),
    ("layers: all", "layers: all\n  layer: 0", r":6:10: compare\.layer: a comparison has either a layer or layers"),
    ("  layers: all\n", "", r"compare\.yaml:2:3: compare\.layer: missing key"),
    (
        "    prefill:",
        "    resident: {case: prefill4, tokens: 2}\n    prefill:",
        r"compare\.regimes: no chip holds the weights of several layers: resident is of one `layer`",
    ),
]


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES)
def test_a_mistake_is_named_with_its_place(exports, tmp_path, old, new, said):
    with pytest.raises(UserError, match=said):
        path = write_config(tmp_path, exports, text=CONFIG.replace(old, new))
        comparison = config.load(path)
        outcomes.points(comparison, comparison.regimes[0], "22nm", comparison.technologies[0])


def test_the_committed_comparison_of_all_layers_is_read(tmp_path):
    """With the committed layer for the export of all, which is not committed."""
    folder = ROOT / "configs" / "experiments"
    text = (folder / "compare_model.yaml").read_text()
    assert text.count("trace: ../../results/traces") == 3
    text = text.replace("../../results/traces", str(REAL)).replace("../", f"{folder.parent}/")
    (tmp_path / "compare.yaml").write_text(text)
    assert config.load(tmp_path / "compare.yaml").layers == config.ALL


def test_an_unfinished_export_is_not_taken_for_all(exports, tmp_path):
    half = tmp_path / "half"
    shutil.copytree(exports / "one" / "0-1,3", half)
    content = json.loads((half / manifest.NAME).read_text())
    del content["layers"]["3"]
    (half / manifest.NAME).write_text(json.dumps(content | {"complete": False}))
    comparison = config.load(write_config(tmp_path, exports, text=CONFIG.replace("trace: model", f"trace: {half}")))
    with pytest.raises(UserError, match="half: unfinished: 1 layer missing, the first is 3"):
        outcomes.points(comparison, comparison.regimes[0], "22nm", comparison.technologies[0])


@pytest.mark.parametrize(
    ("text", "numbers"), [("15", (15,)), ("0-3,15", (0, 1, 2, 3, 15)), ("7, 2", (2, 7)), ("0-29", tuple(range(30)))]
)
def test_layers_are_read_as_spikeloom_run_reads_them(text, numbers):
    assert layers.parse(text) == numbers
    assert layers.parse(layers.words(numbers)) == numbers
    assert layers.words((0, 1, 2, 3, 15)) == "0-3,15"
