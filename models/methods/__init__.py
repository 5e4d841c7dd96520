"""Methods: ways to quantize a Llama. One small file each; `registry.py` makes them by name.

A method has `name`, `options` (what identifies a calibration beside the model and the text), `assumptions`
(choices by name, as they stand in traces), `weights` and `activations` (their formats, for a table), and makes

    check(shape)                                                                -> UserError if it cannot be done
    survey(model, token ids [S,C])                                              before the first layer
    prepare(model, layer, x [M,D], length C, rotary)                            -> LlamaLayer, which may be scaled
    calibrate_projection(x [M,K], weights {operation: [N,K]})   -> projection, its outputs on x
    calibrate_attention(shape, q [M,H,d], k [M,G,d], v [M,G,d], length C)        -> attention

A projection's `run(x [M,K])` gives {operation: y float32 [M,N]}; an attention's `run(q, k, v, C)` gives
float32 [M, H * d]. `floating.Method` is what they have in common.
"""

# Here, and not in the registry, so that a --help need not load what the methods need.
NAMES = ("fp16", "w4a4-rtn", "w4a4-gptq", "atom", "spikellm", "spikequant", "spikequant-improved")
