"""What is told of jobs of a real Slurm when things go wrong: the truth, or that it is not known."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.fixtures import Services
from services.slurm import Slurm, SlurmOptions
from services.slurm import private_slurm as a_slurm
from support.slurm import over_ssh
from xenon_py import JobDescription, Scheduler
from xenon_py.engine.batch import host
from xenon_py.exceptions import InvalidJobDescriptionException, NoSuchJobException
from xenon_py.model.jobs import Job, JobErrorType, JobReason, JobStatus

PATIENCE = 60_000
FORGETFUL = SlurmOptions(min_job_age=2)  # ended jobs leave the controller's memory within 62 s


@pytest.fixture(scope="module")
def cluster(services: Services) -> Iterator[Slurm]:
    """A cluster of this module's own; commands of this machine reach it."""
    services.require_native()
    with contextlib.ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        slurm = services.enter(stack, lambda: a_slurm(FORGETFUL))
        for name, value in slurm.environment.items():
            patch.setenv(name, value)
        yield slurm


@pytest.fixture(scope="module")
def scheduler(cluster: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scheduler]:
    with here(tmp_path_factory.mktemp("slurm")) as made:
        yield made


def here(directory: Path) -> Scheduler:
    return Scheduler.create(
        "slurm", location=f"local://{directory}", properties={"slurm.poll.delay": "200"}
    )


def shell(script: str, **more: object) -> JobDescription:
    return JobDescription(executable="/bin/sh", arguments=["-c", script], **more)


