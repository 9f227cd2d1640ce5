"""Rows about sessions, names, reaping and waiting."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.drmaa.rows import row
from support.drmaa.sites import (
    ABORTED,
    ALL,
    ANY,
    PATIENCE,
    Site,
    drain,
    exited,
    outcome,
    shell,
    until,
)
from xenon_py import drmaa
from xenon_py.drmaa import IndependentSession, JobState, Session, helpers


@row("1 codes")
def codes_of_errors(_site: Site) -> None:
    """The codes have the standard numbers."""
    assert drmaa.errors.error_check(0) == 0
    standard = {
        1: drmaa.InternalException,
        2: drmaa.DrmCommunicationException,
        3: drmaa.AuthorizationException,
        4: drmaa.InvalidArgumentException,
        5: drmaa.NoActiveSessionException,
        6: drmaa.OutOfMemoryException,
        11: drmaa.AlreadyActiveSessionException,
        13: drmaa.InvalidAttributeFormatException,
        14: drmaa.InvalidAttributeValueException,
        15: drmaa.ConflictingAttributeValuesException,
        16: drmaa.TryLaterException,
        17: drmaa.DeniedByDrmException,
        18: drmaa.InvalidJobException,
        19: drmaa.ResumeInconsistentStateException,
        20: drmaa.SuspendInconsistentStateException,
        21: drmaa.HoldInconsistentStateException,
        22: drmaa.ReleaseInconsistentStateException,
        23: drmaa.ExitTimeoutException,
        24: Exception,
        25: StopIteration,
    }
    for code, kind in standard.items():
        with pytest.raises(kind, match=rf"^code {code}: ") as caught:
            drmaa.errors.error_check(code)
        assert type(caught.value) is kind


@row("2 initialize and exit twice", of_process=True)
def twice(site: Site) -> None:
    """There is one session at a time."""
    Session.initialize(site.contact)
    with pytest.raises(drmaa.AlreadyActiveSessionException, match=r"^code 11: "):
        Session.initialize(site.contact)
    Session.exit()
    with pytest.raises(drmaa.NoActiveSessionException, match=r"^code 5: $"):
        Session.exit()


@row("3 names of attributes")
def names_of_attributes(_site: Site) -> None:
    """They are listed."""
    assert {"drmaa_remote_command", "drmaa_js_state", "drmaa_wct_hlimit"} < set(
        drmaa.JobTemplate().attributeNames
    )


@row("4 unknown names")
def unknown_names(_site: Site) -> None:
    """They cannot be set."""
    for kind in (helpers.Attribute, helpers.VectorAttribute):
        with pytest.raises(drmaa.InvalidArgumentException, match=r"^code 4: "):
            kind(b"drmaa_no_such").__set__(drmaa.JobTemplate(), "value")
    with pytest.raises(drmaa.InvalidArgumentException, match=r"^code 4: "):
        drmaa.JobTemplate(deadlineTime="10:00")


@row("5 what the session tells", of_process=True)
def about(site: Site) -> None:
    """Version, contact, system and implementation are told before and after."""
    assert Session.contact == ""
    assert site.adaptor in Session.drmsInfo.split(",")
    before = (Session.version, Session.drmaaImplementation)
    with Session(site.contact) as session:
        assert session.contact.startswith(f"adaptor={site.adaptor};")
        assert Session.drmsInfo == site.adaptor
        assert (session.version, session.drmaaImplementation) == before


@row("6 empty session")
def empty(site: Site) -> None:
    """There is nothing to wait for; what concerns all jobs succeeds."""
    with site.session() as session:
        for timeout in (0, 0.5, -1):
            with pytest.raises(drmaa.InvalidJobException, match=r"^code 18: "):
                session.wait(ANY, timeout)
        for dispose in (False, True):
            session.synchronize([ALL], -1, dispose)
        for action in ("suspend", "resume", "hold", "release", "terminate"):
            session.control(ALL, action)


@row("7 any, each once")
def any_once(site: Site) -> None:
    """Waiting for any reaps every job once."""
    with site.session() as session:
        jobs = [session.runJob(shell("exit 0")) for _ in range(2)]
        jobs += session.runBulkJobs(shell("exit 0"), 2, 6, 2)
        assert sorted(info.jobId for info in drain(session)) == sorted(jobs)


@row("8 one by one")
def one_by_one(site: Site) -> None:
    """Each job is found by its identifier, once."""
    with site.session() as session:
        jobs = [session.runJob(shell("exit 3")), *session.runBulkJobs(shell("exit 3"), 1, 2, 1)]
        for job in reversed(jobs):
            info = session.wait(job, PATIENCE)
            assert (info.jobId, outcome(info)) == (job, exited(3))
            with pytest.raises(drmaa.InvalidJobException):
                session.wait(job, 0)
            assert session.jobStatus(job) == JobState.FAILED


def _mixed(session: IndependentSession) -> list[str]:
    return [session.runJob(shell("exit 0")), *session.runBulkJobs(shell("exit 1"), 1, 2, 1)]


@row("10 synchronize by list, dispose")
def dispose_list(site: Site) -> None:
    """Nothing is left to wait for."""
    with site.session() as session:
        jobs = _mixed(session)
        session.synchronize(jobs, PATIENCE, True)
        for job in (ANY, *jobs):
            with pytest.raises(drmaa.InvalidJobException):
                session.wait(job, 0)


@row("10 synchronize ALL, dispose")
def dispose_all(site: Site) -> None:
    """Nothing is left to wait for."""
    with site.session() as session:
        jobs = _mixed(session)
        session.synchronize([ALL], PATIENCE, True)
        for job in (ANY, *jobs):
            with pytest.raises(drmaa.InvalidJobException):
                session.wait(job, 0)


@row("11 synchronize without dispose")
def no_dispose(site: Site) -> None:
    """Every job can still be waited for."""
    with site.session() as session:
        jobs = _mixed(session)
        session.synchronize(tuple(jobs), PATIENCE, False)
        session.synchronize([ALL.decode()], 0, False)
        assert [session.wait(job, 0).exitStatus for job in jobs] == [0, 1, 1]


@row("12 a pause")
def pause(site: Site) -> None:
    """Nothing comes of a pause between two calls."""
    with site.session() as session:
        first = session.runJob(shell("exit 6"))
        time.sleep(8)
        second = session.runJob(shell("exit 7"))
        assert [session.wait(job, PATIENCE).exitStatus for job in (first, second)] == [6, 7]


@row("18 polling")
def polling(site: Site) -> None:
    """Short time-outs and none at all: ExitTimeout until the end."""
    with site.session() as session:
        jobs = [session.runJob(shell("sleep 3")) for _ in range(2)]
        for timeout, call in (
            (0, lambda: session.synchronize(jobs, 0)),
            (0.3, lambda: session.synchronize([ALL], 0.3)),
            (0, lambda: session.wait(jobs[0], 0)),
            (0.3, lambda: session.wait(ANY, 0.3)),
        ):
            started = time.monotonic()
            with pytest.raises(drmaa.ExitTimeoutException, match=r"^code 23: time-out condition$"):
                call()
            assert time.monotonic() - started >= timeout
        until(lambda: _succeeds(lambda: session.synchronize(jobs, 0)), "both have ended")
        assert [session.wait(job, 0).exitStatus for job in jobs] == [0, 0]


def _succeeds(call: Callable[[], object]) -> bool:
    try:
        call()
    except drmaa.ExitTimeoutException:
        return False
    return True


@row("19 an unknown job")
def unknown_job(site: Site) -> None:
    """Synchronize neither blocks nor fails; the others say so."""
    with site.session() as session:
        started = time.monotonic()
        session.synchronize([site.unknown, "7"], -1, True)
        session.synchronize(site.unknown)
        assert time.monotonic() - started < 5
        for call in (session.wait, session.jobStatus):
            with pytest.raises(drmaa.InvalidJobException, match=r"^code 18: "):
                call(site.unknown)
        for action in ("hold", "terminate"):
            with pytest.raises(drmaa.InvalidJobException):
                session.control(site.unknown, action)


@row("20 back in a session")
def reconnect(site: Site) -> None:
    """Its jobs are there again: those that had ended, that ended meanwhile, and that run."""
    with IndependentSession(site.contact) as session:
        contact = session.contact
        ended = session.runJob(shell("exit 4"))
        tasks = session.runBulkJobs(shell("sleep 2; exit 5"), 1, 2, 1)
        later = session.runJob(shell("sleep 9; exit 6"))
        deleted = session.runJob(shell("sleep 300"))
        session.synchronize([ended], PATIENCE)
        until(lambda: session.jobStatus(deleted) == JobState.RUNNING, "the job runs")
        session.control(deleted, "terminate")
    time.sleep(4)
    with IndependentSession(contact) as session:
        assert session.contact == contact
        codes = [session.wait(job, PATIENCE).exitStatus for job in (ended, *tasks, later)]
        assert codes == [4, 5, 5, 6]
        assert outcome(session.wait(deleted, PATIENCE)) == ABORTED
        assert drain(session) == []


_PROGRAM = """\
import sys
from xenon_py import drmaa
contact, job, unknown = sys.argv[1:]
with drmaa.Session(contact) as session:
    def answer(call, *arguments):
        try:
            print(call(*arguments))
        except drmaa.errors.DrmaaException as error:
            print(str(error)[:7])
    answer(session.jobStatus, job)
    answer(session.wait, job, 0)
    answer(session.control, unknown, "terminate")
    answer(session.control, job, "resume")
    answer(session.control, job, "terminate")
