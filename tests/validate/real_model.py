"""On the real model: floating point equals transformers' own, and whole-text integers equal the literal contract."""

from __future__ import annotations

import sys

import numpy as np

from spikeloom.models import integer_reference, llama, pipeline
from spikeloom.models.methods.floating import Fp32
from spikeloom.models.methods.registry import Settings, make_method
from spikeloom.models.text import read_text
from spikeloom.traces import fetch_model

TOKENS = 256
CHECKED_LAYERS = 3
# Sums of a few thousand binary32 products in another order, over 30 layers.
LOSS_TOLERANCE = 1e-4


def transformers_losses(ids):
    """Next-token losses [TOKENS - 1] of transformers' own Llama."""
    torch, transformers = llama.import_torch()
    path = fetch_model.MODEL
    model = transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    with torch.inference_mode():
        logits = model(torch.tensor(ids)).logits[0, :-1]
    return torch.nn.functional.cross_entropy(logits, torch.tensor(ids[0, 1:]), reduction="none").numpy()


def check_floating(model, ids):
    """Whether the floating-point path gives transformers' losses."""
    rotary = pipeline.rotary_of(model, TOKENS)
    x = pipeline.embed(model, ids)
    for layer in range(len(model.layers)):
        _, x = pipeline.calibrate_layer(model, Fp32(), layer, x, TOKENS, rotary)
    difference = np.abs(pipeline.token_losses(model, x, ids)[0] - transformers_losses(ids))
    print(f"floating point against transformers: largest difference of a token's loss {difference.max():.2e}")
    return difference.max() < LOSS_TOLERANCE


def check_integers(model, ids, name):
    """Whether codes, sums and output codes of real layers equal the literal int64 reference."""
    rotary = pipeline.rotary_of(model, TOKENS)
    x = pipeline.embed(model, ids)
    method, compared, wrong = make_method(name, Settings()), 0, 0
    for layer in range(CHECKED_LAYERS):
        seen = {}
        program, _ = pipeline.calibrate_layer(model, method, layer, x, TOKENS, rotary)
        x = pipeline.run_layer(model, program, x, TOKENS, rotary, seen.__setitem__)
        for input_name, projection in program.projections.items():
            fired, coded = projection.fire(*projection.membranes(seen[input_name]))
            weights = projection.weights.astype(np.int64)
            zero = np.zeros(weights.shape[1], dtype=np.int64)
            sums = integer_reference.weighted_sums(coded.integers.astype(np.int64), weights, zero)
            for op_name, op in projection.operations.items():
                literal = integer_reference.fire(
                    sums[:, op.first : op.last], op.fraction_bits, op.theta, op.output_bits
                )
                compared += literal.size
                wrong += int((literal != fired[op_name]).sum())
    print(f"{name}: {compared - wrong:,} of {compared:,} output codes equal the integer reference")
    return compared > 0 and wrong == 0


def main():
    model = llama.load_llama(fetch_model.MODEL)
    text = read_text(fetch_model.fetch_wikipedia())
    ids = text.windows(model.tokenize, 1, 1, TOKENS)
    passed = [check_floating(model, ids)]
    passed += [check_integers(model, ids, name) for name in ("spikequant", "spikequant-improved")]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
