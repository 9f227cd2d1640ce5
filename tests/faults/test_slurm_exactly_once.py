"""Connections that are cut while jobs are submitted: no job is lost, and none comes twice."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from services.proxy import Proxy
from services.records import SlurmCluster
from services.sshd import Sshd, SshdOptions
from support.cuts import POINTS, check_once, slow_command, submit_under_cuts
from support.slurm import over_ssh
from xenon_py import Job, JobDescription, Scheduler
from xenon_py.engine.batch import submitting
from xenon_py.exceptions import InvalidJobDescriptionException, SubmissionUncertainException

ROUNDS = int(os.environ.get("XENON_TEST_ROUNDS", "10"))  # of each point
MANY = 20  # jobs of one call


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


@pytest.mark.timeout(280 if ROUNDS <= 10 else 3000)
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


def submit_many(cluster: SlurmCluster, delay: float) -> tuple[list[str], list[str]]:
    """Submit many jobs in one call while the connection is cut; return names and identifiers.

    An identifier is empty where it was said that the outcome is not known.
    """
    names = [f"many-{uuid.uuid4().hex[:12]}" for _ in range(MANY)]
    given = [JobDescription(executable="true", name=name, hold=True) for name in names]
    with Proxy(cluster.ssh.port) as proxy, over_ssh(cluster, port=proxy.port) as scheduler:
        cut = threading.Timer(delay, proxy.cut)
        cut.start()
        try:
            submitted: list[Job | None] = list(scheduler.submit_batch_jobs(given))
        except SubmissionUncertainException as error:
            submitted = list(error.submitted or ())
        cut.join()
    return names, [job.id if job else "" for job in submitted]


def test_cut_while_many_are_submitted(login: SlurmCluster) -> None:
    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(lambda delay: submit_many(login, delay), POINTS[2::3]))
    time.sleep(1.0)
    found = jobs_named(login)
    try:
        for names, ids in outcomes:
            assert len(ids) == len(names)
            for name, job_id in zip(names, ids, strict=True):
                assert found.get(name, []) == [job_id] if job_id else len(found.get(name, [])) < 2
            assert sum(1 for job_id in ids if job_id) >= 0.9 * MANY
    finally:
        ids = [job_id for names, _ in outcomes for n in names for job_id in found.get(n, ())]
        subprocess.run(("scancel", *ids), env=dict(login.environment), check=True)


TIMED_OUT = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"
DOUBTS = {
    "a time-out after the request": f'$REAL "$@" >/dev/null; echo "{TIMED_OUT}" >&2; exit 1',
    "no identifier": '$REAL "$@" >/dev/null',
    "killed": '$REAL "$@" >/dev/null; kill -9 $$',
    "late": f'exec 3<&0; (sleep 1.5; $REAL "$@" <&3) >/dev/null & echo "{TIMED_OUT}" >&2; exit 1',
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_what_sbatch_leaves_open_is_looked_for(
    doubt: str, slurm: SlurmCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The controller took the job, and sbatch does not tell so."""
    with odd_sbatch(slurm, DOUBTS[doubt], tmp_path, monkeypatch) as scheduler:
        jobs = scheduler.submit_batch_jobs([shell("exit 5"), shell("exit 6")])
        assert [job.wait(60_000).exit_code for job in jobs] == [5, 6]


def test_what_cannot_be_found_is_uncertain(
    slurm: SlurmCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = f'echo "{TIMED_OUT}" >&2; exit 1'
    monkeypatch.setattr(submitting, "_LOOKS", (0.0, 0.1))
    with (
        odd_sbatch(slurm, never, tmp_path, monkeypatch) as scheduler,
        pytest.raises(SubmissionUncertainException, match="Socket timed out") as caught,
    ):
        scheduler.submit_batch_job(shell("exit 5"))
    assert caught.value.token


def test_one_refusal_among_many(
    slurm: SlurmCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are submitted, in order, and told."""
    given = [shell(f"exit {code}") for code in range(12)]
    given[5] = JobDescription(executable="true", account="nosuch")
    with odd_sbatch(slurm, 'exec $REAL "$@"', tmp_path, monkeypatch) as scheduler:
        with pytest.raises(InvalidJobDescriptionException, match="account") as caught:
            scheduler.submit_batch_jobs(given)
        told = caught.value.submitted
        assert [job is None for job in told] == [number == 5 for number in range(12)]
        codes = [job.wait(60_000).exit_code for job in told if job]
        assert codes == [code for code in range(12) if code != 5]


def shell(script: str) -> JobDescription:
    return JobDescription(executable="/bin/sh", arguments=["-c", script])


@contextlib.contextmanager
def odd_sbatch(
    cluster: SlurmCluster, script: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scheduler]:
    """A scheduler on this machine, where sbatch is a script; ``$REAL`` is the true one."""
    if not cluster.local:
        pytest.skip("this machine has no commands of Slurm")
    program = folder / "bin" / "sbatch"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nREAL=/usr/bin/sbatch\n[ "$1" != --version ] || exec $REAL "$@"\n{script}\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    for name, value in cluster.environment.items():
        monkeypatch.setenv(name, value)
    quick = {"slurm.poll.delay": "200"}
    with Scheduler.create("slurm", f"local://{folder}", properties=quick) as scheduler:
        yield scheduler


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
