"""Bills of kept counts: what a simulation would have cost with other prices, without running it again."""

import csv
import json

from spikeloom import UserError
from spikeloom.store import program as programs
from spikeloom.store.simulation import prices

ENERGY_COLUMNS = ["block", "event", "group", "count", "unit_pj", "energy_pj"]
# Of report.json: what no price changes.
_COUNTED = ("synthetic", "trace", "time", "figures", "not_charged", "assumptions")


def bill(store, program, priced, simulated):
    """The Product whose energy.csv, report.json and resolved.yaml are in the prices of `priced`.

    It is the simulation itself where that was run with the same prices. Raises UserError.
    """
    if has_same_prices(priced, simulated):
        return simulated
    identity = {"kind": "bill", "simulation": simulated.key, "prices": prices(priced)}
    return store.product(identity, lambda folder: _write(folder, program, priced, simulated.folder))


def has_same_prices(priced, simulated):
    """Whether the Product of a simulation was run with the prices of `priced`."""
    ran = {"resolved": (simulated.folder / "resolved.yaml").read_text(encoding="utf-8")}
    return prices(ran) == prices(priced)


def _write(folder, program, priced, simulated):
    resolved = folder / "resolved.yaml"
    resolved.write_text(priced["resolved"], encoding="utf-8")
    try:
        # A configuration and counts that the simulation has taken.
        energy = programs.price(program, resolved, {}, counts=simulated)["energy"]
    except programs.Refused as refused:
        raise UserError(f"{simulated}: its counts cannot be priced: {refused}") from refused
    energies = energy["events_pj"]
    with open(folder / "energy.csv", "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(ENERGY_COLUMNS)
        for event, (group, count) in _counts_by_event(simulated / "energy.csv").items():
            rows.writerow(["chip", event, group, count, energies.get(event, 0.0) / count, energies.get(event, 0.0)])
    report = json.loads((simulated / "report.json").read_text(encoding="utf-8"))
    content = _report(report, priced, energy["total_pj"])
    (folder / "report.json").write_text(json.dumps(content), encoding="utf-8")


def _counts_by_event(path):
    """{event: (group, count)} of an energy.csv, added up over blocks."""
    found = {}
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            known = found.get(row["event"], (row["group"], 0))[1]
            found[row["event"]] = (row["group"], known + int(row["count"]))
    return found


def _report(report, priced, total):
    area, names = priced["area_mm2"], prices(priced)
    return {
        "format": "spikeloom-bill",
        "version": 1,
        **{key: report[key] for key in _COUNTED},
        "chip": report["chip"] | {"name": names["chip.name"]},
        "technology": names["technology"]["name"],
        "phases": [{"operations": phase["operations"]} for phase in report["phases"]],
        "energy": {"total_pj": total, "per_token_pj": total / report["trace"]["tokens"]},
        "area": {"total_mm2": area["total"], "sram_mm2": area["sram"]},
    }
