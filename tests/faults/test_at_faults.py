"""What goes wrong with ``at`` and its jobs, on a real daemon."""

from __future__ import annotations

import itertools
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services import users
from services.records import AtHost
from services.users import as_user
from support.at import QUICK, over_ssh
from xenon_adaptors.at_protocol.programs import find_by_token
from xenon_py import JobDescription, Scheduler
from xenon_py.exceptions import NoSuchJobException
from xenon_py.model.jobs import JobReason
from xenon_py.testing.harness import until

SUBMIT = """
import sys
import xenon_py
with xenon_py.Scheduler.create("at", location="local://" + sys.argv[1]) as scheduler:
    print(scheduler.submit_batch_job(xenon_py.JobDescription(
        executable="/bin/sh", arguments=["-c", sys.argv[2]], stdout="out")).id)
"""


@pytest.fixture
def scheduler(atd: AtHost, tmp_path: Path) -> Iterator[Scheduler]:
    if not atd.local:
        pytest.skip("at is not on this machine")
    with Scheduler.create("at", location=f"local://{tmp_path}", properties=QUICK) as found:
        yield found


def sh(script: str, **fields: object) -> JobDescription:
    return JobDescription(executable="/bin/sh", arguments=["-c", script], **fields)


def content(path: Path) -> str:
    until(lambda: path.exists() and path.read_text(), f"{path} is there", 20)
    return path.read_text().strip()


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def leader_of(token: str) -> int:
    record = Path.home() / ".xenon/jobs" / token
    return int(content(record / "pid"))


def submitted_elsewhere(directory: Path, script: str) -> str:
    """Submit a job in a process that ends at once."""
    argv = [sys.executable, "-c", SUBMIT, str(directory), script]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def test_result_of_a_job_of_a_process_that_is_gone(scheduler: Scheduler, tmp_path: Path) -> None:
    job = submitted_elsewhere(tmp_path, "echo hello; sleep 1; exit 7")
    status = scheduler.get_job(job).wait(20_000)
    assert (status.exit_code, status.reason) == (7, JobReason.FAILED)
    assert content(tmp_path / "out") == "hello"


def test_cancel_of_a_job_of_a_process_that_is_gone(scheduler: Scheduler, tmp_path: Path) -> None:
    script = "trap '' TERM; sleep 600 & echo $! > child.part; mv child.part child; wait; sleep 600"
    job = scheduler.get_job(submitted_elsewhere(tmp_path, script))
    child = int(content(tmp_path / "child"))
    job.cancel()
    status = job.wait(20_000)
    assert status.reason is JobReason.CANCELLED
    assert not alive(child)
    with Scheduler.create("at", location=f"local://{tmp_path}") as other:
        assert other.get_job(job.id).status().reason is JobReason.CANCELLED
        with pytest.raises(NoSuchJobException):
            other.cancel_job(job)


def test_a_cancelled_pending_job_is_so_for_everybody(scheduler: Scheduler, tmp_path: Path) -> None:
    job = scheduler.submit_batch_job(sh("touch ran", start_time=_in_minutes(30)))
    assert job.status().state == "PENDING"
    with Scheduler.create("at", location=f"local://{tmp_path}") as other:
        other.cancel_job(job)
    status = job.wait(20_000)
    assert status.reason is JobReason.CANCELLED
    assert not (tmp_path / "ran").exists()


def test_a_pending_job_that_somebody_removes_is_lost(scheduler: Scheduler) -> None:
    job = scheduler.submit_batch_job(sh("true", start_time=_in_minutes(30)))
    subprocess.run(["atrm", job.id], check=True)
    status = job.wait(20_000)
    assert (status.reason, status.exit_code) == (JobReason.LOST, None)


def test_a_job_that_is_killed_as_a_whole_has_no_exit_code(
    scheduler: Scheduler, tmp_path: Path
) -> None:
    job = scheduler.submit_batch_job(sh('echo "$XENON_JOB_TOKEN" > token; exec sleep 600'))
    os.killpg(leader_of(content(tmp_path / "token")), signal.SIGKILL)
    status = job.wait(20_000)
    assert (status.reason, status.exit_code) == (JobReason.UNKNOWN, None)
    assert "left no exit code" in status.error_message


def test_a_running_job_that_is_not_listed_runs(scheduler: Scheduler, tmp_path: Path) -> None:
    job = scheduler.submit_batch_job(sh("echo > ready; sleep 2; exit 4"))
    until((tmp_path / "ready").exists, "it runs", 20)
    subprocess.run(["atrm", job.id], check=True, capture_output=True)
    assert job.status().running
    assert job.wait(20_000).exit_code == 4


