"""What a spiking encoder consists of."""

from dataclasses import asdict, dataclass

# Spiking sublayers of an encoder, in order; `query` is a linear operation without neurons.
SUBLAYERS = ("key", "value", "attention", "attention_output", "intermediate", "output")
OPERATIONS = ("query", "key", "value", "attention_output", "intermediate", "output")
# Operations whose sums go through a layer norm before neurons.
NORMS = ("attention_output", "output")


# Kinds of weights, and the bits that one takes in memory; 0: it stays real.
WEIGHT_BITS = {"binary": 1, "ternary": 2, "int4": 4, "full": 0}


@dataclass(frozen=True)
class Shape:
    """`weights` of WEIGHT_BITS; `pooling`: the head reads the `mean` rates of all tokens, or those of the `first`;
    `leak`: slope of the clamp's surrogate gradient outside 0..1, 0 for its own."""

    weights: str
    encoders: int = 2
    hidden: int = 384
    feed_forward: int = 1536
    heads: int = 12
    pooling: str = "mean"
    leak: float = 0.0

    @property
    def head_size(self):
        return self.hidden // self.heads

    def size_of(self, operation):
        """(inputs, outputs) of a linear operation."""
        d, f = self.hidden, self.feed_forward
        return {"intermediate": (d, f), "output": (f, d)}.get(operation, (d, d))

    def read_tokens(self, layer):
        """The tokens of encoder `layer` whose output the head or another encoder reads."""
        is_last = layer + 1 == self.encoders
        return slice(0, 1) if is_last and self.pooling == "first" else slice(None)

    def as_dict(self):
        return asdict(self)


def rate_name(layer, sublayer):
    """Name of a sublayer's rates: `1.output` is the second encoder's output."""
    return f"{layer}.{sublayer}"
