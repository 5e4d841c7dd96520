"""Recorded spikes of the spiking language model: every spike and sum follows from the files alone."""

import json
import shutil

import numpy as np
import pytest
from tiny_spiking_lm import FOLDER, replace_downloads, tiny_checkpoint, write_traces

from spikeloom.__main__ import main
from spikeloom.models.spiking_lm import checkpoint, packing
from spikeloom.traces import mac_trace_files, manifest, rate_trace_files, trace_files

SENTENCE = "a fine film"


@pytest.mark.parametrize("bits, low, high", [(1, -1, 1), (2, -1, 1), (4, -8, 7)])
def test_packed_weights_come_back(bits, low, high):
    w = np.random.default_rng(0).integers(low, high, (5, 13), endpoint=True).astype(np.int8)
    if bits == 1:
        w = np.where(w < 0, -1, 1)
    packed = packing.pack(w, bits)
    assert packed.shape == (5, -(-13 * bits // 8)) and packed.flags["C_CONTIGUOUS"]
    assert np.array_equal(packing.unpack(packed, 13, bits), w)


def test_output_n_of_a_packed_row_is_at_bits_n_times_bits_from_the_low_end():
    assert packing.pack(np.array([[1, -1, 1, 1]]), 1).tolist() == [[0b1101]]
    assert packing.pack(np.array([[1, -1, 0, 1, -1]]), 2).tolist() == [[0b01001101, 0b11]]
    assert packing.pack(np.array([[-7, 3, 5]]), 4).tolist() == [[0x39, 0x05]]


@pytest.mark.parametrize("packed, bits, what", [([[0b10]], 2, "-2"), ([[0b1000]], 1, "padding")])
def test_packed_weights_that_none_may_have_are_refused(packed, bits, what):
    with pytest.raises(ValueError, match=what):
        packing.unpack(np.array(packed, dtype=np.uint8), 3, bits)


@pytest.mark.parametrize("weights", ["binary", "ternary", "int4"])
def test_recorded_spikes_follow_from_weights_thresholds_and_input_spikes(tmp_path, weights):
    for layer, path in enumerate(write_traces(tmp_path, weights)):
        stored = trace_files.read_trace_file(path)
        found = trace_files.read_trace_file(tmp_path / manifest.weights_name(layer))
        made = rate_trace_files.expectations(found, stored)
        assert {name for name in stored[1] if name.endswith(".expected")} == made.keys()
        for name, expected in made.items():
            assert stored[1][name].dtype == expected.dtype and np.array_equal(stored[1][name], expected), name


def test_committed_tiny_traces_are_what_this_version_writes(tmp_path):
    for weights in ("binary", "ternary", "int4"):
        for path in write_traces(tmp_path / weights, weights):
            assert path.read_bytes() == (FOLDER / weights / path.name).read_bytes()


@pytest.fixture
def tiny_world(tmp_path, monkeypatch):
    """Checkpoints of tiny models by weights, with an embedding and a tokenizer that need no download."""
    replace_downloads(monkeypatch)
    for weights in ("binary", "ternary", "int4", "full"):
        checkpoint.save(tmp_path / weights, tiny_checkpoint(weights))
    return tmp_path


def export(folder, weights, *more):
    out = folder / "out"
    arguments = ["export", "--model", str(folder / weights), "--text", SENTENCE, "--steps", "9", "-o", str(out), *more]
    assert main(arguments) == 0
    return out


@pytest.mark.parametrize(
    "weights, method", [("ternary", "rate"), ("binary", "rate"), ("binary", "twin"), ("int4", "w4a4"), ("full", "fp16")]
)
def test_an_export_verifies_and_a_changed_number_is_named(tiny_world, capsys, weights, method):
    out = export(tiny_world, weights, "--method", method)
    assert main(["export", "--verify", str(out)]) == 0
    assert "all equal" in capsys.readouterr().out
    path = out / "layer01.sentence.safetensors"
    description, tensors = trace_files.read_trace_file(path)
    tensors["output.expected"][1].flat[2] += 1
    trace_files.write_trace_file(path, description, tensors)
    assert main(["export", "--verify", str(out)]) == 2
    assert "layer01.sentence.safetensors: tensor 'output.expected' [1, " in capsys.readouterr().err


def test_predictions_and_rates_of_every_step_are_beside_the_trace(tiny_world):
    out = export(tiny_world, "ternary")
    found = json.loads((out / "asr.json").read_text())
    assert len(found["prediction"]) == found["steps"] == 9
    spikes = trace_files.read_trace_file(out / "layer00.sentence.safetensors")[1]["attention.spikes"]
    level = trace_files.unpack_mask(spikes, 16).mean()
    assert found["rates"]["0.attention"]["level"][-1] == pytest.approx(level, abs=1e-6)


def test_a_twin_reads_the_spike_counts_as_codes(tiny_world):
    rate = export(tiny_world, "ternary") / "layer00.sentence.safetensors"
    spikes = trace_files.unpack_mask(trace_files.read_trace_file(rate)[1]["intermediate.spikes"], 32)
    shutil.rmtree(tiny_world / "out")
    out = export(tiny_world, "ternary", "--method", "twin")
    stored = trace_files.read_trace_file(out / "layer00.sentence.safetensors")[1]
    assert np.array_equal(stored["intermediate.codes"], spikes.sum(axis=1))
    # 9 steps: counts 0..9 take 4 bits.
    weights = trace_files.read_trace_file(out / "layer00.weights.safetensors")
    assert weights[0]["inputs"][0]["groups"] == [{"size": 16, "activation_bits": 4, "weight_bits": 2}]
    assert mac_trace_files.expectations(weights, trace_files.read_trace_file(out / "layer00.sentence.safetensors"))


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--steps", "0"], "--steps 0: at least 1"),
        (["--method", "fp16"], "--method fp16: needs a checkpoint with full weights, not ternary"),
        (["--method", "atom"], "--method atom: of a spiking language model, one of rate, fp16, w4a4, twin"),
        (["--text", " "], "no sentence in it"),
        (["--tokens", "4"], "--tokens 4: does nothing for a spiking language model: tokens of a Llama's prefill"),
        (["--group", "4"], "--group 4: does nothing for a spiking language model: inputs of a window with weight"),
    ],
)
def test_options_that_do_not_go_together_give_one_line(tiny_world, capsys, arguments, message):
    out = tiny_world / "none"
    given = ["export", "--model", str(tiny_world / "ternary"), "--text", SENTENCE, "-o", str(out), *arguments]
    assert main(given) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and not out.exists()


