"""Methods: ways to quantize a Llama. One small file each; `registry.py` makes them by name.

A method has `name`, `options` (what identifies a calibration beside the model and the text), `assumptions`
(choices by name, as they stand in traces), `weights` and `activations` (their formats, for a table), and makes

    check(shape)                                                                -> UserError if it cannot be done
    prepare(model, layer, x [M,D], length C, rotary)                            -> LlamaLayer, which may be scaled
    calibrate_projection(x [M,K], weights {operation: [N,K]})   -> projection, its outputs on x
    calibrate_attention(shape, q [M,H,d], k [M,G,d], v [M,G,d], length C)        -> attention

A projection's `run(x [M,K])` gives {operation: y float32 [M,N]}; an attention's `run(q, k, v, C)` gives
float32 [M, H * d]. `floating.Method` is what they have in common.
"""

from dataclasses import dataclass

# Here, and not in the registry, so that a --help need not load what the methods need.
NAMES = ("fp16", "w4a4-rtn", "w4a4-gptq", "atom", "spikellm", "spikequant", "spikequant-improved")


@dataclass(frozen=True)
class Setting:
    """A setting: what it is, its default, and the methods that take it."""

    what: str
    default: object
    methods: tuple

    def __str__(self):
        return f"{self.what}, of {' and '.join(self.methods)}"


SETTINGS = {
    "salient_share": Setting("share of the values that are salient", 0.025, ("spikequant", "spikequant-improved")),
    "wide_share": Setting("share of the channels kept at 8 bits", 0.0625, ("atom", "spikequant-improved")),
    "activation_bits": Setting("bits of an activation, 1 to 8", 4, ("w4a4-rtn", "w4a4-gptq")),
    "output_bits": Setting("bits of an output code", 16, ("spikequant-improved",)),
    "group": Setting("inputs of a window with weight shifts of its own, 0 for none", 0, ("spikequant-improved",)),
    "spike_attention": Setting("attention in spikes", True, ("spikequant-improved",)),
}


def why_unused(setting, names):
    """Why a setting does nothing for the methods `names`; None if one of them takes it, or has an unknown name."""
    if not set(names) <= set(NAMES) or set(names) & set(SETTINGS[setting].methods):
        return None
    return f"does nothing for {', '.join(dict.fromkeys(names))}: {SETTINGS[setting]}"
