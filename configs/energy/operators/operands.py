"""What operators work on, cycle by cycle: operands of layer 15 of the committed SmolLM2 traces, or random bits.

`signed` is the trace of spikequant-improved (sign and 3-bit magnitude, salient values with a shift; wide inputs left
out), `unsigned` that of spikequant (4-bit codes 0..15, salient values left at their code). Silent inputs, whose code is
0, are skipped unless a name says otherwise, as a chip of either kind may. One lane computes one output after another:
pairs of a token and an output in random order, the inputs of each in the order in which the chip takes them.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from spikeloom.traces import trace_files

TRACES = Path(__file__).resolve().parents[3] / "traces" / "smollm2-135m"
METHODS = {"signed": "spikequant-improved", "unsigned": "spikequant"}
OPERATION, INPUT = "up", "mlp_input"
STEPS = 7  # time steps of a window, signed code
GROUP = 64  # inputs that share a scale where sums are dequantized
SEED = 15


@dataclass(frozen=True)
class Layer:
    """M tokens, K inputs, N outputs: `negative`, `magnitude`, `shift` [M,K], `weights` [K,N], `theta` [N]."""

    negative: np.ndarray
    magnitude: np.ndarray
    shift: np.ndarray
    weights: np.ndarray
    theta: np.ndarray
    fraction_bits: int
    output_bits: int
    scale: np.ndarray  # s_w, real weight of one step, [N]
    inputs: np.ndarray  # which of the layer's inputs these are, [K]

    def values(self):
        """The activations as integers [M,K]."""
        return np.where(self.negative, -1, 1) * (self.magnitude << self.shift)


@cache
def layer(code):
    """Layer of a METHODS key."""
    folder = TRACES / METHODS[code]
    _, weights = trace_files.read_trace_file(folder / "layer15.weights.safetensors")
    description, tensors = trace_files.read_trace_file(folder / "layer15.prefill32.safetensors")
    entry = next(x for x in description["inputs"] if x["name"] == INPUT)
    operation = next(x for x in description["operations"] if x["name"] == OPERATION)
    codes = tensors[f"{INPUT}.codes"].astype(np.int64)
    salient = trace_files.unpack_mask(tensors[f"{INPUT}.salient_mask"], codes.shape[1])
    theta = tensors[f"{OPERATION}.theta"]
    nibbles = trace_files.unpack_nibbles(weights[f"{OPERATION}.weights"], len(theta)).astype(np.int64)
    narrow = np.setdiff1d(np.arange(codes.shape[1]), weights.get(f"{INPUT}.wide", np.empty(0, int)))
    negative, magnitude, shift = _fields(code, codes, salient, tensors[f"{INPUT}.E"].astype(np.int64)[:, None])
    scale = (
        2.0 ** (operation["F"] + operation["gamma"]) * description["u_r"] / (entry["u"] * theta)
    )  # theta's definition
    return Layer(
        negative[:, narrow],
        magnitude[:, narrow],
        shift[:, narrow],
        ((nibbles ^ 8) - 8)[narrow],
        theta,
        operation["F"],
        description["output_bits"],
        scale,
        narrow,
    )


def _fields(code, codes, salient, exponent):
    if code == "unsigned":
        return np.zeros_like(codes), np.where(salient, codes & 15, codes), np.zeros_like(codes)
    negative = np.where(salient, codes >> 4, codes >> 3 & 1)
    magnitude = np.where(salient, 4 + (codes & 3), codes & 7)
    shift = np.where(salient, 1 + (codes >> 2 & 3) + exponent, 0)
    return negative, magnitude, shift


def sums(data, cycles, silent=False):
    """(first, m, n, k): per cycle the token, output and input of a multiplication, and whether it begins a sum."""
    rng = np.random.default_rng(SEED)
    rows = []
    while sum(len(row) for row in rows) < cycles:
        m, n = rng.integers(len(data.magnitude)), rng.integers(len(data.theta))
        inputs = np.arange(data.magnitude.shape[1]) if silent else np.flatnonzero(data.magnitude[m])
        rows.append([(i == 0, m, n, k) for i, k in enumerate(inputs)])
    return np.array([entry for row in rows for entry in row][:cycles]).T


def _fired(data, m, n):
    """Of one token and output, spikes by step then input: (input, step, shift, signed weight)."""
    inputs = np.flatnonzero(data.magnitude[m])
    step = STEPS - data.magnitude[m, inputs]
    order = np.argsort(step, kind="stable")
    weight = np.where(data.negative[m], -1, 1) * data.weights[:, n]
    return [(k, STEPS - data.magnitude[m, k], data.shift[m, k], weight[k]) for k in inputs[order]]


def uniform(cycles, inputs):
    """Independent random bits on every input but `first`, which opens one sum."""
    rng = np.random.default_rng(SEED)
    bits = {name: rng.integers(0, 2, (cycles, width)) for name, width in inputs.items()}
    operands = {name: [int("".join(map(str, row)), 2) for row in rows] for name, rows in bits.items()}
    return operands | {name: [int(i < 4) for i in range(cycles)] for name in inputs if name == "first"}


def ternary_bytes(cycles, inputs):
    """Bytes of five ternary weights, every one as often."""
    return {"packed_weights": np.random.default_rng(SEED).integers(0, 3**5, cycles)}


def multiplications(code, silent=False):
    """Weight, sign, magnitude and shift, one product a cycle."""

    def operands(cycles, inputs):
        data = layer(code)
        first, m, n, k = sums(data, cycles, silent)
        found = {
            "first": first,
            "weight": data.weights[k, n],
            "negative": data.negative[m, k],
            "magnitude": data.magnitude[m, k],
            "shift": data.shift[m, k],
        }
        return {name: found[name].tolist() for name in inputs}

    return operands


def products(code):
    """Products and their shifts, one a cycle."""

    def operands(cycles, inputs):
        found = multiplications(code)(cycles, ("weight", "negative", "magnitude", "shift"))
        signs = np.where(found["negative"], -1, 1)
        return {"term": (signs * np.array(found["weight"]) * found["magnitude"]).tolist(), "shift": found["shift"]}

    return operands


def spikes(cycles, inputs):
    """Weights onto the slope of shift 0, spikes of normal values by step then input."""
    data, rng, found = layer("signed"), np.random.default_rng(SEED), []
    while len(found) < cycles:
        m, n = rng.integers(len(data.magnitude)), rng.integers(len(data.theta))
        fired = [k for k, _step, shift, _weight in _fired(data, m, n) if shift == 0]
        found += [(i == 0, data.negative[m, k], data.weights[k, n]) for i, k in enumerate(fired)]
    return {name: [int(row[i]) for row in found[:cycles]] for i, name in enumerate(("first", "negative", "weight"))}


def slopes(cycles, inputs):
    """Slopes at the step marks of a window, each shift in use a slope of its own."""
    data, rng, found = layer("signed"), np.random.default_rng(SEED), []
    while len(found) < cycles:
        m, n = rng.integers(len(data.magnitude)), rng.integers(len(data.theta))
        fired = _fired(data, m, n)
        slope = dict.fromkeys(sorted({shift for _k, _step, shift, _weight in fired}), 0)
        for step in range(STEPS):
            for _k, at, shift, weight in fired:
                slope[shift] += weight if at == step else 0
            found += [(step == 0 and i == 0, value, shift) for i, (shift, value) in enumerate(slope.items())]
    return {name: [int(row[i]) for row in found[:cycles]] for i, name in enumerate(("first", "slope", "shift"))}


def slope_terms(cycles, inputs):
    """The same for a shifter alone."""
    found = slopes(cycles, inputs)
    return {"term": found["slope"], "shift": found["shift"]}


def firings(cycles, inputs):
    """Each R and the steps of its code, from the highest bit."""
    data, rng, found = layer("signed"), np.random.default_rng(SEED), []
    while len(found) < cycles:
        m, n = rng.integers(len(data.magnitude)), rng.integers(len(data.theta))
        theta, bits = int(data.theta[n]), data.output_bits
        residue = (int(data.values()[m] @ data.weights[:, n]) << data.fraction_bits) + theta // 2 + (theta << bits - 1)
        found += [(1, residue, theta, 0)] + [(0, residue, theta, step) for step in reversed(range(bits))]
    return {name: [row[i] for row in found[:cycles]] for i, name in enumerate(("load", "R", "theta", "step"))}


def rows(cycles, inputs):
    """Synapse rows of spikes in order, 16 outputs of 4 bits."""
    data = layer("signed")
    order = [k for m in range(len(data.magnitude)) for k, *_ in _fired(data, m, 0)][:cycles]
    return {"row": [1] * cycles, "data": [_packed(data.weights[k, :16], 4) for k in order]}


def lanes(code, count, weight_bits=4, magnitude_bits=4):
    """`count` neighbouring inputs a cycle, silent ones among them; also their products, for a tree alone."""

    def operands(cycles, inputs):
        data, found = layer(code), []
        for first, m, n, ks in _chunks(data, count, cycles):
            sign, magnitude, weight = data.negative[m, ks], data.magnitude[m, ks], data.weights[ks, n]
            packed = [_packed(weight, weight_bits), _packed(sign, 1), _packed(magnitude, magnitude_bits)]
            term = _packed(np.where(sign, -1, 1) * magnitude * weight, weight_bits + magnitude_bits)
            found.append((first, *packed, 0, term))
        names = ("first", "weights", "negatives", "magnitudes", "shift", "terms")
        columns = dict(zip(names, zip(*found, strict=True), strict=True))
        return {name: list(columns[name]) for name in inputs}

    return operands


def planes(count):
    """`count` neighbouring inputs, a bit of their signed 4-bit codes a cycle; salient inputs count as silent."""

    def operands(cycles, inputs):
        data, found = layer("signed"), []
        for first, m, n, ks in _chunks(data, count, cycles // 4 + 1):
            value = np.where(data.shift[m, ks] == 0, data.values()[m, ks], 0)
            weights = _packed(data.weights[ks, n], 4)
            found += [(first and b == 0, weights, _packed(value >> b & 1, 1), b == 3, b) for b in range(4)]
        names = ("first", "weights", "bits", "negative", "shift")
        return {name: [int(row[i]) for row in found[:cycles]] for i, name in enumerate(names)}

    return operands


def _chunks(data, count, cycles):
    """(first, m, n, inputs) of `cycles` chunks of neighbouring inputs."""
    rng, chunks = np.random.default_rng(SEED), []
    while len(chunks) < cycles:
        m, n = rng.integers(len(data.magnitude)), rng.integers(len(data.theta))
        starts = range(0, data.magnitude.shape[1] - count + 1, count)
        chunks += [(int(k == 0), m, n, np.arange(k, k + count)) for k in starts]
    return chunks[:cycles]


def _packed(values, bits):
    """Lane i in bits i * bits of one integer."""
    return sum((int(value) & (1 << bits) - 1) << i * bits for i, value in enumerate(values))


def registers(cycles, inputs):
    """Random words, read from random places and written to one place after another."""
    return uniform(cycles, inputs) | {"write_address": [i % (1 << inputs["write_address"]) for i in range(cycles)]}


def normal_floats(fraction_bits):
    """Independent numbers of random sign and fraction, and an exponent within 2^-7 .. 2^7."""

    def operands(cycles, inputs):
        rng = np.random.default_rng(SEED)
        bias = 15 if fraction_bits == 10 else 127
        found = {"first": [int(i < 4) for i in range(cycles)]}
        for name in inputs:
            sign, exponent = rng.integers(0, 2, cycles), rng.integers(bias - 7, bias + 8, cycles)
            bits = (sign << (5 if bias == 15 else 8) | exponent) << fraction_bits
            found.setdefault(name, (bits | rng.integers(0, 1 << fraction_bits, cycles)).tolist())
        return {name: found[name] for name in inputs}

    return operands


def half_bits(values):
    return np.asarray(values, np.float32).astype(np.float16).view(np.uint16).astype(int)


def float_bits(values):
    return np.asarray(values, np.float32).view(np.uint32).astype(int)


def halves(cycles, inputs):
    """The residual stream, normalized per token, times weights in binary16; also their products in binary32."""
    data = layer("signed")
    _, tensors = trace_files.read_trace_file(TRACES / METHODS["signed"] / "layer15.residual.safetensors")
    stream = tensors["residual"][: len(data.magnitude)]
    stream = stream / np.sqrt((stream**2).mean(axis=1, keepdims=True))
    first, m, n, k = sums(data, cycles, silent=True)
    a, b = half_bits(stream[m, data.inputs[k]]), half_bits(data.weights[k, n] * data.scale[n])
    exact = a.astype(np.uint16).view(np.float16).astype(np.float32) * b.astype(np.uint16).view(np.float16)
    found = {"first": first, "a": a, "b": b, "term": float_bits(exact)}
    return {name: found[name].tolist() for name in inputs}


def group_sums(cycles, inputs):
    """Integer sums of groups of inputs, each with a real scale of its group (largest value / 7) and output channel."""
    data, found, values = layer("signed"), [], layer("signed").values()
    groups = values.shape[1] // GROUP
    rng = np.random.default_rng(SEED)
    while len(found) < cycles:
        m, n = rng.integers(len(values)), rng.integers(len(data.theta))
        for g in range(groups):
            part = slice(g * GROUP, (g + 1) * GROUP)
            total, peak = int(values[m, part] @ data.weights[part, n]), np.abs(values[m, part]).max()
            found.append((int(g == 0), total, peak / 7 * data.scale[n]))
    first, total, scale = (np.array(column) for column in zip(*found[:cycles], strict=True))
    value = total.astype(np.float32)
    columns = {
        "first": first,
        "word": total,
        "scale": float_bits(scale),
        "a": float_bits(value),
        "b": float_bits(scale),
    }
    columns["term"] = float_bits(value * scale.astype(np.float32))
    return {name: columns[name].tolist() for name in inputs}
