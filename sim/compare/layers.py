"""Several layers as one: how they are named, and what is read of their reports together."""

from spikeloom import UserError

# Shares of a run: {figure: what of a layer's report it is weighted by, in words and as a function}.
WEIGHTS = {
    "lane_utilisation": ("time.us", lambda report: report["time"]["us"]),
    "weight_reads_per_use": ("figures.rows_added", lambda report: report["figures"]["rows_added"]),
}


def parse(text):
    """The numbers of a list such as 0-3,15, in order. Raises ValueError."""
    found = []
    for part in text.split(","):
        ends = part.strip().split("-")
        if len(ends) > 2 or not all(end.isascii() and end.isdigit() and len(end) <= 4 for end in ends):
            raise ValueError(f"'{part.strip()}' is no layer number or range")
        first, last = int(ends[0]), int(ends[-1])
        if first > last:
            raise ValueError(f"'{part.strip()}' runs backwards")
        found += range(first, last + 1)
    twice = _twice(found)
    if twice is not None:
        raise ValueError(f"layer {twice} is named twice")
    return tuple(sorted(found))


def words(layers):
    """Layers as they are parsed: 0-3,15."""
    parts = []
    for layer in layers:
        if parts and parts[-1][1] == layer - 1:
            parts[-1][1] = layer
        else:
            parts.append([layer, layer])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def sentence(trace, layers_of_model):
    """`Layer 15`, `Layers 0-29 (30)`, `Layers 0-3 (4 of 30)`, of the trace of a report."""
    if isinstance(trace["sha256"], str):
        return f"Layer {trace['layer']}"
    ran = len(trace["sha256"])
    return f"Layers {trace['layer']} ({ran if ran == layers_of_model else f'{ran} of {layers_of_model}'})"


def together(reports, folder):
    """What a comparison reads of reports of one chip on different layers, as one report; one alone stays as it is.

    Times are sums, shares are weighted as WEIGHTS says. Raises UserError if `folder` holds no layers of one export.
    """
    if len(reports) == 1:
        return reports[0]
    traces = [report["trace"] for report in reports]
    layers = [trace["layer"] for trace in traces]
    twice = _twice(layers)
    if twice is not None:
        raise UserError(f"{folder}: two files hold layer {twice}: they are not as they were exported")
    return {
        "synthetic": any(report["synthetic"] for report in reports),
        "trace": {key: _common(traces, key, folder) for key in ("model", "tokens", "text")}
        | {"layer": words(sorted(layers))}
        | {key: tuple(trace[key] for trace in traces) for key in ("sha256", "weights_sha256")},
        "chip": reports[0]["chip"],
        "time": {"us": sum(report["time"]["us"] for report in reports)},
        "figures": {name: _share(reports, name) for name in WEIGHTS},
        **({"area": reports[0]["area"]} if "area" in reports[0] else {}),
        "phases": [{"operations": phase["operations"]} for report in reports for phase in report["phases"]],
        "not_charged": list(dict.fromkeys(what for report in reports for what in report["not_charged"])),
        "assumptions": {key: text for report in reports for key, text in report["assumptions"].items()},
    }


def _common(traces, key, folder):
    values = list(dict.fromkeys(trace[key] for trace in traces))
    if len(values) > 1:
        raise UserError(f"{folder}: trace.{key} is {values[0]} in one layer and {values[1]} in another")
    return values[0]


def _share(reports, name):
    weigh = WEIGHTS[name][1]
    return sum(report["figures"][name] * weigh(report) for report in reports) / sum(map(weigh, reports))


def _twice(layers):
    """A layer that is there more than once; None without."""
    ordered = sorted(layers)
    return next((one for one, other in zip(ordered, ordered[1:], strict=False) if one == other), None)
