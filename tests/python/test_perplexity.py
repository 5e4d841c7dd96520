"""Readings of perplexity on the tiny model, and the table that they end in."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import tiny_llama

from spikeloom import UserError
from spikeloom.__main__ import main
from spikeloom.models import llama, methods, perplexity, spike_projection
from spikeloom.models.activation_count import ActivationCount
from spikeloom.models.codes import CodeFormat
from spikeloom.models.methods.floating import Fp32
from spikeloom.models.methods.registry import Settings, make_method
from spikeloom.models.text import perplexity_of, read_text
from spikeloom.traces import perplexity_table as tables
from spikeloom.traces.paired import paired_difference

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def tiny_model(monkeypatch, tmp_path):
    tiny_llama.stand_in(monkeypatch, tmp_path)


def measure(tmp_path, chosen, **more):
    text = tiny_llama.write_text(tmp_path / "text.txt")
    options = tables.PerplexityOptions(
        tiny_llama.write_model(tmp_path / "tiny.gguf"),
        chosen,
        [text],
        text,
        windows=3,
        window=24,
        calibration_windows=3,
        settings=Settings(),
        **more,
    )
    tables.measure(options)


def literal_losses(model, ids):
    """Losses of one sequence by a plain float64 Llama, written out from its definition."""

    def norm(x, weight):
        return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + model.epsilon) * weight

    def turned(x, position):
        a, b = np.split(x, 2)
        angle = position * model.inverse_frequencies.astype(np.float64)
        return np.concatenate([a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle)])

    def softmax(x):
        e = np.exp(x - x.max())
        return e / e.sum()

    shape = model.shape
    x = model.embedding[ids].astype(np.float64)
    for layer in model.layers:
        w = {name: weight.astype(np.float64) for name, weight in layer.weights.items()}
        h = norm(x, layer.attention_norm)
        q = (h @ w["q"].T).reshape(len(ids), shape.heads, -1)
        k = (h @ w["k"].T).reshape(len(ids), shape.kv_heads, -1)
        v = (h @ w["v"].T).reshape(len(ids), shape.kv_heads, -1)
        out = np.zeros_like(q)
        for m in range(len(ids)):
            for head in range(shape.heads):
                g = head * shape.kv_heads // shape.heads
                keys = np.array([turned(k[n, g], n) for n in range(m + 1)])
                p = softmax(keys @ turned(q[m, head], m) / np.sqrt(shape.head_dim))
                out[m, head] = p @ v[: m + 1, g]
        x = x + out.reshape(len(ids), -1) @ w["o"].T
        h = norm(x, layer.mlp_norm)
        gate = h @ w["gate"].T
        x = x + (gate / (1 + np.exp(-gate)) * (h @ w["up"].T)) @ w["down"].T
    logits = norm(x, model.final_norm) @ model.head.T.astype(np.float64)
    return np.array([-np.log(softmax(logits[m])[ids[m + 1]]) for m in range(len(ids) - 1)])


def test_the_floating_pipeline_is_a_llama():
    model = tiny_llama.make_llama()
    ids = np.random.default_rng(2).integers(0, 64, (2, 15))
    readings = perplexity.read_perplexity(model, Fp32(), ids, {"text": ids})
    expected = np.mean([literal_losses(model, row) for row in ids])
    assert np.log(readings[0].perplexity.value) == pytest.approx(expected, abs=1e-5)
    assert readings[0].count.values == 0


def test_methods_order_as_their_bits_do(tmp_path, capsys):
    measure(tmp_path, ["fp16", "w4a4-rtn", "spikequant-improved:salient-share=0.1,wide-share=0.25"], as_json=True)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["method"] for line in lines] == ["fp16", "w4a4-rtn", "spikequant-improved"]
    assert lines[0]["payload_bits"] == 16
    assert lines[1]["payload_bits"] == 4
    # 4 bits, 3 more in a quarter of the inputs, 1 more in the salient rest.
    assert 4.75 < lines[2]["payload_bits"] < 4.75 + 0.1
    assert lines[2]["digit_share"] == pytest.approx(0.25, abs=0.01)
    assert lines[2]["options"]["salient_share"] == 0.1
    assert lines[2]["widths"]["membrane"] == lines[2]["widths"]["largest_membrane"].bit_length() + 1


def test_counts_follow_from_the_codes_by_hand():
    # MAD 1 (e = 0), k = 3: 9 is salient; -8 stands on a wide input.
    x = np.array([[1, -1, 9, 1, -1, 1, 0.5, -8]], dtype=np.float32)
    code = spike_projection.InputCode(
        CodeFormat("signed", digits=True), spike_projection.SalientRule(3.0, True), 1.0, 7, 7, np.array([7])
    )
    count = spike_projection.SpikeProjection(code, np.zeros((8, 1)), {}, 0, np.zeros((1, 1))).count(x)
    # 7 narrow values of 4 bits, one of them with a fifth; one of 7 bits; an index of 3 bits; exponents of 8 + 3 + 3.
    assert (count.values, count.salient, count.digits, count.payload, count.side) == (8, 2, 1, 7 * 4 + 1 + 7, 3 + 14)
    both = ActivationCount()
    both.add(count)
    both.add(count)
    assert (both.values, both.salient_share, both.payload_bits) == (16, 0.25, 36 / 8)


def test_the_table_is_written_between_its_marks(tmp_path, capsys):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{tables.TABLE_BEGIN}\nold\n{tables.TABLE_END}\nafter\n")
    measure(tmp_path, ["fp16", "atom:wide-share=0.25"], as_json=False, readme=readme)
    lines = readme.read_text().splitlines()
    assert lines[0] == "before" and lines[-1] == "after" and "old" not in lines
    rows = [line for line in lines if line.startswith("| `")]
    assert len(rows) == 2 and "8 bit in 25.00% of the inputs" in rows[1]
    shown = capsys.readouterr().out.splitlines()[2].split()[2]
    assert f"| {shown} (" in rows[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("atom:wide-shape=0.1", "no setting 'wide-shape'"),
        ("atom:wide-share=x", "'x' is no number for 'wide-share'"),
        ("atom:wide-share=0.9", "must be in 0..0.5"),
        ("fp17", "unknown"),
        ("spikequant-improved:spike-attention=1", "no setting 'spike-attention'"),
        ("atom:activation-bits=5", "atom:activation-bits=5: activation-bits does nothing for atom: bits of an activ"),
    ],
)
def test_bad_method_texts_are_refused(text, message):
    with pytest.raises(UserError, match=message):
        tables.method_of(text, Settings())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "atom --activation-bits 5",
            "--activation-bits 5: does nothing for atom: bits of an activation, 1 to 8, of w4a4-rtn and w4a4-gptq",
        ),
        ("atom fp16 --group 4", "--group 4: does nothing for atom, fp16: inputs of a window with weight shifts of its"),
        ("spikequant --float-attention", "--float-attention: does nothing for spikequant: attention in spikes, of"),
        # One of the methods takes it, so that the model is what is wrong.
        ("atom w4a4-rtn --activation-bits 5", "none.gguf: no such model"),
        ("atom:wide-share=0.1 spikequant-improved --group 4 --float-attention", "none.gguf: no such model"),
        ("all --activation-bits 5 --salient-share 0.1 --group 4", "none.gguf: no such model"),
    ],
)
def test_a_setting_that_none_of_the_methods_takes_is_refused(tmp_path, capsys, arguments, message):
    text = str(tiny_llama.write_text(tmp_path / "text.txt"))
    line = ["perplexity", "--model", "none.gguf", "--text", text, "--calibration-text", text, "--windows", "1"]
    line += ["--window", "24", "--calibration-windows", "3", "--method", *arguments.split()]
    assert main(line) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {message}") and error.count("\n") == 1


def test_the_paired_difference_is_worked_out_by_hand():
    # Differences 0.1, 0.3, 0.2: mean 0.2, deviation 0.1, error 0.1 / sqrt(3); Student's t of 2 degrees is 4.303.
    difference = paired_difference(np.array([3.1, 5.3, 2.2]), np.array([3.0, 5.0, 2.0]))
    assert difference.mean == pytest.approx(0.2)
    assert difference.standard_error == pytest.approx(0.057735, abs=1e-6)
    assert (difference.low, difference.high) == pytest.approx((0.2 - 0.248434, 0.2 + 0.248434), abs=1e-5)
    assert str(difference) == "+0.2000 +- 0.0577 (-0.0484 .. +0.4484; 3 windows)"
    assert str(paired_difference([2.0], [2.5])) == "-0.5000 (one window)"


def test_the_readme_says_what_its_windows_give():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = (ROOT / "plots" / "example" / "paired.jsonl").read_text(encoding="utf-8").splitlines()
    readings = [json.loads(line) for line in lines]
    atom = {reading["text"]: reading["window_losses"] for reading in readings if reading["method"] == "atom"}
    assert len(atom) == 2 and len(readings) == 6
    for reading in readings:
        losses = np.array(reading["window_losses"])
        p = perplexity_of(losses[:, np.newaxis])
        assert f"{p.value:.2f} ({p.low:.2f} .. {p.high:.2f})" in text
        if reading["method"] != "atom":
            assert f" {paired_difference(losses, atom[reading['text']])} |" in text


def test_methods_are_compared_window_by_window_with_the_first(tmp_path, capsys):
    chosen = ["fp16", "w4a4-rtn"]
    measure(tmp_path, chosen, as_json=True)
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first["paired"] is None and second["paired"]["against"] == "fp16"
    for line in (first, second):
        assert len(line["window_losses"]) == line["windows"] == 3
        assert np.exp(np.mean(line["window_losses"])) == pytest.approx(line["perplexity"])
    by_hand = np.subtract(second["window_losses"], first["window_losses"])
    assert second["paired"]["mean"] == pytest.approx(by_hand.mean())
    assert second["paired"]["standard_error"] == pytest.approx(by_hand.std(ddof=1) / np.sqrt(3))
    measure(tmp_path, chosen, as_json=False)
    shown = capsys.readouterr().out.splitlines()
    assert shown[3].startswith("log-perplexity less that of fp16 on the same windows")
    assert shown[4].split()[:3] == ["w4a4-rtn", "text.txt", f"{by_hand.mean():+.4f}"]


def test_windows_read_one_by_one_are_those_read_together(tmp_path, capsys):
    measure(tmp_path, ["fp16"], as_json=True)
    line = json.loads(capsys.readouterr().out)
    model = tiny_llama.make_llama()
    text = read_text(tmp_path / "text.txt")
    ids = text.windows(model.tokenize, 1, 3, 24)
    together = perplexity.read_perplexity(model, make_method("fp16", Settings()), ids, {"text": ids})[0].perplexity
    # The random model loses 18 to 25 nats a token. Libraries choose the order of binary32 sums by batch and processor,
    # which moves that by some 1e-4.
    read = [math.log(line[name]) for name in ("low", "perplexity", "high")]
    assert read == pytest.approx([math.log(x) for x in (together.low, together.value, together.high)], abs=2e-3)


def test_a_text_that_is_too_short_is_seen_before_the_model_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(llama, "load_llama", lambda _path: pytest.fail("loaded"))
    text = tiny_llama.write_text(tmp_path / "short.txt", articles=2, words=5)
    options = tables.PerplexityOptions(
        tiny_llama.write_model(tmp_path / "tiny.gguf"), ["fp16"], [text], text, 3, 24, 3, Settings(), False
    )
    with pytest.raises(UserError, match=r"short.txt: its second half \(evaluation\) has \d+ bytes, too few for 72 tok"):
        tables.measure(options)


def test_ctrl_c_says_how_many_methods_were_measured(tmp_path, monkeypatch):
    real = perplexity.read_perplexity

    def stop(model, method, *rest):
        if method.name == "w4a4-rtn":
            raise KeyboardInterrupt
        return real(model, method, *rest)

    monkeypatch.setattr(perplexity, "read_perplexity", stop)
    with pytest.raises(KeyboardInterrupt, match="^1 of 2 methods measured; calibrated layers are kept"):
        measure(tmp_path, ["fp16", "w4a4-rtn"], as_json=False)


def test_all_methods():
    assert tuple(tables.expand(["all"])) == methods.NAMES


def test_a_readme_without_a_place_for_the_table_is_refused(tmp_path):
    (tmp_path / "README.md").write_text("no marks")
    with pytest.raises(UserError, match="for the table to stand between"):
        measure(tmp_path, ["fp16"], as_json=False, readme=tmp_path / "README.md")
