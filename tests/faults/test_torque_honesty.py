"""What is told of jobs of TORQUE and OpenPBS when things go wrong: the truth, or nothing yet."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.fixtures import Services
from services.pbs import Standin, private_standin
from support.pbs import PATIENCE, here, sh, told, with_environment
from xenon_py import JobDescription, Scheduler
from xenon_py.engine.batch import host
from xenon_py.exceptions import InvalidJobDescriptionException, NoSuchJobException
from xenon_py.model.jobs import JobErrorType, JobReason, JobStatus
from xenon_py.testing.harness import until


@pytest.fixture(scope="module", params=["torque", "openpbs"])
def standin(services: Services, request: pytest.FixtureRequest) -> Iterator[Standin]:
    """A server of this module's own; commands of this machine reach it."""
    services.require_native()
    with contextlib.ExitStack() as stack:
        made = services.enter(stack, lambda: private_standin(request.param))
        with with_environment(made.environment):
            yield made
        assert made.administer("violations") == []


@pytest.fixture
def scheduler(standin: Standin, tmp_path: Path) -> Iterator[Scheduler]:
    del standin
    with here(tmp_path, accounting_grace="1500") as made:
        yield made


def forget_records(home: Path) -> None:
    """Let the job records be gone, as where compute nodes do not share the home directory."""
    shutil.rmtree(home / ".xenon/jobs")


# --- every kind of end ------------------------------------------------------------------------


class TestOutcomes:
    @pytest.mark.parametrize(
        ("script", "expected"),
        [
            ("exit 0", (JobReason.COMPLETED, 0, None)),
            ("exit 3", (JobReason.FAILED, 3, None)),
            ("exit 128", (JobReason.FAILED, 128, None)),
            ("exit 137", (JobReason.FAILED, 137, None)),
            ("exit 255", (JobReason.FAILED, 255, None)),
            ("kill -KILL $$", (JobReason.SIGNALLED, None, 9)),
            ("kill -SEGV $$", (JobReason.SIGNALLED, None, 11)),
        ],
    )
    def test_by_itself(
        self, scheduler: Scheduler, script: str, expected: tuple[object, ...]
    ) -> None:
        assert told(scheduler.submit_batch_job(sh(script)).wait(PATIENCE)) == expected

    def test_missing_program(self, scheduler: Scheduler) -> None:
        job = scheduler.submit_batch_job(JobDescription(executable="/no/such/program"))
        assert told(job.wait(PATIENCE)) == (JobReason.FAILED, 127, None)

    def test_missing_directory_is_refused(self, scheduler: Scheduler) -> None:
        with pytest.raises(InvalidJobDescriptionException, match="/no/such/place"):
            scheduler.submit_batch_job(sh("exit 0", working_directory="/no/such/place"))

    def test_output_directory_gone(self, scheduler: Scheduler, tmp_path: Path) -> None:
        job = scheduler.submit_batch_job(sh("exit 0", stdout=f"{tmp_path}/gone/out"))
        status = job.wait(PATIENCE)
        assert told(status) == (JobReason.LAUNCH_FAILURE, None, None)
        assert "stdout" in status.error_message

    def test_cancelled(self, scheduler: Scheduler) -> None:
        held = scheduler.submit_batch_job(sh("exit 0", hold=True))
        running = scheduler.submit_batch_job(sh("exec sleep 600"))
        assert scheduler.wait_until_running(running, PATIENCE).running
        for job in (held, running):
            job.cancel()
        for job in (held, running):
            status = job.wait(PATIENCE)
            assert (status.reason, status.exit_code) == (JobReason.CANCELLED, None)
            with pytest.raises(NoSuchJobException, match="ended"):
                scheduler.cancel_job(job)

    def test_deleted_while_pending_by_somebody_else(
        self, scheduler: Scheduler, standin: Standin
    ) -> None:
        job = scheduler.submit_batch_job(sh("exit 0", hold=True))
        assert standin.run("qdel", job.id).returncode == 0
        status = job.wait(PATIENCE)
        assert told(status) == (JobReason.CANCELLED, None, None)
        assert "deleted" in status.error_message

    def test_walltime(self, scheduler: Scheduler) -> None:
        limit = ["-l", "walltime=1"]
        job = scheduler.submit_batch_job(sh("exec sleep 600", scheduler_arguments=limit))
        status = job.wait(PATIENCE)
        assert (status.reason, status.exit_code) == (JobReason.TIME_LIMIT, None)
        assert status.error_type is JobErrorType.CANCELLED
        assert "walltime" in status.error_message

    def test_a_dependency_that_failed(self, scheduler: Scheduler) -> None:
        first = scheduler.submit_batch_job(sh("exit 1", hold=True))
        second = scheduler.submit_batch_job(sh("exit 0", depends_on=[first]))
        scheduler.release_job(first)
        status = second.wait(PATIENCE)
        assert told(status) == (JobReason.DEPENDENCY, None, None)

    def test_suspended_is_told_though_pbs_says_running(
        self, scheduler: Scheduler, standin: Standin
    ) -> None:
        job = scheduler.submit_batch_job(sh("exec sleep 600"))
        assert scheduler.wait_until_running(job, PATIENCE).running
        scheduler.suspend_job(job)
        status = job.status()
        assert (status.state, status.running, status.done) == ("S", False, False)
        assert f"{job.id} xenon R" in standin.administer("jobs")
        scheduler.resume_job(job)
        assert job.status().running
        scheduler.suspend_job(job)
        job.cancel()
        assert job.wait(PATIENCE).reason is JobReason.CANCELLED


