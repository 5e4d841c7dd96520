"""What the vector unit does between a layer's linear operations, as the trace's `vector_unit` list."""


def seen_positions(case):
    """Positions that the case's tokens see, all together: token m sees first + m + 1."""
    return sum(range(case.first + 1, case.context + 1))


def of_layer(shape, case, codes, quantized_cache=True, encoded_inputs=True):
    """Entries in execution order for a LlamaShape and a `spike_trace.Case`.

    `codes`: attention works on codes of queries and probabilities. `quantized_cache`: keys and values are quantized.
    `encoded_inputs`: the inputs of linear operations are coded (not in binary16).
    """
    tokens, heads, groups, size = case.tokens, shape.heads, shape.kv_heads, shape.head_dim
    hidden, attention = shape.hidden, shape.heads * shape.head_dim
    seen = heads * seen_positions(case)
    work = []

    def add(name, kind, elements, vectors, wanted=True):
        if wanted:
            work.append({"name": name, "kind": kind, "elements": elements, "vectors": vectors})

    add("attention_norm", "rms_norm", tokens * hidden, tokens)
    add("attention_input", "encode", tokens * hidden, tokens, encoded_inputs)
    add("rotary", "rotary", tokens * (heads + groups) * size, tokens * (heads + groups))
    add("queries", "encode", tokens * attention, tokens * heads, codes)
    add("keys", "quantize", tokens * groups * size, tokens * groups, quantized_cache)
    add("values", "quantize", tokens * groups * size, tokens * groups, quantized_cache)
    add("softmax", "softmax", seen, tokens * heads)
    add("probabilities", "encode", seen, tokens * heads, codes)
    add("attention_output", "encode", tokens * attention, tokens, encoded_inputs)
    add("attention_residual", "residual_add", tokens * hidden, tokens)
    add("mlp_norm", "rms_norm", tokens * hidden, tokens)
    add("mlp_input", "encode", tokens * hidden, tokens, encoded_inputs)
    add("gated_silu", "gated_silu", tokens * shape.feed_forward, tokens)
    add("mlp_hidden", "encode", tokens * shape.feed_forward, tokens, encoded_inputs)
    add("mlp_residual", "residual_add", tokens * hidden, tokens)
    return work
