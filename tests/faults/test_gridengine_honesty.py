"""What is told of jobs of a real Grid Engine when things go wrong: the truth, or nothing yet.

Its accounting is 15 seconds late, as that of a site that left the factory's settings.
"""

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
from services.gridengine import GridEngineService, private_gridengine
from support.gridengine import commands_of, here
from xenon_py import Job, JobDescription, Scheduler
from xenon_py.engine.batch import host
from xenon_py.exceptions import InvalidJobDescriptionException, NoSuchJobException
from xenon_py.model.jobs import JobErrorType, JobReason, JobStatus
from xenon_py.testing.harness import until

PATIENCE = 60_000
DELAY = 15


@pytest.fixture(scope="module")
def cell(services: Services) -> Iterator[GridEngineService]:
    """A cell of this module's own; commands of this machine reach it."""
    services.require_native()
    with contextlib.ExitStack() as stack:
        service, made = services.enter(stack, lambda: private_gridengine(DELAY))
        with commands_of(made):
            yield service


@pytest.fixture(scope="module")
def scheduler(
    cell: GridEngineService, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scheduler]:
    del cell
    with here(tmp_path_factory.mktemp("gridengine"), accounting_grace_timeout="20000") as made:
        yield made


def sh(script: str, **more: object) -> JobDescription:
    return JobDescription(executable="/bin/sh", arguments=["-c", script], **more)


def told(status: JobStatus) -> tuple[object, ...]:
    """What the tests compare: reason, exit code, signal."""
    return status.reason, status.exit_code, status.signal


def plain(script: str, *options: str) -> str:
    """Submit a job without this library."""
    argv = ["qsub", "-terse", "-S", "/bin/sh", "-o", "/dev/null", "-e", "/dev/null", *options]
    done = subprocess.run(argv, input=script, capture_output=True, text=True, check=True)
    return done.stdout.strip().partition(".")[0]


def live(job_id: str) -> str:
    """The state of a job as qstat prints it; empty when it is not there."""
    listed = subprocess.run(["qstat"], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in listed.splitlines()[2:])
    return next((row[4] for row in rows if row[0] == job_id), "")


@pytest.fixture(scope="module")
def early(scheduler: Scheduler) -> dict[str, str]:
    """Jobs that were submitted first, and that nobody asks about before the last tests."""
    jobs = {
        "limited": sh("sleep 600", scheduler_arguments=["-l", "h_rt=1"]),
        "killed by qdel": sh("sleep 600"),
        "deleted": sh("exit 0", hold=True),
        "exit 99": sh("exit 99"),
        "exit 100": sh("exit 100"),
    }
    ids = [job.id for job in scheduler.submit_batch_jobs(list(jobs.values()))]
    found = dict(zip(jobs, ids, strict=True))
    found["plain 99"] = plain("exit 99")
    found["plain 100"] = plain("exit 100")
    found["plain 7"] = plain("exit 7")
    until(lambda: live(found["killed by qdel"]) == "r", "it runs", 30)
    subprocess.run(
        ["qdel", found["killed by qdel"], found["deleted"]], check=True, capture_output=True
    )
    return found


@pytest.mark.usefixtures("early")
class TestOutcomes:
    """Every kind of end, asked in time."""

    @pytest.mark.parametrize(
        ("script", "expected"),
        [
            ("exit 0", (JobReason.COMPLETED, 0, None)),
            ("exit 137", (JobReason.FAILED, 137, None)),
            ("exit 255", (JobReason.FAILED, 255, None)),
            ("exit 99", (JobReason.FAILED, 99, None)),
            ("exit 100", (JobReason.FAILED, 100, None)),
            ("kill -SEGV $$", (JobReason.SIGNALLED, None, 11)),
        ],
    )
    def test_the_record_tells_before_accounting_does(
        self, scheduler: Scheduler, script: str, expected: tuple[object, ...], tmp_path: Path
    ) -> None:
        script = f"date +%s > {tmp_path}/end; {script}"
        status = scheduler.submit_batch_job(sh(script)).wait(PATIENCE)
        late = time.time() - int((tmp_path / "end").read_text())
        assert (told(status), status.source) == (expected, "record")
        assert status.error_type is JobErrorType.NONE
        assert late < 8, "that is less than accounting takes"

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
        running = scheduler.submit_batch_job(sh("sleep 600"))
        assert scheduler.wait_until_running(running, PATIENCE).running
        for job in (held, running):
            job.cancel()
        for job in (held, running):
            status = job.wait(PATIENCE)
            assert (status.reason, status.exit_code) == (JobReason.CANCELLED, None)

    def test_a_job_that_runs_again_is_not_done(self, scheduler: Scheduler) -> None:
        job = scheduler.submit_batch_job(sh("sleep 600", scheduler_arguments=["-r", "y"]))
        assert scheduler.wait_until_running(job, PATIENCE).running
        subprocess.run(["qmod", "-rj", job.id], check=True, capture_output=True)
        until(lambda: live(job.id) != "r", "it is sent back", 30)
        assert not job.status().done
        job.cancel()
        assert job.wait(PATIENCE).reason is JobReason.CANCELLED

    def test_an_unknown_job(self, scheduler: Scheduler) -> None:
        with pytest.raises(NoSuchJobException):
            scheduler.get_job_status(Job("9999998"))


