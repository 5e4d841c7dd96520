"""Synthetic layers in every format: their expected outputs follow from spikes, integrated one by one.

The spiking below is the contract's text written out (slopes, step marks, shifts) on the raw bytes of the
files; it shares nothing with the reference that wrote them.
"""

import json
import re
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from safetensors import safe_open

from spikeloom.__main__ import main
from spikeloom.traces import synthetic
from spikeloom.traces.synthetic import SyntheticInput, SyntheticOperation, write_synthetic_layer

STEPS = {"floating": {"signed": 7, "unsigned": 15}, "shifted": {"signed": 15}, "extended": {"unsigned": 31}}
FORMATS = {
    "signed floating": {},
    "signed shifted": {"salient_format": "shifted"},
    "unsigned floating": {"code": "unsigned"},
    "unsigned extended": {"code": "unsigned", "salient_format": "extended"},
    "windows": {"group": 8},
    "windows unsigned": {"code": "unsigned", "group": 8},
    "wide": {"wide": 5},
    "wide unsigned shifts": {"wide": 5, "code": "unsigned", "group": 8},
    "digits": {"wide": 5, "digits": True},
    "digits and windows": {"wide": 5, "digits": True, "group": 8},
    "saturating": {"output_spread": 2.0},
    "16 bits": {"output_bits": 16},
}


def write(directory, seed=5, wide=0, tokens=3, **options):
    return write_synthetic_layer(
        directory,
        seed=seed,
        tokens=tokens,
        inputs=[SyntheticInput("first", 24, wide), SyntheticInput("second", 16, wide)],
        operations=[
            SyntheticOperation("a", "first", 7),
            SyntheticOperation("b", "first", 4),
            SyntheticOperation("c", "second", 1),
        ],
        salient_share=options.pop("salient_share", 0.2),
        **options,
    )


