"""Latency and accepted traffic of a network over the offered traffic, from the noc.json of `spikeloom noc`."""

import json
from pathlib import Path

from spikeloom import UserError
from spikeloom.plots import style

NAME = "noc.json"
PANEL_INCHES = 4.0
COLOUR = "#0077BB"


def load(folder):
    """The measurement (dict) of a results folder of `spikeloom noc`. Raises UserError when it is none."""
    path = Path(folder) / NAME
    try:
        measurement = json.loads(path.read_text(encoding="utf-8"))
        for row in measurement["rates"]:
            float(row["offered"]), float(row["accepted"]), bool(row["saturated"])
        _ = measurement["name"], measurement["network"], measurement["pattern"], measurement["packet_flits"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: not written by `spikeloom noc`: {error}") from error
    return measurement


def draw(measurement):
    """Two panels over the offered flits per cycle and node: mean latency in cycles, accepted flits."""
    origin = (
        f"{measurement['network']}, SYNTHETIC traffic: {measurement['pattern']}, "
        f"packets of {measurement['packet_flits']} flit(s)"
    )
    height = style.HEADING_INCHES + 2 * PANEL_INCHES
    picture = style.headed_figure(f"Latency and throughput of {measurement['name']}", origin, True, height)
    rows = sorted(measurement["rates"], key=lambda row: row["offered"])
    open_rows = [row for row in rows if not row["saturated"]]
    latency = style.place(picture, 1.0, style.HEADING_INCHES + 0.3, style.WIDTH_INCHES - 1.3, PANEL_INCHES - 1.1)
    latency.errorbar(
        [row["offered"] for row in open_rows],
        [row["latency"] for row in open_rows],
        yerr=[row["deviation"] for row in open_rows],
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
    accepted.set_ylim(bottom=0, top=1.3 * max(row["accepted"] for row in rows))
    accepted.set_ylabel("flits per cycle and node")
    accepted.set_xlabel("offered flits per cycle and node")
    accepted.legend(fontsize=10)
    latency.set_xlim(accepted.get_xlim())
    return picture
