"""Where a student begins: layers of the teacher, moved to rates between 0 and 1.

A rate is a = 1/2 + g x of the teacher's value x, g such that 2.5 standard deviations fit. Keys may be moved by a
constant (softmax does not see it), values too (probabilities add up to 1), and a layer norm does not see g, so that
only what is clamped, and GELU, differ from the teacher's layer.
"""

import torch

from spikeloom.models.spiking_lm.network import CENTRE

DEVIATIONS = 2.5
# Hidden values of the feed-forward layer: 0..1 holds GELU's 0..this many standard deviations of its input.
FEED_FORWARD_DEVIATIONS = 2.5


def start_from_teacher(student, teacher, batch, layers):
    """Fill a SpikingEncoder from the teacher's `layers` (one for each encoder); `batch` shows the values' spread."""
    with torch.no_grad():
        _, hidden = teacher(batch.ids, batch.mask)
        x = [teacher.embedding(batch.ids), *hidden]
        gain = _gain(x[0][batch.mask])
        student.gain.fill_(gain)
        student.shift.fill_(CENTRE)
        for encoder, number in zip(student.encoders, layers, strict=True):
            gain = _fill(encoder, teacher.layers[number], x[number][batch.mask], gain)
        _set(student.head, teacher.head, gain, 1.0, 0)


def _fill(encoder, layer, x, gain):
    """Fill an encoder whose input rates are CENTRE + gain x. Returns the gain of its output."""
    linear = encoder.linear
    key_gain, value_gain = (_gain(part(x)) for part in (layer.key, layer.value))
    _set(linear["query"], layer.query, gain, 1 / key_gain, 0)
    _set(linear["key"], layer.key, gain, key_gain, CENTRE)
    _set(linear["value"], layer.value, gain, value_gain, CENTRE)
    # Residual sums are gain times the teacher's, which the layer norm takes out again.
    _set(linear["attention_output"], layer.mix, value_gain, gain, 0)
    middle = _set_norm(encoder.norm["attention_output"], layer.mix_norm)
    up = layer.up(_sample_of_norm(layer.mix_norm, x))
    up_gain = 1 / (FEED_FORWARD_DEVIATIONS * float(up.std()))
    _set(linear["intermediate"], layer.up, middle, up_gain, 0)
    _set(linear["output"], layer.down, up_gain, middle, 0, centre=0.0)
    return _set_norm(encoder.norm["output"], layer.down_norm)


def _gain(x):
    return CENTRE / (DEVIATIONS * float(x.std()))


def _sample_of_norm(norm, x):
    """Values [n,D] as `norm` gives them."""
    return norm(x)


def _set(linear, layer, gain_in, gain_out, offset, centre=CENTRE):
    """linear(centre + gain_in x) = offset + gain_out layer(x)."""
    weight = layer.weight * (gain_out / gain_in)
    linear.fill(weight, offset + gain_out * layer.bias - centre * weight.sum(1))


def _set_norm(norm, layer):
    """norm = CENTRE + gain layer norm; returns the gain."""
    gain = CENTRE / (DEVIATIONS * float((layer.weight.square().mean() + layer.bias.square().mean()).sqrt()))
    norm.weight.copy_(gain * layer.weight)
    norm.bias.copy_(CENTRE + gain * layer.bias)
    return gain
