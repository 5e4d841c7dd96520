"""What makes one number of a report: counters, prices, files."""

import json
from pathlib import Path

from spikeloom import UserError
from spikeloom.compare.bill import Bill, read_bill, read_report
from spikeloom.compare.runs import Run, configuration
from spikeloom.store.result_store import ResultStore

NAME = "numbers.json"


def require_report_of(config, folder):
    """Raises UserError if the report in `folder` was made from other values than the configuration has now."""
    if _load(Path(folder) / NAME).get("configuration") != configuration(Path(config)):
        raise UserError(
            f"{folder}: this report was made from another configuration than {config} is now: run `spikeloom compare "
            f"{config}` again, or name its folder with -o"
        )


def explain(folder, identity, store):
    """The explanation of a number of the report in `folder`, as text; runs lie in `store`. Raises UserError."""
    content = _load(Path(folder) / NAME)
    entry = content["numbers"].get(identity)
    if entry is None:
        raise UserError(f"{folder}: no number '{identity}' (ids stand beside numbers; a cell's is T3.row.column)")
    lines = [f"{identity} = {entry['shown']} ({entry['value']:.9g})", entry["what"], ""]
    return "\n".join(lines + _KINDS[entry["kind"]](entry, content["bills"], ResultStore(store))) + "\n"


def _load(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read ({error}); name a folder that `spikeloom compare` wrote") from error


def _energy(entry, bills, store):
    return _part(entry, bills, store)


def _ratio(entry, bills, store):
    lines = ["above the line:", *_part(entry["above"], bills, store), ""]
    return lines + ["below the line:", *_part(entry["below"], bills, store)]


def _count(entry, bills, store):
    bill = _bill(bills[entry["bill"]], store)
    return [f"{entry['event']}: {bill.count(entry['event']):,.10g}", *_files(bill, store)]


def _report(entry, _bills, store):
    return [f"key {entry['path']} of {store.place(entry['run']) / 'report.json'}"]


def _layers(entry, _bills, store):
    lines = [f"mean over layers, weighted by {entry['weights']}; key {entry['path']} of"]
    return lines + [f"  {store.place(run) / 'report.json'}" for run in entry["runs"]]


def _derived(entry, bills, store):
    lines = [entry["how"]]
    for name in entry["bills"]:
        lines += ["", f"bill {name}:", *_part({"bill": name, "groups": None}, bills, store)]
    return lines


def _in_file(entry, _bills, _store):
    return [f"column '{entry['column']}' of the row with {entry['row']} in {entry['file']}"]


_KINDS = {
    "energy": _energy,
    "ratio": _ratio,
    "count": _count,
    "report": _report,
    "layers": _layers,
    "derived": _derived,
    "file": _in_file,
}


def _part(part, bills, store):
    bill = _bill(bills[part["bill"]], store)
    prices = _prices(bill)
    lines = [f"  {'event':28}{'group':28}{'count':>16}  {'mean price pJ':>22}  {'pJ per token':>16}"]
    for (event, group), (count, pj) in sorted(bill.rows.items(), key=lambda row: -abs(row[1][1])):
        if (part["groups"] is None or group in part["groups"]) and (count or pj):
            lines.append(f"  {event:28}{group:28}{count:16,.0f}  {prices[event]:>22}  {pj / bill.per:16,.6g}")
    lines.append(f"  {'sum':96}{bill.energy_pj(part['groups']):16,.6g}")
    return lines + _files(bill, store)


def _prices(bill):
    """Price of an event, over its blocks, as text."""
    found = {}
    for (event, _), (count, pj) in bill.rows.items():
        found[event] = f"{pj / count:.6g}" if count else "-"
    return found


def _files(bill, store):
    lines = [f"  divided by {bill.per:g} tokens; counts are of all of them"]
    for key, factor in bill.runs:
        report = read_report(Run(key, store.place(key)))
        spent = f"layer {report['trace']['layer']}, {report['energy']['total_pj']:,.6g} pJ in all"
        lines.append(f"  {'+' if factor > 0 else '-'} {store.place(key) / 'energy.csv'}: {spent}")
        lines.append(f"    again: spikeloom run {store.place(key) / 'resolved.yaml'}")
    return lines


def _bill(described, store):
    total = None
    for key, factor in described["runs"]:
        run = Run(key, store.place(key))
        if not (run.folder / "energy.csv").is_file():
            raise UserError(
                f"{run.folder}: this run is not kept here; name the comparison's --store, or `spikeloom compare` again"
            )
        bill = read_bill(run)
        total = total.plus(bill, factor) if total else bill
    return Bill(total.rows, total.runs, described["per"]).without(described.get("without", ()))
