"""`spikeloom explore`: runs a study and says what came out."""

from spikeloom import explore

SHOWN, REASONS = 10, 5


def run(options):
    """Run the study that the command line names; returns the exit status."""
    try:
        study = explore.run(
            options.study,
            folder=options.output,
            trials=options.trials,
            on=options.on,
            workers=options.workers,
            fork=options.fork,
            store=options.store,
        )
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt("results so far are kept; the same command goes on") from stop
    for line in summary(study):
        print(line)
    return 0 if len(study.best(1)) else 1


def summary(study):
    """Lines for the terminal: trials by state, what they took, the best of the front, and how to repeat it."""
    from spikeloom.explore import report
    from spikeloom.plots.pareto_fronts import states_in_words

    best = study.best(SHOWN)
    lines = [f"{study.name}: {states_in_words(study)}", f"Cost     {report.costs(study)}"]
    if not len(best):
        lines += ["No trial is complete and inside the constraints", *report.refusals(study, REASONS)]
        return [*lines, f"Report   {study.folder / report.NAME}"]
    short = {name: ".".join(name.split(".")[-2:]) for name in study.parameters}
    if len(set(short.values())) < len(short):
        short = {}
    table = best[[*study.objectives, *study.parameters]].rename(columns=short)
    lines += [
        "",
        f"Best of the front of {len(study.front())} trials",
        table.to_string(float_format=lambda x: f"{x:.5g}"),
    ]
    config = study.folder / "best" / f"trial_{best.index[0]:04}.yaml"
    return [*lines, "", f"Repeat   {report.command(study, config)}", f"Report   {study.folder / report.NAME}"]