def load(path):
    with safe_open(path, framework="numpy") as file:
        return json.loads(file.metadata()["spikeloom"]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def spikes_of(byte, is_salient, is_digits, entry, code, exponents):
    """(magnitude p, sign, shift j) of each spike of one code; time to first spike fires it at step T - p."""
    byte = int(byte)
    if is_digits:
        sign = -1 if byte & 64 else 1
        return [(byte & 7, sign, exponents[1]), (byte >> 3 & 7, sign, 3 + exponents[1])]
    if is_salient and entry["salient_format"] == "floating":
        return [(4 + (byte & 3), -1 if byte & 16 else 1, 1 + (byte >> 2 & 3) + exponents[0])]
    if is_salient and entry["salient_format"] == "shifted":
        return [(byte & 15, -1 if byte & 16 else 1, exponents[0])]
    if code == "signed":
        return [(byte & 7, -1 if byte & 8 else 1, 0)]
    if entry["salient_format"] == "extended" and not is_salient:
        return [(byte + 8, 1, 0)]
    return [(byte, 1, 0)]


def nibble_row(packed, row, outputs):
    return [int(packed[row, n // 2]) >> (4 * (n % 2)) & 15 for n in range(outputs)]


def signed(nibbles):
    return [x - 16 if x > 7 else x for x in nibbles]


def membranes_from_spikes(description, tensors, weights_description, weights, op, token):
    """V of every output of one operation and token, by slopes and step marks."""
    entry = next(x for x in description["inputs"] if x["name"] == op["input"])
    shape = next(x for x in weights_description["inputs"] if x["name"] == op["input"])
    outputs = next(x for x in weights_description["operations"] if x["name"] == op["name"])["outputs"]
    name, size, group = entry["name"], entry["size"], shape["group"] or entry["size"]
    wide = weights.get(f"{name}.wide", np.empty(0, int)).tolist()
    steps = STEPS[entry["salient_format"]][description["code"]]
    exponents = (
        int(tensors[f"{name}.E"][token]),
        int(tensors[f"{name}.E7"][token]) if entry["digits"] else 0,
    )
    v = [int(x) for x in tensors[f"{op['name']}.v0"]]
    for window in range(size // group):
        events = [[] for _ in range(steps)]
        for k in range(window * group, (window + 1) * group):
            is_salient = bool(tensors[f"{name}.salient_mask"][token, k // 8] >> (k % 8) & 1)
            byte = tensors[f"{name}.codes"][token, k]
            is_digits = entry["digits"] and k in wide
            for p, sign, j in spikes_of(byte, is_salient, is_digits, entry, description["code"], exponents):
                if p > 0:
                    events[steps - p].append((k, sign, j))
        g = int(tensors[f"{name}.g"][token, window]) if entry["has_g"] else 0
        h = weights[f"{op['name']}.h"][window] if group != size else [0] * outputs
        slopes = {}
        for step in events:
            for k, sign, j in step:
                row = nibble_row(weights[f"{op['name']}.weights"], k, outputs)
                add_row(slopes, j, sign, row if k in wide else signed(row))
                if k in wide:
                    high = nibble_row(weights[f"{op['name']}.weights"], size + wide.index(k), outputs)
                    add_row(slopes, j + 4, sign, signed(high))
            for j, slope in slopes.items():
                v = [v[n] + (slope[n] << (j + g + int(h[n]))) for n in range(outputs)]
    return v


def add_row(slopes, j, sign, row):
    slope = slopes.setdefault(j, [0] * len(row))
    slopes[j] = [s + sign * w for s, w in zip(slope, row, strict=True)]


@pytest.mark.parametrize("options", FORMATS.values(), ids=FORMATS.keys())
def test_expected_outputs_follow_from_the_spikes(tmp_path, options):
    weights_path, activations_path = write(tmp_path, **options)
    weights_description, weights = load(weights_path)
    description, tensors = load(activations_path)
    assert weights_description["synthetic"] is True and description["synthetic"] is True
    bits = description["output_bits"]
    for op in description["operations"]:
        for token in range(description["tokens"]):
            v = membranes_from_spikes(description, tensors, weights_description, weights, op, token)
            theta = tensors[f"{op['name']}.theta"]
            expected = [
                max(-(1 << bits - 1), min((1 << bits - 1) - 1, ((x << op["F"]) + int(t) // 2) // int(t)))
                for x, t in zip(v, theta, strict=True)
            ]
            assert tensors[f"{op['name']}.expected"][token].tolist() == expected


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path):
    first = [path.read_bytes() for path in write(tmp_path / "first")]
    assert first == [path.read_bytes() for path in write(tmp_path / "again")]
    assert first != [path.read_bytes() for path in write(tmp_path / "other", seed=6)]


def test_shares_of_zeros_and_salient_values_are_as_asked(tmp_path):
    _, path = write_synthetic_layer(
        tmp_path,
        seed=1,
        tokens=16,
        inputs=[SyntheticInput("x", 4096)],
        operations=[SyntheticOperation("op", "x", 2)],
    )
    description, tensors = load(path)
    salient = np.unpackbits(tensors["x.salient_mask"], axis=1, bitorder="little").astype(bool)
    # The few outlier channels are larger and so have fewer zeros: 25 % is not met exactly.
    assert (tensors["x.codes"][~salient] == 0).mean() == pytest.approx(0.25, abs=0.01)
    assert salient.mean() == pytest.approx(0.025, abs=0.002) == description["inputs"][0]["salient_share"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"group": 7}, "windows of 7"),
        ({"digits": True}, "digits need wide"),
        ({"code": "unsigned", "salient_format": "shifted"}, "no code"),
        ({"wide": 17}, "17 wide"),
        ({"tokens": 0}, "at least one"),
        ({"output_bits": 17}, "2..16"),
    ],
)
def test_impossible_layers_are_refused(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        write(tmp_path, **options)


def run(*arguments):
    return subprocess.run([sys.executable, "-m", "spikeloom", *arguments], capture_output=True, text=True, check=False)


def test_command_line_writes_a_synthetic_layer(tmp_path):
    done = run(
        "synthetic",
        "--inputs",
        "64",
        "--outputs",
        "9",
        "--tokens",
        "2",
        "--group",
        "16",
        "--op-count",
        "2",
        "-o",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    description, tensors = load(tmp_path / "synthetic.signed.safetensors")
    assert [op["name"] for op in description["operations"]] == ["op0", "op1"]
    assert tensors["input.g"].shape == (2, 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["synthetic", "--inputs", "64", "--outputs", "1", "--tokens", "1", "--group", "7"], "windows of 7"),
        (["export", "--model", "no-such-file.gguf"], "no-such-file.gguf: no such model"),
        (["export", "--tokens", "0"], "--tokens 0"),
    ],
)
def test_user_errors_are_one_line_and_status_2(tmp_path, arguments, message):
    done = run(*arguments, "-o", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and message in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("inputs", "outputs", "tokens", "remedy"),
    [
        (10**8, 10**8, 100, "--inputs or --outputs"),
        (10**8, 1, 10**8, "--inputs or --tokens"),
        (1, 10**8, 10**8, "--outputs or --tokens"),
    ],
)
def test_a_layer_beyond_this_machines_memory_is_refused_in_one_line(tmp_path, inputs, outputs, tokens, remedy):
    sizes = {"--inputs": inputs, "--outputs": outputs, "--tokens": tokens}
    done = run("synthetic", *(str(word) for pair in sizes.items() for word in pair), "-o", tmp_path / "out")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    gib = int(re.search(r"takes about ([\d,]+) GiB of memory, and the machine", done.stderr)[1].replace(",", ""))
    assert gib > 10**16 / 2**30  # at least a byte for each of 10^16
    assert done.stderr.endswith(f": lower {remedy}\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("tokens", "inputs", "outputs", "group"), [(1, 1024, 1024, 0), (256, 4096, 8, 0), (64, 512, 512, 8)]
)
def test_the_memory_that_is_told_is_what_it_takes_within_a_third(tmp_path, tokens, inputs, outputs, group):
    layer = [synthetic.SyntheticInput("x", inputs)], [synthetic.SyntheticOperation("y", "x", outputs)]
    tracemalloc.start()
    try:
        synthetic.write_synthetic_layer(
            tmp_path, seed=1, tokens=tokens, inputs=layer[0], operations=layer[1], group=group
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert max(synthetic.memory_bytes(tokens, *layer).values()) == pytest.approx(peak, rel=1 / 3)


def test_memory_that_runs_out_is_one_line_and_leaves_nothing(tmp_path, monkeypatch, capsys):
    def write(path, *_):
        path.write_text("half")
        raise MemoryError("Unable to allocate 74.5 GiB for an array with shape (100000, 100000) and data type int64")

    monkeypatch.setattr(synthetic.trace_files, "write_trace_file", write)
    line = f"synthetic --inputs 64 --outputs 1 --tokens 1 -o {tmp_path}"
    assert main(line.split()) == 2
    assert capsys.readouterr().err == (
        "error: not enough memory (Unable to allocate 74.5 GiB for an array with shape (100000, 100000) and data type "
        "int64): lower --inputs, --outputs or --tokens; nothing half-written is left\n"
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("option", "least"), [("--inputs", 1), ("--outputs", 1), ("--tokens", 1), ("--op-count", 1), ("--seed", 0)]
)
def test_a_number_that_is_too_small_is_named_by_its_option(tmp_path, option, least):
    sizes = {"--inputs": 64, "--outputs": 8, "--tokens": 1} | {option: least - 1}
    done = run("synthetic", *(str(word) for pair in sizes.items() for word in pair), "-o", tmp_path / "out")
    assert (done.returncode, done.stderr) == (2, f"error: {option} {least - 1}: at least {least}\n")
    assert not (tmp_path / "out").exists()
