"""Studies whose processes are killed at any moment end as undisturbed ones do: no trial lost, none doubled."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import distributed
import psutil
import pytest
import small_study
from small_study import PROGRAM, needs_program

from spikeloom.__main__ import main
from spikeloom.explore import cluster
from spikeloom.store import program as programs

pytestmark = needs_program
SEARCHES = {"grid": {"sampler": "grid"}, "nsga2": {"sampler": "nsga2", "population": 4, "in_flight": 3}}
# The search whose trials follow from results is the harder one.
learning = pytest.mark.parametrize("undisturbed", ["nsga2"], indirect=True)
# Long enough for several trials, short enough that hardly a life finishes the study.
LONGEST_LIFE = 1.5


@pytest.fixture(autouse=True, scope="module")
def program():
    """The program of studies that run in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPIKELOOM_PROGRAM", str(PROGRAM))
        yield


@pytest.fixture(scope="module", params=SEARCHES)
def undisturbed(request, tmp_path_factory):
    """(search, trials, results) of a study that nobody disturbs."""
    folder = tmp_path_factory.mktemp(request.param)
    search = SEARCHES[request.param]
    return search, small_study.finish(small_study.write(folder, search=search), folder), simulations(folder)


def simulations(folder):
    """Names of the results that the store of a study holds."""
    return sorted(path.parent.name for path in (folder / "store").rglob("identity.json"))


def kill_group(process):
    """kill -9 of a driver and whatever it started, at once, as when a machine goes down."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def check_finished(folder, study, expected):
    """The study's next start, undisturbed, ends as expected."""
    _, trials, results = expected
    assert small_study.finish(study, folder) == trials
    assert simulations(folder) == results
    assert not list((folder / "store").rglob("*.part"))


def test_a_driver_that_is_killed_again_and_again_finishes_the_same_study(tmp_path, undisturbed):
    study = small_study.write(tmp_path, search=undisturbed[0])
    draw = random.Random(17)
    for _ in range(3):
        process = small_study.start(study, tmp_path)
        begun = time.monotonic()
        life = draw.uniform(0, LONGEST_LIFE)
        # Its first moments, until it has a database, are the same every time: they are not counted.
        while not (tmp_path / "out/study.db").exists() and time.monotonic() < begun + 120:
            time.sleep(0.02)
        time.sleep(life)
        kill_group(process)
    check_finished(tmp_path, study, undisturbed)


@learning
def test_a_driver_that_is_killed_alone_takes_its_programs_with_it(tmp_path, undisturbed):
    study = small_study.write(tmp_path, search=undisturbed[0])
    process = small_study.start(study, tmp_path)
    small_study.wait_until(lambda: simulations(tmp_path), process)
    process.send_signal(signal.SIGSTOP)  # so that no program ends by itself meanwhile
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive
    check_finished(tmp_path, study, undisturbed)


@learning
def test_programs_that_are_killed_are_started_again(tmp_path, undisturbed):
    study = small_study.write(tmp_path, search=undisturbed[0])
    process = small_study.start(study, tmp_path)
    draw = random.Random(5)
    killed = 0
    while process.poll() is None and killed < 4:
        time.sleep(draw.uniform(0.0, 0.2))
        for child in draw.sample(found := programs_of(process, tmp_path), min(len(found), 1)):
            child.kill()
            killed += 1
    _, errors = process.communicate(timeout=small_study.MOST_SECONDS)
    assert process.returncode == 0, errors
    assert killed > 0
    assert small_study.without_progress(errors) == ""
    assert small_study.trials_of(tmp_path / "out") == undisturbed[1]
    assert simulations(tmp_path) == undisturbed[2]


def programs_of(process, folder):
    """The programs that a driver runs for trials: the checks before them are over."""
    if not (folder / "out/study.db").exists():
        return []
    try:
        return psutil.Process(process.pid).children()
    except psutil.NoSuchProcess:
        return []


@learning
def test_a_program_that_is_killed_every_time_is_said_in_one_line(tmp_path, undisturbed, monkeypatch, capsys):
    def killed(*_arguments, **_more):
        raise programs.Killed("the program was stopped by signal SIGKILL")

    monkeypatch.setattr(programs, "simulate", killed)
    study = small_study.write(tmp_path, search=undisturbed[0])
    assert main(small_study.command(study, tmp_path)[4:]) == 2
    assert capsys.readouterr().err.count("stopped by signal SIGKILL, 4 times (out of memory?)\n") == 1


@learning
def test_workers_of_dask_that_are_killed_are_replaced_and_their_trials_run_again(tmp_path, undisturbed):
    study = small_study.write(tmp_path, search=undisturbed[0])
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        process = small_study.start(study, tmp_path, "--on", cluster.scheduler_address)
        small_study.wait_until(lambda: simulations(tmp_path), process)
        psutil.Process(cluster.workers[0].pid).kill()
        _, errors = process.communicate(timeout=small_study.MOST_SECONDS)
    assert process.returncode == 0, errors
    assert small_study.without_progress(errors) == ""
    assert small_study.trials_of(tmp_path / "out") == undisturbed[1]
    assert simulations(tmp_path) == undisturbed[2]


def dask(*words):
    tool = Path(sys.executable).with_name("dask")
    return subprocess.Popen(
        [tool, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


@learning
def test_a_scheduler_that_goes_away_is_said_and_the_next_start_goes_on(tmp_path, undisturbed):
    study = small_study.write(tmp_path, search=undisturbed[0])
    place = tmp_path / "scheduler.json"
    scheduler = dask("scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", place, "--host", "127.0.0.1")
    try:
        while not place.exists() or not place.read_text().endswith("}"):
            time.sleep(0.05)
        address = json.loads(place.read_text())["address"]
        worker = dask("worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny")
        try:
            process = small_study.start(study, tmp_path, "--on", address)
            small_study.wait_until(lambda: simulations(tmp_path), process)
            os.killpg(scheduler.pid, signal.SIGKILL)
            _, errors = process.communicate(timeout=small_study.MOST_SECONDS)
        finally:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
    finally:
        if scheduler.poll() is None:
            os.killpg(scheduler.pid, signal.SIGKILL)
        scheduler.wait()
    assert process.returncode == 2
    assert len(small_study.without_progress(errors).splitlines()) == 1, errors
    assert "the scheduler went away" in errors
    check_finished(tmp_path, study, undisturbed)


def test_a_scheduler_or_batch_system_that_is_not_there_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    monkeypatch.setenv("PATH", str(tmp_path))  # no batch system's commands
    study = small_study.write(tmp_path, execution={"pbs": {"cores": 1, "memory": "1GB"}})
    words = ["explore", study, "-o", tmp_path / "out", "--store", tmp_path / "store"]
    mistakes = {
        "tcp://127.0.0.1:9": "no scheduler answers there",
        "moon": "expected local, an address",
        "pbs": "No such file or directory: 'qsub'",
        "kubernetes": "pip install dask-kubernetes",
    }
    for where, expected in mistakes.items():
        assert main([*map(str, words), "--on", where]) == 2
        message = capsys.readouterr().err
        assert expected in message
        assert message.count("\n") == 1, message
