"""Draws every figure of a results folder (of a run or of a network), of an exported one, or of perplexities."""

from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg

from spikeloom.files import make_folder, whole_file
from spikeloom.plots import (
    codes,
    energy_breakdown,
    latency,
    layers,
    mesh_heatmap,
    model_layers,
    model_results,
    operations,
    perplexity,
    power_over_time,
    roofline,
    spiking_lm,
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
    "roofline.png": roofline.draw,
    "mesh_heatmap.png": mesh_heatmap.draw,
    "stalls.png": stalls.draw,
}
EXPORT_FIGURES = {
    "codes.png": codes.draw,
    "salient_share.png": layers.draw_salient_share,
    "layer_error.png": layers.draw_error,
}
MODEL_FIGURES = {
    "energy_breakdown.png": energy_breakdown.draw,
    "layer_energy.png": model_layers.draw_energy,
    "layer_cycles.png": model_layers.draw_cycles,
    "operations.png": operations.draw,
    "mesh_heatmap.png": mesh_heatmap.draw,
    "stalls.png": stalls.draw,
}
NOC_FIGURES = {"latency.png": latency.draw}
READING_FIGURES = {  # behind the name of the file of readings
    "_bits.png": perplexity.draw_bits,
    "_salient.png": perplexity.draw_salient,
}
SPIKING_LM_FIGURES = {
    "accuracy_steps.png": spiking_lm.draw_accuracy,
    "rates.png": spiking_lm.draw_rates,
    "rate_distance.png": spiking_lm.draw_distance,
}


def main(place, output=None):
    """Draws the figures of a results folder, an exported folder, trained students or a file of readings.

    `output`: the folder for the figures (default: beside what they show).
    Returns the figures' paths; raises UserError for files it cannot read or write.
    """
    place = Path(place)
    if place.is_file():
        folder, content = place.parent, perplexity.load(place)
        figures = {place.stem + name: draw for name, draw in READING_FIGURES.items()}
    elif (place / latency.NAME).exists():
        folder, content, figures = place, latency.load(place), NOC_FIGURES
    elif (place / model_results.LAYERS).is_dir():
        folder, content, figures = place, model_results.load(place), MODEL_FIGURES
    elif (place / manifest.NAME).exists():
        folder, content, figures = place, exported_module.load(place), EXPORT_FIGURES
    elif spiking_lm.is_folder(place):
        folder, content, figures = place, spiking_lm.load(place), SPIKING_LM_FIGURES
    else:
        folder, content, figures = place, results_module.load(place), FIGURES
    if output is not None:
        folder = Path(output)
        make_folder(folder)
    with matplotlib.rc_context(style.SETTINGS):
        for name, draw in figures.items():
            # Without the version of matplotlib in the file, the same run gives the same bytes.
            with whole_file(folder / name) as partial:
                FigureCanvasAgg(draw(content)).print_png(partial, metadata={"Software": None})
    return [folder / name for name in figures]
