"""A real Llama: its configuration, its FP32 weights as arrays, its tokenizer.

torch and transformers are imported when they are needed, so that the rest of the package runs without them.
"""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors

from spikeloom import UserError

# Operation -> (input that it reads, path of its module in the decoder layer), in execution order.
OPERATIONS = {
    "q": ("attention_input", "self_attn.q_proj"),
    "k": ("attention_input", "self_attn.k_proj"),
    "v": ("attention_input", "self_attn.v_proj"),
    "o": ("attention_output", "self_attn.o_proj"),
    "gate": ("mlp_input", "mlp.gate_proj"),
    "up": ("mlp_input", "mlp.up_proj"),
    "down": ("mlp_hidden", "mlp.down_proj"),
}
INPUTS = tuple(dict.fromkeys(name for name, _ in OPERATIONS.values()))
OPERATIONS_OF = {x: tuple(op for op, (name, _) in OPERATIONS.items() if name == x) for x in INPUTS}

# Loading holds the checkpoint and its FP32 copy for a moment.
LOADING_FACTOR = 2.0
# Where GGUF files are unpacked, and the size up to which they are.
CACHE = Path(__file__).resolve().parents[1] / ".cache" / "models"
LARGEST_UNPACKED = 4 << 30
MODEL_SUFFIXES = (".safetensors", ".bin", ".json", ".model")
INSTALL_COMMAND = "`make exporter` (or: pip install -e '.[export]')"


@dataclass(frozen=True)
class LlamaShape:
    """Sizes of a Llama: D hidden, F feed-forward, L layers, `head_dim` values a head."""

    hidden: int
    feed_forward: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int

    def operation_shape(self, name):
        """(outputs N, inputs K) of an operation."""
        attention, kv = self.heads * self.head_dim, self.kv_heads * self.head_dim
        return {
            "q": (attention, self.hidden),
            "k": (kv, self.hidden),
            "v": (kv, self.hidden),
            "o": (self.hidden, attention),
            "gate": (self.feed_forward, self.hidden),
            "up": (self.feed_forward, self.hidden),
            "down": (self.hidden, self.feed_forward),
        }[name]

    @property
    def parameters(self):
        """Weights of the linear operations, both embeddings included."""
        layer = sum(n * k for n, k in map(self.operation_shape, OPERATIONS))
        return self.layers * layer + 2 * self.vocabulary * self.hidden


@dataclass
class LlamaLayer:
    """FP32 weights of one decoder layer: [N,K] by operation name, and the two norms' weights [D]."""

    weights: dict
    attention_norm: np.ndarray
    mlp_norm: np.ndarray

    def reading(self, input_name):
        """The weights of the operations that read an input, by name."""
        return {op: self.weights[op] for op in OPERATIONS_OF[input_name]}


@dataclass
class Llama:
    """FP32 arrays of a whole model: embedding and head [vocabulary, D], norms [D], `layers`.

    `inverse_frequencies` [head_dim / 2] and `rotary_scaling` define the rotary embedding.
    """

    name: str
    shape: LlamaShape
    epsilon: float
    inverse_frequencies: np.ndarray
    rotary_scaling: float
    embedding: np.ndarray
    layers: list
    final_norm: np.ndarray
    head: np.ndarray
    tokenizer: object
    digest: str

    def tokenize(self, text):
        """Token ids (list of int) of a text, with whatever special tokens the model's tokenizer adds."""
        return self.tokenizer(text)["input_ids"]

    def decode(self, ids):
        """The text of token ids."""
        return self.tokenizer.decode(ids)


