"""Connections that are cut while jobs are submitted: no job is lost, and none comes twice."""

from __future__ import annotations

import subprocess
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from services.proxy import Proxy
from services.records import SlurmCluster
from services.sshd import Sshd, SshdOptions
from support.slurm import over_ssh
from xenon_py import JobDescription, Scheduler
from xenon_py.exceptions import SubmissionUncertainException, XenonException

POINTS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 1.1)
"""Seconds from the call to the cut: before, during and after the remote sbatch."""
ROUNDS = 10  # of each point

SLOW = """\
#!/bin/sh
sleep 0.25
/usr/bin/sbatch "$@"
status=$?
sleep 0.25
exit $status
"""


@pytest.fixture
def login(
    slurm: SlurmCluster, new_sshd: Callable[..., Sshd], tmp_path_factory: pytest.TempPathFactory
) -> SlurmCluster:
    """A login node of the cluster on which sbatch takes its time."""
    if not slurm.local:
        pytest.skip("the cluster's commands are not on this machine")
    folder = tmp_path_factory.mktemp("slow")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)
    program = folder / "sbatch"
    program.write_text(SLOW)
    program.chmod(0o755)
    path = f"{folder}:/usr/local/bin:/usr/bin:/bin"
    options = SshdOptions(set_env={**slurm.environment, "PATH": path}, max_startups="200")
    return replace(slurm, ssh=new_sshd(options).server)


@dataclass(frozen=True)
class Outcome:
    """What a submission under a cut said."""

    name: str
    delay: float
    job_id: str = ""
    error: XenonException | None = None


def submit(scheduler: Scheduler, proxy: Proxy, delay: float) -> Outcome:
    """Submit a held job while the connection is cut after ``delay`` seconds."""
    name = f"once-{uuid.uuid4().hex[:12]}"
    cut = threading.Timer(delay, proxy.cut)
    cut.start()
    try:
        job = scheduler.submit_batch_job(JobDescription(executable="true", name=name, hold=True))
    except XenonException as error:
        return Outcome(name, delay, error=error)
    finally:
        cut.join()
    return Outcome(name, delay, job.id)


def rounds(cluster: SlurmCluster, delay: float) -> list[Outcome]:
    with Proxy(cluster.ssh.port) as proxy, over_ssh(cluster, port=proxy.port) as scheduler:
        return [submit(scheduler, proxy, delay) for _ in range(ROUNDS)]


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
    with ThreadPoolExecutor(len(POINTS)) as pool:
        outcomes = [
            outcome
            for each in pool.map(lambda delay: rounds(login, delay), POINTS)
            for outcome in each
        ]
    time.sleep(1.0)  # what was cut off last ends on its own
    found = jobs_named(login)
    try:
        counted = Counter(len(found.get(outcome.name, ())) for outcome in outcomes)
        assert set(counted) <= {0, 1}, f"submitted more than once: {counted}"
        for outcome in outcomes:
            jobs = found.get(outcome.name, [])
            if outcome.job_id:
                assert jobs == [outcome.job_id], outcome
            elif isinstance(outcome.error, SubmissionUncertainException):
                assert outcome.error.token
            else:
                assert jobs == [], f"said not to be submitted: {outcome}"
        assert sum(1 for outcome in outcomes if outcome.job_id) >= 0.9 * len(outcomes)
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
