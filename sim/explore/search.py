"""The search: asks the sampler for trials, has workers evaluate them, and tells the results in the order of trials.

Trial n is asked for when trial n - in_flight has been told and none after it. So what a sampler knows of a trial's
predecessors does not depend on how fast workers are, and a study that was killed at any moment asks, after its next
start, for the trials that an undisturbed one would.
"""

import contextlib
import fcntl
import json
import os
import warnings
from pathlib import Path

import optuna
import sqlalchemy
from distributed import CancelledError, as_completed
from distributed.scheduler import KilledWorker
from optuna.trial import Trial, TrialState

from spikeloom import UserError
from spikeloom.explore import cluster, identity, preflight
from spikeloom.explore.evaluation import COMPLETE, FAILED, INFEASIBLE, PRUNED, evaluate
from spikeloom.explore.fronts import front_of
from spikeloom.explore.sampling import sampler_of
from spikeloom.explore.study import Study, attribute
from spikeloom.files import make_folder
from spikeloom.progress import Progress
from spikeloom.store import program as programs

# A worker whose simulation was killed gives it another try, so often.
RETRIES = 3
AHEAD = 4
STATES = {
    COMPLETE: TrialState.COMPLETE,
    PRUNED: TrialState.PRUNED,
    INFEASIBLE: TrialState.FAIL,
    FAILED: TrialState.FAIL,
}


def search(study_file, folder, store, trials=None, where=cluster.LOCAL, workers=None, fork=False):
    """Run a StudyFile's trials, or those that are left, and return the Study.

    `folder` is where the study and its report lie, `store` where results are kept. Raises UserError when the study
    cannot go on; what was computed is kept, and the next call goes on from there.
    """
    program = programs.default_program()
    base = preflight.check(study_file, program)
    wanted = identity.of(study_file, program, base)
    total = _total(study_file, trials)
    with _one_line_errors(), contextlib.ExitStack() as stack:
        folder, study = _open(study_file, Path(folder), wanted, base["synthetic"], fork, stack)
        settings = study_file.execution.get(where, {})
        done = sum(trial.state.is_finished() for trial in study.get_trials(deepcopy=False))
        if done < total:
            workers = workers or (study_file.workers if where == cluster.LOCAL else settings.get("jobs"))
            client = stack.enter_context(cluster.client(where, workers, settings))
            _Search(study_file, study, program, store, client, workers).run(total)
    return Study(folder)


class _Search:
    def __init__(self, study_file, study, program, store, client, workers):
        self._file, self._study, self._client = study_file, study, client
        self._workers = max(workers or 0, len(client.scheduler_info()["workers"]))
        self._task = lambda trial, bar: identity.task_of(study_file, program, store, trial.params, bar)
        self._distributions = {parameter.name: parameter.distribution for parameter in study_file.parameters}
        self._open, self._outcomes = {}, {}  # trials by number; outcomes that wait for their turn
        self._queue = as_completed(loop=client.loop)

    def run(self, total):
        """Run trials until `total` are told."""
        trials = self._study.get_trials(deepcopy=False)
        window = self._window()
        told = next((i for i, trial in enumerate(trials) if not trial.state.is_finished()), len(trials))
        for trial in trials[told:]:  # asked for before the study was stopped
            self._begin(Trial(self._study, trial._trial_id))
        asked = len(trials)
        with Progress(f"exploring {self._file.name}", total, "trial") as bar:
            for _ in range(told):
                bar.step()
            while told < total:
                while asked < min(told + window, total):
                    self._begin(self._study.ask())
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
        return max(self._file.in_flight, AHEAD * self._workers)

    def _begin(self, trial):
        for name, distribution in self._distributions.items():
            trial._suggest(name, distribution)
        self._open[trial.number] = trial
        task = self._task(trial, self._bar(trial.number))
        future = self._client.submit(evaluate, task, pure=False, retries=RETRIES)
        future.number = trial.number
        self._queue.add(future)

    def _bar(self, number):
        """Objectives of the front that was known when this trial was asked for."""
        if not self._file.part:
            return []
        before = self._study.get_trials(deepcopy=False)[: max(number - self._file.in_flight + 1, 0)]
        return [dict(zip(self._file.objectives, t.values, strict=True)) for t in front_of(before, self._file)]

    def _collect(self):
        """Wait for an outcome, and take it."""
        future = next(self._queue)
        try:
            self._outcomes[future.number] = future.result()
        except programs.Killed as killed:
            raise UserError(f"trial {future.number}: {killed}, {RETRIES + 1} times (out of memory?)") from killed
        except KilledWorker as killed:
            raise UserError(
                f"trial {future.number}: {cluster.LOST_WORKERS} workers were lost while they had it"
            ) from killed
        except (CancelledError, OSError) as lost:
            raise UserError("the scheduler went away; what is finished is kept, the same command goes on") from lost

    def _tell(self, number):
        trial, outcome = self._open.pop(number), self._outcomes.pop(number)
        trial.set_user_attr("outcome", attribute(outcome))
        if outcome.state == COMPLETE:
            for constraint in self._file.constraints:
                trial.set_constraint(str(constraint), constraint.violation(outcome.metrics[constraint.metric]))
        values = [outcome.metrics[name] for name in self._file.objectives] if outcome.state == COMPLETE else None
        self._study.tell(trial, values, STATES[outcome.state])


def _total(study_file, trials):
    if trials is not None and trials < 1:
        raise UserError(f"--trials {trials}: at least 1")
    total = study_file.trials if trials is None else trials
    return min(total, study_file.grid_size) if study_file.sampler == "grid" else total


def _open(study_file, folder, wanted, synthetic, fork, stack):
    """(folder, Optuna study) of this identity: the one in `folder`, or with `fork` the first beside it that fits."""
    number = 1
    while True:
        here = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        found = _identity_in(here)
        differs = "" if found is None else identity.difference(found, wanted)
        if not differs:
            break
        if not fork:
            remedy = "undo that, or begin a new one beside it with --fork"
            raise UserError(f"{here}: this study was begun otherwise: {differs}; {remedy}")
        number += 1
    make_folder(here)
    stack.enter_context(_alone(here))
    storage = study_file.storage or f"sqlite:///{here / 'study.db'}"
    study = optuna.create_study(
        storage=optuna.storages.RDBStorage(storage, engine_kwargs=_engine(storage)),
        study_name=here.name,
        sampler=sampler_of(study_file),
        directions=list(study_file.objectives.values()),
        load_if_exists=True,
    )
    Study.describe(here, storage, here.name, wanted, study_file, synthetic)
    return here, study


def _identity_in(folder):
    try:
        return json.loads((folder / Study.FILE).read_text(encoding="utf-8"))["identity"]
    except FileNotFoundError:
        return None
    except (ValueError, KeyError) as error:
        raise UserError(f"{folder / Study.FILE}: not what `spikeloom explore` writes: {error}") from error


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
