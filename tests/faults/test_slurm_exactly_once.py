"""Connections that are cut while jobs are submitted: no job is lost, and none comes twice."""

from __future__ import annotations

import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from services.records import SlurmCluster
from services.sshd import Sshd, SshdOptions
from support.cuts import check_once, slow_command, submit_under_cuts
from support.slurm import over_ssh
from xenon_py import JobDescription
from xenon_py.exceptions import SubmissionUncertainException

ROUNDS = 10  # of each point


@pytest.fixture
def login(
    slurm: SlurmCluster, new_sshd: Callable[..., Sshd], tmp_path_factory: pytest.TempPathFactory
) -> SlurmCluster:
    """A login node of the cluster on which sbatch takes its time."""
    if not slurm.local:
        pytest.skip("the cluster's commands are not on this machine")
    folder = tmp_path_factory.mktemp("slow")
    slow_command(folder, "/usr/bin/sbatch")
    path = f"{folder}:/usr/local/bin:/usr/bin:/bin"
    options = SshdOptions(set_env={**slurm.environment, "PATH": path}, max_startups="200")
    return replace(slurm, ssh=new_sshd(options).server)


def jobs_named(cluster: SlurmCluster) -> dict[str, list[str]]:
    """Identifiers by name of all jobs that Slurm knows."""
    listing = ("squeue", "-h", "-a", "-t", "all", "-o", "%i %j")
    done = subprocess.run(
        listing, env=dict(cluster.environment), capture_output=True, text=True, check=True
    )
    found: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        job_id, _, name = line.partition(" ")
        found.setdefault(name, []).append(job_id)
    return found


@pytest.mark.timeout(280)
def test_cut_at_each_point_of_a_submission(login: SlurmCluster) -> None:
    outcomes = submit_under_cuts(
        login.ssh.port, lambda port: over_ssh(login, port=port), ROUNDS, hold=True
    )
    found = jobs_named(login)
    try:
        check_once(outcomes, found)
    finally:
        ids = [job_id for o in outcomes for job_id in found.get(o.name, ())]
        subprocess.run(("scancel", *ids), env=dict(login.environment), check=True)


def test_a_submission_whose_host_died_is_told_as_uncertain(login: SlurmCluster) -> None:
    """The program is killed between sbatch and its answer: what cannot be known is not guessed."""
    with over_ssh(login) as scheduler:
        name = f"once-{uuid.uuid4().hex[:12]}"
        description = JobDescription(executable="true", name=name, hold=True)
        program = scheduler.render(description).script
        assert "submission" in program
        killer = threading.Timer(0.4, _kill_submissions, [login])
        killer.start()
        try:
            job_id = scheduler.submit_batch_job(description).id
            error = None
        except SubmissionUncertainException as caught:
            job_id, error = "", caught
        killer.join()
        time.sleep(0.5)
        jobs = jobs_named(login).get(name, [])
        assert len(jobs) <= 1
        assert jobs == [job_id] if job_id else error is not None and error.token
        if jobs:
            subprocess.run(("scancel", *jobs), env=dict(login.environment), check=True)


def _kill_submissions(cluster: SlurmCluster) -> None:
    """Kill the shells that submit for the test user: those that hold the lock of a job record."""
    for lock in Path(cluster.ssh.home, ".xenon/jobs").glob("*/lock"):
        if lock.is_file() and not (lock.parent / "result").exists():
            subprocess.run(("kill", "-9", lock.read_text().strip()), check=False)
