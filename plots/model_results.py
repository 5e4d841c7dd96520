"""Loads the folder of a run over several layers (format: sim/app/README.md) and checks it before anything is drawn."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spikeloom.plots import results

FORMAT = "spikeloom-model-report"
LAYERS = "layers"  # folder that only such a run has
NUMBER = results.NUMBER

REPORT_KEYS = {
    "synthetic": bool,
    "model.name": str,
    "model.case": str,
    "model.tokens": int,
    "model.layers_of_model": int,
    **{name: kind for name, kind in results.REPORT_KEYS.items() if not name.startswith("trace.")},
    "layers": list,
}
PHASE_KEYS = {"operations": list, "cycles": int, "energy_pj": dict}
LAYER_KEYS = {"layer": int, "cycles": int, "fill_cycles": int, "groups_pj": dict, "phases": list}
LAYER_PHASE_KEYS = {"operations": list, "cycles": int}


@dataclass(frozen=True)
class ModelResults(results.RunResults):
    """One run over several layers. `layers` are the entries of report.json, in order; energies in pJ."""

    @property
    def layers(self):
        """Entries of report.json, by layer."""
        return self.report["layers"]


def load(directory):
    """Results of the run in `directory`; raises UserError for a missing, malformed or foreign file."""
    directory = Path(directory)
    path = directory / results.REPORT
    report = results.read_report(path, FORMAT, REPORT_KEYS, PHASE_KEYS)
    if not report["layers"]:
        raise results.broken(path, "layers is empty")
    for i, layer in enumerate(report["layers"]):
        results.check_keys(path, layer, LAYER_KEYS, f"layers[{i}].")
        results.check_numbers(path, layer["groups_pj"], f"layers[{i}].groups_pj")
        for j, phase in enumerate(layer["phases"]):
            results.check_keys(path, phase, LAYER_PHASE_KEYS, f"layers[{i}].phases[{j}].")
    groups = tuple(report["energy"]["groups_pj"])
    energy_pj = results.read_energy(directory / results.ENERGY, groups)
    results.check_total(directory / results.ENERGY, report, np.array([energy_pj[group] for group in groups]))
    by_layer = np.array([[layer["groups_pj"].get(group, 0.0) for group in groups] for layer in report["layers"]])
    results.check_total(path, report, by_layer.sum(axis=0))
    return ModelResults(
        report=report,
        groups=groups,
        energy_pj=energy_pj,
        memory_nodes=results.read_memory_nodes(directory / results.CONFIG),
    )
