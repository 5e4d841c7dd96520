"""Draws every figure of a results folder or of an exported one."""

from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg

from spikeloom.plots import (
    codes,
    energy_breakdown,
    layers,
    mesh_heatmap,
    operations,
    power_over_time,
    stalls,
    style,
)
from spikeloom.plots import exported as exported_module
from spikeloom.plots import results as results_module
from spikeloom.traces import manifest

FIGURES = {
    "energy_breakdown.png": energy_breakdown.draw,
    "power_over_time.png": power_over_time.draw,
    "operations.png": operations.draw,
    "mesh_heatmap.png": mesh_heatmap.draw,
    "stalls.png": stalls.draw,
}
EXPORT_FIGURES = {
    "codes.png": codes.draw,
    "salient_share.png": layers.draw_salient_share,
    "layer_error.png": layers.draw_error,
}


def main(result_dir):
    """Draws the figures of `result_dir` into it and returns 0; raises UserError for files it cannot read."""
    if (Path(result_dir) / manifest.NAME).exists():
        content, figures = exported_module.load(result_dir), EXPORT_FIGURES
    else:
        content, figures = results_module.load(result_dir), FIGURES
    with matplotlib.rc_context(style.SETTINGS):
        for name, draw in figures.items():
            # Without the version of matplotlib in the file, the same run gives the same bytes.
            FigureCanvasAgg(draw(content)).print_png(Path(result_dir) / name, metadata={"Software": None})
    return 0
