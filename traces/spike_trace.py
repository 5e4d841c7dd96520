"""A layer of a spiking method as trace files, and back: what a chip needs is all that the method's program is.

Shapes: L positions of the exported sequence, M tokens and C positions of one case (see `Case`), K inputs, N outputs,
H heads of d dimensions, G heads of keys and values.
"""

from dataclasses import dataclass

import numpy as np

from spikeloom.models import integer_reference as reference
from spikeloom.models import llama, spike_attention
from spikeloom.models.codes import CodeFormat
from spikeloom.models.pipeline import LayerProgram
from spikeloom.models.spike_attention import HeadOperation, RowCode, SpikeAttention
from spikeloom.models.spike_projection import (
    RESIDUAL_UNIT,
    CodedInput,
    InputCode,
    SalientRule,
    SpikeOperation,
    SpikeProjection,
    encode_input,
)
from spikeloom.traces import trace_files, vector_work

RULES = {"mad": False, "rounded_mad": True}


@dataclass(frozen=True)
class Case:
    """The tokens first .. context - 1 of a sequence, at whose end `context` positions exist."""

    first: int
    context: int

    @property
    def name(self):
        """`prefillM` or `decodeC`."""
        return f"decode{self.context}" if self.first else f"prefill{self.context}"

    @property
    def tokens(self):
        """M."""
        return self.context - self.first


def prefill(tokens):
    """The first `tokens` of a sequence at once."""
    return Case(0, tokens)


def decode(context):
    """The last token of a sequence of `context` tokens, at least 2."""
    return Case(context - 1, context)


def weights_file(origin, layer, program):
    """(description, tensors) of a layer's weights file."""
    tensors, inputs, operations = {}, [], []
    for name, projection in program.projections.items():
        wide = projection.code.wide
        inputs.append(
            {"name": name, "size": len(projection.weights), "wide_inputs": len(wide), "group": projection.group}
        )
        if len(wide):
            tensors[f"{name}.wide"] = wide.astype(np.int32)
        for op_name, op in projection.operations.items():
            columns = projection.weights[:, op.first : op.last]
            has_h = projection.group > 0
            operations.append({"name": op_name, "input": name, "outputs": columns.shape[1], "has_h": has_h})
            if has_h:
                tensors[f"{op_name}.h"] = projection.shifts[:, op.first : op.last]
            tensors[f"{op_name}.weights"] = trace_files.pack_nibbles(reference.split_weight_rows(columns, wide))
    description = {"format": trace_files.WEIGHTS_FORMAT, "version": trace_files.VERSION}
    description |= {"inputs": inputs, "operations": operations}
    return description | origin.weights_entries(layer), tensors


def activations_file(origin, weights_path, shape, program, seen, case):
    """(description, tensors) of one case's activations file.

    `seen` are the arrays that `pipeline.run_layer` shows an observer, over L >= C positions; `shape` a LlamaShape.
    """
    description, tensors = computed(shape, program, seen, case)
    return description | origin.activations_entries(weights_path, case.tokens), tensors


def computed(shape, program, seen, case):
    """What of an activations file follows from the program and what it saw: (description, tensors).

    What linear operations saw may be codes already, a CodedInput of L tokens.
    """
    rows = slice(case.first, case.context)
    tensors, inputs, operations = {}, [], []
    for name, projection in program.projections.items():
        x = seen[name]
        coded = x.rows(rows) if isinstance(x, CodedInput) else encode_input(x[rows], projection.code)
        fired, _ = projection.fire(projection.sums(coded), coded)
        inputs.append(_input_entry(name, projection.code, coded))
        tensors |= _code_tensors(name, coded, projection.code.fmt.digits)
        for op_name, op in projection.operations.items():
            operations.append({"name": op_name, "input": name, "F": op.fraction_bits, "gamma": op.gamma})
            columns = projection.weights[:, op.first : op.last].astype(np.int64)
            tensors[f"{op_name}.theta"] = op.theta
            shifts = projection.shifts[:, op.first : op.last]
            tensors[f"{op_name}.v0"] = reference.initial_membranes(columns, projection.code.fmt.zero_point, shifts)
            tensors[f"{op_name}.expected"] = fired[op_name]
    first = next(iter(program.projections.values()))
    description = {
        "format": trace_files.ACTIVATIONS_FORMAT,
        "version": trace_files.VERSION,
        "code": first.code.fmt.code,
        "u_r": RESIDUAL_UNIT,
        "output_bits": next(iter(first.operations.values())).output_bits,
        "inputs": inputs,
        "operations": operations,
        "vector_unit": vector_work.of_layer(shape, case, codes=True),
    }
    description["attention"], more = _attention(shape, program.attention, seen, case)
    return description, tensors | more


def program_of(weights, activations, norms):
    """The LayerProgram that trace files hold: the inverse of the two functions above.

    `weights` and `activations` are (description, tensors), `norms` a LlamaLayer's. Raises ValueError if the files
    hold no attention.
    """
    description, tensors = activations
    if "attention" not in description:
        raise ValueError("the trace holds no attention")
    program = LayerProgram(norms.attention_norm, norms.mlp_norm)
    for entry in description["inputs"]:
        program.projections[entry["name"]] = _projection_of(entry, weights, activations)
    entry = description["attention"]
    queries = entry["queries"]
    size = entry["head_dim"]
    fmt = CodeFormat("signed", "floating", digits=queries["digits"])
    rule = SalientRule(queries["salient_k"], rounded=True)
    program.attention = SpikeAttention(
        InputCode(fmt, rule, queries["u"], queries["E_max"], queries["E7_max"], np.arange(size)),
        RowCode(entry["keys"]["u"], offset=tensors["keys.offset"]),
        RowCode(entry["values"]["u"], tensors["values.e_min"].astype(np.int64), shift_max=entry["values"]["shift_max"]),
        _head_operation_of(entry, tensors, "scores"),
        _head_operation_of(entry, tensors, "mix"),
    )
    return program