def test_a_checkpoint_of_another_shape_is_refused(tiny_world, capsys):
    path = tiny_world / "ternary" / checkpoint.NAME
    other = tiny_checkpoint("ternary", hidden=32)
    checkpoint.save(tiny_world / "other", other)
    description, tensors = trace_files.read_trace_file(path)
    _, wrong = trace_files.read_trace_file(tiny_world / "other" / checkpoint.NAME)
    trace_files.write_trace_file(path, description, tensors | {"0.key.weights": wrong["0.key.weights"]})
    assert main(["export", "--model", str(path.parent), "--text", SENTENCE, "-o", str(tiny_world / "none")]) == 2
    assert "'0.key.weights' is [32, 8], not [16, 4]" in capsys.readouterr().err


def test_a_checkpoint_comes_back_as_it_was_saved(tmp_path):
    for weights in ("binary", "ternary", "int4", "full"):
        made = tiny_checkpoint(weights)
        checkpoint.save(tmp_path, made)
        back = checkpoint.load(tmp_path)
        assert back.shape == made.shape and back.header == made.header and back.query_units == made.query_units
        for key, linear in made.linear.items():
            assert np.array_equal(back.linear[key].integers, linear.integers), key
            assert back.linear[key].scale == linear.scale and np.array_equal(back.linear[key].bias, linear.bias)
