"""Design-space exploration: searches chip and number-format parameters (README.md beside this file).

import spikeloom
study = spikeloom.explore.run("configs/experiments/memory.yaml", trials=20)
study.trials()                           # a pandas data frame, a row per trial
study.front("energy_uj", "area_mm2")     # those that no other is better than
"""

from pathlib import Path

STORE = Path(".cache/results")


def run(file, folder=None, trials=None, on="local", workers=None, fork=False, store=STORE, report=True):
    """Run a study's file, or what is left of it, and return its Study.

    `folder` is where results go (default: results/NAME), `trials` how many there shall be (default: what the file
    says), `on` "local", a scheduler's address or a batch system, `workers` how many trials at once here, or jobs there,
    `fork` whether a changed study may begin anew beside the old one, `store` where simulations are kept. Raises
    spikeloom.UserError.
    """
    from spikeloom.explore import search, study_file

    described = study_file.read(file)
    folder = folder or Path("results") / described.name
    study = open_study(search.search(described, folder, store, trials, on, workers, fork))
    if report:  # whose imports take as long as some trials
        from spikeloom.explore import report as reports

        reports.write(study)
    return study


def open_study(folder):
    """The Study in a results folder, running or finished. Raises spikeloom.UserError when there is none."""
    from spikeloom.explore.study import Study

    return Study(folder)