def _input_entry(name, code, coded):
    return {
        "name": name,
        "size": coded.codes.shape[1],
        "salient_format": code.fmt.salient_format,
        "digits": code.fmt.digits,
        "has_g": False,
        "z": code.fmt.zero_point,
        "u": code.unit,
        "E_max": code.exponent_max,
        "E7_max": code.digit_max,
        "g_max": 0,
        "salient_rule": next(rule for rule, rounded in RULES.items() if rounded == code.rule.rounded),
        "salient_k": code.rule.k,
        "salient_share": float(coded.salient.mean()),
    }


def _code_tensors(name, coded, digits):
    tensors = {
        f"{name}.codes": coded.codes,
        f"{name}.salient_mask": trace_files.pack_mask(coded.salient),
        f"{name}.e": coded.token_exponent.astype(np.int8),
        f"{name}.E": coded.salient_exponent,
    }
    if digits:
        tensors[f"{name}.E7"] = coded.digit_exponent
    return tensors


def _attention(shape, attention, seen, case):
    rows, positions = slice(case.first, case.context), slice(0, case.context)
    trace = attention.trace(seen["queries"][rows], seen["keys"][positions], seen["values"][positions])
    queries, probabilities = trace.queries, trace.probabilities
    by_token, by_head = (case.tokens, -1), (case.tokens, shape.heads)
    e_min = attention.values.e_min
    tensors = {
        "queries.codes": queries.codes.reshape(by_token),
        "queries.salient_mask": trace_files.pack_mask(queries.salient.reshape(by_token)),
        "queries.e": queries.token_exponent.astype(np.int8).reshape(by_head),
        "queries.E": queries.salient_exponent.reshape(by_head),
        "queries.E7": queries.digit_exponent.reshape(by_head),
        "keys.codes": _packed_rows(trace.keys),
        "keys.e": trace.keys.exponents.astype(np.int8),
        "keys.offset": attention.keys.offset,
        "scores.theta": attention.scores.theta,
        "scores.expected": trace.scores,
        "probabilities.codes": probabilities.codes,
        "probabilities.salient_mask": trace_files.pack_mask(probabilities.salient),
        "probabilities.e": probabilities.token_exponent.astype(np.int8),
        "probabilities.E": probabilities.salient_exponent,
        "values.codes": _packed_rows(trace.values),
        "values.e_min": e_min.astype(np.int8),
        "values.shift": (trace.values.exponents - e_min).astype(np.uint8),
        "mix.theta": attention.mix.theta,
        "mix.expected": trace.mixed,
    }
    seen_values = shape.heads * vector_work.seen_positions(case)
    entry = {
        "heads": shape.heads,
        "kv_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "context": case.context,
        "queries": {
            "digits": attention.queries.fmt.digits,
            "u": attention.queries.unit,
            "E_max": attention.queries.exponent_max,
            "E7_max": attention.queries.digit_max,
            "salient_k": attention.queries.rule.k,
            "salient_share": float(queries.salient.mean()),
        },
        "keys": {"u": attention.keys.unit},
        "probabilities": {
            "u": 1.0,
            "E_max": spike_attention.PROBABILITY_EXPONENT_MAX,
            "salient_share": float(probabilities.salient.sum() / seen_values),
        },
        "values": {"u": attention.values.unit, "shift_max": attention.values.shift_max},
        "scores": _head_operation_entry(attention.scores),
        "mix": _head_operation_entry(attention.mix),
    }
    return entry, tensors


def _packed_rows(rows):
    nibbles = (rows.integers.reshape(len(rows.integers), -1) & 15).astype(np.uint8)
    return trace_files.pack_nibbles(nibbles)


def _head_operation_entry(op):
    return {"F": op.fraction_bits, "gamma": op.gamma, "output_bits": op.output_bits}


def _head_operation_of(entry, tensors, name):
    part = entry[name]
    return HeadOperation(part["gamma"], part["F"], tensors[f"{name}.theta"], part["output_bits"])


def _projection_of(entry, weights, activations):
    description, tensors = activations
    name = entry["name"]
    wide = weights[1].get(f"{name}.wide", np.empty(0)).astype(np.int64)
    fmt = trace_files.format_of(description, entry)
    rule = SalientRule(entry["salient_k"], RULES[entry["salient_rule"]])
    code = InputCode(fmt, rule, entry["u"], entry["E_max"], entry["E7_max"], wide)
    group = {x["name"]: x["group"] for x in weights[0]["inputs"]}[name]
    windows = entry["size"] // group if group else 1
    parts, shifts, operations, first = [], [], {}, 0
    outputs = {op["name"]: op["outputs"] for op in weights[0]["operations"]}
    constants = {op["name"]: op for op in description["operations"]}
    for op_name in llama.OPERATIONS_OF[name]:
        count, op = outputs[op_name], constants[op_name]
        nibbles = trace_files.unpack_nibbles(weights[1][f"{op_name}.weights"], count)
        parts.append(reference.combine_weight_rows(nibbles, wide))
        shifts.append(weights[1].get(f"{op_name}.h", np.zeros((windows, count), dtype=np.uint8)))
        theta = tensors[f"{op_name}.theta"]
        operations[op_name] = SpikeOperation(
            first, first + count, op["gamma"], op["F"], theta, description["output_bits"]
        )
        first += count
    integers = np.ascontiguousarray(np.concatenate(parts, axis=1).astype(np.int16))
    return SpikeProjection(code, integers, operations, group, np.concatenate(shifts, axis=1))
