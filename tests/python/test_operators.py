"""The SystemVerilog of hw/rtl/operators gives what models written apart give, on random operands."""

import shutil
import sys
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "configs" / "energy"))

from operators import netlist  # noqa: E402 (the folder of the script is no package)

needs_simulator = pytest.mark.skipif(
    shutil.which("iverilog") is None, reason="iverilog is not installed (Debian: apt-get install iverilog)"
)
CYCLES = 400


def signed(value, bits):
    """Two's complement of the lowest bits."""
    value &= (1 << bits) - 1
    return value - (value >> (bits - 1) << bits)


def lanes(word, bits, count):
    return [word >> i * bits & (1 << bits) - 1 for i in range(count)]


def real(bits, exponent_bits=8, fraction_bits=23):
    """A number of that format; subnormal numbers count as zero."""
    sign, exponent = bits >> exponent_bits + fraction_bits, bits >> fraction_bits & (1 << exponent_bits) - 1
    fraction = bits & (1 << fraction_bits) - 1
    if exponent == 0:
        return Fraction(0)
    bias = (1 << exponent_bits - 1) - 1
    magnitude = Fraction((1 << fraction_bits) + fraction) * Fraction(2) ** (exponent - bias - fraction_bits)
    return -magnitude if sign else magnitude


def binary32(value, zero_sign=0):
    """Nearest binary32, ties to even; too small becomes zero, too large infinity."""
    if value == 0:
        return zero_sign << 31
    sign, magnitude, exponent = int(value < 0), abs(value), 0
    while magnitude >= 2:
        magnitude, exponent = magnitude / 2, exponent + 1
    while magnitude < 1:
        magnitude, exponent = magnitude * 2, exponent - 1
    significand = round(magnitude * (1 << 23))  # Python rounds ties to even
    if significand == 1 << 24:
        significand, exponent = 1 << 23, exponent + 1
    if exponent < -126:
        return sign << 31
    if exponent > 127:
        return sign << 31 | 255 << 23
    return sign << 31 | exponent + 127 << 23 | significand - (1 << 23)


def float_product(a, b):
    return binary32(real(a) * real(b), (a ^ b) >> 31)


def float_sum(a, b):
    if real(a) == 0 and real(b) == 0:
        return a & b & 1 << 31
    return binary32(real(a) + real(b))


def half_product(a, b):
    return binary32(real(a, 5, 10) * real(b, 5, 10), (a ^ b) >> 15)


def integer_to_float(word):
    return binary32(Fraction(signed(word, 32)))


def mapped(function):
    """An operator without memory: a result a cycle."""
    return lambda rows: [function(**row) for row in rows]


def accumulated(term, bits=32, add=None):
    """An accumulator of `term`s; `first` opens a sum."""
    add = add or (lambda total, value: (total + value) & (1 << bits) - 1)

    def run(rows):
        totals, total = [], 0
        for row in rows:
            total = add(0 if row["first"] else total, term(**{k: v for k, v in row.items() if k != "first"}))
            totals.append(total)
        return totals

    return run


def multiplied(weight_bits):
    def term(weight, negative, magnitude, shift=0):
        product = signed(weight, weight_bits) * magnitude << shift
        return -product if negative else product

    return term


def dotted(count, magnitude_bits, shifts):
    def term(weights, negatives, magnitudes, shift):
        parts = zip(
            lanes(weights, 4, count), lanes(negatives, 1, count), lanes(magnitudes, magnitude_bits, count), strict=True
        )
        total = sum(-signed(w, 4) * m if n else signed(w, 4) * m for w, n, m in parts)
        return total << (shift if shifts else 0)

    return term


def serial(count):
    def term(weights, bits, negative, shift):
        total = sum(signed(w, 4) * bit for w, bit in zip(lanes(weights, 4, count), lanes(bits, 1, count), strict=True))
        return (-total if negative else total) << shift

    return term


def latched(rows):
    held, out = 0, []
    for row in rows:
        held = row["data"] if row["row"] else held
        out.append(held)
    return out


def filed(rows):
    """A word written in one cycle is read in the next."""
    words, out = {}, []
    for row in rows:
        out.append(words.get(row["read_address"]))
        words[row["write_address"]] = row["data"]
    return out


def steps_fired(rows):
    """R is loaded, then theta << step subtracted where it fits."""
    residue, out = 0, []
    for row in rows:
        if row["load"]:
            residue, fired = signed(row["R"], 48), 0
        else:
            fired = int(residue >= row["theta"] << row["step"])
            residue -= fired * (row["theta"] << row["step"])
        out.append((fired, residue & (1 << 48) - 1))
    return out


# By every five ternary weights there are: the byte that holds them. The 13 bytes that hold none give zeros.
UNPACKED = {
    sum((weight + 1) * 3**i for i, weight in enumerate(five)): sum(
        (weight & 3) << 2 * i for i, weight in enumerate(five)
    )
    for five in product((-1, 0, 1), repeat=5)
}

