"""A real Llama in FP32 (torch, transformers): what the linear operations of one layer read on a text.

torch is imported when it is needed, so that the rest of the package runs without it.
"""

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


@dataclass
class LlamaLayer:
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
        handles = [
            self._decoder_layer().register_forward_pre_hook(_store(captured, "residual"), with_kwargs=True)
        ]
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
    torch, transformers = _import_torch()
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)  # the order of floating-point sums must not depend on the machine's load
    path = Path(path)
    folder, gguf = (path.parent, {"gguf_file": path.name}) if path.is_file() else (path, {})
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, **gguf)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True, **gguf
        )
    except (OSError, ValueError) as error:
        raise UserError(f"cannot load the model {path}: {str(error).splitlines()[0]}") from error
    if model.config.model_type != "llama":
        raise UserError(f"{path}: model type '{model.config.model_type}', expected 'llama'")
    if not 0 <= layer < len(model.model.layers):
        raise UserError(f"{path}: layer {layer} is not in 0..{len(model.model.layers) - 1}")
    model.model.layers = model.model.layers[: layer + 1]
    loaded = LlamaLayer(tokenizer, model.eval(), layer)
    for name, (_, module_path) in OPERATIONS.items():
        if loaded._module(module_path).bias is not None:
            raise UserError(
                f"{path}: operation {name} has a bias; only layers without biases can be exported"
            )
    return loaded


def concatenate_captures(captures):
    """Join `capture` results of several sequences along the tokens."""
    inputs = {name: np.concatenate([c[0][name] for c in captures]) for name in INPUTS}
    return inputs, np.concatenate([c[1] for c in captures])


def _store(captured, name):
    def hook(module, args, kwargs):
        hidden = args[0] if args else kwargs["hidden_states"]
        captured[name] = hidden.detach()[0].numpy().copy()

    return hook


def _import_torch():
    os.environ.setdefault("TQDM_DISABLE", "1")
    try:
        import torch
        import transformers
    except ImportError as error:
        raise UserError(
            f"'{error.name}' is not installed; the exporter needs: pip install -e '.[export]'"
        ) from error
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    return torch, transformers
