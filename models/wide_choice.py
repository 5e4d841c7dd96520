"""Wide rows where they save most loss: how many each input of each layer gets, from gradients of the whole model.

To second order, small errors d of an operation's outputs cost sum g^2 d^2 / 2 of log-likelihood, g the loss's
gradient at the outputs (the empirical Fisher information's diagonal, as in Optimal Brain Damage). An input k of a token
that stays narrow errs by d_n = w[n,k] * (coding error of x[k]) + x[k] * (rounding error of w[n,k]), both uniform over
a step; wide, it errs a sixteenth as much, which is taken for nothing. Rows that save most per weight come first.

Shapes: M tokens, K inputs, N outputs of the operations that read an input, one below the other.
"""

from dataclasses import dataclass

import numpy as np

from spikeloom.models import gptq, vector_unit
from spikeloom.models import spike_projection as spikes

SEQUENCES, TOKENS = 2, 512
NARROW_LARGEST = 7
# Most of the rows of one input that may be wide.
MOST = 0.5
# A salient code has 4 to 7 steps below its value, so that a step is about a sixth of it.
SALIENT_STEPS = 6
UNIFORM_VARIANCE = 1 / 12


@dataclass(frozen=True)
class Seen:
    """x float32 [M,K] of one input and the squared gradients float32 [M,N] at the operations that read it."""

    x: np.ndarray
    squared_gradients: np.ndarray


def counts_by_loss(model, sequences, wide_share, step_of, group):
    """{(layer, input): number of wide rows}, `wide_share` of all weights in all.

    `sequences` [S,C] are token ids; `step_of(x)` gives the coding step of each token [M]; `group` as in `gptq`.
    """
    saved = {}
    chosen = sequences[:: max(1, len(sequences) // SEQUENCES)][:SEQUENCES, :TOKENS]
    for ids in chosen:
        for key, seen in gradients(model, ids).items():
            weights = _stacked(model, key)
            saved[key] = saved.get(key, 0) + savings(seen, weights, step_of(seen.x), group)
    outputs = {key: len(_stacked(model, key)) for key in saved}
    return allot(saved, outputs, wide_share)


def savings(seen, weights, steps, group):
    """Loss float64 [K], to a factor, that a narrow row of each input costs; weights [N,K], coding steps [M]."""
    coding = np.maximum(steps[:, None], np.abs(seen.x) / SALIENT_STEPS)
    by_coding = ((seen.squared_gradients @ weights**2) * coding**2).sum(axis=0, dtype=np.float64)
    largest = np.full(weights.shape[1], NARROW_LARGEST)
    importance = (seen.x.astype(np.float64) ** 2).mean(axis=0)
    scales, shifts = gptq.best_scales(
        weights.astype(np.float64), importance, largest, group, spikes.SHIFT_MAX if group else 0
    )
    rounding = np.repeat(scales * 2.0**shifts, group or len(largest), axis=0)
    by_rounding = ((seen.x**2).T @ seen.squared_gradients * rounding**2).sum(axis=1, dtype=np.float64)
    return (by_coding + by_rounding) * UNIFORM_VARIANCE


def allot(savings, outputs, share):
    """{key: rows} of {key: savings [K]} and {key: outputs N}: the most savings for `share` of the weights."""
    keys = list(savings)
    per_weight = np.concatenate([savings[key] / outputs[key] for key in keys])
    owner = np.concatenate([np.full(len(savings[key]), i) for i, key in enumerate(keys)])
    order = np.argsort(-per_weight, kind="stable")
    cost = np.array([outputs[key] for key in keys])
    most = np.array([int(MOST * len(savings[key])) for key in keys])
    left, rows = share * sum(len(savings[key]) * outputs[key] for key in keys), np.zeros(len(keys), dtype=int)
    for i in owner[order]:
        if rows[i] < most[i] and cost[i] <= left:
            rows[i] += 1
            left -= cost[i]
    return dict(zip(keys, rows.tolist(), strict=True))


def gradients(model, ids):
    """{(layer, input): Seen} of the loss of one sequence's next tokens, token ids [C], in floating point."""
    import torch

    seen = {}
    x = torch.from_numpy(model.embedding[ids]).requires_grad_()
    cosine, sine = map(
        torch.from_numpy, vector_unit.rotary_tables(model.inverse_frequencies, len(ids), model.rotary_scaling)
    )
    for layer, weights in enumerate(model.layers):
        x = _layer(torch, model, weights, x, (cosine, sine), _Reader(torch, weights, layer, seen))
    logits = _norm(torch, x, model.final_norm, model.epsilon)[:-1] @ torch.from_numpy(model.head).T
    targets = torch.from_numpy(np.asarray(ids[1:]))
    torch.nn.functional.cross_entropy(logits, targets, reduction="sum").backward()
    return {
        key: Seen(x.detach().numpy(), np.concatenate([y.grad.numpy() ** 2 for y in outputs], axis=1))
        for key, (x, outputs) in seen.items()
    }


@dataclass(frozen=True)
class _Reader:
    """The operations that read an input of one layer; what they read and gave goes to `seen`."""

    torch: object
    weights: object
    layer: int
    seen: dict

    def __call__(self, name, x):
        outputs = [x @ self.torch.from_numpy(w).T for w in self.weights.reading(name).values()]
        for y in outputs:
            y.retain_grad()
        self.seen[self.layer, name] = x, outputs
        return outputs


def _layer(torch, model, weights, x, rotary, read):
    shape = model.shape
    q, k, v = read("attention_input", _norm(torch, x, weights.attention_norm, model.epsilon))
    q, k = (_rotated(torch, y.reshape(len(x), -1, shape.head_dim), *rotary) for y in (q, k))
    q, k, v = (y.reshape(len(x), -1, shape.head_dim).transpose(0, 1)[None] for y in (q, k, v))
    mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    x = x + read("attention_output", mixed[0].transpose(0, 1).reshape(len(x), -1))[0]
    gate, up = read("mlp_input", _norm(torch, x, weights.mlp_norm, model.epsilon))
    return x + read("mlp_hidden", torch.nn.functional.silu(gate) * up)[0]


def _norm(torch, x, weight, epsilon):
    return x * torch.rsqrt((x * x).mean(dim=-1, keepdim=True) + epsilon) * torch.from_numpy(weight)


def _rotated(torch, x, cosine, sine):
    a, b = x.chunk(2, dim=-1)
    cosine, sine = cosine[:, None], sine[:, None]
    return torch.cat([a * cosine - b * sine, a * sine + b * cosine], dim=-1)


def _stacked(model, key):
    layer, name = key
    return np.concatenate(list(model.layers[layer].reading(name).values()))