W4 = {"weight": 4, "negative": 1}
OPERATORS = {
    # module, parameters: inputs, outputs, cycles from operands to result, model
    ("adder", 18): ({"BITS": 18}, {"a": 18, "b": 18}, {"sum": 18}, 1, mapped(lambda a, b: a + b & (1 << 18) - 1)),
    ("multiplier", 4): (
        {"WEIGHT_BITS": 4, "MAGNITUDE_BITS": 4},
        {"weight": 4, "magnitude": 4},
        {"product": 8},
        1,
        mapped(lambda weight, magnitude: signed(weight, 4) * magnitude & 255),
    ),
    ("multiplier", 24): (
        {"WEIGHT_BITS": 24, "MAGNITUDE_BITS": 24},
        {"weight": 24, "magnitude": 24},
        {"product": 48},
        1,
        mapped(lambda weight, magnitude: signed(weight, 24) * magnitude & (1 << 48) - 1),
    ),
    ("adder_tree", 16): (
        {"LANES": 16, "BITS": 8},
        {"terms": 128},
        {"sum": 12},
        1,
        mapped(lambda terms: sum(signed(t, 8) for t in lanes(terms, 8, 16)) & 4095),
    ),
    ("shifter", 18): (
        {"BITS": 32, "SHIFT_BITS": 4, "TERM_BITS": 18},
        {"term": 18, "shift": 4},
        {"shifted": 32},
        1,
        mapped(lambda term, shift: signed(term, 18) << shift & (1 << 32) - 1),
    ),
    ("register_word", 32): ({"BITS": 32}, {"data": 32}, {"held": 32}, 0, mapped(lambda data: data)),
    ("row_latch", 64): ({"BITS": 64}, {"row": 1, "data": 64}, {"latched": 64}, 0, latched),
    ("register_file", 4): (
        {"WORDS": 4, "BITS": 18},
        {"read_address": 2, "write_address": 2, "data": 18},
        {"word": 18},
        1,
        filed,
    ),
    ("slope_adder", 18): (
        {"WEIGHT_BITS": 4, "SLOPE_BITS": 18},
        {"first": 1, "negative": 1, "weight": 4},
        {"slope": 18},
        1,
        accumulated(lambda negative, weight: -signed(weight, 4) if negative else signed(weight, 4), 18),
    ),
    ("membrane_update", 32): (
        {"SLOPE_BITS": 18, "SHIFT_BITS": 4, "MEMBRANE_BITS": 32},
        {"first": 1, "slope": 18, "shift": 4},
        {"membrane": 32},
        1,
        accumulated(lambda slope, shift: signed(slope, 18) << shift),
    ),
    ("compare_subtract", 48): (
        {"RESIDUE_BITS": 48, "THRESHOLD_BITS": 24, "STEP_BITS": 4},
        {"load": 1, "R": 48, "theta": 24, "step": 4},
        {"fired": 1, "residue": 48},
        1,
        steps_fired,
    ),
    ("multiply_accumulate", 32): (
        {"WEIGHT_BITS": 4, "MAGNITUDE_BITS": 4, "SHIFT_BITS": 4, "ACCUMULATOR_BITS": 32},
        {"first": 1, **W4, "magnitude": 4, "shift": 4},
        {"accumulator": 32},
        1,
        accumulated(multiplied(4)),
    ),
    ("multiply_accumulate", 18): (
        {"WEIGHT_BITS": 4, "MAGNITUDE_BITS": 4, "SHIFT_BITS": 0, "ACCUMULATOR_BITS": 18},
        {"first": 1, **W4, "magnitude": 4},
        {"accumulator": 18},
        1,
        accumulated(multiplied(4), 18),
    ),
    ("multiply_accumulate", 8): (
        {"WEIGHT_BITS": 8, "MAGNITUDE_BITS": 8, "SHIFT_BITS": 0, "ACCUMULATOR_BITS": 24},
        {"first": 1, "weight": 8, "negative": 1, "magnitude": 8},
        {"accumulator": 24},
        1,
        accumulated(multiplied(8), 24),
    ),
    ("dot_product", 16): (
        {"LANES": 16, "MAGNITUDE_BITS": 4, "SHIFT_BITS": 0},
        {"first": 1, "weights": 64, "negatives": 16, "magnitudes": 64, "shift": 1},
        {"accumulator": 32},
        1,
        accumulated(dotted(16, 4, shifts=False)),
    ),
    ("dot_product", 8): (
        {"LANES": 8, "MAGNITUDE_BITS": 3, "SHIFT_BITS": 4},
        {"first": 1, "weights": 32, "negatives": 8, "magnitudes": 24, "shift": 4},
        {"accumulator": 32},
        1,
        accumulated(dotted(8, 3, shifts=True)),
    ),
    ("bit_serial", 1): (
        {"LANES": 1},
        {"first": 1, "weights": 4, "bits": 1, "negative": 1, "shift": 4},
        {"accumulator": 32},
        1,
        accumulated(serial(1)),
    ),
    ("bit_serial", 32): (
        {"LANES": 32},
        {"first": 1, "weights": 128, "bits": 32, "negative": 1, "shift": 4},
        {"accumulator": 32},
        1,
        accumulated(serial(32)),
    ),
    ("half_multiply", 16): ({}, {"a": 16, "b": 16}, {"product": 32}, 1, mapped(half_product)),
    ("float_multiply", 32): ({}, {"a": 32, "b": 32}, {"product": 32}, 1, mapped(float_product)),
    ("float_accumulate", 32): (
        {},
        {"first": 1, "term": 32},
        {"accumulator": 32},
        1,
        accumulated(lambda term: term, add=float_sum),
    ),
    ("half_multiply_accumulate", 16): (
        {},
        {"first": 1, "a": 16, "b": 16},
        {"accumulator": 32},
        2,
        accumulated(half_product, add=float_sum),
    ),
    ("convert", 32): ({}, {"word": 32}, {"value": 32}, 1, mapped(integer_to_float)),
    ("dequantizer", 32): (
        {},
        {"first": 1, "word": 32, "scale": 32},
        {"accumulator": 32},
        3,
        accumulated(lambda word, scale: float_product(integer_to_float(word), scale), add=float_sum),
    ),
    ("ternary_unpack", 5): (
        {},
        {"packed_weights": 8},
        {"weights": 10},
        1,
        mapped(lambda packed_weights: UNPACKED.get(packed_weights, 0)),
    ),
}
FLOATS = {"half_multiply": ("a", "b"), "half_multiply_accumulate": ("a", "b")}
FLOATS |= {"float_multiply": ("a", "b"), "float_accumulate": ("term",), "dequantizer": ("scale",)}


