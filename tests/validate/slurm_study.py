"""Runs a small study through Slurm on this machine alone, and compares its trials with those of local processes.

usage: sudo python tests/validate/slurm_study.py      (Debian packages slurm-wlm and munge)

Slurm's daemons run with a configuration of their own in a temporary folder, and end with the script.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))
import small_study

NEEDED = ("munged", "slurmctld", "slurmd", "sinfo", "sbatch")
JOBS = 2
START_SECONDS = 60
# dask-jobqueue's arguments: one process a job, on the partition below.
EXECUTION = {
    "workers": 2,
    "slurm": {"queue": "p", "cores": 1, "processes": 1, "memory": "700MB", "walltime": "00:30:00", "interface": "lo"},
}
CONFIG = """
ClusterName=local
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=2000 State=UNKNOWN
PartitionName=p Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def main():
    """Exit status 0 when both studies are equal."""
    missing = [tool for tool in NEEDED if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        print(
            f"needs root, and {', '.join(missing) or 'nothing else'}: apt-get install slurm-wlm munge", file=sys.stderr
        )
        return 2
    folder = Path(tempfile.mkdtemp(prefix="spikeloom_slurm_"))
    try:
        with slurm(folder):
            return compare(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def compare(folder):
    """Runs the study twice, each with a store of its own."""
    times = {}
    for name, more in (("slurm", ["--on", "slurm", "--workers", JOBS]), ("local", [])):
        study = small_study.write(folder / name, execution=EXECUTION)
        begin = time.monotonic()
        status, _, errors = small_study.run(study, folder / name, *more, cwd=folder)
        times[name] = time.monotonic() - begin
        if status != 0:
            print(f"{name}: {errors}", file=sys.stderr)
            return 1
        if name == "slurm":
            print(
                subprocess.run(["squeue", "--noheader"], capture_output=True, text=True, check=True).stdout
                or "no job left"
            )
    here, there = (small_study.trials_of(folder / name / "out") for name in ("local", "slurm"))
    assert here == there, "the trials differ"
    print(f"{len(here)} trials equal: Slurm, {JOBS} jobs, {times['slurm']:.0f} s; local {times['local']:.0f} s")
    print(
        Path(folder / "slurmctld.log").read_text().count("_slurm_rpc_submit_batch_job"), "jobs were submitted to Slurm"
    )
    refused = small_study.write(folder / "bad", execution={"slurm": EXECUTION["slurm"] | {"queue": "none"}})
    status, _, errors = small_study.run(refused, folder / "bad", "--on", "slurm", cwd=folder)
    assert status == 2 and len(errors.splitlines()) == 1, errors
    print(f"an unknown partition: {errors.strip()}")
    return 0


@contextlib.contextmanager
def slurm(folder):
    """Munge and Slurm's two daemons, until the block ends."""
    host = subprocess.run(["hostname", "-s"], capture_output=True, text=True, check=True).stdout.strip()
    for name in ("state", "spool"):
        (folder / name).mkdir()
    config = folder / "slurm.conf"
    config.write_text(CONFIG.format(host=host, folder=folder))
    os.environ["SLURM_CONF"] = str(config)
    with contextlib.ExitStack() as stack:
        if not Path("/run/munge/munge.socket.2").is_socket():
            subprocess.run(["install", "-d", "-o", "munge", "-g", "munge", "-m", "755", "/run/munge"], check=True)
            stack.enter_context(daemon(["runuser", "-u", "munge", "--", "munged", "--foreground"]))
            time.sleep(1)
        stack.enter_context(daemon(["slurmctld", "-D"]))
        time.sleep(2)
        stack.enter_context(daemon(["slurmd", "-D"]))
        wait_until_idle()
        yield


@contextlib.contextmanager
def daemon(line):
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def wait_until_idle():
    """Until the node takes jobs."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        state = subprocess.run(["sinfo", "--noheader", "-o", "%t"], capture_output=True, text=True, check=False).stdout
        if state.strip() == "idle":
            return
        time.sleep(1)
    raise SystemExit(f"Slurm's node is not idle after {START_SECONDS} s")


if __name__ == "__main__":
    sys.exit(main())
