"""Where trials run: processes here, a running Dask scheduler, or jobs of a batch system."""

import contextlib
import importlib
import logging
import os

import dask
from distributed import Client, LocalCluster
from distributed.core import Status

from spikeloom import UserError
from spikeloom.explore.study_file import CLUSTERS

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


@contextlib.contextmanager
def client(where, workers, settings):
    """A Dask Client of `where`: "local", the address of a scheduler, or a batch system's name.

    `workers` processes run here, or jobs there (None: one per processor; what `settings`, or Dask's own configuration,
    say). Raises UserError when it cannot be reached or started.
    """
    _silence()
    with dask.config.set({"distributed.scheduler.allowed-failures": LOST_WORKERS}):
        cluster = None
        try:
            if where == LOCAL:
                cluster = target = _local(workers)
            elif where in BATCH_SYSTEMS:
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


def _local(workers):
    return LocalCluster(
        n_workers=workers or len(os.sched_getaffinity(0)),
        threads_per_worker=1,
        processes=True,
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    )


def _batch(name, jobs, settings):
    """A cluster of jobs; the first ones are submitted when this returns."""
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
        reason = [line for line in str(error).splitlines() if line.strip()][-1]
        raise UserError(f"--on {name}: {reason} (its settings: section execution.{name} of the study)") from error


def _silence():
    """What Dask logs of lost workers and schedulers is said by the study itself, in a line."""
    for name in ["tornado", "asyncio", *logging.root.manager.loggerDict]:
        if name.partition(".")[0] in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
