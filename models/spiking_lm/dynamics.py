"""The spiking encoder step by step, in the integers that a chip computes: the reference for chip and traces.

    sums      S = sum over inputs k of s[k] w[k,n], w integer weights, s the spikes of the step
    fires     V += S 2^F + bias; if V >= theta: a spike, and V -= theta        key, value, intermediate
    adds      A += S                                                            query, attention_output, output
    theta[n] = round(2^F / scale), F the smallest with theta >= 1024, bias[n] = round(b / scale 2^F), V and A begin at 0

What a vector unit computes is real arithmetic (binary64), rounded where it leaves: query codes to -127..127 units,
probabilities to 1/256, currents of the embedding and the layer norms to 1/4096 of a threshold. Currents after a layer
norm follow its value: they add up to t times the value after step t, so that what was wrong in early steps is undone.
Full-precision weights run through the same steps with F = 0, scale 1 and theta 1, unrounded.

Everything is causal: a run of T steps is the beginning of a longer one.
"""

from dataclasses import dataclass, field

import numpy as np
from numba import njit

from spikeloom.models.spiking_lm.shape import rate_name

LEAST_THETA = 1024
QUERY_LIMIT = 127
PROBABILITY_ONE = 256
CURRENT_ONE, CURRENT_LIMIT = 4096, 32767
NORM_EPSILON = 1e-12
FIRING = ("key", "value", "intermediate")


@dataclass(frozen=True)
class Neurons:
    """Constants of an operation's neurons: F, theta [N] and bias [N] (int64; float64 where weights are real)."""

    fraction_bits: int
    theta: np.ndarray
    bias: np.ndarray


@dataclass
class Run:
    """Of one text: `spikes` {name: uint8 [T,M,N]}, `sums` {name: A [T,M,N]} of operations that add; names as
    `rate_name` gives them, and `hidden`. `logits` float64 [T,2] after each step."""

    spikes: dict = field(default_factory=dict)
    sums: dict = field(default_factory=dict)
    logits: np.ndarray = None

    def rates(self, name):
        """Average spiking rates float64 [T,M,N]: spikes so far over steps so far."""
        return running_mean(self.spikes[name])


def neurons_of(linear, is_real):
    """Neurons of a `checkpoint.Linear`."""
    if is_real:
        return Neurons(0, np.ones(len(linear.bias)), linear.bias.astype(np.float64))
    fraction_bits = 0
    while round(2**fraction_bits / linear.scale) < LEAST_THETA:
        fraction_bits += 1
    one = 2**fraction_bits / linear.scale
    theta = np.full(len(linear.bias), round(one), dtype=np.int64)
    return Neurons(fraction_bits, theta, np.rint(linear.bias.astype(np.float64) * one).astype(np.int64))


