"""The report of a study: report.html for people, trials.csv for scripts, a complete configuration per best trial."""

import base64
import html
import os
from collections import Counter
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg

from spikeloom.explore.evaluation import COMPLETE
from spikeloom.explore.study_file import BLIND_SAMPLERS
from spikeloom.files import make_folder, whole_file
from spikeloom.plots import parameter_importance, parameter_slices, pareto_fronts, style
from spikeloom.store import program as programs
from spikeloom.wording import counted

NAME, DATA = "report.html", "trials.csv"
FIGURES = {
    "fronts.png": pareto_fronts.draw,
    "importance.png": parameter_importance.draw,
    "slices.png": parameter_slices.draw,
}
STYLE = """body { font: 15px/1.45 sans-serif; color: #222; max-width: 1150px; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; font-size: 13px } th, td { border-bottom: 1px solid #ddd; padding: 3px 8px;
text-align: right } th { background: #f4f4f4 } code { background: #f4f4f4; font-size: 12px } img { max-width: 100% }
.synthetic { background: #b20; color: white; padding: 2px 8px; font-weight: bold }"""
DIGITS = 6


def write(study):
    """Write the report of a Study into its folder; returns the path of report.html. Raises UserError."""
    best = study.best()
    configs = _write_configs(study, best.index)
    with whole_file(study.folder / DATA) as partial:
        study.trials().to_csv(partial)
    with matplotlib.rc_context(style.SETTINGS):
        for name, draw in FIGURES.items():
            with whole_file(study.folder / name) as partial:
                FigureCanvasAgg(draw(study)).print_png(partial, metadata={"Software": None})
    with whole_file(study.folder / NAME) as partial:
        partial.write_text(_page(study, best, configs), encoding="utf-8")
    return study.folder / NAME


def command(study, config):
    """The command that repeats a trial, from the current folder."""
    config = Path(os.path.relpath(config))
    return f"spikeloom run {config} -o {config.with_suffix('')}"


def sampler_in_words(search):
    """What decides which points a study tries: `nsga2, seed 1, population 20, 8 trials ahead`."""
    words = [search["sampler"]]
    if search["sampler"] != "grid":
        words.append(f"seed {search['seed']}")
    if search["sampler"] not in BLIND_SAMPLERS:
        words += [f"population {search['population']}", f"{search['in_flight']} trials ahead of the last result"]
    return ", ".join(words)


def _write_configs(study, numbers):
    """{trial: its complete configuration as a file} of trials; those of earlier reports go."""
    folder = study.folder / "best"
    make_folder(folder)
    for old in folder.glob("trial_*.yaml"):
        old.unlink()
    paths = {number: folder / f"trial_{number:04}.yaml" for number in numbers}
    with programs.side_by_side(len(os.sched_getaffinity(0))) as pool:
        for path, config in zip(paths.values(), pool.map(study.config, paths), strict=True):
            with whole_file(path) as partial:
                partial.write_text(config, encoding="utf-8")
    return paths


def costs(study):
    """What the trials took, in words: simulation, perplexity and traces apart, and the rest per trial."""
    rows = study.trials()
    if not len(rows):
        return "no trial yet"
    simulated, formats = rows["seconds_simulation"].sum(), rows["seconds_format"].sum()
    rest = (rows["seconds_all"].sum() - simulated - formats) / len(rows)
    words = f"{simulated:.0f} s of simulation, {rest:.2f} s beside it per trial; "
    words += f"{int(rows['kept'].sum())} needed no simulation"
    return words + (
        f"; {formats:.0f} s of number formats (perplexities, traces, and waiting for them)" if formats else ""
    )


def _page(study, best, configs):
    objectives = ", ".join(f"{name} ({direction})" for name, direction in study.objectives.items())
    parts = [
        f"<h1>{html.escape(study.name)}</h1>",
        '<p class="synthetic">SYNTHETIC DATA</p>' if study.synthetic else "",
        f"<p>{html.escape(pareto_fronts.states_in_words(study))}. Objectives: {html.escape(objectives)}. ",
        f"Constraints: {html.escape('; '.join(study.identity['constraints']) or 'none')}. ",
        f"Sampler: {sampler_in_words(study.identity['search'])}. Program {study.identity['program_sha256'][:12]}, ",
        f"trace {study.identity['files']['sha256'][:12]}.</p><p>{html.escape(costs(study))}.</p>",
        "<h2>Pareto fronts</h2>",
        _image(study, "fronts.png"),
        "<h2>Best trials</h2><p>Of the front of all objectives, those nearest to the best of every objective at once. ",
        "Each file holds the complete configuration; the command repeats the trial with its full energy report.</p>",
        _best_table(study, best, configs),
        "<h2>Importance of parameters</h2>",
        _image(study, "importance.png"),
        "<h2>Slices</h2>",
        _image(study, "slices.png"),
        _refusals_list(study),
        "<h2>What is not in the numbers</h2><p>area_mm2 counts SRAM macros, register bits and adder bits; wires, ",
        "multiplexers, control and clock are not in it. What the energy leaves out stands in each trial's report.</p>",
    ]
    body = "\n".join(filter(None, parts))
    head = f"<meta charset='utf-8'><title>{html.escape(study.name)}</title><style>{STYLE}</style>"
    return f"<!doctype html><html><head>{head}</head><body>\n{body}\n</body></html>\n"


def _image(study, name):
    data = base64.b64encode((study.folder / name).read_bytes()).decode()
    return f'<img alt="{name}" src="data:image/png;base64,{data}">'


def _best_table(study, best, configs):
    if not len(best):
        return "<p>No trial is complete and inside the constraints.</p>"
    columns = [*study.objectives, *study.parameters]
    table = best[columns].copy()
    table["repeat"] = [f"<code>{html.escape(command(study, configs[number]))}</code>" for number in table.index]
    return table.to_html(escape=False, float_format=lambda x: f"{x:.{DIGITS}g}", border=0)


def refusals(study, most):
    """Lines such as `19 infeasible: outside area_mm2 at most 3`, the most frequent reasons first; `most` of them."""
    rows = study.trials()
    rows = rows[(rows["state"] != COMPLETE) & (rows["reason"] != "")]
    counts = Counter(zip(rows["state"], rows["reason"], strict=True)).most_common()
    lines = [f"{count} {state}: {reason}" for (state, reason), count in counts[:most]]
    left = counted(len(counts) - most, "other reason")
    return [*lines, f"and {left}: {DATA}"] if len(counts) > most else lines


def _refusals_list(study):
    lines = "".join(f"<li>{html.escape(line)}</li>" for line in refusals(study, 20))
    return f"<h2>Trials without results</h2><ul>{lines}</ul>" if lines else ""