class TestErrorState:
    def test_it_ends_a_wait_and_is_told_with_its_text(
        self, scheduler: Scheduler, tmp_path: Path
    ) -> None:
        output = tmp_path / "missing/out"
        description = sh("exit 4", scheduler_arguments=["-o", str(output)])
        job = scheduler.submit_batch_job(description)
        status = job.wait(PATIENCE)
        assert (status.state, status.done, status.exit_code) == ("Eqw", True, None)
        assert (status.reason, status.error_type) == (JobReason.LAUNCH_FAILURE, JobErrorType.IO)
        assert f'can\'t open output file "{output}"' in status.error_message
        assert f"qmod -cj {job.id}" in status.error_message
        assert live(job.id) == "Eqw", "nobody deleted it"
        assert job in scheduler.get_jobs()
        output.parent.mkdir()
        subprocess.run(["qmod", "-cj", job.id], check=False, capture_output=True)
        assert job.wait(PATIENCE).exit_code == 4, "the error was cleared, and it ran"

    def test_tasks_of_an_array(self, scheduler: Scheduler, tmp_path: Path) -> None:
        (tmp_path / "1").mkdir()
        output = ["-o", f"{tmp_path}/$TASK_ID/out"]
        tasks = scheduler.submit_job_array(sh("exit 0", scheduler_arguments=output), 1, 2)
        assert tasks[0].wait(PATIENCE).exit_code == 0
        status = tasks[1].wait(PATIENCE)
        assert status.state == "Eqw"
        assert f'"{tmp_path}/2/out"' in status.error_message
        tasks[1].cancel()
        assert tasks[1].wait(PATIENCE).reason in {JobReason.LAUNCH_FAILURE, JobReason.CANCELLED}
        until(lambda: not live(tasks[1].id.partition(".")[0]), "it is deleted", 30)


# --- commands that misbehave -----------------------------------------------------------------