def test_a_running_job_of_somebody_else_is_not_called_cancelled(
    scheduler: Scheduler, tmp_path: Path
) -> None:
    script = f"echo $$ > {tmp_path}/pid; exec sleep 600"
    done = subprocess.run(["at", "now"], input=script, capture_output=True, text=True, check=True)
    job = scheduler.get_job(done.stderr.split("job ")[1].split()[0])
    pid = int(content(tmp_path / "pid"))
    assert job.status().running
    with pytest.raises(Exception, match="not submitted by xenon_py"):
        job.cancel()
    os.kill(pid, signal.SIGTERM)


def test_two_users(scheduler: Scheduler, atd: AtHost, tmp_path: Path) -> None:
    """An ordinary user sees none of our jobs, and cannot end them."""
    ours = scheduler.submit_batch_job(sh("exec sleep 600"))
    until(lambda: ours.status().running, "it runs", 20)
    with over_ssh(atd) as other:
        theirs = other.submit_batch_job(sh("exec sleep 600"))
        assert ours not in other.get_jobs()
        assert theirs in other.get_jobs()
        with pytest.raises(NoSuchJobException):
            other.get_job_status(ours)
        with pytest.raises(NoSuchJobException):
            other.cancel_job(ours)
        theirs.cancel()
        assert theirs.wait(20_000).reason is JobReason.CANCELLED
    assert ours.status().running
    ours.cancel()


