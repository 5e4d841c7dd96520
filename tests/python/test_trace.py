"""The committed real trace is what its description says: checked by a second, literal implementation.

Nothing here uses the package: the files are read with safetensors, the bits are taken apart by hand, and the
contract's formulas are written out again, element by element on a sample and as one matrix product on
everything.
"""

import hashlib
import json
import random
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

TRACES = Path(__file__).resolve().parents[2] / "traces" / "smollm2-135m"
METHODS = ["spikequant", "spikequant-improved"]
SAMPLED_OUTPUTS = 40
# SmolLM2-135M: hidden 576, key and value 192, feed-forward 1536.
SHAPES = {
    "q": ("attention_input", 576, 576),
    "k": ("attention_input", 576, 192),
    "v": ("attention_input", 576, 192),
    "o": ("attention_output", 576, 576),
    "gate": ("mlp_input", 576, 1536),
    "up": ("mlp_input", 576, 1536),
    "down": ("mlp_hidden", 1536, 576),
}


def load(path):
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
        assert list(metadata) == ["spikeloom"]
        return json.loads(metadata["spikeloom"]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


@pytest.fixture(scope="module", params=METHODS)
def folder(request):
    return TRACES / request.param


@pytest.fixture(scope="module")
def weights_file(folder):
    return load(folder / "layer15.weights.safetensors")


@pytest.fixture(scope="module")
def activations_file(folder):
    return load(folder / "layer15.prefill32.safetensors")


def nibble_of(packed, row, n):
    return (int(packed[row, n // 2]) >> (4 * (n % 2))) & 15


def weight(packed, wide, size, k, n):
    """w of input k and output n, from the nibbles: a wide input has its high nibble in a row of its own."""
    nibble = nibble_of(packed, k, n)
    if k in wide:
        high = nibble_of(packed, size + wide.index(k), n)
        return 16 * (high - 16 if high >= 8 else high) + nibble
    return nibble - 16 if nibble >= 8 else nibble


def activation(code, is_salient, code_name, exponent, z, digit_exponent=None):
    """a of one code byte, with floating salient values, or of two digits if it has a digit exponent."""
    if digit_exponent is not None:
        return (8 * ((code >> 3) & 7) + (code & 7)) * 2**digit_exponent * (-1 if code & 64 else 1)
    if is_salient:
        x, f = (code >> 2) & 3, code & 3
        value = (4 + f) * 2 ** (1 + x + exponent) * (-1 if code & 16 else 1)
        return value - z
    if code_name == "unsigned":
        return code - z
    return (code & 7) * (-1 if code & 8 else 1)


def output_code(v, fraction_bits, theta, bits):
    o = (v * 2**fraction_bits + theta // 2) // theta
    return max(-(2 ** (bits - 1)), min(2 ** (bits - 1) - 1, o))


def wide_inputs(weights, name):
    return [int(k) for k in weights.get(f"{name}.wide", [])]


def token_activations(description, tensors, wide, input_index, token):
    """All a of one token, one by one."""
    entry = description["inputs"][input_index]
    name = entry["name"]
    codes, mask = tensors[f"{name}.codes"][token], tensors[f"{name}.salient_mask"][token]
    exponent = int(tensors[f"{name}.E"][token])
    digit_exponent = int(tensors[f"{name}.E7"][token]) if entry["digits"] else None
    return [
        activation(
            int(codes[k]),
            bool(mask[k // 8] >> (k % 8) & 1),
            description["code"],
            exponent,
            entry["z"],
            digit_exponent if k in wide else None,
        )
        for k in range(entry["size"])
    ]


def test_activations_name_the_weights_by_their_hash(folder, activations_file):
    description, _ = activations_file
    data = (folder / description["weights"]["file"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == description["weights"]["sha256"]


def test_the_operations_are_those_of_the_model(weights_file, activations_file):
    (weights_description, weights), (description, tensors) = weights_file, activations_file
    operations = [(name, shape[0]) for name, shape in SHAPES.items()]
    for names in (weights_description["operations"], description["operations"]):
        assert [(op["name"], op["input"]) for op in names] == operations
    for name, (x, k, n) in SHAPES.items():
        assert weights[f"{name}.weights"].shape == (k + len(wide_inputs(weights, x)), (n + 1) // 2)
        assert tensors[f"{name}.expected"].shape == (description["tokens"], n)


def test_stored_ranges_hold(weights_file, activations_file):
    (_, weights), (description, tensors) = weights_file, activations_file
    for entry in description["inputs"]:
        assert tensors[f"{entry['name']}.E"].max() <= entry["E_max"] <= 7
        codes = tensors[f"{entry['name']}.codes"]
        mask = np.unpackbits(tensors[f"{entry['name']}.salient_mask"], axis=1, bitorder="little")
        salient = mask[:, : entry["size"]].astype(bool)
        assert not mask[:, entry["size"] :].any()
        narrow = np.ones(entry["size"], dtype=bool)
        if entry["digits"]:
            narrow[wide_inputs(weights, entry["name"])] = False
        assert (codes[:, ~narrow] < 128).all()
        assert (codes[salient & narrow] < 32).all() and (codes[~salient & narrow] < 16).all()
        assert entry["salient_share"] == salient.mean()
        if description["code"] == "signed":
            assert entry["z"] == 0 and (codes[~salient & narrow] != 8).all()


def test_f_is_the_smallest_that_gives_every_threshold_1024(activations_file):
    description, tensors = activations_file
    for op in description["operations"]:
        smallest = tensors[f"{op['name']}.theta"].min()
        # Halving F would round to at most ceil(theta / 2): below 1024 exactly if theta is below 2048.
        assert 1024 <= smallest <= 2048


def test_sampled_outputs_follow_the_contract_element_by_element(weights_file, activations_file):
    (_, weights), (description, tensors) = weights_file, activations_file
    names = [entry["name"] for entry in description["inputs"]]
    pick = random.Random(15)
    for op in description["operations"]:
        input_index = names.index(op["input"])
        z, size = description["inputs"][input_index]["z"], description["inputs"][input_index]["size"]
        packed, theta = weights[f"{op['name']}.weights"], tensors[f"{op['name']}.theta"]
        token = pick.randrange(description["tokens"])
        wide = wide_inputs(weights, op["input"])
        a = token_activations(description, tensors, wide, input_index, token)
        for _ in range(SAMPLED_OUTPUTS):
            n = pick.randrange(len(theta))
            column = [weight(packed, wide, size, k, n) for k in range(size)]
            assert tensors[f"{op['name']}.v0"][n] == -z * sum(column)
            # a holds -z already: V0 is what the chip starts from because its spikes carry a + z.
            v = sum(a[k] * column[k] for k in range(size))
            o = output_code(v, op["F"], int(theta[n]), description["output_bits"])
            assert tensors[f"{op['name']}.expected"][token, n] == o, (op["name"], token, n)


def test_all_outputs_follow_from_one_matrix_product(weights_file, activations_file):
    (_, weights), (description, tensors) = weights_file, activations_file
    names = [entry["name"] for entry in description["inputs"]]
    limit = 2 ** (description["output_bits"] - 1)
    a = {
        name: np.array(
            [
                token_activations(description, tensors, wide_inputs(weights, name), i, m)
                for m in range(description["tokens"])
            ]
        )
        for i, name in enumerate(names)
    }
    for op in description["operations"]:
        packed = weights[f"{op['name']}.weights"].astype(np.int64)
        w = np.stack([packed & 15, packed >> 4], axis=2).reshape(len(packed), -1)
        wide = wide_inputs(weights, op["input"])
        size = len(w) - len(wide)
        is_low = np.zeros(len(w), dtype=bool)
        is_low[wide] = True
        w = np.where(is_low[:, None], w, w - 16 * (w >= 8))
        w[wide] += 16 * w[size:]
        w = w[:size]
        z = description["inputs"][names.index(op["input"])]["z"]
        assert (tensors[f"{op['name']}.v0"] == -z * w.sum(axis=0)).all()
        v = (a[op["input"]] + z) @ w + tensors[f"{op['name']}.v0"]
        theta = tensors[f"{op['name']}.theta"]
        o = np.clip((v * 2 ** op["F"] + theta // 2) // theta, -limit, limit - 1)
        assert (o == tensors[f"{op['name']}.expected"]).all()
