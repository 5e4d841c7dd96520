"""Optuna's samplers, so that a trial's parameters follow from its number and the results before it alone.

A sampler's random numbers are drawn anew for every trial and parameter from the study's seed, the trial's number and
the parameter's name. So a study that was stopped anywhere, even between two parameters of a trial, goes on as if it had
not been.
"""

import hashlib

from optuna import samplers
from optuna.samplers import BaseSampler


class NumberedSampler(BaseSampler):
    """Wraps `make(seed)`, which gives a sampler."""

    def __init__(self, make, seed):
        self._make, self._seed = make, seed
        self._undrawn = make(seed)  # for what needs no random number, so that it keeps what it knows of earlier trials

    def _of(self, trial, *names):
        text = "/".join([str(self._seed), str(trial.number), *names])
        return self._make(int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big"))

    def infer_relative_search_space(self, study, trial):
        """As the wrapped sampler does."""
        return self._undrawn.infer_relative_search_space(study, trial)

    def sample_relative(self, study, trial, search_space):
        """As the wrapped sampler does."""
        return self._of(trial).sample_relative(study, trial, search_space)

    def sample_independent(self, study, trial, param_name, param_distribution):
        """As the wrapped sampler does."""
        return self._of(trial, param_name).sample_independent(study, trial, param_name, param_distribution)

    def before_trial(self, study, trial):
        """As the wrapped sampler does."""
        self._of(trial).before_trial(study, trial)

    def after_trial(self, study, trial, state, values):
        """As the wrapped sampler does."""
        self._of(trial).after_trial(study, trial, state, values)


class GridByNumber(BaseSampler):
    """Trial n takes point n of the grid, the last parameter changing first."""

    def __init__(self, grid):
        self._grid = grid

    def infer_relative_search_space(self, study, trial):
        """Every parameter is independent."""
        return {}

    def sample_relative(self, study, trial, search_space):
        """Every parameter is independent."""
        return {}

    def sample_independent(self, study, trial, param_name, param_distribution):
        """The parameter's digit of the trial's number, in the mixed radix of the grid."""
        rest = trial.number
        for name, values in reversed(self._grid.items()):
            rest, digit = divmod(rest, len(values))
            if name == param_name:
                return values[digit]
        raise KeyError(param_name)


def sampler_of(study_file):
    """The sampler that a StudyFile names."""
    f = study_file
    if f.sampler == "grid":
        return GridByNumber({parameter.name: parameter.grid for parameter in f.parameters})
    make = {
        "random": lambda seed: samplers.RandomSampler(seed=seed),
        "nsga2": lambda seed: samplers.NSGAIISampler(population_size=f.population, seed=seed),
        "nsga3": lambda seed: samplers.NSGAIIISampler(population_size=f.population, seed=seed),
        "tpe": lambda seed: samplers.TPESampler(
            n_startup_trials=f.population, multivariate=True, constant_liar=True, seed=seed
        ),
    }[f.sampler]
    return NumberedSampler(make, f.seed)
