"""Each quantizer against a second, slow implementation that is written out from its definition, and its properties."""

import math

import numpy as np
import pytest
import tiny_llama
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.models import gptq, mac_projection, spike_attention, value_rotation
from spikeloom.models.mac_projection import Group, MacFormat
from spikeloom.models.methods import atom

SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=15, deadline=None)


def correlated(rng, tokens, inputs):
    return (rng.standard_normal((tokens, inputs)) @ rng.standard_normal((inputs, inputs))).astype(np.float32)


def literal_gptq(w, hessian, scales, largest, damping):
    """Optimal brain quantization of one output: the inverse of what is left is computed anew for every input."""
    h = hessian + damping * np.diag(hessian).mean() * np.eye(len(w))
    order = sorted(range(len(w)), key=lambda k: -h[k, k])
    w, result, left = w.copy(), np.zeros(len(w), dtype=int), list(order)
    for k in order:
        result[k] = min(max(round(w[k] / scales[k]), -largest[k] - 1), largest[k])
        inverse = np.linalg.inv(h[np.ix_(left, left)])
        error = (w[k] - result[k] * scales[k]) / inverse[0, 0]
        w[left] -= error * inverse[0]
        left = left[1:]
    return result


@given(seed=SEEDS)
@FEW
def test_gptq_is_optimal_brain_quantization(seed):
    rng = np.random.default_rng(seed)
    inputs, outputs = 9, 4
    hessian = gptq.hessian_of(correlated(rng, 30, inputs))
    weights = rng.standard_normal((outputs, inputs))
    largest = rng.choice([7, 127], inputs)
    steps = rng.uniform(0.1, 0.5, (inputs, outputs))
    fast = gptq.quantize(weights, hessian, lambda k: steps[k], largest, damping=0.05)
    for n in range(outputs):
        assert (fast[n] == literal_gptq(weights[n], hessian, steps[:, n], largest, 0.05)).all()


def test_gptq_loses_less_than_rounding():
    rng = np.random.default_rng(5)
    x = correlated(rng, 300, 64)
    weights = rng.standard_normal((40, 64))
    largest = np.full(64, 7)
    scales, _ = gptq.best_scales(weights, np.ones(64), largest)
    errors = []
    for integers in (
        gptq.quantize(weights, gptq.hessian_of(x), lambda _: scales, largest),
        gptq.round_weights(weights, scales[:, None], largest),
    ):
        errors.append(((x @ (weights - integers * scales[:, None]).T) ** 2).sum())
    assert errors[0] < 0.7 * errors[1]


def literal_scale(w, importance, largest, group, shift_max):
    """(error, scale, shifts) of one output: every scale with every shift of every window."""
    start = max(abs(w) / largest)
    best = (math.inf, None, None)
    for t in range(15 + 8 * shift_max):
        scale, total, shifts = start * 2 ** (-t / 8), 0.0, []
        for first in range(0, len(w), group):
            errors = []
            for h in range(shift_max + 1):
                if t - 8 * h < 0:
                    continue  # coarser than the scale that clips nothing
                step = scale * 2**h
                part = range(first, first + group)
                rounded = [min(max(round(w[k] / step), -largest[k] - 1), largest[k]) * step for k in part]
                errors.append(sum((r - w[k]) ** 2 * importance[k] for r, k in zip(rounded, part, strict=True)))
            shifts.append(int(np.argmin(errors)))
            total += min(errors)
        if total < best[0] * (1 - 1e-12):
            best = (total, scale, shifts)
    return best


@given(seed=SEEDS, group=st.sampled_from([0, 4]))
@FEW
def test_scales_and_shifts_have_the_least_error(seed, group):
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((3, 12)) * np.repeat(np.exp2(rng.integers(-3, 1, 3)), 4)
    importance, largest = rng.uniform(0.1, 2, 12), rng.choice([7, 127], 12)
    shift_max = 3 if group else 0
    scales, shifts = gptq.best_scales(weights, importance, largest, group, shift_max)
    for n in range(3):
        _, scale, h = literal_scale(weights[n], importance, largest, group or 12, shift_max)
        assert scales[n] == pytest.approx(scale, rel=1e-12)
        assert shifts[:, n].tolist() == h


FORMATS = [
    MacFormat(np.arange(10), (Group(10, 4, 4),), symmetric=True),
    MacFormat(np.array([3, 1, 0, 2, 4, 9, 8, 7, 6, 5]), (Group(4, 4, 4), Group(6, 5, 4)), symmetric=False),
    MacFormat(np.arange(10), (Group(8, 4, 4), Group(2, 8, 8)), symmetric=True, activation_clip=0.9),
]


