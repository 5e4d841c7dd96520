"""The search: asks the sampler for trials, has workers evaluate them, and tells the results in the order of trials.

Trial n is asked for when trial n - in_flight has been told and none after it. So what a sampler knows of a trial's
predecessors does not depend on how fast workers are. The sampler looks at a study in memory; the database gets each
trial whole when it is told. A study that was stopped is asked for and told its trials again, from the database, and
goes on as an undisturbed one would.
"""

import contextlib
import dataclasses
import fcntl
import os
import sys
import warnings
from concurrent.futures import FIRST_COMPLETED, wait
from pathlib import Path

import optuna
import sqlalchemy
from optuna.trial import TrialState

from spikeloom import UserError
from spikeloom.explore import cluster, identity, preflight
from spikeloom.explore.evaluation import COMPLETE, FAILED, INFEASIBLE, PRUNED, Outcome, evaluate
from spikeloom.explore.fronts import front_of
from spikeloom.explore.sampling import sampler_of
from spikeloom.files import make_folder, require_own_folder
from spikeloom.progress import Progress
from spikeloom.store import program as programs
from spikeloom.wording import counted

AHEAD = 4
STATES = {
    COMPLETE: TrialState.COMPLETE,
    PRUNED: TrialState.PRUNED,
    INFEASIBLE: TrialState.FAIL,
    FAILED: TrialState.FAIL,
}


def search(study_file, folder, store, trials=None, where=cluster.LOCAL, workers=None, fork=False):
    """Run a StudyFile's trials, or those that are left, and return the folder that holds the study.

    `folder` is where it is to lie, with `fork` perhaps one beside it; `store` is where results are kept. Raises
    UserError when the study cannot go on; what was computed is kept, and the next call goes on from there.
    """
    require_own_folder(folder, "explore")
    program = programs.default_program()
    base = preflight.check(study_file, program)
    wanted = identity.of(study_file, program, base)
    total = _total(study_file, trials)
    with _one_line_errors(), contextlib.ExitStack() as stack:
        folder, database = _open(study_file, Path(folder), wanted, base["synthetic"], fork, stack)
        settings = study_file.execution.get(where, {})
        told = database.get_trials(deepcopy=False)
        if len(told) < total:
            workers = workers or (study_file.workers if where == cluster.LOCAL else settings.get("jobs"))
            pool = stack.enter_context(cluster.pool(where, workers, settings))
            begins = f"goes on at trial {len(told)} of {total}" if told else counted(total, "trial")
            print(f"{folder}: {begins}, {pool.workers} at once", file=sys.stderr, flush=True)
            _Search(study_file, database, told, program, store, pool).run(total)
    return folder


class _Search:
    def __init__(self, study_file, database, told, program, store, pool):
        self._file, self._database, self._told, self._pool = study_file, database, told, pool
        self._study = optuna.create_study(
            sampler=sampler_of(study_file), directions=list(study_file.objectives.values())
        )
        self._task = lambda trial, bar: identity.task_of(study_file, program, store, trial.params, bar)
        self._distributions = {parameter.name: parameter.distribution for parameter in study_file.parameters}
        self._open, self._futures = {}, {}  # trials by number; numbers by what runs
        self._outcomes = {trial.number: Outcome(**trial.user_attrs["outcome"]) for trial in told}

    def run(self, total):
        """Run trials until `total` are told."""
        told, asked, window = 0, 0, self._window()
        with Progress(f"exploring {self._file.name}", total, "trial") as bar:
            while told < total:
                while asked < min(told + window, total):
                    self._ask()
                    asked += 1
                if told in self._outcomes:
                    self._tell(told)
                    told += 1
                    bar.step()
                else:
                    self._collect()

    def _window(self):
        """How far trials may be ahead of the last one told; where no one looks at results, what keeps workers busy."""
        if self._file.learns or self._file.part:
            return self._file.in_flight
        return max(self._file.in_flight, AHEAD * self._pool.workers)

    def _ask(self):
        trial = self._study.ask(self._distributions)
        self._open[trial.number] = trial
        if trial.number < len(self._told):
            self._require_as_before(trial)
        else:
            task = self._task(trial, self._bar(trial.number))
            self._futures[self._pool.executor.submit(evaluate, task)] = trial.number

    def _require_as_before(self, trial):
        if trial.params != self._told[trial.number].params:
            raise UserError(
                f"trial {trial.number} of the study was drawn otherwise by another version of Optuna; begin a new "
                "study beside it with another -o"
            )

    def _bar(self, number):
        """Objectives of the front that was known when this trial was asked for."""
        if not self._file.part:
            return []
        before = self._study.get_trials(deepcopy=False)[: max(number - self._file.in_flight + 1, 0)]
        return [dict(zip(self._file.objectives, t.values, strict=True)) for t in front_of(before, self._file)]

    def _collect(self):
        """Wait for outcomes, and take them."""
        for future in wait(self._futures, return_when=FIRST_COMPLETED).done:
            self._outcomes[self._futures.pop(future)] = self._pool.result(future)

    def _tell(self, number):
        trial, outcome = self._open.pop(number), self._outcomes.pop(number)
        trial.set_user_attr("outcome", dataclasses.asdict(outcome))
        if outcome.state == COMPLETE:
            for constraint in self._file.constraints:
                trial.set_constraint(str(constraint), constraint.violation(outcome.metrics[constraint.metric]))
        values = [outcome.metrics[name] for name in self._file.objectives] if outcome.state == COMPLETE else None
        frozen = self._study.tell(trial, values, STATES[outcome.state])
        if number >= len(self._told):
            self._database.add_trial(frozen)


def _total(study_file, trials):
    if trials is not None and trials < 1:
        raise UserError(f"--trials {trials}: at least 1")
    total = study_file.trials if trials is None else trials
    return min(total, study_file.grid_size) if study_file.sampler == "grid" else total


def _open(study_file, folder, wanted, synthetic, fork, stack):
    """(folder, database as an Optuna study) of this identity: in `folder`, or with `fork` in the first beside it."""
    number = 1
    while True:
        here = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        found = identity.read(here)
        differs = "" if found is None else identity.difference(found["identity"], wanted)
        if not differs:
            break
        if not fork:
            remedy = "undo that, or begin a new one beside it with --fork"
            raise UserError(f"{here}: this study was begun otherwise: {differs}; {remedy}")
        number += 1
    require_own_folder(here, "explore")
    make_folder(here)
    stack.enter_context(_alone(here))
    storage = study_file.storage or f"sqlite:///{here / 'study.db'}"
    study = optuna.create_study(
        storage=optuna.storages.RDBStorage(storage, engine_kwargs=_engine(storage)),
        study_name=here.name,
        directions=list(study_file.objectives.values()),
        load_if_exists=True,
    )
    identity.write(here, storage, wanted, study_file, synthetic)
    return here, study


def _engine(storage):
    """A database that another process holds for a moment is waited for."""
    return {"connect_args": {"timeout": 60}} if storage.startswith("sqlite") else {}


@contextlib.contextmanager
def _alone(folder):
    """Holds the folder for this process."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise UserError(f"{folder}: another `spikeloom explore` is at work there") from error
    finally:
        os.close(lock)


@contextlib.contextmanager
def _one_line_errors():
    """Errors of the database become one line; what Optuna warns of is meant here."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        warnings.filterwarnings("ignore", message="The constraint value is ignored")
        try:
            yield
        except (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
            cause = str(error.__cause__ or error).splitlines()[0]
            raise UserError(
                f"the study's database: {cause}; what is finished is kept, the same command goes on"
            ) from error
