"""The integers of the spiking language model: a second, literal implementation gives the same spikes."""

import math

import numpy as np
import pytest
from tiny_spiking_lm import tiny_simulator

from spikeloom.models.spiking_lm import dynamics
from spikeloom.models.spiking_lm.checkpoint import Linear

STEPS, TOKENS = 12, [7, 3, 9]


def literal_run(simulator, ids, steps):
    """{name: spikes} and {name: sums}, computed one token, step, neuron and head at a time, with Python's integers."""
    made, shape = simulator.checkpoint, simulator.shape
    gain, shift = made.embedding
    tokens, d = len(ids), shape.hidden
    spikes, sums = {}, {}

    def fire_all(current_at, outputs, theta, start):
        """Spikes [T][M][N] of `current_at(t, m)`, a list of N integers."""
        membranes = [[start] * outputs for _ in range(tokens)]
        out = np.zeros((steps, tokens, outputs), dtype=np.uint8)
        for t in range(steps):
            for m in range(tokens):
                for n, current in enumerate(current_at(t, m)):
                    membranes[m][n] += current
                    if membranes[m][n] >= theta[n]:
                        membranes[m][n] -= theta[n]
                        out[t, m, n] = 1
        return out

    def weighted(i, op, row):
        w = made.linear[i, op].integers
        return [sum(int(w[n, k]) for k in range(w.shape[1]) if row[k]) for n in range(w.shape[0])]

    def linear_fire(i, op, inputs):
        linear, bits = made.linear[i, op], 0
        while round(2**bits / linear.scale) < 1024:
            bits += 1
        theta = [round(2**bits / linear.scale)] * len(linear.bias)
        bias = [round(float(b) / linear.scale * 2**bits) for b in linear.bias]

        def current_at(t, m):
            return [(s << bits) + b for s, b in zip(weighted(i, op, inputs[t, m]), bias, strict=True)]

        return fire_all(current_at, len(bias), theta, 0)

    def add(i, op, inputs):
        out, total = np.zeros((steps, tokens, len(made.linear[i, op].bias)), dtype=np.int64), 0
        for t in range(steps):
            total = total + np.array([weighted(i, op, inputs[t, m]) for m in range(tokens)])
            out[t] = total
        return out

    def mean_of(i, op, t, m):
        linear = made.linear[i, op]
        a = sums[f"{i}.{op}"]
        return [int(a[t, m, n]) * linear.scale / (t + 1) + float(linear.bias[n]) for n in range(len(linear.bias))]

    def rounded(x, low, high):
        return min(max(round(x), low), high)

    def current_codes(values):
        return [rounded(4096 * x, -32768, 32767) for x in values]

    def normalized(i, op, skipped):
        before = np.zeros((tokens, d), dtype=np.int64)

        def current_at(t, m):
            so_far = [sum(int(s) for s in skipped[: t + 1, m, n]) / (t + 1) for n in range(d)]
            x = [a + b for a, b in zip(mean_of(i, op, t, m), so_far, strict=True)]
            mean = math.fsum(x) / d
            deviation = math.sqrt(math.fsum((v - mean) ** 2 for v in x) / d + 1e-12)
            g, s = made.norm[i, op]
            wanted = [(v - mean) / deviation * float(g[n]) + float(s[n]) for n, v in enumerate(x)]
            total = [round(4096 * (t + 1) * each) for each in wanted]
            current = [min(max(a - int(b), -32768), 32767) for a, b in zip(total, before[m], strict=True)]
            before[m] = total
            return current

        return fire_all(current_at, d, [4096] * d, simulator.initial * 4096)

    def attend(i, key, value):
        size, unit = shape.head_size, made.query_units[i]
        scores = np.zeros((shape.heads, tokens, tokens), dtype=np.int64)
        probabilities = np.zeros((steps, shape.heads, tokens, tokens), dtype=np.int64)
        for t in range(steps):
            codes = [[rounded(q / unit, -127, 127) for q in mean_of(i, "query", t, m)] for m in range(tokens)]
            for h in range(shape.heads):
                part = range(h * size, (h + 1) * size)
                for m in range(tokens):
                    for j in range(tokens):
                        scores[h, m, j] += sum(codes[m][n] for n in part if key[t, j, n])
                    e = [math.exp(int(r) * unit / ((t + 1) * math.sqrt(size))) for r in scores[h, m]]
                    probabilities[t, h, m] = [round(256 * each / math.fsum(e)) for each in e]

        def current_at(t, m):
            return [
                sum(int(probabilities[t, n // size, m, j]) for j in range(tokens) if value[t, j, n]) for n in range(d)
            ]

        return fire_all(current_at, d, [256] * d, simulator.initial * 256)

    current = simulator.embed(ids)
    inputs = [
        current_codes([float(v) * float(g) + float(s) for v, g, s in zip(row, gain, shift, strict=True)])
        for row in current
    ]
    hidden = spikes["hidden"] = fire_all(lambda t, m: inputs[m], d, [4096] * d, simulator.initial * 4096)
    for i in range(shape.encoders):
        key, value = (linear_fire(i, op, hidden) for op in ("key", "value"))
        sums[f"{i}.query"] = add(i, "query", hidden)
        attention = attend(i, key, value)
        sums[f"{i}.attention_output"] = add(i, "attention_output", attention)
        middle = normalized(i, "attention_output", hidden)
        wide = linear_fire(i, "intermediate", middle)
        sums[f"{i}.output"] = add(i, "output", wide)
        hidden = normalized(i, "output", middle)
        names = ("key", "value", "attention", "attention_output", "intermediate", "output")
        spikes |= {f"{i}.{n}": s for n, s in zip(names, (key, value, attention, middle, wide, hidden), strict=True)}
    return spikes, sums


@pytest.mark.parametrize("weights", ["binary", "ternary", "int4"])
@pytest.mark.parametrize("initial", [0.0, 0.5])
def test_literal_implementation_gives_the_same_spikes_and_sums(weights, initial):
    simulator = tiny_simulator(weights, seed=3)
    simulator.initial = initial
    run = simulator.run(TOKENS, STEPS)
    spikes, sums = literal_run(simulator, TOKENS, STEPS)
    assert run.spikes.keys() == spikes.keys() and run.sums.keys() == sums.keys()
    for name, expected in spikes.items():
        assert np.array_equal(run.spikes[name], expected), name
        assert 0 < expected.mean() < 1, f"{name} is trivial"
    for name, expected in sums.items():
        assert np.array_equal(run.sums[name], expected), name


def test_a_shorter_run_is_the_beginning_of_a_longer_one():
    simulator = tiny_simulator("ternary")
    short, long = simulator.run(TOKENS, 5), simulator.run(TOKENS, 20)
    for name, spikes in short.spikes.items():
        assert np.array_equal(spikes, long.spikes[name][:5]), name
    assert np.array_equal(short.logits, long.logits[:5])


def test_first_token_of_the_last_encoder_is_the_same_without_the_others():
    simulator = tiny_simulator("binary", pooling="first")
    whole, first = simulator.run(TOKENS, 30), simulator.run(TOKENS, 30, whole=False)
    assert np.array_equal(whole.spikes["1.output"][:, :1], first.spikes["1.output"])
    assert np.array_equal(whole.logits, first.logits)


def test_currents_that_follow_add_up_to_t_times_what_is_wanted_now():
    simulator = tiny_simulator("ternary")
    wanted = np.array([0.25, 0.75, 0.5, 0.5]).reshape(-1, 1, 1)
    # 4096 times 0.25, 2 * 0.75, 3 * 0.5, 4 * 0.5.
    assert np.cumsum(simulator._following(wanted)).tolist() == [1024, 6144, 6144, 8192]


def test_a_constant_current_of_c_fires_at_rate_c_between_0_and_1():
    currents = np.array([-0.5, 0.0, 0.3125, 0.75, 1.0, 1.75])
    sums = np.broadcast_to(currents, (1000, 1, len(currents)))
    spikes = dynamics.integrate_and_fire(np.ascontiguousarray(sums), 1.0, np.zeros(6), np.ones(6), 0.0)
    # A membrane between 0 and 1 after T steps: the count is c T less than one spike.
    assert np.abs(spikes.mean(axis=(0, 1)) - currents.clip(0, 1)).max() <= 1 / 1000


def test_theta_is_one_over_the_scale_with_the_fewest_fraction_bits():
    neurons = dynamics.neurons_of(Linear(np.ones((2, 3), np.int8), 0.03, np.array([0.3, -0.06], np.float32)), False)
    # 2^5 / 0.03 = 1066.7; 2^4 / 0.03 = 533.3 is below 1024. Bias: 0.3 and -0.06 of 1066.7.
    assert neurons.fraction_bits == 5
    assert neurons.theta.tolist() == [1067, 1067]
    assert neurons.bias.tolist() == [320, -64]
