"""Figures of exported folders and of readings of perplexity: what they draw is what is in the files."""

import json
import shutil

import numpy as np
import pytest

from spikeloom import UserError
from spikeloom.plots import exported, perplexity, render
from spikeloom.traces import fetch_model, trace_files

FOLDER = fetch_model.COMMITTED


@pytest.fixture(scope="module")
def content():
    return exported.load(FOLDER)


def test_every_value_is_counted_once(content):
    for name, size in (("attention_input", 576), ("attention_output", 576), ("mlp_input", 576), ("mlp_hidden", 1536)):
        assert sum(sum(kind.values()) for kind in content.codes[name].values()) == 32 * size


def test_shares_are_those_of_the_masks(content):
    _, tensors = trace_files.read_trace_file(FOLDER / "layer15.prefill32.safetensors")
    _, weights = trace_files.read_trace_file(FOLDER / "layer15.weights.safetensors")
    for name, shares in content.shares.items():
        assert shares == [
            pytest.approx(np.unpackbits(tensors[f"{name}.salient_mask"]).sum() / tensors[f"{name}.codes"].size)
        ]
        wide = len(weights[f"{name}.wide"])
        assert content.digit_shares[name] == [pytest.approx(wide / tensors[f"{name}.codes"].shape[1])]


def test_an_export_is_drawn_and_the_same_again(tmp_path):
    pictures = []
    for name in ("one", "two"):
        shutil.copytree(FOLDER, tmp_path / name)
        render.main(tmp_path / name)
        pictures.append({path.name: path.read_bytes() for path in (tmp_path / name).glob("*.png")})
    assert set(pictures[0]) == set(render.EXPORT_FIGURES)
    assert pictures[0] == pictures[1]


def test_half_an_export_is_not_drawn(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "half")
    manifest = json.loads((tmp_path / "half" / "manifest.json").read_text())
    manifest["layers_exported"] = [15, 16]
    (tmp_path / "half" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UserError, match="unfinished: 1 layer missing, the first is 16"):
        render.main(tmp_path / "half")


def reading(**more):
    base = {"method": "a", "text": "t", "perplexity": 20.0, "low": 18.0, "high": 22.0, "windows": 4}
    return json.dumps(base | {"payload_bits": 4.0, "salient_share": None} | more)


def test_readings_are_drawn_where_they_are(tmp_path):
    lines = [reading(payload_bits=bits, perplexity=100 / bits, salient_share=bits / 100) for bits in (2, 4, 8)]
    path = tmp_path / "readings.jsonl"
    path.write_text("\n".join([*lines, reading(method="b", low=None, high=None)]))
    (tmp_path / "others_bits.png").write_text("a figure of another file")
    assert render.main(path) == [tmp_path / "readings_bits.png", tmp_path / "readings_salient.png"]
    assert (tmp_path / "others_bits.png").read_text() == "a figure of another file"
    assert [p.name for p in render.main(path, tmp_path / "elsewhere")] == ["readings_bits.png", "readings_salient.png"]
    assert len(list((tmp_path / "elsewhere").iterdir())) == 2
    axes = perplexity.draw_bits(perplexity.load(path)).axes[0]
    assert axes.lines[0].get_xydata().tolist() == [[2, 50], [4, 25], [8, 12.5]]
    # A method without salient values has no place on that axis.
    assert len(perplexity.draw_salient(perplexity.load(path)).axes[0].lines) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "readings.jsonl:1: not a line"),
        ("3", "readings.jsonl:1: "),
        ('{"method": "a"}', "no 'text'"),
        ("", "empty"),
    ],
)
def test_files_that_hold_no_readings_are_refused(tmp_path, text, message):
    path = tmp_path / "readings.jsonl"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        perplexity.load(path)