@pytest.fixture(scope="module")
def early(scheduler: Scheduler) -> dict[str, str]:
    """Jobs that were submitted first, and that nobody asks about before the last tests."""
    jobs = scheduler.submit_batch_jobs([shell("exit 137"), shell("exit 0"), shell("kill -9 $$")])
    limited = scheduler.submit_batch_job(shell("sleep 600", max_runtime=1))
    plain = subprocess.run(
        ["sbatch", "--parsable", "--output=/dev/null", "--wrap=exit 137"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    names = ("exit 137", "exit 0", "kill", "limited", "plain")
    return dict(zip(names, [*(job.id for job in jobs), limited.id, plain], strict=True))


def told(status: JobStatus) -> tuple[object, ...]:
    """What the tests compare: state, reason, exit code, signal, source."""
    return status.state, status.reason, status.exit_code, status.signal, status.source


@pytest.mark.usefixtures("early")  # their time passes meanwhile
def test_controller_away_while_jobs_end(cluster: Slurm, scheduler: Scheduler) -> None:
    """Twenty jobs run and end while slurmctld is away for a minute."""
    jobs = scheduler.submit_batch_jobs([shell(f"sleep 15; exit {code}") for code in range(20)])
    for job in jobs:
        assert scheduler.wait_until_running(job, PATIENCE).running
    ends: list[JobStatus] = []
    waiting = threading.Thread(target=lambda: ends.extend(scheduler.as_completed(jobs, 180_000)))
    waiting.start()
    cluster.controller.stop()
    began = time.monotonic()
    status = jobs[0].status()
    assert (status.state, status.running, status.done, status.stale) == (
        *("RUNNING", True, False),
        True,
    )
    time.sleep(max(0.0, 60 - (time.monotonic() - began)))
    assert ends == [], "nothing was concluded from silence"
    cluster.start_controller()
    waiting.join(180)
    assert {status.job.id: told(status)[:4] for status in ends} == {
        job.id: ("FAILED", JobReason.FAILED, code, None)
        if code
        else ("COMPLETED", JobReason.COMPLETED, 0, None)
        for code, job in enumerate(jobs)
    }
    assert all(status.source in {"queue+record", "accounting+record"} for status in ends)


class TestOutcomes:
    """Every kind of end, asked in time."""

    @pytest.mark.parametrize(
        ("script", "expected"),
        [
            ("exit 0", ("COMPLETED", JobReason.COMPLETED, 0, None)),
            ("exit 137", ("FAILED", JobReason.FAILED, 137, None)),
            ("exit 255", ("FAILED", JobReason.FAILED, 255, None)),
            ("exit 128", ("FAILED", JobReason.FAILED, 128, None)),
            ("kill -SEGV $$", ("FAILED", JobReason.SIGNALLED, None, 11)),
        ],
    )
    def test_ends_by_itself(
        self, scheduler: Scheduler, script: str, expected: tuple[object, ...]
    ) -> None:
        status = scheduler.submit_batch_job(shell(script)).wait(PATIENCE)
        assert told(status) == (*expected, "queue+record")
        assert status.error_type is JobErrorType.NONE
        assert not status.stale

    def test_missing_program(self, scheduler: Scheduler) -> None:
        job = scheduler.submit_batch_job(JobDescription(executable="/no/such/program"))
        expected = ("FAILED", JobReason.FAILED, 127, None, "queue+record")
        assert told(job.wait(PATIENCE)) == expected

    def test_missing_directory_is_refused(self, scheduler: Scheduler) -> None:
        with pytest.raises(InvalidJobDescriptionException, match="/no/such/place"):
            scheduler.submit_batch_job(shell("exit 0", working_directory="/no/such/place"))

    def test_directory_that_went_away(self, scheduler: Scheduler, tmp_path: Path) -> None:
        place = tmp_path / "place"
        place.mkdir()
        held = shell("exit 0", working_directory=place, hold=True)
        job = scheduler.submit_batch_job(held)
        place.rmdir()
        scheduler.release_job(job)
        status = job.wait(PATIENCE)
        assert told(status)[:4] == ("FAILED", JobReason.LAUNCH_FAILURE, None, None)
        assert status.source in {"queue", "queue+record"}  # Slurm may start it elsewhere
        assert status.error_type is JobErrorType.IO

    def test_output_directory_gone(self, scheduler: Scheduler, tmp_path: Path) -> None:
        job = scheduler.submit_batch_job(shell("exit 0", stdout=f"{tmp_path}/gone/out"))
        status = job.wait(PATIENCE)
        assert told(status) == ("FAILED", JobReason.LAUNCH_FAILURE, None, None, "queue+record")
        assert "stdout" in status.error_message

    def test_cancelled_pending(self, scheduler: Scheduler) -> None:
        job = scheduler.submit_batch_job(shell("exit 0", hold=True))
        job.cancel()
        status = job.wait(PATIENCE)
        assert told(status) == ("CANCELLED", JobReason.CANCELLED, None, None, "queue")
        assert status.error_type is JobErrorType.CANCELLED

    def test_cancelled_running(self, scheduler: Scheduler) -> None:
        job = scheduler.submit_batch_job(shell("sleep 600"))
        assert scheduler.wait_until_running(job, PATIENCE).running
        job.cancel()
        *outcome, signal, source = told(job.wait(PATIENCE))
        assert outcome == ["CANCELLED", JobReason.CANCELLED, None]
        assert is_terminated(signal, source)

    def test_a_dependency_that_failed_is_not_waited_for_for_ever(
        self, scheduler: Scheduler
    ) -> None:
        first = scheduler.submit_batch_job(shell("exit 1", hold=True))
        second = scheduler.submit_batch_job(shell("exit 0", depends_on=[first]))
        scheduler.release_job(first)
        status = second.wait(PATIENCE)
        assert told(status) == ("CANCELLED", JobReason.DEPENDENCY, None, None, "queue")

    def test_requeued_job_is_not_done(self, scheduler: Scheduler) -> None:
        job = scheduler.submit_batch_job(shell("sleep 600"))
        assert scheduler.wait_until_running(job, PATIENCE).running
        subprocess.run(["scontrol", "requeue", job.id], check=True)
        deadline = time.monotonic() + 30
        while (status := job.status()).running and time.monotonic() < deadline:
            time.sleep(0.3)
        assert (status.done, status.running) == (False, False)
        job.cancel()
        assert job.wait(PATIENCE).reason is JobReason.CANCELLED

    def test_ended_job_that_is_requeued_runs_again(self, scheduler: Scheduler) -> None:
        job = scheduler.submit_batch_job(shell("exit 7"))
        assert job.wait(PATIENCE).exit_code == 7
        subprocess.run(["scontrol", "requeuehold", job.id], check=True)
        time.sleep(0.3)  # within the poll delay nobody is asked again
        status = job.status()
        assert (status.done, status.running, status.exit_code) == (False, False, None)
        assert scheduler.get_job_status(job).state in {"PENDING", "REQUEUE_HOLD", "SPECIAL_EXIT"}
        job.cancel()
        assert told(job.wait(PATIENCE))[:3] == ("CANCELLED", JobReason.CANCELLED, None)

    @pytest.mark.parametrize("requeue", [True, False])
    def test_node_that_fails(self, cluster: Slurm, scheduler: Scheduler, requeue: bool) -> None:
        option = "--requeue" if requeue else "--no-requeue"
        options = [option, "--nodelist=node-1"]
        job = scheduler.submit_batch_job(shell("sleep 600", scheduler_arguments=options))
        assert scheduler.wait_until_running(job, PATIENCE).running
        cluster.run("scontrol", "update", "NodeName=node-1", "State=DOWN", "Reason=a test")
        try:
            if requeue:
                seen = [job.wait(300) for _ in range(5)]
                assert {(s.done, s.reason) for s in seen} == {(False, JobReason.NONE)}
                assert seen[-1].state == "PENDING"
                job.cancel()
                assert job.wait(PATIENCE).reason is JobReason.CANCELLED
            else:
                status = job.wait(PATIENCE)
                assert told(status)[:3] == ("NODE_FAIL", JobReason.NODE_FAILURE, None)
        finally:
            cluster.start_nodes()  # it comes back by itself

    def test_an_unknown_job(self, scheduler: Scheduler) -> None:
        with pytest.raises(NoSuchJobException):
            scheduler.get_job_status(Job("99999999"))


# --- commands that misbehave -----------------------------------------------------------------


@pytest.fixture
def wrapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cluster: Slurm
) -> Callable[[str, str], Path]:
    """Puts a script before a command: ``wrapped("squeue", script)``; returns a switch, a file.

    The script runs while the file exists; ``$REAL`` is the command.
    """
    del cluster

    def wrap(command: str, script: str) -> Path:
        real = subprocess.run(["which", command], capture_output=True, text=True, check=True)
        switch = tmp_path / f"{command}.on"
        program = tmp_path / "bin" / command
        program.parent.mkdir(exist_ok=True)
        program.write_text(
            f'#!/bin/sh\nREAL={real.stdout.strip()}\n[ -e {switch} ] || exec $REAL "$@"\n{script}\n'
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        switch.touch()
        return switch

    return wrap


@pytest.fixture(scope="module")
def running(
    scheduler: Scheduler, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Job, Path]]:
    """A job that runs until its file is there, and then exits with code 3."""
    file = tmp_path_factory.mktemp("running") / "end"
    job = scheduler.submit_batch_job(shell(f"until [ -e {file} ]; do sleep 0.1; done; exit 3"))
    assert scheduler.wait_until_running(job, PATIENCE).running
    yield job, file
    file.touch()


GARBLED = (
    '"$REAL" "$@" | head -c 70',
    '"$REAL" "$@" | tr A-Z a-z',
    '"$REAL" "$@" | cut -c 1-100',
    "head -c 3000 /dev/urandom",
    "echo Bus error >&2; exit 135",
    'exec "$REAL" --no-such-option',
    "exit 0",
)


@pytest.mark.parametrize("script", GARBLED)
def test_garbled_listing(
    scheduler: Scheduler,
    running: tuple[Job, Path],
    wrapped: Callable[[str, str], Path],
    script: str,
) -> None:
    """It ends no job; the truth is told as soon as there is any."""
    job, _ = running
    switches = [wrapped(command, script) for command in ("squeue", "sacct")]
    status = scheduler.wait_until_done(job, 500)
    assert told(status)[:3] == ("RUNNING", JobReason.NONE, None)
    assert not status.done
    for switch in switches:
        switch.unlink()
    status = scheduler.get_job_status(job)
    assert (status.state, status.running, status.stale) == ("RUNNING", True, False)


def test_end_while_the_listing_is_garbled(
    scheduler: Scheduler, running: tuple[Job, Path], wrapped: Callable[[str, str], Path]
) -> None:
    """What is left is the job's own note."""
    job, file = running
    switches = [wrapped(command, GARBLED[0]) for command in ("squeue", "sacct")]
    file.touch()
    assert told(scheduler.wait_until_done(job, PATIENCE))[1:] == (
        *(JobReason.FAILED, 3, None),
        "record",
    )
    for switch in switches:
        switch.unlink()


def test_hanging_listing(
    scheduler: Scheduler,
    wrapped: Callable[[str, str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(host, "QUERY_TIMEOUT", 2.0)
    job = scheduler.submit_batch_job(shell("sleep 3; exit 3"))
    assert scheduler.wait_until_running(job, PATIENCE).running
    switch = wrapped("squeue", "exec sleep 300")
    began = time.monotonic()
    status = job.status()
    assert time.monotonic() - began < 10
    assert (status.state, status.running, status.stale) == ("RUNNING", True, True)
    assert not job.wait(3000).done
    switch.unlink()
    *outcome, source = told(job.wait(PATIENCE))
    assert outcome == ["FAILED", JobReason.FAILED, 3, None]
    assert source in {"queue+record", "accounting+record"}  # it may be out of memory by then


# --- daemons that are away -------------------------------------------------------------------


def test_database_away(cluster: Slurm, scheduler: Scheduler) -> None:
    cluster.accounting.stop()
    try:
        job = scheduler.submit_batch_job(shell("exit 255"))
        assert told(job.wait(PATIENCE)) == ("FAILED", JobReason.FAILED, 255, None, "queue+record")
        with pytest.raises(NoSuchJobException):
            scheduler.get_job("99999999")
    finally:
        cluster.start_accounting()


def test_sshd_restarted(cluster: Slurm) -> None:
    """The wait goes on; the connection is made again without being asked for."""
    with over_ssh(cluster.cluster, **{"slurm.poll.delay": "200"}) as remote:
        jobs = remote.submit_batch_jobs([shell(f"sleep 4; exit {code}") for code in (0, 9, 200)])
        found: list[JobStatus] = []
        waiting = threading.Thread(target=lambda: found.extend(remote.as_completed(jobs, PATIENCE)))
        waiting.start()
        time.sleep(1.5)
        cluster.sshd.stop()
        time.sleep(1)
        cluster.sshd.start()
        waiting.join(60)
        assert sorted(map(told, found), key=str) == [
            ("COMPLETED", JobReason.COMPLETED, 0, None, "queue+record"),
            ("FAILED", JobReason.FAILED, 200, None, "queue+record"),
            ("FAILED", JobReason.FAILED, 9, None, "queue+record"),
        ]


# --- jobs that nobody asked about in time -------------------------------------------------------


def is_terminated(signal: int | None, source: str) -> bool:
    """The job may note the TERM; and who asks late is told by accounting."""
    return (signal, source.replace("accounting", "queue")) in {
        (15, "queue+record"),
        (None, "queue"),
    }


def test_time_limit(scheduler: Scheduler, early: dict[str, str]) -> None:
    status = scheduler.wait_until_done(early["limited"], 200_000)
    *outcome, signal, source = told(status)
    assert outcome == ["TIMEOUT", JobReason.TIME_LIMIT, None]
    assert is_terminated(signal, source)
    assert status.error_type is JobErrorType.CANCELLED


def test_purged_before_anybody_asked(
    scheduler: Scheduler, early: dict[str, str], tmp_path: Path
) -> None:
    """Accounting and the jobs' own records tell; where there is no record, no code is made up."""
    deadline = time.monotonic() + 90
    ids = ",".join(early[name] for name in ("exit 137", "exit 0", "kill", "plain"))
    listing = ("squeue", "-h", "-t", "all", "-j", ids)
    while subprocess.run(listing, capture_output=True, check=False).stdout:
        assert time.monotonic() < deadline
        time.sleep(1)
    with here(tmp_path) as later:  # a new process would know no more
        for asked in (scheduler, later):
            statuses = {name: asked.get_job_status(early[name]) for name in early}
            source = "accounting+record"
            assert told(statuses["exit 0"]) == ("COMPLETED", JobReason.COMPLETED, 0, None, source)
            assert told(statuses["exit 137"]) == ("FAILED", JobReason.FAILED, 137, None, source)
            assert told(statuses["kill"]) == ("FAILED", JobReason.SIGNALLED, None, 9, source)
            plain = statuses["plain"]
            assert told(plain) == ("FAILED", JobReason.FAILED, None, None, "accounting")
            assert "9 or 137" in plain.error_message
