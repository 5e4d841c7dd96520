"""The shape of a model from its config.json or the head of its GGUF file, in milliseconds and without PyTorch.

GGUF: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md; magic, version, numbers of tensors and of entries, then
entries of a key, a type and a value, little-endian.
"""

import json
import struct
from pathlib import Path

from spikeloom import UserError
from spikeloom.models import llama

# Type numbers of GGUF values -> struct's letter; strings and arrays are apart.
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
# GGUF key -> key of a Hugging Face configuration, whose rules `llama.shape_of_config` knows.
CONFIG_KEYS = {
    "general.architecture": "model_type",
    "llama.embedding_length": "hidden_size",
    "llama.feed_forward_length": "intermediate_size",
    "llama.block_count": "num_hidden_layers",
    "llama.attention.head_count": "num_attention_heads",
    "llama.attention.head_count_kv": "num_key_value_heads",
    "llama.attention.key_length": "head_dim",
}
TOKENS = "tokenizer.ggml.tokens"


def shape_of_model(path):
    """LlamaShape of a GGUF file or a Hugging Face folder. Raises UserError if it is none of them, or no Llama."""
    path = Path(path)
    if not path.exists():
        raise UserError(f"{path}: no such model (`spikeloom fetch` gets the default one)")
    if path.is_file():
        return llama.shape_of_config(_gguf_config(path), path)
    return shape_of_config_file(path / "config.json")


def shape_of_config_file(path):
    """LlamaShape of a Hugging Face config.json. Raises UserError if it is none, or of another architecture."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}: expected a GGUF file or a Hugging Face folder") from error
    except ValueError as error:
        raise UserError(f"{path}: not JSON: {error}") from error
    if not isinstance(config, dict):
        raise UserError(f"{path}: not a Hugging Face configuration: expected a JSON object")
    return llama.shape_of_config(config, path)


def _gguf_config(path):
    config = {}
    try:
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise UserError(f"{path}: not a GGUF file")
            _, _, entries = _unpacked(file, "IQQ")
            for _ in range(entries):
                key = _string(file)
                value = _value(file, *_unpacked(file, "I"), keep_length=key == TOKENS)
                if key in CONFIG_KEYS:
                    config[CONFIG_KEYS[key]] = value
                elif key == TOKENS:
                    # Last of what is looked for: the sizes stand before it.
                    return config | {"vocab_size": value}
    except (struct.error, UnicodeDecodeError, KeyError, OverflowError) as error:
        raise UserError(f"{path}: not a whole GGUF file: {error!r}") from error
    raise UserError(f"{path}: a GGUF file without '{TOKENS}'")


def _value(file, kind, keep_length=False):
    """A scalar or a string; an array is passed over and gives None, or its length."""
    if kind == STRING:
        return _string(file)
    if kind != ARRAY:
        return _unpacked(file, SCALARS[kind])[0]
    kind, length = _unpacked(file, "IQ")
    if keep_length:
        return length
    for _ in range(length):
        _value(file, kind)
    return None


def _string(file):
    return file.read(*_unpacked(file, "Q")).decode("utf-8")


def _unpacked(file, letters):
    return struct.unpack(f"<{letters}", file.read(struct.calcsize(f"<{letters}")))