@pytest.mark.parametrize("form", FORMATS)
@given(seed=SEEDS)
@FEW
def test_grouped_activations_and_outputs_follow_their_definition(form, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_t(3, (5, 10)).astype(np.float32)
    coded = mac_projection.encode(x, form)
    weights = {"a": rng.standard_normal((3, 10)), "b": rng.standard_normal((2, 10))}
    projection, outputs = mac_projection.calibrate(x, weights, form, use_gptq=True)
    f = np.float32
    for m in range(5):
        y = np.zeros(5, dtype=f)
        for i, group in enumerate(form.groups):
            first = int(form.bounds[i])
            part = [x[m, form.order[k]] for k in range(first, first + group.size)]
            low, high = f(min(0, min(part))), f(max(0, max(part)))
            if form.symmetric:
                smallest, biggest, zero = (
                    -(2 ** (group.activation_bits - 1) - 1),
                    2 ** (group.activation_bits - 1) - 1,
                    0,
                )
                scale = f(f(max(-low, high) * f(form.activation_clip)) / f(biggest))
            else:
                smallest, biggest = 0, 2**group.activation_bits - 1
                scale = f(f(f(high - low) * f(form.activation_clip)) / f(biggest))
                zero = int(np.rint(f(f(-low * f(form.activation_clip)) / scale)))
            assert coded.scales[m, i] == scale and coded.zero_points[m, i] == zero
            acc = np.zeros(5, dtype=np.int64)
            for k, value in enumerate(part, start=first):
                q = min(max(int(np.rint(f(value / scale))) + zero, smallest), biggest)
                assert coded.integers[m, k] == q - zero
                acc += (q - zero) * projection.weights[k].astype(np.int64)
            for n in range(5):
                y[n] = f(y[n] + f(f(acc[n]) * f(scale * projection.scales[i, n])))
        assert (np.concatenate([outputs["a"][m], outputs["b"][m]]) == y).all()


@given(seed=SEEDS)
@FEW
def test_codes_of_coded_activations_are_the_same(seed):
    x = np.random.default_rng(seed).standard_t(3, (4, 10)).astype(np.float32)
    form = FORMATS[0]
    coded = mac_projection.encode(x, form)
    again = mac_projection.encode(coded.integers * coded.scales, form)
    assert (again.integers == coded.integers).all()


@given(seed=SEEDS)
@FEW
def test_cached_keys_and_values_follow_their_definition(seed):
    rng = np.random.default_rng(seed)
    x = (rng.standard_t(3, (6, 2, 8)) * 4).astype(np.float32)
    # With a unit that is a power of two every quotient below is exact.
    code = spike_attention.RowCode(0.25, np.array([-1, 0]), shift_max=2, offset=np.zeros((2, 8), dtype=np.float32))
    rows = spike_attention.encode_rows(x, code)
    for position in range(6):
        for head in range(2):
            ratio = float(np.float32(abs(x[position, head]).max() * np.float32(1 / 1.75)))
            e = min(max(round(math.log2(ratio)), code.e_min[head]), code.e_min[head] + 2)
            assert rows.exponents[position, head] == e
            for value, w in zip(x[position, head], rows.integers[position, head], strict=True):
                assert w == min(max(round(float(value) / (0.25 * 2.0**e)), -8), 7)


@given(seed=SEEDS)
@FEW
def test_atoms_cache_has_16_levels_and_keeps_the_extremes(seed):
    x = np.random.default_rng(seed).standard_normal((3, 2, 16)).astype(np.float32)
    back = atom._round_asymmetric(x)
    low = np.minimum(x.min(axis=2, keepdims=True), 0)
    step = (np.maximum(x.max(axis=2, keepdims=True), 0) - low) / 15
    assert (abs(back - x) <= step * 0.5001).all()
    levels = (back - low) / step
    assert abs(levels - np.rint(levels)).max() < 1e-4 and levels.max() < 15.01


def test_rotated_values_change_nothing_but_the_values():
    model = tiny_llama.make_llama()
    layer = model.layers[0]
    turned = value_rotation.rotate_values(layer, model.shape)
    for size in (12, 64, 7):
        matrix = value_rotation.hadamard(size)
        assert np.allclose(matrix @ matrix.T, np.eye(size))
    # Any mix of positions: o (P v) is the same, for heads that share values.
    rng = np.random.default_rng(1)
    x = rng.standard_normal((5, 48))
    p = rng.random((4, 5))  # one row of probabilities a head
    outputs = []
    for weights in (layer.weights, turned.weights):
        v = (x @ weights["v"].T).reshape(5, 2, 12)
        mixed = np.concatenate([p[head] @ v[:, head // 2] for head in range(4)])
        outputs.append(mixed @ weights["o"].T)
    assert np.allclose(*outputs, atol=1e-5)
    assert not np.allclose(layer.weights["v"], turned.weights["v"])
