"""`spikeloom compare`: runs what is missing, writes report.md, report.html, figures and numbers.json."""

import json
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG

from spikeloom import UserError
from spikeloom.compare import config, document, explain, report, runs, study
from spikeloom.files import make_folder, require_own_folder, require_writable_folder, whole_file
from spikeloom.plots import style

# Of the ids that SVG files need: the same report gives the same bytes.
SVG_SETTINGS = {"svg.hashsalt": "spikeloom"}


@dataclass(frozen=True)
class CompareOptions:
    """What the command line says."""

    config: Path
    output: Path | None
    store: Path
    program: Path
    jobs: int
    allow_different: bool
    explain: str | None


def compare(options, say=print):
    """Run the command. Raises UserError."""
    comparison = config.load(options.config)
    folder = options.output or Path("results") / f"compare_{comparison.name}"
    if options.explain is not None:
        if not options.explain.strip():
            raise UserError("--explain: the id is empty; ids stand in the report, such as T3.1.2")
        explain.require_report_of(options.config, folder)
        say(explain.explain(folder, options.explain, options.store), end="")
        return
    require_own_folder(folder, "compare")
    require_writable_folder(options.store, "--store")
    runner = runs.Runs(options.store, options.program, options.jobs)
    found = study.run(comparison, runner, options.allow_different)
    written = report.build(found)
    make_folder(folder)
    write(written, folder, comparison)
    say(written.verdict.replace("*", ""))
    if found.lacks_layers:
        say(f"{found.layers_ran} of the model ran; the others are in no bill")
    refused = sum(len(bout.refused) for bout in found.bouts)
    if refused:
        say(f"{refused} points were refused: the report's last tables say why")
    say(f"{folder}/report.html")
    say(f"{folder}/report.md")


def write(written, folder, comparison):
    """The files of a report.Report."""
    document.register(written.blocks, written.numbers)
    numbers = written.numbers.content() | {"configuration": runs.configuration(comparison.file)}
    svgs = {}
    with matplotlib.rc_context(style.SETTINGS | SVG_SETTINGS):
        for figure, draw in written.figures.items():
            picture = draw()
            with whole_file(folder / f"{figure}.png") as partial:
                FigureCanvasAgg(picture).print_png(partial, metadata={"Software": None})
            with whole_file(folder / f"{figure}.svg") as partial:
                FigureCanvasSVG(picture).print_svg(partial, metadata={"Date": None, "Creator": None})
            svgs[figure] = (folder / f"{figure}.svg").read_bytes()
    texts = {
        "report.md": document.markdown(written.blocks),
        "report.html": document.page(f"Both bills: {comparison.name}", written.blocks, svgs),
        explain.NAME: json.dumps(numbers, indent=1, ensure_ascii=False) + "\n",
    }
    for file, text in texts.items():
        with whole_file(folder / file) as partial:
            partial.write_text(text, encoding="utf-8")