def test_environment_by_request_is_whole(
    scheduler: Scheduler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`at` by itself loses the variable U, whose name is the beginning of UID."""
    for name, value in {"U": "two\nlines", "SH": "it's", "TZ": "Asia/Tokyo"}.items():
        monkeypatch.setenv(name, value)
    script = 'printf "<%s>" "$U" "$SH" "$TZ"'
    job = scheduler.submit_batch_job(sh(script, stdout="all", inherit_environment=True))
    assert job.wait(20_000).exit_code == 0
    assert (tmp_path / "all").read_text() == "<two\nlines><it's><Asia/Tokyo>"
    job = scheduler.submit_batch_job(sh(script, stdout="none"))
    assert job.wait(20_000).exit_code == 0
    assert (tmp_path / "none").read_text() == "<><><>"


def test_a_job_is_found_by_its_token(scheduler: Scheduler) -> None:
    job = scheduler.submit_batch_job(sh("true", start_time=_in_minutes(30)))
    records = Path(pwd.getpwuid(os.getuid()).pw_dir) / ".xenon/jobs"
    found = [p for p in records.glob("*/at") if p.read_text().split()[0] == job.id]
    record = max(found, key=lambda path: path.stat().st_mtime)
    command = find_by_token(record.parent.name)
    assert set(subprocess.check_output(command, text=True).split()) == {job.id}
    record.unlink()  # as if the connection broke before it was written
    assert subprocess.check_output(command, text=True).split() == [job.id]
    subprocess.run(["atrm", job.id], check=True)


def test_processes_that_change_their_group_are_ended(scheduler: Scheduler, tmp_path: Path) -> None:
    script = "set -m; sleep 600 & echo $! > child; wait"
    description = JobDescription(executable="/bin/bash", arguments=["-c", script])
    job = scheduler.submit_batch_job(description)
    child = int(content(tmp_path / "child"))
    assert os.getpgid(child) == child
    job.cancel()
    assert job.wait(20_000).reason is JobReason.CANCELLED
    assert not alive(child)


def _in_minutes(minutes: int) -> str:
    return time.strftime("%H:%M %d.%m.%Y", time.localtime(time.time() + 60 * minutes))


@pytest.mark.parametrize(
    ("system", "known"), [("at.{host}", True), ("at.elsewhere", False), ("slurm.{host}", False)]
)
def test_records_of_other_systems_are_not_taken(
    scheduler: Scheduler, system: str, known: bool
) -> None:
    """Several systems may have a job of this number, and one home for their records."""
    number = str(os.getpid() + 50_000_000)
    record = Path.home() / ".xenon/jobs" / secrets.token_hex(10)
    record.mkdir(parents=True)
    system = system.format(host=os.uname().nodename)
    (record / "start").write_text(f"system={system}\nid={number}\nhost=h\npid=1\ntime=2\n")
    (record / "end").write_text("status=3\nsignal=\ncore=0\ntime=2\nmessage=\n")
    try:
        if known:
            assert scheduler.get_job_status(number).exit_code == 3
        else:
            with pytest.raises(NoSuchJobException):
                scheduler.get_job_status(number)
    finally:
        shutil.rmtree(record)


def submitted_by(user: str, directory: Path, script: str, check: bool = True) -> str:
    """Submit a job as another user; return its identifier, or the error."""
    ours = itertools.takewhile(lambda p: not p.stat().st_mode & stat.S_ISVTX, directory.parents)
    for parent in ours:  # below /tmp
        parent.chmod(0o755)
    directory.chmod(0o777)
    argv = as_user(user, [sys.executable, "-c", SUBMIT, str(directory), script])
    home = pwd.getpwnam(user).pw_dir
    environment = {"PATH": "/usr/bin:/bin", "HOME": home, "USER": user, "LOGNAME": user}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is check, done.stderr
    return done.stdout.strip() if check else done.stderr


@pytest.mark.usefixtures("scheduler")
def test_jobs_of_two_ordinary_users_are_not_mixed_up(tmp_path: Path) -> None:
    """Each job runs as its user, in the user's directory, with a record in the user's home."""
    people = users.HOPS
    for number, account in enumerate(people):
        home = users.ensure(account)
        directory = tmp_path / account.name
        directory.mkdir()
        job = submitted_by(account.name, directory, f"id -un; sleep 1; exit {number + 3}")
        status = (
            "import sys, xenon_py as x\n"
            "with x.Scheduler.create('at', 'local://') as s:\n"
            "    status = s.get_job(sys.argv[1]).wait(20000)\n"
            "    print(status.exit_code)\n"
        )
        argv = as_user(account.name, [sys.executable, "-c", status, job])
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(home)}
        asked = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True)
        assert asked.stdout.strip() == str(number + 3)
        assert content(directory / "out") == account.name


@pytest.mark.usefixtures("scheduler")
def test_a_user_who_may_not_use_at(tmp_path: Path) -> None:
    user = users.NOISY.name
    users.ensure(users.NOISY)
    deny = Path("/etc/at.deny")
    before = deny.read_text() if deny.exists() else ""
    deny.write_text(f"{before}{user}\n")
    try:
        told = submitted_by(user, tmp_path, "true", check=False)
    finally:
        deny.write_text(before)
    assert "PermissionDeniedException" in told
    assert "at.deny" in told


def test_no_daemon_is_told(scheduler: Scheduler, tmp_path: Path) -> None:
    """In a mount namespace without the daemon's pid file, as on a machine where none runs."""
    (tmp_path / "run").mkdir()
    program = (
        "import sys, xenon_py as x\n"
        "with x.Scheduler.create('at', 'local://' + sys.argv[1]) as s:\n"
        "    description = x.JobDescription(executable='true', start_time=sys.argv[2])\n"
        "    job = s.submit_batch_job(description)\n"
        "    print(job.id, s.get_job_status(job).scheduler_specific_information['reason'])\n"
    )
    argv = [sys.executable, "-c", program, str(tmp_path), _in_minutes(30)]
    inside = f'mount --bind {tmp_path}/run /run && exec "$@"'
    done = subprocess.run(
        ["unshare", "-m", "/bin/sh", "-c", inside, "sh", *argv],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"no mount namespaces here: {done.stderr.strip()}")
    job, _, reason = done.stdout.strip().partition(" ")
    assert "no atd runs" in reason, done.stderr
    assert scheduler.get_job(job).status().state == "PENDING"
    scheduler.cancel_job(job)


def test_start_times_are_whole_minutes(scheduler: Scheduler, tmp_path: Path) -> None:
    """The next full minute: not before, and right after it."""
    due = (int(time.time()) // 60 + 1) * 60
    when = time.strftime("%H:%M", time.localtime(due))
    job = scheduler.submit_batch_job(sh("date +%s; exit 6", stdout="began", start_time=when))
    assert job.status().state == "PENDING"
    queued = scheduler.submit_batch_job(sh("exit 8", queue_name="Z", start_time=when))
    assert queued.status().scheduler_specific_information["queue"] == "Z"
    assert job.wait(90_000).exit_code == 6
    assert due <= int((tmp_path / "began").read_text()) <= due + 10
    assert queued.wait(90_000).exit_code == 8


def test_many_threads(scheduler: Scheduler) -> None:
    codes: list[int | None] = []

    def work(code: int) -> None:
        codes.append(scheduler.submit_batch_job(sh(f"exit {code}")).wait(60_000).exit_code)

    threads = [threading.Thread(target=work, args=(code,)) for code in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == list(range(12))  # type: ignore[type-var]


GARBLED = {
    "cut": '"$REAL" "$@" | head -c 5',
    "noise": "head -c 3000 /dev/urandom",
    "crash": "echo Bus error >&2; exit 135",
    "denied": "echo You do not have permission to use atq. >&2; exit 1",
}


@pytest.mark.parametrize("script", list(GARBLED.values()), ids=list(GARBLED))
def test_garbled_listing(
    scheduler: Scheduler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    """It ends no job, and what is true is told as soon as there is any."""
    job = scheduler.submit_batch_job(sh("echo > began; sleep 2; exit 3"))
    until((tmp_path / "began").exists, "it runs", 20)
    program = tmp_path / "bin/atq"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nREAL=/usr/bin/atq\n{script}\n")
    program.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        status = job.wait(800)
        assert (status.done, status.exit_code) == (False, None)
    assert (job.wait(20_000).exit_code, job.status().reason) == (3, JobReason.FAILED)
