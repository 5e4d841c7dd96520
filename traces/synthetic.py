"""Synthetic layers: random integers of any shape, in the trace format, labelled `"synthetic": true`.

They serve tests and shape studies. Their spike counts follow the chosen shares, not a model: every report
that uses one says so.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np

from spikeloom.files import make_folder, require_writable_folder, whole_file
from spikeloom.models import codes as code_bytes
from spikeloom.models import integer_reference as reference
from spikeloom.models.codes import CodeFormat
from spikeloom.traces import trace_files

SHIFT_MAX = 3
# About the middle of the normal codes, so that positive and negative activations are equally many.
ZERO_POINTS = {("unsigned", "floating"): 7, ("unsigned", "extended"): 16}
OUTLIER_CHANNEL_SHARE = 0.0125
OUTLIER_CHANNEL_GAIN = 4.0
WEIGHT_DEVIATION = 2.2
WIDE_WEIGHT_DEVIATION = 35.0
SALIENT_SMALLEST = 8.0
SALIENT_TAIL = 0.6
# Of memory, measured: per weight, per input value and per output code.
WEIGHT_BYTES, VALUE_BYTES, CODE_BYTES = 34, 67, 33


@dataclass(frozen=True)
class SyntheticInput:
    """An input of K = `size` values, `wide` of which have 8-bit weights."""

    name: str
    size: int
    wide: int = 0


@dataclass(frozen=True)
class SyntheticOperation:
    """An operation with N = `outputs` that reads the input named `input_name`."""

    name: str
    input_name: str
    outputs: int


@dataclass(frozen=True)
class _InputData:
    fmt: CodeFormat
    wide: np.ndarray
    codes: np.ndarray
    salient: np.ndarray
    token_exponent: np.ndarray
    salient_exponent: np.ndarray
    digit_exponent: np.ndarray | None
    shifts: np.ndarray | None

    def integers(self):
        return code_bytes.decode(
            self.codes, self.salient, self.fmt, self.salient_exponent, self.digit_exponent, self.wide
        )


@dataclass(frozen=True)
class _OperationData:
    nibbles: np.ndarray
    shifts: np.ndarray | None
    v0: np.ndarray
    theta: np.ndarray
    fraction_bits: int
    expected: np.ndarray


def write_synthetic_layer(
    directory,
    *,
    seed,
    tokens,
    inputs,
    operations,
    code="signed",
    salient_format="floating",
    digits=False,
    group=0,
    output_bits=12,
    salient_share=0.025,
    zero_share=0.25,
    output_spread=0.125,
    name="synthetic",
):
    """Write `<name>.weights.safetensors` and `<name>.<code>.safetensors`; returns both paths.

    `inputs` and `operations` are lists of SyntheticInput and SyntheticOperation. `group` is the window size
    G: 0 for one window, otherwise h (and g, if signed) are random in 0..3. `salient_share` and `zero_share`
    are shares of all values and of the normal ones; `output_spread` is the outputs' root mean square as a
    fraction of the code range (1 or more saturates many). The same arguments give the same bytes.

    Raises ValueError for shapes or combinations that the contract does not have, UserError for folders that cannot be
    written to.
    """
    _check(tokens, inputs, operations, digits, group, output_bits)
    require_writable_folder(directory)
    rng = np.random.default_rng(seed)
    fmt = CodeFormat(code, salient_format, digits, ZERO_POINTS.get((code, salient_format), 0))
    input_data = {x.name: _random_input(rng, x, tokens, fmt, group, salient_share, zero_share) for x in inputs}
    operation_data = {
        op.name: _random_operation(rng, op, input_data[op.input_name], group, output_bits, output_spread)
        for op in operations
    }
    directory = Path(directory)
    make_folder(directory)
    weights_path = directory / f"{name}.weights.safetensors"
    activations_path = directory / f"{name}.{code}.safetensors"
    description = _weights_description(seed, inputs, operations, group)
    with whole_file(weights_path) as partial:
        trace_files.write_trace_file(partial, description, _weights_tensors(inputs, input_data, operation_data))
    description = _activations_description(weights_path, tokens, inputs, operations, input_data, operation_data)
    description |= {"code": code, "output_bits": output_bits}
    with whole_file(activations_path) as partial:
        trace_files.write_trace_file(partial, description, _activations_tensors(input_data, operation_data))
    return weights_path, activations_path


def memory_bytes(tokens, inputs, operations):
    """{"weights", "values", "codes": bytes} that `write_synthetic_layer` takes, roughly, while it makes weights [K,N],
    values of the inputs [M,K] and output codes [M,N] of the largest operation; the largest is its peak."""
    sizes = {x.name: (x.size, x.wide) for x in inputs}
    weights = max((sizes[op.input_name][0] + sizes[op.input_name][1]) * op.outputs for op in operations)
    return {
        "weights": WEIGHT_BYTES * weights,
        "values": VALUE_BYTES * tokens * max(x.size for x in inputs),
        "codes": CODE_BYTES * tokens * max(op.outputs for op in operations),
    }


def _check(tokens, inputs, operations, digits, group, output_bits):
    names = [x.name for x in inputs]
    if tokens < 1 or not inputs or not operations:
        raise ValueError("at least one token, one input and one operation are needed")
    if len(set(names)) != len(names) or len({op.name for op in operations}) != len(operations):
        raise ValueError("names of inputs and of operations must be unique")
    if not 2 <= output_bits <= 16:
        raise ValueError(f"output bits {output_bits}: must be in 2..16")
    for x in inputs:
        if x.size < 1 or not 0 <= x.wide <= x.size:
            raise ValueError(f"input {x.name}: {x.wide} wide inputs of {x.size}")
        if group < 0 or (group and x.size % group):
            raise ValueError(f"input {x.name}: {x.size} values cannot be cut into windows of {group}")
        if digits and x.wide == 0:
            raise ValueError(f"input {x.name}: digits need wide inputs")
    for op in operations:
        if op.input_name not in names or op.outputs < 1:
            raise ValueError(f"operation {op.name}: no input '{op.input_name}', or no outputs")


def _random_input(rng, spec, tokens, fmt, group, salient_share, zero_share):
    wide = np.sort(rng.choice(spec.size, spec.wide, replace=False)).astype(np.int64)
    # A normal value rounds to 0 within half a step of 0: this deviation makes that share of them do so.
    deviation = 0.5 / NormalDist().inv_cdf(0.5 + zero_share / 2)
    scaled = rng.standard_normal((tokens, spec.size)) * deviation
    outliers = wide if spec.wide else _outlier_channels(rng, spec.size)
    scaled[:, outliers] *= OUTLIER_CHANNEL_GAIN
    salient = rng.random(scaled.shape) < _salient_probability(spec.size, outliers, salient_share)
    large = SALIENT_SMALLEST * np.exp(rng.exponential(SALIENT_TAIL, scaled.shape))
    scaled = np.where(salient, np.copysign(large, scaled), scaled)

    magnitude = np.abs(scaled + fmt.zero_point)
    in_place = np.ones(spec.size, dtype=bool)
    if fmt.digits:
        in_place[wide] = False
    exponent = code_bytes.smallest_exponent(np.where(salient & in_place, magnitude, 0).max(axis=1), fmt.salient_format)
    digit_exponent = code_bytes.smallest_exponent(magnitude[:, wide].max(axis=1), "digits") if fmt.digits else None
    shifts = None
    if group and fmt.code == "signed":
        shifts = rng.integers(0, SHIFT_MAX, (tokens, spec.size // group), dtype=np.uint8, endpoint=True)
    return _InputData(
        fmt,
        wide,
        code_bytes.encode(scaled, salient, fmt, exponent, digit_exponent, wide),
        salient,
        rng.integers(-2, 2, tokens, dtype=np.int8, endpoint=True),
        exponent,
        digit_exponent,
        shifts,
    )


def _outlier_channels(rng, size):
    return rng.choice(size, round(OUTLIER_CHANNEL_SHARE * size), replace=False)


def _salient_probability(size, outliers, salient_share):
    """Probability per input [K]: half of the salient values, at most, sit in the outlier channels."""
    outlier_share = len(outliers) / size
    in_outliers = min(0.5, 0.5 * salient_share / outlier_share) if outlier_share else 0.0
    rest = 1 - outlier_share
    probability = np.full(size, (salient_share - in_outliers * outlier_share) / rest if rest else salient_share)
    probability[outliers] = in_outliers
    return probability


def _random_operation(rng, op, x, group, output_bits, output_spread):
    size = x.codes.shape[1]
    weights = _random_weights(rng, WEIGHT_DEVIATION, (size, op.outputs), 7)
    weights[x.wide] = _random_weights(rng, WIDE_WEIGHT_DEVIATION, (len(x.wide), op.outputs), 127)
    shifts = None
    if group:
        shifts = rng.integers(0, SHIFT_MAX, (size // group, op.outputs), dtype=np.uint8, endpoint=True)
    membranes = reference.weighted_sums(x.integers(), weights, np.zeros(op.outputs, dtype=np.int64), x.shifts, shifts)
    root_mean_square = float(np.sqrt((membranes.astype(np.float64) ** 2).mean())) or 1.0
    step = root_mean_square / (output_spread * (1 << (output_bits - 1)))
    theta, fraction_bits = reference.thresholds(step * rng.uniform(0.7, 1.4, op.outputs))
    return _OperationData(
        reference.split_weight_rows(weights, x.wide),
        shifts,
        reference.initial_membranes(weights, x.fmt.zero_point, shifts),
        theta,
        fraction_bits,
        reference.fire(membranes, fraction_bits, theta, output_bits),
    )


def _random_weights(rng, deviation, shape, largest):
    real = rng.standard_normal(shape, dtype=np.float32) * np.float32(deviation)
    return np.clip(np.rint(real), -largest - 1, largest).astype(np.int8)


def _weights_description(seed, inputs, operations, group):
    return {
        "format": trace_files.WEIGHTS_FORMAT,
        "version": trace_files.VERSION,
        "synthetic": True,
        "model": "synthetic",
        "model_source": f"random numbers, seed {seed}",
        "license": "Apache-2.0",
        "layer": 0,
        "quantizer": "synthetic",
        "assumptions": {
            "weights": f"rounded normal numbers of deviation {WEIGHT_DEVIATION} (wide: "
            f"{WIDE_WEIGHT_DEVIATION}), h uniform"
        },
        "inputs": [{"name": x.name, "size": x.size, "wide_inputs": x.wide, "group": group} for x in inputs],
        "operations": [
            {"name": op.name, "input": op.input_name, "outputs": op.outputs, "has_h": group > 0} for op in operations
        ],
    }


def _weights_tensors(inputs, input_data, operation_data):
    tensors = {f"{x.name}.wide": input_data[x.name].wide.astype(np.int32) for x in inputs if x.wide}
    for name, op in operation_data.items():
        tensors[f"{name}.weights"] = trace_files.pack_nibbles(op.nibbles)
        if op.shifts is not None:
            tensors[f"{name}.h"] = op.shifts
    return tensors


def _activations_description(weights_path, tokens, inputs, operations, input_data, operation_data):
    return {
        "format": trace_files.ACTIVATIONS_FORMAT,
        "version": trace_files.VERSION,
        "synthetic": True,
        "weights": {"file": weights_path.name, "sha256": trace_files.file_sha256(weights_path)},
        "tokens": tokens,
        "text": {"source": "none: synthetic", "sha256": hashlib.sha256(b"").hexdigest(), "excerpt": ""},
        "u_r": 1.0,
        "inputs": [_input_description(x.name, input_data[x.name]) for x in inputs],
        "operations": [
            {"name": op.name, "input": op.input_name, "F": operation_data[op.name].fraction_bits, "gamma": 0}
            for op in operations
        ],
        "assumptions": {
            "activations": "rounded normal numbers, salient values with an exponential tail, half of them "
            "in a few outlier channels; e and g uniform; thresholds set to the spread of the sums",
        },
    }


def _input_description(name, x):
    return {
        "name": name,
        "size": x.codes.shape[1],
        "salient_format": x.fmt.salient_format,
        "digits": x.fmt.digits,
        "has_g": x.shifts is not None,
        "z": x.fmt.zero_point,
        "u": 1.0,
        "E_max": int(x.salient_exponent.max()),
        "E7_max": int(x.digit_exponent.max()) if x.fmt.digits else 0,
        "g_max": int(x.shifts.max()) if x.shifts is not None else 0,
        "salient_rule": "none",
        "salient_k": 0.0,
        "salient_share": float(x.salient.mean()),
    }


def _activations_tensors(input_data, operation_data):
    tensors = {}
    for name, x in input_data.items():
        tensors[f"{name}.codes"] = x.codes
        tensors[f"{name}.salient_mask"] = trace_files.pack_mask(x.salient)
        tensors[f"{name}.e"] = x.token_exponent
        tensors[f"{name}.E"] = x.salient_exponent
        if x.digit_exponent is not None:
            tensors[f"{name}.E7"] = x.digit_exponent
        if x.shifts is not None:
            tensors[f"{name}.g"] = x.shifts
    for name, op in operation_data.items():
        tensors[f"{name}.theta"] = op.theta
        tensors[f"{name}.v0"] = op.v0
        tensors[f"{name}.expected"] = op.expected.astype(np.int16)
    return tensors