# --- commands that misbehave -----------------------------------------------------------------


@pytest.fixture
def wrapped(
    standin: Standin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, str], Path]:
    """Puts a script before a command; returns a switch: it runs while that file exists."""

    def wrap(command: str, script: str) -> Path:
        switch = tmp_path / f"{command}.on"
        program = tmp_path / "bin" / command
        program.parent.mkdir(exist_ok=True)
        real = standin.commands / command
        program.write_text(
            f'#!/bin/sh\nREAL={real}\n[ -e {switch} ] || exec $REAL "$@"\n{script}\n'
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        switch.touch()
        return switch

    return wrap


@pytest.mark.parametrize(
    "script",
    [
        '"$REAL" "$@" | head -c 200',
        '"$REAL" "$@" | tr a-z A-Z',
        "head -c 3000 /dev/urandom",
        "echo Bus error >&2; exit 135",
        'exec "$REAL" -Z',
        "echo 'qstat: cannot connect to server vm (errno=111) Connection refused' >&2; exit 111",
    ],
    ids=["cut", "loud", "noise", "crash", "usage", "away"],
)
def test_garbled_listing(
    scheduler: Scheduler, wrapped: Callable[[str, str], Path], script: str
) -> None:
    """It ends no job; the truth is told as soon as there is any."""
    job = scheduler.submit_batch_job(sh("sleep 2; exit 3"))
    switch = wrapped("qstat", script)
    status = job.wait(1000)
    assert (status.done, status.exit_code, status.reason) == (False, None, JobReason.NONE)
    assert status.stale
    switch.unlink()
    assert told(job.wait(PATIENCE)) == (JobReason.FAILED, 3, None)


def test_an_empty_listing_ends_no_job_that_runs(
    scheduler: Scheduler, wrapped: Callable[[str, str], Path]
) -> None:
    job = scheduler.submit_batch_job(sh("sleep 2; exit 3"))
    assert scheduler.wait_until_running(job, PATIENCE).running
    switch = wrapped("qstat", "exit 0")
    status = job.wait(700)
    assert (status.done, status.running) == (False, True)
    switch.unlink()
    assert told(job.wait(PATIENCE)) == (JobReason.FAILED, 3, None)


def test_hanging_listing(
    scheduler: Scheduler, wrapped: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "QUERY_TIMEOUT", 1.0)
    job = scheduler.submit_batch_job(sh("sleep 2; exit 3"))
    assert scheduler.wait_until_running(job, PATIENCE).running
    switch = wrapped("qstat", "exec sleep 300")
    began = time.monotonic()
    status = job.status()
    assert time.monotonic() - began < 8
    assert (status.running, status.done, status.stale) == (True, False, True)
    switch.unlink()
    assert told(job.wait(PATIENCE)) == (JobReason.FAILED, 3, None)


def test_server_away_while_jobs_end(standin: Standin, scheduler: Scheduler) -> None:
    jobs = scheduler.submit_batch_jobs([sh(f"sleep 4; exit {code}") for code in range(6)])
    for job in jobs:
        assert scheduler.wait_until_running(job, PATIENCE).running
    ends: list[JobStatus] = []
    waiting = threading.Thread(target=lambda: ends.extend(scheduler.as_completed(jobs, PATIENCE)))
    waiting.start()
    standin.administer("away", "on")
    status = jobs[0].status()
    assert (status.running, status.done, status.stale) == (True, False, True)
    time.sleep(5)
    assert ends == [], "nothing was concluded from silence, for longer than the grace time"
    standin.administer("away", "off")
    waiting.join(60)
    assert {s.job.id: s.exit_code for s in ends} == {j.id: code for code, j in enumerate(jobs)}


# --- what the server forgets -----------------------------------------------------------------


@contextlib.contextmanager
def forgetful(standin: Standin) -> Iterator[None]:
    """A server that knows nothing of ended jobs."""
    setting = ("keep", "0") if standin.flavour == "torque" else ("history", "off")
    usual = ("keep", "300") if standin.flavour == "torque" else ("history", "on")
    standin.administer(*setting)
    try:
        yield
    finally:
        standin.administer(*usual)


def ended(standin: Standin, *job_ids: str) -> None:
    """Wait until the server does not list jobs any more."""

    def gone() -> bool:
        lines = standin.administer("jobs")
        return not any(line.split()[0] in job_ids for line in lines)

    until(gone, "the server forgets", 20)


def test_forgotten_jobs_are_told_by_their_records(standin: Standin, tmp_path: Path) -> None:
    with forgetful(standin), here(tmp_path, accounting_grace="1500") as scheduler:
        scripts = ("exit 0", "exit 137", "kill -KILL $$")
        jobs = scheduler.submit_batch_jobs([sh(script) for script in scripts])
        tasks = scheduler.submit_job_array(sh("exit $XENON_ARRAY_TASK_ID"), 3, 4)
        ended(standin, *(job.id for job in (*jobs, *tasks)))
        with here(tmp_path) as later:  # a new process knows no less
            for asked in (scheduler, later):
                found = [told(asked.get_job_status(job.id)) for job in jobs]
                assert found == [
                    (JobReason.COMPLETED, 0, None),
                    (JobReason.FAILED, 137, None),
                    (JobReason.SIGNALLED, None, 9),
                ]
                codes = [asked.get_job_status(task.id).exit_code for task in tasks]
                assert codes == [3, 4]
                assert asked.get_job_status(jobs[0].id).source == "record"


def test_forgotten_jobs_without_a_record_are_lost(
    standin: Standin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No exit code is made up; and one that was cancelled was cancelled."""
    monkeypatch.setenv("HOME", str(tmp_path))
    with forgetful(standin), here(tmp_path, accounting_grace="1500") as scheduler:
        job = scheduler.submit_batch_job(sh("exit 0"))
        cancelled = scheduler.submit_batch_job(sh("exit 0", hold=True))
        cancelled.cancel()
        ended(standin, job.id, cancelled.id)
        forget_records(tmp_path)
        status = job.wait(PATIENCE)
        assert told(status) == (JobReason.LOST, None, None)
        assert status.error_message
        assert cancelled.wait(PATIENCE).reason is JobReason.CANCELLED
        with pytest.raises(NoSuchJobException):
            scheduler.get_job("99999")


def test_without_records_pbs_tells(
    standin: Standin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with here(tmp_path) as scheduler:
        scripts = ("exit 0", "exit 3", "kill -KILL $$", "exec sleep 600")
        jobs = scheduler.submit_batch_jobs([sh(script) for script in scripts])
        assert scheduler.wait_until_running(jobs[3], PATIENCE).running
        standin.run("qdel", jobs[3].id)

        def over() -> bool:
            lines = [line.split() for line in standin.administer("jobs")]
            return all(
                state in "CF" for job_id, _, state in lines if job_id in {j.id for j in jobs}
            )

        until(over, "they end", 20)
        forget_records(tmp_path)
        found = [told(job.wait(PATIENCE)) for job in jobs]
        assert found[:2] == [(JobReason.COMPLETED, 0, None), (JobReason.FAILED, 3, None)]
        assert found[2] == (JobReason.FAILED, 137, None), "the shell's way to tell of signal 9"
        deleted = JobReason.SIGNALLED if standin.flavour == "torque" else JobReason.CANCELLED
        assert found[3] == (deleted, None, 15)


def test_a_record_of_an_array_of_one(standin: Standin, tmp_path: Path) -> None:
    """OpenPBS has no such arrays; a plain job stands for it."""
    del standin
    with here(tmp_path) as scheduler:
        (task,) = scheduler.submit_job_array(sh("exit $XENON_ARRAY_TASK_ID", stdout="out-%a"), 5, 5)
        assert task.wait(PATIENCE).exit_code == 5
        assert (tmp_path / "out-5").exists()
        with here(tmp_path) as later:
            assert later.get_job_status(task.id).exit_code == 5
            assert later.get_job(task.id.partition(".")[0]).status().exit_code == 5


def test_many_jobs_take_few_commands(standin: Standin, tmp_path: Path) -> None:
    del standin
    with here(tmp_path) as scheduler:
        commands = scheduler._adaptor.host  # type: ignore[attr-defined]
        jobs = scheduler.submit_batch_jobs([sh("true") for _ in range(20)])
        before = commands.commands
        assert len(scheduler.get_job_statuses(jobs)) == 20
        assert commands.commands - before <= 3
        assert all(job.wait(PATIENCE).exit_code == 0 for job in jobs)