class Simulator:
    """Runs texts through a Checkpoint. `embed(ids)` gives the embedding before gain and shift, float32 [M,D].

    Neurons of linear operations begin at 0, those fed by the vector unit at `initial` thresholds.
    """

    def __init__(self, checkpoint, embed, initial=0.0):
        self.checkpoint, self.shape, self.embed = checkpoint, checkpoint.shape, embed
        self.is_real, self.initial = checkpoint.is_real, initial
        self.neurons = {
            (i, name): neurons_of(checkpoint.linear[i, name], self.is_real)
            for i in range(self.shape.encoders)
            for name in FIRING
        }
        self._weights = {key: layer.integers.T.astype(np.float32) for key, layer in checkpoint.linear.items()}

    def run(self, ids, steps, whole=True):
        """The Run of token `ids` [M] for T steps; unless `whole`, of the last encoder only what the head reads."""
        run = Run()
        gain, shift = self.checkpoint.embedding
        current = self._current(self.embed(ids).astype(np.float64) * gain + shift)
        run.spikes["hidden"] = self._fire_currents(np.broadcast_to(current, (steps, *current.shape)), CURRENT_ONE)
        source = "hidden"
        for i in range(self.shape.encoders):
            tokens = slice(None) if whole else self.shape.read_tokens(i)
            self._encoder(i, run, run.spikes[source], tokens)
            source = rate_name(i, "output")
        weight, bias = (part.astype(np.float64) for part in self.checkpoint.head)
        read = slice(0, 1) if self.shape.pooling == "first" else slice(None)
        run.logits = running_mean(run.spikes[source][:, read].mean(axis=1)) @ weight.T + bias
        return run

    def _encoder(self, i, run, hidden, tokens):
        spikes = {"key": self._fires(i, "key", hidden), "value": self._fires(i, "value", hidden)}
        sums = {"query": self._adds(i, "query", hidden[:, tokens])}
        spikes["attention"] = self._attend(i, self._mean(i, "query", sums["query"]), spikes["key"], spikes["value"])
        self._normalized(i, "attention_output", "attention", hidden[:, tokens], spikes, sums)
        spikes["intermediate"] = self._fires(i, "intermediate", spikes["attention_output"])
        self._normalized(i, "output", "intermediate", spikes["attention_output"], spikes, sums)
        run.spikes |= {rate_name(i, name): each for name, each in spikes.items()}
        run.sums |= {rate_name(i, name): each for name, each in sums.items()}

    def _normalized(self, i, name, inputs, skipped, spikes, sums):
        """An operation whose sums, with what skips it, go through a layer norm into neurons."""
        sums[name] = self._adds(i, name, spikes[inputs])
        value = self._mean(i, name, sums[name]) + running_mean(skipped)
        normalized = layer_norm(value, *self.checkpoint.norm[i, name])
        spikes[name] = self._fire_currents(self._following(normalized), CURRENT_ONE)

    def _following(self, wanted):
        """Currents that add up to t times what is `wanted` [T,M,N] after t steps: what was wanted before is undone."""
        so_far = wanted * _steps_so_far(wanted) * CURRENT_ONE
        currents = np.diff(so_far if self.is_real else np.rint(so_far), axis=0, prepend=0.0)
        return currents if self.is_real else currents.clip(-CURRENT_LIMIT - 1, CURRENT_LIMIT)

    def _sums(self, i, name, spikes):
        """S [T,M,N], exact in float32: below 2^24 in size."""
        return (spikes.astype(np.float32).reshape(-1, spikes.shape[2]) @ self._weights[i, name]).reshape(
            *spikes.shape[:2], -1
        )

    def _fires(self, i, name, spikes):
        neurons = self.neurons[i, name]
        bias, theta = neurons.bias.astype(np.float64), neurons.theta.astype(np.float64)
        return integrate_and_fire(self._sums(i, name, spikes), float(2**neurons.fraction_bits), bias, theta, 0.0)

    def _adds(self, i, name, spikes):
        return np.cumsum(self._sums(i, name, spikes), axis=0, dtype=np.float64 if self.is_real else np.int32)

    def _mean(self, i, name, sums):
        """Running mean of the real values that an operation's sums stand for."""
        linear = self.checkpoint.linear[i, name]
        return sums * linear.scale / _steps_so_far(sums) + linear.bias

    def _attend(self, i, query, key, value):
        unit, heads = self.checkpoint.query_units[i], self.shape.heads
        codes = query / unit if self.is_real else np.rint(query / unit).clip(-QUERY_LIMIT, QUERY_LIMIT)
        codes, key, value = (_by_head(x.astype(np.float32), heads) for x in (codes, key, value))
        scores = np.cumsum((codes @ key.swapaxes(-1, -2)).astype(np.float64), axis=0)
        probabilities = softmax(scores * unit / (_steps_so_far(scores) * np.sqrt(self.shape.head_size)))
        weights = probabilities * PROBABILITY_ONE
        weights = weights if self.is_real else np.rint(weights)
        mixed = (weights.astype(np.float32) @ value).swapaxes(1, 2)
        return self._fire_currents(mixed.reshape(*mixed.shape[:2], -1), PROBABILITY_ONE)

    def _current(self, real):
        """A real current in units of 1/4096 threshold."""
        scaled = real * CURRENT_ONE
        return scaled if self.is_real else np.rint(scaled).clip(-CURRENT_LIMIT - 1, CURRENT_LIMIT)

    def _fire_currents(self, currents, one):
        """Neurons that the vector unit feeds, with a threshold of `one`."""
        outputs = currents.shape[2]
        theta = np.full(outputs, float(one))
        return integrate_and_fire(np.ascontiguousarray(currents), 1.0, np.zeros(outputs), theta, self.initial)


@njit(cache=True)
def integrate_and_fire(sums, factor, bias, theta, initial):
    """Spikes uint8 [T,M,N], at most one a step, of currents `factor` sums [T,M,N] + bias [N] and thresholds [N].

    In float64, exact for integers below 2^53. Membranes begin at `initial` thresholds.
    """
    steps, tokens, outputs = sums.shape
    spikes = np.empty((steps, tokens, outputs), dtype=np.uint8)
    for m in range(tokens):
        membranes = initial * theta
        for t in range(steps):
            for n in range(outputs):
                v = membranes[n] + (factor * np.float64(sums[t, m, n]) + bias[n])
                fires = v >= theta[n]
                membranes[n] = v - theta[n] if fires else v
                spikes[t, m, n] = fires
    return spikes


def running_mean(spikes):
    """float64 mean over steps so far of spikes [T,..]."""
    sums = np.cumsum(spikes, axis=0, dtype=np.float64)
    return sums / _steps_so_far(sums)


def layer_norm(x, gain, shift):
    """BERT's layer norm over the last axis."""
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + NORM_EPSILON) * gain + shift


def softmax(x):
    """Over the last axis."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _steps_so_far(x):
    """[T,1,..]: 1, 2, .. T."""
    return np.arange(1, len(x) + 1, dtype=np.float64).reshape(-1, *(1,) * (x.ndim - 1))


def _by_head(x, heads):
    """[T,H,M,d] of [T,M,H d]."""
    return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)