def shape_of_config(config, where):
    """LlamaShape of a Hugging Face configuration (a dict). `where` names its source in errors.

    Raises UserError if a key says that the model is no Llama, or is missing.
    """
    expected = {
        "model_type": "llama",
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
    }
    if "model_type" not in config:
        raise UserError(f"{where}: no key 'model_type': not a Hugging Face configuration")
    for key, value in expected.items():
        if config.get(key, value) != value:
            raise UserError(f"{where}: not a Llama: '{key}' is {config[key]!r}, expected {value!r}")
    heads = _size(config, "num_attention_heads", where)
    kv_heads = _size(config, "num_key_value_heads", where, heads)
    hidden = _size(config, "hidden_size", where)
    shape = LlamaShape(
        hidden=hidden,
        feed_forward=_size(config, "intermediate_size", where),
        layers=_size(config, "num_hidden_layers", where),
        heads=heads,
        kv_heads=kv_heads,
        head_dim=_size(config, "head_dim", where, hidden // heads),
        vocabulary=_size(config, "vocab_size", where),
    )
    if heads % kv_heads:
        raise UserError(f"{where}: 'num_key_value_heads' is {kv_heads}, which does not divide the {heads} heads")
    if shape.head_dim % 2 or shape.head_dim == 0:
        raise UserError(f"{where}: heads of {shape.head_dim} dimensions: rotary embeddings need an even number")
    return shape


def _size(config, key, where, default=None):
    """A positive whole number of a configuration; `default` where it is missing or null. Raises UserError."""
    value = config.get(key)
    if value is None:
        if default is None:
            raise UserError(f"{where}: not a Llama: key '{key}' is missing")
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UserError(f"{where}: '{key}' is {value!r}, expected a whole number above 0")
    return value


def load_llama(path, cache=CACHE):
    """Load a Llama from a GGUF file or a Hugging Face folder as FP32.

    A GGUF file takes a minute to read: it is unpacked once into `cache`, unless it is large. Raises UserError if torch
    or transformers are missing, the model is no Llama (naming the key), has biases, or needs more memory than there is.
    """
    path = Path(path)
    if not path.is_file():
        return _arrays_of(path, *_open_model(path), _digest_of(path))
    digest = _digest_of(path)
    unpacked = Path(cache) / digest[:20]
    if unpacked.is_dir():
        return _arrays_of(path, *_open_model(unpacked), digest)
    shape, tokenizer, model = _open_model(path)
    if 4 * shape.parameters < LARGEST_UNPACKED:
        unpacked.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=unpacked.parent) as folder:
            whole = Path(folder) / "model"
            tokenizer.save_pretrained(whole)
            # It is plain FP32 by now, which transformers does not notice.
            model.hf_quantizer = None
            if hasattr(model.config, "quantization_config"):
                del model.config.quantization_config
            model.save_pretrained(whole)
            if not unpacked.exists():
                whole.rename(unpacked)
    return _arrays_of(path, shape, tokenizer, model, digest)


def _open_model(path):
    """(LlamaShape, tokenizer, transformers' model in FP32) of a model without biases; raises as `load_llama`."""
    if not path.exists():
        raise UserError(f"{path}: no such model (`spikeloom fetch` gets the default one)")
    torch, transformers = import_torch()
    folder, gguf = (path.parent, {"gguf_file": path.name}) if path.is_file() else (path, {})
    try:
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True, **gguf)
        shape = shape_of_config(config.to_dict(), path)
        check_memory(path, shape)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, **gguf)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True, **gguf
        )
    except (OSError, ValueError, KeyError, RuntimeError, safetensors.SafetensorError) as error:
        raise UserError(f"cannot load the model {path}: {(str(error).splitlines() or [error])[0]}") from error
    for block in model.model.layers:
        for name, (_, module) in OPERATIONS.items():
            if block.get_submodule(module).bias is not None:
                raise UserError(f"{path}: operation {name} has a bias; the integer contract excludes biases")
    return shape, tokenizer, model.eval()


def check_memory(path, shape):
    """Raises UserError if loading a model of this shape needs more memory than is available."""
    needed = LOADING_FACTOR * 4 * shape.parameters
    available = _available_memory()
    if available is not None and needed > available:
        raise UserError(
            f"{path}: loading {shape.parameters / 1e9:.2f} billion parameters in FP32 needs about "
            f"{needed / 2**30:.1f} GiB of memory, {available / 2**30:.1f} GiB are available"
        )


def import_torch():
    """(torch, transformers), quiet. Raises UserError with the install command if one is missing."""
    os.environ.setdefault("TQDM_DISABLE", "1")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        import torch
        import transformers
    except ImportError as error:
        raise UserError(f"'{error.name}' is not installed; this needs: {INSTALL_COMMAND}") from error
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    return torch, transformers


def _arrays_of(path, shape, tokenizer, model, digest):
    core = model.model
    rotary = core.rotary_emb
    return Llama(
        name=path.stem if path.is_file() else path.name,
        shape=shape,
        epsilon=float(model.config.rms_norm_eps),
        inverse_frequencies=_array(rotary.inv_freq),
        rotary_scaling=float(getattr(rotary, "attention_scaling", 1.0)),
        embedding=_array(core.embed_tokens.weight),
        layers=[
            LlamaLayer(
                {name: _array(block.get_submodule(module).weight) for name, (_, module) in OPERATIONS.items()},
                _array(block.input_layernorm.weight),
                _array(block.post_attention_layernorm.weight),
            )
            for block in core.layers
        ],
        final_norm=_array(core.norm.weight),
        head=_array(model.lm_head.weight),
        tokenizer=tokenizer,
        digest=digest,
    )


def _digest_of(path):
    """SHA-256 of the model's files, in hexadecimal: weights, and what says how to compute and to tokenize."""
    files = [path] if path.is_file() else sorted(f for f in path.iterdir() if f.suffix in MODEL_SUFFIXES)
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as data:
            digest.update(hashlib.file_digest(data, "sha256").digest())
    return digest.hexdigest()


def _array(tensor):
    return np.ascontiguousarray(tensor.detach().numpy(), dtype=np.float32)


def _available_memory():
    """Bytes that can be used without swapping, or None where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None
