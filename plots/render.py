"""Draws every figure of a results folder."""

from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg

from spikeloom.plots import (
    energy_breakdown,
    mesh_heatmap,
    operations,
    power_over_time,
    stalls,
    style,
)
from spikeloom.plots import results as results_module

FIGURES = {
    "energy_breakdown.png": energy_breakdown.draw,
    "power_over_time.png": power_over_time.draw,
    "operations.png": operations.draw,
    "mesh_heatmap.png": mesh_heatmap.draw,
    "stalls.png": stalls.draw,
}


def main(result_dir):
    """Draws the figures of `result_dir` into it and returns 0; raises UserError for files it cannot read."""
    results = results_module.load(result_dir)
    with matplotlib.rc_context(style.SETTINGS):
        for name, draw in FIGURES.items():
            # Without the version of matplotlib in the file, the same run gives the same bytes.
            FigureCanvasAgg(draw(results)).print_png(Path(result_dir) / name, metadata={"Software": None})
    return 0
