"""Where trials run: here, on the workers of a running Dask scheduler, or in jobs of a batch system.

Here a thread waits for each trial's program, which is a process of its own. Elsewhere Dask carries trials to workers.
"""

import contextlib
import importlib
import logging
import os
from concurrent.futures import CancelledError, Executor
from dataclasses import dataclass

from spikeloom import UserError
from spikeloom.explore.study_file import CLUSTERS
from spikeloom.store import program as programs

LOCAL = "local"
# Name: module, class, and the Python package that holds it.
BATCH_SYSTEMS = {
    "slurm": ("dask_jobqueue", "SLURMCluster", "dask-jobqueue"),
    "pbs": ("dask_jobqueue", "PBSCluster", "dask-jobqueue"),
    "lsf": ("dask_jobqueue", "LSFCluster", "dask-jobqueue"),
    "kubernetes": ("dask_kubernetes.operator", "KubeCluster", "dask-kubernetes"),
}
# Of one trial, before it is given up: workers that were lost while they had it.
LOST_WORKERS = 10
CONNECT_SECONDS = 60


@dataclass(frozen=True)
class Pool:
    """Runs trials: `workers` at once. A trial raises one of `errors` when the pool has lost it."""

    executor: Executor
    workers: int
    errors: dict

    def result(self, future):
        """What a trial gave. Raises UserError when it never will."""
        try:
            return future.result()
        except tuple(self.errors) as lost:
            raise UserError(next(said for kind, said in self.errors.items() if isinstance(lost, kind))) from lost


@contextlib.contextmanager
def pool(where, workers, settings):
    """A Pool at `where`: "local", the address of a scheduler, or a batch system's name.

    `workers` trials run at once here, or that many jobs there (None: one per processor; what `settings`, or Dask's own
    configuration, say). Raises UserError when it cannot be reached or started.
    """
    if where == LOCAL:
        workers = workers or len(os.sched_getaffinity(0))
        with programs.side_by_side(workers) as executor:
            yield Pool(executor, workers, {})
    else:
        with _client(where, workers, settings) as client:
            yield _dask_pool(client, workers)


def _dask_pool(client, workers):
    from distributed.scheduler import KilledWorker

    gone = "the scheduler went away; what is finished is kept, the same command goes on"
    killed = f"{LOST_WORKERS} workers were lost while they had a trial"
    errors = {KilledWorker: killed, CancelledError: gone, OSError: gone}
    return Pool(client.get_executor(pure=False), max(workers or 0, len(client.nthreads())), errors)


@contextlib.contextmanager
def _client(where, workers, settings):
    import dask
    from distributed import Client

    _silence()
    with dask.config.set({"distributed.scheduler.allowed-failures": LOST_WORKERS}):
        cluster = None
        try:
            if where in BATCH_SYSTEMS:
                cluster = target = _batch(where, workers, dict(settings))
            elif "://" in where:
                target = where
            else:
                raise UserError(
                    f"--on {where}: expected local, an address as tcp://host:8786, or {', '.join(CLUSTERS)}"
                )
            try:
                connected = Client(target, timeout=CONNECT_SECONDS, set_as_default=False)
            except (OSError, TimeoutError) as error:
                raise UserError(f"--on {where}: no scheduler answers there: {error}") from error
            try:
                yield connected
            finally:
                with contextlib.suppress(Exception):  # of a scheduler that went away
                    connected.close(timeout=2)
        finally:
            _close(cluster)


def _close(cluster):
    """Ends what was started; of a cluster that never began to run, or is gone, Dask complains."""
    if cluster is not None:
        with contextlib.suppress(Exception):
            cluster.close(timeout=5)


def _batch(name, jobs, settings):
    """A cluster of jobs; the first ones are submitted when this returns."""
    from distributed.core import Status

    module, kind, package = BATCH_SYSTEMS[name]
    jobs = jobs or settings.get("jobs", 1)
    settings.pop("jobs", None)
    cluster = None
    try:
        cluster = getattr(importlib.import_module(module), kind)(**settings)
        if name == "kubernetes":
            cluster.scale(jobs)
        else:
            cluster.scale(jobs=jobs)
            cluster.sync(cluster._correct_state)  # waits until they are submitted
            for job in cluster.workers.values():
                if job.status != Status.running:
                    cluster.sync(job.start)  # again, for the reason why it was refused
        return cluster
    except ImportError as error:
        raise UserError(f"--on {name}: '{error.name}' is not installed: pip install {package}") from error
    except (TypeError, ValueError, OSError, RuntimeError) as error:
        _close(cluster)
        reason = " ".join(line.strip() for line in str(error).splitlines() if line.strip())
        raise UserError(f"--on {name}: {reason} (its settings: section execution.{name} of the study)") from error


def _silence():
    """What Dask logs of lost workers and schedulers is said by the study itself, in a line."""
    for name in ["tornado", "asyncio", *logging.root.manager.loggerDict]:
        if name.partition(".")[0] in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