def random_float(rng, bits):
    """A finite number: exponents in the middle, anywhere, smallest, or zero (zero and subnormal numbers)."""
    fraction_bits, exponent_max = (10, 30) if bits == 16 else (23, 254)
    low, high = [(exponent_max // 2 - 3, exponent_max // 2 + 3), (0, exponent_max), (1, 3), (0, 0)][
        rng.choice(4, p=[0.6, 0.2, 0.15, 0.05])
    ]
    fraction = [rng.integers(1 << fraction_bits), 0, (1 << fraction_bits) - 1][rng.choice(3, p=[0.8, 0.1, 0.1])]
    return int(rng.integers(2)) << bits - 1 | int(rng.integers(low, high + 1)) << fraction_bits | int(fraction)


def random_rows(module, inputs, seed):
    """Random operands; narrow integers among them, terms that cancel, results near 2^-126, R = theta << step."""
    rng = np.random.default_rng(seed)
    rows = []
    for cycle in range(CYCLES):
        row = {name: int.from_bytes(rng.bytes(16), "little") % (1 << bits) for name, bits in inputs.items()}
        row |= {name: random_float(rng, inputs[name]) for name in FLOATS.get(module, ())}
        row |= {name: int(cycle % 7 == 0 or cycle % 11 == 0) for name in ("first", "load", "row") if name in inputs}
        if "word" in row and cycle % 2:
            row["word"] = signed(row["word"], 1 + cycle % 31) & (1 << 32) - 1
        if module == "compare_subtract":
            row["R"] = signed(row["R"], 44) & (1 << 48) - 1 if cycle % 2 else row["theta"] << row["step"]
            if rows and rows[-1]["load"]:
                row |= {name: rows[-1][name] for name in ("theta", "step")}
        if module == "float_accumulate" and cycle % 3 == 1:
            row["term"] = rows[-1]["term"] ^ 1 << 31 ^ int(rng.integers(4))
        if module == "float_accumulate" and cycle // 7 % 2:
            row["term"] = row["term"] & ~(255 << 23) | int(rng.integers(1, 3)) << 23
        if module == "float_multiply" and cycle % 3 == 1:
            row["a"], row["b"] = row["a"] & ~(255 << 23) | 1 << 23, row["b"] & ~(255 << 23) | 126 << 23
        rows.append(row)
    return rows


@needs_simulator
@pytest.mark.parametrize("key", OPERATORS, ids=lambda key: f"{key[0]}-{key[1]}")
def test_operator_gives_what_its_model_gives(key, tmp_path):
    module, (parameters, inputs, outputs, latency, model) = key[0], OPERATORS[key]
    rows = random_rows(module, inputs, seed=key[1])
    operands = {name: [row[name] for row in rows] for name in inputs}
    ports = netlist.Netlist({}, inputs, outputs)
    columns = netlist.simulate(module, parameters, ports, operands, tmp_path, gates=False)
    got = list(zip(*(columns[name] for name in outputs), strict=True))[latency:]
    for cycle, (result, expected) in enumerate(zip(got, model(rows), strict=False)):
        wanted = expected if isinstance(expected, tuple) else (expected,)
        if None not in wanted:
            assert tuple(int(value, 16) for value in result) == wanted, (cycle, rows[cycle])


@needs_simulator
def test_every_operator_is_compared_with_a_model():
    """Modules without a clock are parts of those with one."""
    sources = {path.stem for path in netlist.SOURCES.glob("*.sv") if "always_ff" in path.read_text()}
    assert sources == {module for module, _ in OPERATORS}