@pytest.fixture
def wrapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Puts a script before a command; returns a switch: it runs while that file exists."""

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


@pytest.mark.parametrize(
    "script",
    [
        '"$REAL" "$@" | head -c 300',
        '"$REAL" "$@" | tr a-z A-Z',
        "head -c 3000 /dev/urandom",
        "exit 0",
        "echo '<unknown_jobs ><>9</></unknown_jobs>'",
        "echo Bus error >&2; exit 135",
        "echo 'error: commlib error: got select error (Connection refused)' >&2; exit 1",
        'exec "$REAL" -nosuchoption',
    ],
    ids=["cut", "loud", "noise", "empty", "unknown", "crash", "away", "usage"],
)
def test_garbled_listing(
    scheduler: Scheduler, wrapped: Callable[[str, str], Path], script: str
) -> None:
    """It ends no job; the truth is told as soon as there is any."""
    job = scheduler.submit_batch_job(sh("sleep 1; exit 3"))
    switch = wrapped("qstat", script)
    status = job.wait(1500)
    assert (status.done, status.exit_code, status.reason) == (False, None, JobReason.NONE)
    assert status.stale
    switch.unlink()
    assert told(job.wait(PATIENCE)) == (JobReason.FAILED, 3, None)


def test_hanging_listing(
    scheduler: Scheduler, wrapped: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "QUERY_TIMEOUT", 2.0)
    job = scheduler.submit_batch_job(sh("sleep 3; exit 3"))
    assert scheduler.wait_until_running(job, PATIENCE).running
    switch = wrapped("qstat", "exec sleep 300")
    began = time.monotonic()
    status = job.status()
    assert time.monotonic() - began < 10
    assert (status.running, status.done, status.stale) == (True, False, True)
    switch.unlink()
    assert told(job.wait(PATIENCE)) == (JobReason.FAILED, 3, None)


def test_a_user_whose_qstat_has_options_of_its_own(
    scheduler: Scheduler, cell: GridEngineService
) -> None:
    """A file ``sge_qstat`` of the site is read before our options."""
    defaults = cell.directory / "sge/default/common/sge_qstat"
    defaults.write_text("-s p -f -ext -q slow -u xenon\n")
    try:
        job = scheduler.submit_batch_job(sh("sleep 3; exit 3", queue_name="default"))
        assert scheduler.wait_until_running(job, PATIENCE).running
        assert job in scheduler.get_jobs()
        assert told(job.wait(PATIENCE)) == (JobReason.FAILED, 3, None)
    finally:
        defaults.unlink()


def test_deleted_while_pending_by_somebody_else(
    scheduler: Scheduler, early: dict[str, str]
) -> None:
    """Accounting never has such a job; `qstat -s z` knows that it ended, until a restart."""
    status = scheduler.wait_until_done(early["deleted"], 60_000)
    assert told(status) == (JobReason.CANCELLED, None, None)
    assert "deleted before it ran" in status.error_message


# --- the master is away ----------------------------------------------------------------------


def test_master_away_while_jobs_end(cell: GridEngineService, scheduler: Scheduler) -> None:
    jobs = scheduler.submit_batch_jobs([sh(f"sleep 4; exit {code}") for code in range(6)])
    for job in jobs:
        assert scheduler.wait_until_running(job, PATIENCE).running
    ends: list[JobStatus] = []
    waiting = threading.Thread(target=lambda: ends.extend(scheduler.as_completed(jobs, 180_000)))
    waiting.start()
    cell.master.kill()
    status = jobs[0].status()
    assert (status.running, status.done, status.stale) == (True, False, True)
    with pytest.raises(Exception, match="qmaster"):
        scheduler.submit_batch_job(sh("exit 0"))
    time.sleep(5)
    assert ends == [], "nothing was concluded from silence"
    cell.start_master()
    waiting.join(180)
    assert {s.job.id: s.exit_code for s in ends} == {j.id: code for code, j in enumerate(jobs)}


# --- jobs that nobody asked about in time -------------------------------------------------------


def test_ends_that_only_accounting_tells(scheduler: Scheduler, early: dict[str, str]) -> None:
    status = scheduler.wait_until_done(early["limited"], 60_000)
    assert told(status) == (JobReason.TIME_LIMIT, None, 9)
    assert "h_rt" in status.error_message
    assert status.error_type is JobErrorType.CANCELLED
    status = scheduler.wait_until_done(early["killed by qdel"], 60_000)
    assert told(status) == (JobReason.SIGNALLED, None, 9)


def test_jobs_of_others_that_exit_with_99_and_100(
    scheduler: Scheduler, early: dict[str, str]
) -> None:
    """The one runs again and again, the other is in error state for ever, and says so."""
    assert not scheduler.get_job_status(early["plain 99"]).done
    status = scheduler.get_job_status(early["plain 100"])
    assert (status.state, status.done, status.exit_code) == ("Eqw", True, None)
    assert "100" in status.error_message or "application" in status.error_message
    for name in ("plain 99", "plain 100"):
        scheduler.cancel_job(early[name])
    assert scheduler.wait_until_done(early["plain 99"], PATIENCE).reason is JobReason.CANCELLED


def test_a_new_process_knows_the_same(
    scheduler: Scheduler, early: dict[str, str], tmp_path: Path
) -> None:
    for name in ("exit 99", "exit 100", "limited", "killed by qdel", "plain 7"):
        scheduler.wait_until_done(early[name], PATIENCE)
    with here(tmp_path) as later:
        statuses = {name: later.get_job_status(early[name]) for name in early if name != "deleted"}
    assert told(statuses["exit 99"]) == (JobReason.FAILED, 99, None)
    assert told(statuses["exit 100"]) == (JobReason.FAILED, 100, None)
    assert statuses["exit 99"].source == "accounting+record"
    assert told(statuses["limited"]) == (JobReason.TIME_LIMIT, None, 9)
    assert told(statuses["plain 7"]) == (JobReason.FAILED, 7, None)


def test_qacct_where_the_file_cannot_be_read(
    cell: GridEngineService,
    early: dict[str, str],
    tmp_path: Path,
    wrapped: Callable[[str, str], Path],
) -> None:
    moved = tmp_path / "accounting"
    (cell.directory / "sge/default/common/accounting").rename(moved)
    wrapped("qacct", f'exec "$REAL" -f {moved} "$@"')
    with here(tmp_path) as later:
        assert told(later.get_job_status(early["plain 7"])) == (JobReason.FAILED, 7, None)
        assert later.get_job_status(early["limited"]).reason is JobReason.TIME_LIMIT
        assert later.get_job_status(early["plain 7"]).usage.end_time


def test_numbers_that_come_again(
    cell: GridEngineService, scheduler: Scheduler, early: dict[str, str], tmp_path: Path
) -> None:
    """The master lost its spool: jobs get the numbers of others, which have records in our home."""
    cell.forget()
    fresh: dict[str, int] = {}
    with here(tmp_path) as other:
        for number in range(max(6, int(early["limited"]))):
            code = 3 + number % 6
            fresh[other.submit_batch_job(sh(f"exit {code}")).id] = code
        assert early["limited"] in fresh, "a number that another job had"
        assert {i: other.get_job(i).wait(PATIENCE).exit_code for i in fresh} == fresh
    with here(tmp_path) as later:
        assert {i: later.get_job(i).wait(PATIENCE).exit_code for i in fresh} == fresh
    job = scheduler.submit_batch_job(sh("exit 4"))
    assert job.wait(PATIENCE).exit_code == 4, "the object from before the loss goes on"
