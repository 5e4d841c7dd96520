"""The spiking encoder as a system of average spiking rates (SpikingBERT's sublayers, arXiv 2308.10873).

An integrate-and-fire neuron with threshold 1 and soft reset that is fed a current of mean c fires at the rate
clamp(c, 0, 1) in the long run: that is every sublayer's nonlinearity.
"""

import math
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from spikeloom.models.spiking_lm.equilibrium import Sublayer, equilibrium
from spikeloom.models.spiking_lm.shape import NORMS, OPERATIONS, rate_name
from spikeloom.models.spiking_lm.teacher import LABELS, NORM_EPSILON, join_heads, split_heads
from spikeloom.models.spiking_lm.weights import QuantizedLinear

# What rates are about, by the operation that reads them; the hidden values of the feed-forward layer are mostly 0.
CENTRE = 0.5
CENTRES = {"output": 0.1}


class Encoder(nn.Module):
    """Six linear layers and the affine maps of two layer norms."""

    def __init__(self, shape):
        super().__init__()
        linear = {}
        for name in OPERATIONS:
            linear[name] = QuantizedLinear(*shape.size_of(name), shape.weights, CENTRES.get(name, CENTRE))
        self.linear = nn.ModuleDict(linear)
        self.norm = nn.ModuleDict({name: nn.LayerNorm(shape.hidden, eps=NORM_EPSILON) for name in NORMS})


class SpikingEncoder(nn.Module):
    """Embedding, encoders, and a real-valued head on rates: multiples of 1 / `levels`, or any if that is None."""

    def __init__(self, shape, embedding):
        super().__init__()
        self.shape = shape
        self.levels = None
        self.embedding = embedding
        self.gain, self.shift = nn.Parameter(torch.ones(shape.hidden)), nn.Parameter(torch.zeros(shape.hidden))
        self.encoders = nn.ModuleList(Encoder(shape) for _ in range(shape.encoders))
        self.head = QuantizedLinear(shape.hidden, LABELS, "full", CENTRE)

    def current(self, ids):
        """The constant input current [B,M,D] of ids [B,M]."""
        return self.embedding(ids) * self.gain + self.shift

    def forward(self, ids, mask, whole=False):
        """(logits [B,2], {name: rates}) at the equilibrium; names are `hidden`, then those of `rate_name`, with
        `query` among them. Of the last encoder only tokens that reach the head are computed beyond keys and values,
        unless `whole`.
        """
        rates = equilibrium(self._sublayers(ids, mask, whole))
        return self.head(self._pool(rates[rate_name(len(self.encoders) - 1, "output")], mask)), rates

    def _sublayers(self, ids, mask, whole):
        sublayers = [Sublayer("hidden", (), lambda: self._fire(self.current(ids)))]
        source = "hidden"
        for i, encoder in enumerate(self.encoders):
            tokens = slice(None) if whole else self.shape.read_tokens(i)
            sublayers += self._encoder(i, encoder, source, mask, tokens)
            source = rate_name(i, "output")
        return sublayers

    def _encoder(self, i, encoder, source, mask, tokens):
        linear, norm, fire = encoder.linear, encoder.norm, self._fire

        def named(name):
            return rate_name(i, name)

        def attend(query, key, value):
            scores = attention_scores(query, key, self.shape).masked_fill(~mask[:, None, None], -math.inf)
            return fire(join_heads(scores.softmax(-1) @ split_heads(value, self.shape.heads)))

        return [
            Sublayer(named("query"), (source,), lambda a: linear["query"](a[:, tokens])),
            Sublayer(named("key"), (source,), lambda a: fire(linear["key"](a))),
            Sublayer(named("value"), (source,), lambda a: fire(linear["value"](a))),
            Sublayer(named("attention"), (named("query"), named("key"), named("value")), attend),
            Sublayer(
                named("attention_output"),
                (named("attention"), source),
                lambda a, x: fire(norm["attention_output"](linear["attention_output"](a) + x[:, tokens])),
            ),
            Sublayer(named("intermediate"), (named("attention_output"),), lambda a: fire(linear["intermediate"](a))),
            Sublayer(
                named("output"),
                (named("intermediate"), named("attention_output")),
                lambda a, x: fire(norm["output"](linear["output"](a) + x)),
            ),
        ]

    def _pool(self, rates, mask):
        """What the head reads, [B,D], of rates [B,M,D]."""
        if self.shape.pooling == "first":
            return rates[:, 0]
        return (rates * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)

    def _fire(self, current):
        rate = current.clamp(0, 1)
        if self.levels:
            return (rate * self.levels).round() / self.levels
        if not self.shape.leak:
            return rate
        outside = current - rate
        return rate + self.shape.leak * (outside - outside.detach())


def attention_scores(query, key, shape):
    """[B,H,M',M] of queries [B,M',D] and keys [B,M,D]."""
    query, key = (split_heads(x, shape.heads) for x in (query, key))
    return query @ key.transpose(-1, -2) / math.sqrt(shape.head_size)


def of_checkpoint(checkpoint, embedding):
    """A SpikingEncoder that computes what a Checkpoint holds; its weights are real numbers, quantized as they are."""
    model = SpikingEncoder(replace(checkpoint.shape, weights="full"), embedding)
    with torch.no_grad():
        for (i, name), layer in checkpoint.linear.items():
            weight = torch.tensor(layer.integers * np.float32(layer.scale))
            model.encoders[i].linear[name].fill(weight, torch.tensor(layer.bias))
        for (i, name), (gain, shift) in checkpoint.norm.items():
            model.encoders[i].norm[name].weight.copy_(torch.tensor(gain))
            model.encoders[i].norm[name].bias.copy_(torch.tensor(shift))
        model.gain.copy_(torch.tensor(checkpoint.embedding[0]))
        model.shift.copy_(torch.tensor(checkpoint.embedding[1]))
        model.head.fill(*map(torch.tensor, checkpoint.head))
    return model.eval()
