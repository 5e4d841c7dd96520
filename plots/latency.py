"""Latency and accepted traffic of a network over the offered traffic, or latency per class of recorded traffic.

From the noc.json of `spikeloom noc`.
"""

import json
from pathlib import Path

from spikeloom import UserError
from spikeloom.plots import style

NAME = "noc.json"
PANEL_INCHES = 4.0
COLOUR, RECORDED_COLOUR = "#0077BB", "#BBBBBB"


def load(folder):
    """The measurement (dict) of a results folder of `spikeloom noc`. Raises UserError when it is none."""
    path = Path(folder) / NAME
    try:
        measurement = json.loads(path.read_text(encoding="utf-8"))
        for key in ("name", "network", "routing", "vcs_per_class", "pattern", "synthetic"):
            _ = measurement[key]
        if measurement["pattern"] == "recorded":
            _ = measurement["recording"]["chip"], measurement["recording"]["workload"]
            for row in measurement["classes"]:
                _ = row["class"], float(row["latency"]), float(row["recorded_latency"])
        else:
            _ = measurement["packet_flits"]
            for row in measurement["rates"]:
                float(row["offered"]), float(row["accepted"]), row["latency"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: not written by `spikeloom noc`: {error}") from error
    return measurement


def draw(measurement):
    """The figure of a measurement, by its kind of traffic."""
    return draw_recorded(measurement) if measurement["pattern"] == "recorded" else draw_synthetic(measurement)


def describe_network(measurement):
    """ "8x8 mesh, dimension_order, 2 virtual channels" (per class of messages where there are several)."""
    vcs = measurement["vcs_per_class"]
    per_class = " per class" if measurement["pattern"] == "recorded" else ""
    channels = f"{vcs} virtual channel{'' if vcs == 1 else 's'}{per_class}"
    return f"{measurement['network']}, {measurement['routing']}, {channels}"


def draw_recorded(measurement):
    """Mean latency in cycles of every class of messages, replayed and as recorded."""
    recording, rows = measurement["recording"], measurement["classes"]
    origin = f"{describe_network(measurement)}; recorded traffic: {recording['chip']}, {recording['workload']}"
    height = style.HEADING_INCHES + 1.0 + 0.6 * len(rows)
    picture = style.headed_figure(f"Latency in {measurement['name']}", origin, measurement["synthetic"], height)
    top = style.HEADING_INCHES + 0.3
    axes = style.place(picture, 1.3, top, style.WIDTH_INCHES - 1.6, 0.6 * len(rows))
    places = range(len(rows))
    for key, label, shift, colour in (
        ("latency", "replayed", -0.2, COLOUR),
        ("recorded_latency", "as recorded, nodes that keep flits waiting included", 0.2, RECORDED_COLOUR),
    ):
        axes.barh([at + shift for at in places], [row[key] for row in rows], 0.38, color=colour, label=label)
    axes.set_yticks(list(places), [row["class"] for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel("mean cycles from the recorded cycle of a packet's head to its tail's last arrival")
    axes.legend(fontsize=10)
    return picture


def draw_synthetic(measurement):
    """Two panels over the offered flits per cycle and node: mean latency in cycles, accepted flits."""
    origin = (
        f"{describe_network(measurement)}; SYNTHETIC traffic: {measurement['pattern']}, "
        f"packets of {measurement['packet_flits']} flit(s)"
    )
    height = style.HEADING_INCHES + 2 * PANEL_INCHES
    picture = style.headed_figure(f"Latency and throughput of {measurement['name']}", origin, True, height)
    rows = sorted(measurement["rates"], key=lambda row: row["offered"])
    open_rows = [row for row in rows if row["latency"] is not None]
    latency = style.place(picture, 1.0, style.HEADING_INCHES + 0.3, style.WIDTH_INCHES - 1.3, PANEL_INCHES - 1.1)
    latency.errorbar(
        [row["offered"] for row in open_rows],
        [row["latency"] for row in open_rows],
        yerr=[row["deviation"] or 0 for row in open_rows],
        marker="o",
        color=COLOUR,
    )
    latency.set_ylim(0, 1.2 * max([row["latency"] for row in open_rows], default=1))
    latency.set_ylabel("latency, cycles")
    top = style.HEADING_INCHES + 0.3 + PANEL_INCHES
    accepted = style.place(picture, 1.0, top, style.WIDTH_INCHES - 1.3, PANEL_INCHES - 1.1)
    offered = [row["offered"] for row in rows]
    accepted.plot(offered, [row["accepted"] for row in rows], marker="o", color=COLOUR, label="accepted")
    accepted.plot(offered, offered, linestyle=":", color="#222222", label="offered")
    accepted.set_ylim(bottom=0, top=1.3 * max(row["accepted"] for row in rows) or 1)
    accepted.set_ylabel("flits per cycle and node")
    accepted.set_xlabel("offered flits per cycle and node")
    accepted.legend(fontsize=10)
    latency.set_xlim(accepted.get_xlim())
    return picture