"""


@row("24 a second program")
def second_program(site: Site) -> None:
    """It sees the state and can control the job; it cannot wait for one of another session."""
    with site.session() as session:
        job = session.runJob(shell("sleep 300"))
        until(lambda: session.jobStatus(job) == JobState.RUNNING, "the job runs")
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", _PROGRAM, site.contact, job, site.unknown],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        if site.embedded:  # the job is a process of this program
            assert done.stdout.splitlines() == ["code 18"] * 5
            return
        assert done.stdout.splitlines() == ["running", "code 18", "code 18", "code 19", "None"]
        info = session.wait(job, PATIENCE)
        if not info.wasAborted:  # the system does not tell that somebody else has deleted it
            assert not site.tells_deletion
            assert info.hasSignal or info.exitStatus in {128 + 9, 128 + 15}, "as its shell noted it"


@row("25 threads that submit and wait")
def threads(site: Site) -> None:
    """Every job is reaped, by the thread that submitted it or by any."""
    with site.session() as session:

        def own(_: int) -> str:
            return session.wait(session.runJob(shell("exit 0")), PATIENCE).jobId

        with ThreadPoolExecutor(6) as pool:
            assert len(set(pool.map(own, range(6)))) == 6
            jobs = list(pool.map(lambda _: session.runJob(shell("exit 0")), range(6)))
            found = [info.jobId for infos in pool.map(drain, [session] * 6) for info in infos]
        assert sorted(found) == sorted(jobs)


@row("26 threads that submit too early", of_process=True)
def too_early(site: Site) -> None:
    """There is no active session; once there is, they succeed."""
    refused = threading.Event()
    submitted: list[str] = []

    def work() -> None:
        while not submitted:
            try:
                submitted.append(Session.runJob(shell("exit 0")))
            except drmaa.NoActiveSessionException:
                refused.set()
                time.sleep(0.02)

    thread = threading.Thread(target=work)
    thread.start()
    assert refused.wait(10)
    with Session(site.contact) as session:
        thread.join(60)
        assert session.wait(submitted[0], PATIENCE).exitStatus == 0


@row("27 exit while others are busy", of_process=True)
def exit_meanwhile(site: Site) -> None:
    """The others fail at once, with NoActiveSession."""
    ends: list[BaseException] = []
    with Session(site.contact) as session:
        contact = session.contact
        job = session.runJob(shell("sleep 300"))

        def busy(call: Callable[[], object]) -> None:
            try:
                while True:
                    call()
            except drmaa.errors.DrmaaException as error:
                ends.append(error)

        calls = [
            lambda: session.wait(job),
            lambda: session.wait(ANY),
            lambda: session.synchronize([ALL]),
            lambda: session.jobStatus(session.runJob(shell("exit 0"))),
        ]
        workers = [threading.Thread(target=busy, args=(call,)) for call in calls]
        for thread in workers:
            thread.start()
        time.sleep(1)
        started = time.monotonic()
        session.exit()
        for thread in workers:
            thread.join(30)
        assert time.monotonic() - started < 15
        assert {type(end) for end in ends} <= {drmaa.NoActiveSessionException}
        session.initialize(contact)
        session.control(ALL, "terminate")
        session.synchronize([ALL], PATIENCE, True)
