"""A real Llama: its configuration, its FP32 weights as arrays, its tokenizer.

torch and transformers are imported when they are needed, so that the rest of the package runs without them.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

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
INSTALL_COMMAND = "pip install -e '.[export]'"


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
    try:
        heads = int(config["num_attention_heads"])
        return LlamaShape(
            hidden=int(config["hidden_size"]),
            feed_forward=int(config["intermediate_size"]),
            layers=int(config["num_hidden_layers"]),
            heads=heads,
            kv_heads=int(config.get("num_key_value_heads") or heads),
            head_dim=int(config.get("head_dim") or config["hidden_size"] // heads),
            vocabulary=int(config["vocab_size"]),
        )
    except KeyError as error:
        raise UserError(f"{where}: not a Llama: key {error} is missing") from error
    except (TypeError, ValueError) as error:
        raise UserError(f"{where}: a size is not a whole number: {error}") from error


def load_llama(path):
    """Load a Llama from a GGUF file or a Hugging Face folder as FP32.

    Raises UserError if torch or transformers are missing, the model is no Llama (naming the key), has biases, or
    needs more memory than there is.
    """
    path = Path(path)
    shape, tokenizer, model = _open_model(path)
    return _arrays_of(path, model, shape, tokenizer)


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
    except (OSError, ValueError, KeyError) as error:
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


@dataclass
class CapturedLayer:
    """One decoder layer with what runs before it: tokenizer, FP32 model cut after the layer, weights."""

    tokenizer: object
    model: object
    layer: int

    def weights(self):
        """FP32 weights by operation name: [N,K] arrays (output-major, as torch keeps them)."""
        return {name: self._module(path).weight.detach().numpy() for name, (_, path) in OPERATIONS.items()}

    def tokenize(self, text):
        """Token ids (list of int) of a text, with whatever special tokens the model's tokenizer adds."""
        return self.tokenizer(text)["input_ids"]

    def capture(self, token_ids):
        """Inputs of the layer's operations for one sequence of M tokens.

        Returns (inputs, residual): inputs maps each input name to float32 [M,K]; residual is the residual
        stream that enters the layer, float32 [M,D].
        """
        import torch

        captured = {}
        handles = [self._decoder_layer().register_forward_pre_hook(_store(captured, "residual"), with_kwargs=True)]
        for input_name, path in OPERATIONS.values():
            hook = _store(captured, input_name)
            handles.append(self._module(path).register_forward_pre_hook(hook, with_kwargs=True))
        try:
            with torch.inference_mode():
                self.model.model(input_ids=torch.tensor([token_ids]), use_cache=False)
        finally:
            for handle in handles:
                handle.remove()
        return {name: captured[name] for name in INPUTS}, captured["residual"]

    def _decoder_layer(self):
        return self.model.model.layers[self.layer]

    def _module(self, path):
        return self._decoder_layer().get_submodule(path)


def load_llama_layer(path, layer):
    """Load a Llama from a GGUF file or a Hugging Face folder as FP32, cut after decoder layer `layer`.

    Raises UserError if torch or transformers are missing, the model is no Llama, has no such layer, or has
    biases (a constant in V would scale with the token's exponent, so the integer contract excludes them).
    """
    torch, _ = import_torch()
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)  # the order of floating-point sums must not depend on the machine's load
    path = Path(path)
    shape, tokenizer, model = _open_model(path)
    if not 0 <= layer < shape.layers:
        raise UserError(f"{path}: layer {layer} is not in 0..{shape.layers - 1}")
    model.model.layers = model.model.layers[: layer + 1]
    return CapturedLayer(tokenizer, model, layer)


def concatenate_captures(captures):
    """Join `capture` results of several sequences along the tokens."""
    inputs = {name: np.concatenate([c[0][name] for c in captures]) for name in INPUTS}
    return inputs, np.concatenate([c[1] for c in captures])


def _store(captured, name):
    def hook(module, args, kwargs):
        hidden = args[0] if args else kwargs["hidden_states"]
        captured[name] = hidden.detach()[0].numpy().copy()

    return hook


def _arrays_of(path, model, shape, tokenizer):
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
        digest=_digest_of(path),
    )


def _digest_of(path):
    """SHA-256 of the model's files, in hexadecimal."""
    files = [path] if path.is_file() else sorted(f for f in path.iterdir() if f.suffix in (".safetensors", ".bin"))
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
