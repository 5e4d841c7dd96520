"""Samplers: a trial's parameters follow from its number and the results before it, wherever a study was cut."""

import itertools
import random
import warnings

import optuna
import pytest
from optuna.trial import Trial, TrialState
from small_study import write

from spikeloom.explore import study_file
from spikeloom.explore.sampling import sampler_of

SAMPLERS = ("random", "grid", "nsga2", "nsga3", "tpe")
PARAMETERS = {
    "a": [1, 2, 4, 8],
    "b": {"from": 0, "to": 9},
    "c": {"from": 0.1, "to": 10.0, "log": True},
}
WINDOW, TRIALS = 3, 24


def described(folder, sampler):
    parameters = PARAMETERS if sampler != "grid" else PARAMETERS | {"c": {"from": 0.0, "to": 1.0, "step": 0.5}}
    search = {"sampler": sampler, "population": 5, "seed": 2}
    return study_file.read(write(folder, parameters=parameters, search=search))


def opened(storage, described_file):
    return optuna.create_study(
        storage=storage,
        study_name="s",
        sampler=sampler_of(described_file),
        directions=["minimize", "minimize"],
        load_if_exists=True,
    )


class Cut(Exception):
    """The study's process ends here."""


def drive(study, described_file, steps):
    """The order of the search: ask for n when n - WINDOW is told. Raises Cut after `steps` accesses to the storage."""

    def step():
        if next(steps, None) is None:
            raise Cut

    def suggest(trial):
        for parameter in described_file.parameters:
            step()
            trial._suggest(parameter.name, parameter.distribution)
        return trial

    trials = study.get_trials(deepcopy=False)
    told = sum(trial.state != TrialState.RUNNING for trial in trials)
    waiting = {t.number: suggest(Trial(study, t._trial_id)) for t in trials[told:]}
    asked = len(trials)
    while told < TRIALS:
        while asked < min(told + WINDOW, TRIALS):
            step()
            trial = study.ask()
            suggest(trial)
            waiting[asked], asked = trial, asked + 1
        trial = waiting.pop(told)
        step()
        a, b, c = trial.params.values()
        trial.set_constraint("b", b - 6)
        step()
        if b == 3:
            study.tell(trial, state=TrialState.FAIL)
        else:
            study.tell(trial, [a * c + b, c - b])
        told += 1


def trials_of(study):
    return [(t.number, t.state, t.params, t.values) for t in study.get_trials(deepcopy=False)]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_study_that_is_cut_anywhere_is_the_undisturbed_one(tmp_path, sampler):
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    file = described(tmp_path, sampler)
    whole = opened(optuna.storages.InMemoryStorage(), file)
    drive(whole, file, itertools.repeat(1))
    assert len(trials_of(whole)) == TRIALS
    draw, kept, cuts = random.Random(1), optuna.storages.InMemoryStorage(), 0
    while True:
        study = opened(kept, file)
        try:
            drive(study, file, iter(range(draw.randint(1, 30))))
            break
        except Cut:
            cuts += 1
    assert cuts > 3
    assert trials_of(study) == trials_of(whole)


def test_other_seeds_draw_other_trials(tmp_path):
    drawn = []
    for seed in (1, 2):
        search = {"sampler": "random", "seed": seed}
        file = study_file.read(write(tmp_path, parameters=PARAMETERS, search=search))
        study = optuna.create_study(sampler=sampler_of(file), directions=["minimize", "minimize"])
        drawn.append([study.ask({p.name: p.distribution for p in file.parameters}).params for _ in range(5)])
    assert drawn[0] != drawn[1]
    assert len({str(params) for params in drawn[0]}) == 5


def test_a_grid_lists_every_point_once_the_last_parameter_first(tmp_path):
    file = described(tmp_path, "grid")
    study = optuna.create_study(sampler=sampler_of(file))
    points = [
        tuple(study.ask({p.name: p.distribution for p in file.parameters}).params.values())
        for _ in range(file.grid_size)
    ]
    assert points == list(itertools.product((1, 2, 4, 8), range(10), (0.0, 0.5, 1.0)))
