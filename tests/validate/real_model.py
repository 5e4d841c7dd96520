"""On the real model: floating point equals transformers' own, and whole-text integers equal the literal contract."""

from __future__ import annotations

import sys

import numpy as np

from spikeloom.models import codes, integer_reference, llama, pipeline
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
            sums = integer_reference.weighted_sums(
                coded.integers.astype(np.int64), weights, zero, weight_shifts=projection.shifts
            )
            for op_name, op in projection.operations.items():
                literal = integer_reference.fire(
                    sums[:, op.first : op.last], op.fraction_bits, op.theta, op.output_bits
                )
                compared += literal.size
                wrong += int((literal != fired[op_name]).sum())
    print(f"{name}: {compared - wrong:,} of {compared:,} output codes equal the integer reference")
    return compared > 0 and wrong == 0


def check_attention(model, ids, name):
    """Whether scores and mix of real layers equal int64 arithmetic on their codes, head by head."""
    rotary = pipeline.rotary_of(model, TOKENS)
    x = pipeline.embed(model, ids)
    method, shape, compared, wrong = make_method(name, Settings()), model.shape, 0, 0
    seen_positions = np.tril(np.ones((TOKENS, TOKENS), dtype=bool))
    for layer in range(CHECKED_LAYERS):
        seen = {}
        program, _ = pipeline.calibrate_layer(model, method, layer, x, TOKENS, rotary)
        x = pipeline.run_layer(model, program, x, TOKENS, rotary, seen.__setitem__)
        attention = program.attention
        trace = attention.trace(seen["queries"], seen["keys"], seen["values"])
        queries = codes.decode(
            trace.queries.codes,
            np.zeros_like(trace.queries.salient),
            attention.queries.fmt,
            trace.queries.salient_exponent,
            trace.queries.digit_exponent,
            attention.queries.wide,
        ).reshape(TOKENS, shape.heads, shape.head_dim)
        mixed = trace.mixed.reshape(TOKENS, shape.heads, shape.head_dim)
        for head in range(shape.heads):
            group = head // (shape.heads // shape.kv_heads)
            keys = trace.keys.integers[:, group].astype(np.int64)
            shifts = trace.values.exponents[:, group, None] - attention.values.e_min[group]
            values = trace.values.integers[:, group].astype(np.int64) << shifts
            p = trace.probabilities
            weights = codes.decode(
                p.codes[:, head],
                p.salient[:, head],
                codes.CodeFormat("unsigned"),
                p.salient_exponent[:, head],
            )
            for op, sums, fired in (
                (attention.scores, queries[:, head] @ keys.T, trace.scores[:, head]),
                (attention.mix, weights @ values, mixed[:, head]),
            ):
                literal = integer_reference.fire(sums, op.fraction_bits, op.theta[head], op.output_bits)
                if op is attention.scores:
                    literal = np.where(seen_positions, literal, 0)
                compared += literal.size
                wrong += int((literal != fired).sum())
    print(f"{name}: {compared - wrong:,} of {compared:,} codes of scores and mix equal int64 arithmetic")
    return compared > 0 and wrong == 0


def main():
    model = llama.load_llama(fetch_model.MODEL)
    text = read_text(fetch_model.fetch_wikipedia())
    ids = text.windows(model.tokenize, 1, 1, TOKENS)
    passed = [check_floating(model, ids)]
    passed += [check_integers(model, ids, name) for name in ("spikequant", "spikequant-improved")]
    passed += [check_attention(model, ids, name) for name in ("spikequant", "spikequant-improved")]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
