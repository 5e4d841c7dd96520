"""A layer of a multiply-accumulate method as trace files: groups with scales, or binary16."""

import numpy as np
from numba import njit, prange

from spikeloom.models import mac_projection
from spikeloom.models.mac_projection import MacProjection
from spikeloom.models.methods.atom import AtomAttention
from spikeloom.models.methods.fp16 import to_half
from spikeloom.traces import trace_files, vector_work


def weights_file(origin, layer, program):
    """(description, tensors) of a layer's weights file. Projections are all MacProjection or all Fp16Projection."""
    tensors, inputs, operations = {}, [], []
    for name, projection in program.projections.items():
        if isinstance(projection, MacProjection):
            form = projection.format
            size = len(form.order)
            groups = [vars(group) for group in form.groups]
            tensors[f"{name}.order"] = form.order.astype(np.int32)
            for op_name, (first, last) in projection.columns.items():
                tensors[f"{op_name}.weights"] = projection.weights[:, first:last].astype(np.int8)
                tensors[f"{op_name}.scales"] = projection.scales[:, first:last]
        else:
            groups = []
            for op_name, weights in projection.weights.items():
                size = weights.shape[1]
                tensors[f"{op_name}.weights"] = weights.T.astype(np.float16)
        inputs.append({"name": name, "size": size, "groups": groups})
        for op_name in _operations_of(projection):
            outputs = tensors[f"{op_name}.weights"].shape[1]
            operations.append({"name": op_name, "input": name, "outputs": outputs})
    description = {
        "format": trace_files.MAC_WEIGHTS_FORMAT,
        "version": trace_files.VERSION,
        "arithmetic": "integer" if _is_integer(program) else "binary16",
        "inputs": inputs,
        "operations": operations,
    }
    return description | origin.weights_entries(layer), tensors


def activations_file(origin, weights_path, shape, program, seen, case):
    """(description, tensors) of one case's activations file; arguments as in `spike_trace.activations_file`."""
    tensors, inputs, operations = {}, [], []
    for name, projection in program.projections.items():
        x = seen[name][case.first : case.context]
        if isinstance(projection, MacProjection):
            form = projection.format
            coded = mac_projection.encode(x, form)
            widths = [group.size for group in form.groups]
            places = coded.integers + np.repeat(coded.zero_points, widths, axis=1)
            tensors[f"{name}.codes"] = places.astype(np.int8)
            tensors[f"{name}.scales"] = coded.scales
            if not form.symmetric:
                tensors[f"{name}.zero_points"] = coded.zero_points.astype(np.uint8)
            inputs.append({"name": name, "size": x.shape[1], "symmetric": form.symmetric})
            outputs = projection.run(x)
        else:
            values = to_half(x)
            tensors[f"{name}.values"] = values.astype(np.float16)
            inputs.append({"name": name, "size": x.shape[1], "symmetric": True})
            outputs = {
                op_name: product_in_index_order(values, np.ascontiguousarray(w.T))
                for op_name, w in projection.weights.items()
            }
        for op_name in _operations_of(projection):
            operations.append({"name": op_name, "input": name})
            tensors[f"{op_name}.expected"] = outputs[op_name]
    description = {
        "format": trace_files.MAC_ACTIVATIONS_FORMAT,
        "version": trace_files.VERSION,
        "inputs": inputs,
        "operations": operations,
        "vector_unit": vector_work.of_layer(
            shape, case, False, isinstance(program.attention, AtomAttention), _is_integer(program)
        ),
    }
    return description | origin.activations_entries(weights_path, case.tokens), tensors


def expectations(weights, activations):
    """{operation: y float32 [M,N]} recomputed from (description, tensors) of both files."""
    description, tensors = weights
    outputs = {}
    groups = {entry["name"]: entry["groups"] for entry in description["inputs"]}
    for op in description["operations"]:
        name, x = op["name"], op["input"]
        w = tensors[f"{name}.weights"].astype(np.float32)
        if not groups[x]:
            outputs[name] = product_in_index_order(activations[1][f"{x}.values"].astype(np.float32), w)
            continue
        sums = _group_sums(groups[x], x, w, activations[1])
        y = np.zeros((len(sums[0]), w.shape[1]), dtype=np.float32)
        for i, part in enumerate(sums):
            scale = activations[1][f"{x}.scales"][:, i, None] * tensors[f"{name}.scales"][i]
            y += part.astype(np.float32) * scale
        outputs[name] = y
    return outputs


def _group_sums(groups, x, w, tensors):
    """Exact sums [M,N] of each group, from an input's codes and zero points."""
    codes, first, sums = tensors[f"{x}.codes"].astype(np.int64), 0, []
    for i, group in enumerate(groups):
        part = slice(first, first + group["size"])
        zero = tensors[f"{x}.zero_points"][:, i, None].astype(np.int64) if f"{x}.zero_points" in tensors else 0
        sums.append((codes[:, part] - zero) @ w[part].astype(np.int64))
        first = part.stop
    return sums


def _is_integer(program):
    return isinstance(next(iter(program.projections.values())), MacProjection)


def _operations_of(projection):
    return list(projection.columns if isinstance(projection, MacProjection) else projection.weights)


@njit(parallel=True, cache=True)
def product_in_index_order(x, w):
    """x [M,K] times w [K,N], float32, summed in the order of the index; nothing is fused."""
    y = np.zeros((x.shape[0], w.shape[1]), dtype=np.float32)
    for m in prange(x.shape[0]):
        for k in range(x.shape[1]):
            for n in range(w.shape[1]):
                y[m, n] += x[m, k] * w[k, n]
    return y
