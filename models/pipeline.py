"""Runs a Llama on texts, layer by layer, with the linear operations and the attention of one method.

The vector unit's arithmetic (`vector_unit.py`) is the same for every method. Calibration is the same run:
where a layer's input is read for the first time, the method quantizes it and the weights that read it, so
that every operation is calibrated on what the operations before it really give.

Shapes: S sequences of equal length C, one below the other: M = S * C tokens; D hidden.
"""

from dataclasses import dataclass, field

import numpy as np

from spikeloom.models import llama, vector_unit

HEAD_ROWS = 256


@dataclass
class LayerProgram:
    """What a method made of one layer: a projection per input (see `methods`), its attention, and the weights
    [D] of its norms, which may have taken up scales."""

    attention_norm: np.ndarray
    mlp_norm: np.ndarray
    projections: dict = field(default_factory=dict)
    attention: object = None


@dataclass(frozen=True)
class Rotary:
    """Tables [positions, head_dim / 2] of the rotary embedding."""

    cosine: np.ndarray
    sine: np.ndarray


def embed(model, sequences):
    """Residual stream float32 [M,D] of token ids [S,C]."""
    return model.embedding[np.asarray(sequences).reshape(-1)].copy()


def rotary_of(model, positions):
    """Rotary tables for a sequence of `positions` tokens."""
    tables = vector_unit.rotary_tables(model.inverse_frequencies, positions, model.rotary_scaling)
    return Rotary(*tables)


def run_layer(model, program, x, length, rotary, observer=None):
    """The residual stream after one decoder layer: float32 [M,D] of x [M,D], sequences of `length` tokens.

    `observer`, if given, is called as observer(name, array) with what each step read or gave.
    """
    see = observer or (lambda *_: None)
    shape, epsilon = model.shape, model.epsilon
    hidden = vector_unit.rms_norm(x, program.attention_norm, epsilon)
    see("attention_input", hidden)
    y = program.projections["attention_input"].run(hidden)
    positions = np.tile(np.arange(length), len(x) // length)
    q, k = (
        vector_unit.rotate_heads(y[name].reshape(len(x), -1, shape.head_dim), rotary.cosine, rotary.sine, positions)
        for name in ("q", "k")
    )
    v = y["v"].reshape(len(x), -1, shape.head_dim)
    see("queries", q)
    see("keys", k)
    see("values", v)
    mixed = program.attention.run(q, k, v, length)
    see("attention_output", mixed)
    x = x + program.projections["attention_output"].run(mixed)["o"]
    hidden = vector_unit.rms_norm(x, program.mlp_norm, epsilon)
    see("mlp_input", hidden)
    y = program.projections["mlp_input"].run(hidden)
    hidden = vector_unit.gated_silu(y["gate"], y["up"])
    see("mlp_hidden", hidden)
    return x + program.projections["mlp_hidden"].run(hidden)["down"]


def calibrate_layer(model, method, layer, x, length, rotary):
    """(LayerProgram, the residual stream after it [M,D]) of calibration text x [M,D]."""
    prepared = method.prepare(model, layer, x, length, rotary)
    program = LayerProgram(prepared.attention_norm, prepared.mlp_norm)
    calibrating = _CalibratingProgram(method, prepared, program, model.shape)
    return program, run_layer(model, calibrating, x, length, rotary)


def uncalibrated_program(model, method, layer):
    """The LayerProgram of a method that needs no calibration text."""
    weights = model.layers[layer]
    program = LayerProgram(weights.attention_norm, weights.mlp_norm)
    for name in llama.INPUTS:
        program.projections[name] = method.projection(weights.reading(name))
    program.attention = method.calibrate_attention(model.shape, None, None, None, None)
    return program


class _CalibratingProgram:
    """A layer program that comes into being while the layer runs on calibration text."""

    def __init__(self, method, prepared, program, shape):
        self.attention_norm, self.mlp_norm = prepared.attention_norm, prepared.mlp_norm
        self.projections = {
            name: _Calibrating(self._projection(method, prepared, program, name)) for name in llama.INPUTS
        }
        self.attention = _Calibrating(self._attention(method, program, shape))

    @staticmethod
    def _projection(method, prepared, program, name):
        def make(x):
            program.projections[name], outputs = method.calibrate_projection(x, prepared.reading(name))
            return outputs

        return make

    @staticmethod
    def _attention(method, program, shape):
        def make(q, k, v, length):
            program.attention = method.calibrate_attention(shape, q, k, v, length)
            return program.attention.run(q, k, v, length)

        return make


@dataclass(frozen=True)
class _Calibrating:
    """Calibrates on the arguments of `run` and gives what the outcome makes of them."""

    run: object


def token_losses(model, x, sequences):
    """Negative log likelihood float64 [S, C-1] of each next token, from the last residual stream x [M,D].

    The final norm is the vector unit's; the head stays in floating point in every method.
    """
    sequences = np.asarray(sequences)
    hidden = vector_unit.rms_norm(x, model.final_norm, model.epsilon)
    count, length = sequences.shape
    rows = np.arange(count * length).reshape(count, length)[:, :-1].reshape(-1)
    targets = sequences[:, 1:].reshape(-1)
    losses = np.empty(len(rows))
    for first in range(0, len(rows), HEAD_ROWS):
        part = slice(first, first + HEAD_ROWS)
        logits = hidden[rows[part]] @ model.head.T
        logits -= logits.max(axis=1, keepdims=True)
        chosen = logits[np.arange(len(logits)), targets[part]]
        losses[part] = np.log(np.exp(logits).sum(axis=1, dtype=np.float64)) - chosen
    return losses.reshape(count, length - 1)
