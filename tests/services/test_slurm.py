"""The test Slurm is a real one: jobs run, are accounted for, and its daemons can be stopped."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from services.daemon import process_info
from services.records import SlurmCluster
from services.slurm import Slurm


def run(
    cluster: SlurmCluster, *argv: str, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command of Slurm on this machine."""
    environment = {**os.environ, **cluster.environment}
    return subprocess.run(
        argv, env=environment, input=text, capture_output=True, text=True, check=False, timeout=60
    )


def submit(cluster: SlurmCluster, script: str, *options: str) -> str:
    done = run(cluster, "sbatch", "--parsable", "--output=/dev/null", *options, text=script)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def accounted(cluster: SlurmCluster, job: str) -> str:
    """State and exit code of a finished job, which reach the accounting a little late."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        done = run(cluster, "sacct", "-XnP", "-j", job, "-o", "State,ExitCode")
        if done.stdout.strip() and not done.stdout.startswith(("PENDING", "RUNNING")):
            return done.stdout.strip()
        time.sleep(0.2)
    raise AssertionError(f"job {job} did not end: {done}")


def test_partitions(slurm: SlurmCluster) -> None:
    listed = run(slurm, "sinfo", "-h", "-o", "%P %D %c %m").stdout.splitlines()
    assert sorted(listed) == ["mypartition* 3 8 4000", "otherpartition 1 8 4000"]


def test_job_as_root_is_accounted(slurm: SlurmCluster) -> None:
    job = submit(slurm, "#!/bin/sh\nexit 5\n", "--partition=otherpartition")
    assert accounted(slurm, job) == "FAILED|5:0"


def test_srun_over_ssh_as_the_test_user(slurm: SlurmCluster) -> None:
    server = slurm.ssh
    argv = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-i", str(server.keys.ed25519)]
    argv += ["-o", f"UserKnownHostsFile={server.known_hosts}", "-p", str(server.port)]
    done = run(slurm, *argv, f"{server.user}@{server.host}", "srun -n2 whoami")
    assert done.stdout.split() == [server.user] * 2, done.stderr


def test_unknown_account_is_refused(slurm: SlurmCluster) -> None:
    done = run(slurm, "sbatch", "--account=nobodys", text="#!/bin/sh\n")
    assert (done.returncode, "Invalid account" in done.stderr) == (1, True)


def test_without_accounting(slurm_without_accounting: SlurmCluster) -> None:
    submit(slurm_without_accounting, "#!/bin/sh\ntrue\n")
    done = run(slurm_without_accounting, "sacct", "-XnP")
    assert (done.returncode, done.stdout) == (1, "")
    assert "accounting storage is disabled" in done.stderr


def test_daemons_stop_and_come_back(private_slurm: Slurm, tmp_path: Path) -> None:
    cluster = private_slurm.cluster
    job = submit(cluster, "#!/bin/sh\nsleep 1\nexit 3\n")
    private_slurm.controller.stop()
    assert run(cluster, "scontrol", "ping").returncode == 1
    private_slurm.accounting.stop()
    assert "Connection refused" in run(cluster, "sacct", "-j", job).stderr
    private_slurm.start()
    assert accounted(cluster, job) == "FAILED|3:0"


def test_stop_ends_jobs_and_daemons(private_slurm: Slurm, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    tmp_path.chmod(0o777)
    submit(private_slurm.cluster, f"#!/bin/sh\necho $$ >{mark}\nexec sleep 1000\n")
    deadline = time.monotonic() + 20
    while not (mark.exists() and mark.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    job = int(mark.read_text())
    daemons = [private_slurm.controller.pid, private_slurm.nodes[0].pid]
    private_slurm.stop()
    assert [process_info(pid or 0) for pid in (*daemons, job)] == [None, None, None]
    private_slurm.start()


@pytest.mark.parametrize("daemon", ["controller", "accounting"])
def test_frozen_daemon_keeps_its_clients_waiting(private_slurm: Slurm, daemon: str) -> None:
    command = {"controller": "squeue", "accounting": "sacct"}[daemon]
    frozen = getattr(private_slurm, daemon)
    frozen.freeze()
    try:
        environment = {**os.environ, **private_slurm.environment}
        with pytest.raises(subprocess.TimeoutExpired):
            subprocess.run([command], env=environment, capture_output=True, timeout=1, check=False)
    finally:
        frozen.thaw()
