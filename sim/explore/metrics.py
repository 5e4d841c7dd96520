"""What a trial is judged by: names, units, and where each comes from."""

import re

from spikeloom import UserError
from spikeloom.compare.rungs import GROUPS

# Known before a simulation, from `spikeloom price` or from the number format alone.
BEFORE = {
    "area_mm2": lambda priced: priced["area_mm2"]["total"],
    "area_mm2.sram": lambda priced: priced["area_mm2"]["sram"],
    "area_mm2.logic": lambda priced: priced["area_mm2"]["registers"] + priced["area_mm2"]["adders"],
    "sram_bytes": lambda priced: priced["sram_bytes"],
}
PERPLEXITY = "perplexity"
# Sums over all that the simulation does: what a part of the layer takes is a lower bound of what the layer takes.
SUMS = {
    "energy_uj": lambda energy, report: energy["total_pj"] * 1e-6,
    "cycles": lambda energy, report: energy["cycles"],
    "latency_us": lambda energy, report: report["time"]["us"],
    **{f"energy_uj.{group}": lambda energy, report, g=group: energy["groups_pj"][g] * 1e-6 for group in GROUPS},
}
RATES = {
    "energy_per_token_uj": lambda energy, report: energy["per_token_pj"] * 1e-6,
    "tokens_per_second": lambda energy, report: report["trace"]["tokens"] / report["time"]["us"] * 1e6,
}
# Any number of report.json: `report.figures.weight_reads_per_use`.
REPORT = "report."


def check(name):
    """Raises UserError unless `name` is a metric."""
    if name in {**BEFORE, **SUMS, **RATES, PERPLEXITY: None} or re.fullmatch(r"report(\.\w+)+", name):
        return
    known = ", ".join([*BEFORE, PERPLEXITY, *(n for n in SUMS if "." not in n), *RATES])
    raise UserError(
        f"'{name}' is no metric (allowed: {known}, energy_uj.GROUP of {', '.join(GROUPS)}, "
        "or report.PATH of a number in report.json)"
    )


def is_known_before(name):
    """Whether a metric needs no simulation."""
    return name in BEFORE or name == PERPLEXITY


def is_bounded_by_parts(name):
    """Whether what a part of a layer takes is never more than what the layer takes."""
    return is_known_before(name) or name in SUMS


def before(priced, names):
    """The metrics among `names` that `spikeloom price` knows, as a dict."""
    return {name: BEFORE[name](priced) for name in names if name in BEFORE}


def after(energy, report, names):
    """Those that need a simulation, from the section `energy` of `spikeloom price --counts` and report.json."""
    values = {}
    for name in names:
        if name in SUMS or name in RATES:
            values[name] = {**SUMS, **RATES}[name](energy, report)
        elif name.startswith(REPORT):
            values[name] = _in_report(report, name)
    return values


def _in_report(report, name):
    value = report
    for key in name.removeprefix(REPORT).split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UserError(f"metric {name}: report.json has no number there")
    return value
