"""What DRMAA promises, on ``local``; the numbers are those of the rows of docs/drmaa.md."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from xenon_py import drmaa
from xenon_py.drmaa import IndependentSession, JobControlAction, JobInfo, JobState, Session

CONTACT = "adaptor=local"
ANY, ALL = Session.JOB_IDS_SESSION_ANY, Session.JOB_IDS_SESSION_ALL


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def session() -> Iterator[Session]:
    with Session(CONTACT) as one:
        yield one
        if Session.contact:
            one.control(ALL, JobControlAction.TERMINATE)
            one.synchronize([ALL], 30, dispose=True)
        else:
            one.initialize(CONTACT)


def shell(text: str, *args: str, **attributes: object) -> drmaa.JobTemplate:
    return drmaa.JobTemplate(remoteCommand="/bin/sh", args=["-c", text, *args], **attributes)


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def drain() -> list[JobInfo]:
    found = []
    while True:
        try:
            found.append(Session.wait(ANY, 30))
        except drmaa.InvalidJobException:
            return found


def outcome(info: JobInfo) -> tuple[object, ...]:
    return info[1:7]


ABORTED = (False, False, "", False, True, 0)


def exited(code: int) -> tuple[object, ...]:
    return (True, False, "", False, False, code)


# --- 2, 5, 6: sessions ------------------------------------------------------------------------


def test_2_second_initialize_and_second_exit() -> None:
    Session.initialize(CONTACT)
    with pytest.raises(drmaa.AlreadyActiveSessionException, match=r"^code 11: "):
        Session.initialize(CONTACT)
    Session.exit()
    with pytest.raises(drmaa.NoActiveSessionException, match=r"^code 5: $"):
        Session.exit()


def test_5_what_the_session_tells(session: Session) -> None:
    assert session.contact.startswith("adaptor=local;session=")
    assert Session.drmsInfo == "local"
    assert Session.version == session.version == (1, 0)


@pytest.mark.parametrize("contact", ["adaptor=nope", "adaptor=local;property.x=1", "what"])
def test_contacts_that_name_nothing(contact: str) -> None:
    with pytest.raises(drmaa.InvalidContactStringException, match=r"^code 7: "):
        Session.initialize(contact)
    assert Session.contact == ""


def test_6_empty_session(session: Session) -> None:
    for timeout in (0, 0.5, -1):
        with pytest.raises(drmaa.InvalidJobException, match=r"^code 18: "):
            session.wait(ANY, timeout)
    session.synchronize([ALL], 0)
    session.synchronize([ALL], -1, True)
    session.synchronize([], 0)
    for action in ("suspend", "resume", "hold", "release", "terminate"):
        session.control(ALL, action)


# --- 7, 8, 10, 11: each job is reaped once ----------------------------------------------------


def test_7_any_reaps_each_job_once(session: Session) -> None:
    template = shell("exit 0")
    singles = [session.runJob(template) for _ in range(5)]
    tasks = session.runBulkJobs(template, 2, 10, 2)
    assert len(tasks) == 5
    assert sorted(info.jobId for info in drain()) == sorted(singles + tasks)


def test_8_each_job_is_found_by_its_identifier(session: Session) -> None:
    template = shell("exit 3")
    jobs = [session.runJob(template), *session.runBulkJobs(template, 1, 3, 1)]
    for job in reversed(jobs):
        info = session.wait(job, 30)
        assert info.jobId == job
        assert outcome(info) == exited(3)
        with pytest.raises(drmaa.InvalidJobException):
            session.wait(job, 0)
        assert session.jobStatus(job) == JobState.FAILED


@pytest.mark.parametrize("everything", [True, False])
def test_10_synchronize_and_dispose(session: Session, everything: bool) -> None:
    jobs = [session.runJob(shell("exit 0")), *session.runBulkJobs(shell("exit 1"), 1, 3, 1)]
    session.synchronize([ALL] if everything else jobs, 30, True)
    for job in (ANY, *jobs):
        with pytest.raises(drmaa.InvalidJobException):
            session.wait(job, 0)


@pytest.mark.parametrize("everything", [True, False])
def test_11_synchronize_without_dispose(session: Session, everything: bool) -> None:
    jobs = [session.runJob(shell("exit 0")), *session.runBulkJobs(shell("exit 1"), 1, 3, 1)]
    session.synchronize([ALL.decode()] if everything else tuple(jobs), 30, False)
    assert [session.wait(job, 0).exitStatus for job in jobs] == [0, 1, 1, 1]


# --- 13, 14: how jobs end ---------------------------------------------------------------------


def test_13_every_exit_status(session: Session) -> None:
    codes = {session.runJob(shell(f"exit {code}")): code for code in range(255)}
    found = drain()
    assert {info.jobId: outcome(info) for info in found} == {
        job: exited(code) for job, code in codes.items()
    }
    assert session.jobStatus(found[0].jobId) in {JobState.DONE, JobState.FAILED}


@pytest.mark.parametrize("name", ["KILL", "TERM", "SEGV", "USR1", "XCPU"])
def test_signals(session: Session, name: str) -> None:
    job = session.runJob(shell(f"ulimit -c 0; kill -{name} $$"))
    info = session.wait(job, 30)
    assert outcome(info) == (False, True, f"SIG{name}", False, False, 0)
    number = signal.Signals[f"SIG{name}"]
    assert float(info.resourceUsage["exit_status"]) == 128 + number


@pytest.mark.parametrize(
    "attributes",
    [
        {"inputPath": ":/nonexistent/in"},
        {"outputPath": ":/nonexistent/out"},
        {"errorPath": ":/nonexistent/err"},
        {"workingDirectory": "/nonexistent"},
        {"remoteCommand": "/nonexistent/command"},
        {"remoteCommand": "no-such-command-anywhere"},
    ],
)
def test_14_what_cannot_start_is_aborted(session: Session, attributes: dict[str, str]) -> None:
    template = shell("exit 0")
    for name, value in attributes.items():
        setattr(template, name, value)
    job = session.runJob(template)
    session.synchronize([job], 30)
    assert session.jobStatus(job) == JobState.FAILED
    assert outcome(session.wait(job)) == ABORTED


def test_done_after_the_other_meaning() -> None:
    with IndependentSession(f"{CONTACT};done=exited") as session:
        job = session.runJob(shell("exit 7"))
        session.synchronize([job], 30)
        assert session.jobStatus(job) == JobState.DONE
        assert session.wait(job).exitStatus == 7


# --- 15, 16, 17, 22: hold, release, delete, suspend -------------------------------------------


def test_15_a_single_job_on_hold(session: Session) -> None:
    template = shell("exit 0", jobSubmissionState=drmaa.SUBMISSION_STATE_HOLD)
    let_go, deleted = session.runJob(template), session.runJob(template)
    assert session.jobStatus(let_go) == session.jobStatus(deleted) == JobState.USER_ON_HOLD
    session.control(let_go, JobControlAction.RELEASE)
    session.control(deleted.encode(), JobControlAction.TERMINATE)
    session.synchronize([let_go, deleted], 30)
    assert session.jobStatus(let_go) == JobState.DONE
    assert session.jobStatus(deleted) == JobState.FAILED
    assert outcome(session.wait(let_go)) == exited(0)
    assert outcome(session.wait(deleted)) == ABORTED


@pytest.mark.parametrize("how", ["each", "parent", "all"])
def test_16_17_bulk_jobs_on_hold(session: Session, how: str) -> None:
    template = shell("exit 0", jobSubmissionState="drmaa_hold")
    for action, state, expected in (
        (JobControlAction.RELEASE, JobState.DONE, exited(0)),
        (JobControlAction.TERMINATE, JobState.FAILED, ABORTED),
    ):
        tasks = session.runBulkJobs(template, 1, 4, 1)
        assert {session.jobStatus(task) for task in tasks} == {JobState.USER_ON_HOLD}
        parent = tasks[0].rpartition("_")[0]
        for name in {"each": tasks, "parent": [parent], "all": [ALL]}[how]:
            session.control(name, action)
        session.synchronize(tasks, 30)
        assert {session.jobStatus(task) for task in tasks} == {state}
        assert {outcome(session.wait(task)) for task in tasks} == {expected}


def test_22_suspend_and_resume(session: Session) -> None:
    job = session.runJob(shell("sleep 2; exit 5"))
    until(lambda: session.jobStatus(job) == JobState.RUNNING)
    session.control(job, JobControlAction.SUSPEND)
    assert session.jobStatus(job) == JobState.USER_SUSPENDED
    with pytest.raises(drmaa.ExitTimeoutException, match=r"^code 23: time-out condition$"):
        session.wait(job, 0.6)
    session.control(job, JobControlAction.RESUME)
    assert session.jobStatus(job) == JobState.RUNNING
    assert session.wait(job, 30).exitStatus == 5


def test_control_in_the_wrong_state(session: Session) -> None:
    held = session.runJob(shell("exit 0", jobSubmissionState="drmaa_hold"))
    running = session.runJob(drmaa.JobTemplate(remoteCommand="sleep", args=["60"]))
    until(lambda: session.jobStatus(running) == JobState.RUNNING)
    for job, action, error in (
        (held, "suspend", drmaa.SuspendInconsistentStateException),
        (held, "resume", drmaa.ResumeInconsistentStateException),
        (running, "resume", drmaa.ResumeInconsistentStateException),
        (running, "hold", drmaa.HoldInconsistentStateException),
        ("local-999999", "hold", drmaa.InvalidJobException),
        ("local-999999", "terminate", drmaa.InvalidJobException),
    ):
        with pytest.raises(error):
            session.control(job, action)
    session.control(held, "hold")
    session.control(running, "release")
    with pytest.raises(drmaa.SuspendInconsistentStateException):
        session.control(ALL, "suspend")
    assert session.jobStatus(running) == JobState.USER_SUSPENDED
    session.control(running, "terminate")
    assert outcome(session.wait(running, 30)) == ABORTED
    with pytest.raises(drmaa.InvalidJobException):
        session.control(running, "terminate")
    with pytest.raises(ValueError, match="'nope' is not in list"):
        session.control(running, "nope")


# --- 12, 18, 19: time-outs --------------------------------------------------------------------


def test_18_polling_with_short_timeouts(session: Session) -> None:
    for timeout in (0, 0.05, 1):
        jobs = [session.runJob(shell("sleep 0.4")) for _ in range(2)]
        polls = 0
        while True:
            try:
                session.synchronize(jobs, timeout)
                break
            except drmaa.ExitTimeoutException:
                polls += 1
        assert polls or timeout == 1
        assert [session.wait(job, 0).exitStatus for job in jobs] == [0, 0]


def test_arguments_of_waiting(session: Session) -> None:
    job = session.runJob(shell("sleep 0.2"))
    for timeout in (-2, "1", None, float("nan")):
        with pytest.raises(drmaa.InvalidArgumentException):
            session.wait(job, timeout)
    for name in ("abc", "", "a 1", "-1"):
        with pytest.raises(drmaa.InvalidArgumentException):
            session.wait(name, 0)
    with pytest.raises(drmaa.InvalidJobException):
        session.wait("local-987654", 0)
    assert session.wait(job.encode(), 30).exitStatus == 0


def test_19_synchronize_on_an_unknown_job(session: Session) -> None:
    started = time.monotonic()
    session.synchronize(["local-987654", "7"], -1, True)
    session.synchronize("987654")
    assert time.monotonic() - started < 2
    with pytest.raises(drmaa.InvalidJobException):
        session.jobStatus("local-987654")


# --- 20: sessions that are found again --------------------------------------------------------


def test_20_reconnect(session: Session) -> None:
    ended = session.runJob(shell("exit 4"))
    between = session.runJob(shell("sleep 0.3; exit 5"))
    later = session.runJob(shell("sleep 1; exit 6"))
    session.synchronize([ended], 30)
    contact = session.contact
    session.exit()
    assert Session.contact == ""
    time.sleep(0.5)
    session.initialize(contact)
    assert session.contact == contact
    assert session.jobStatus(later) == JobState.RUNNING
    codes = [session.wait(job, 30).exitStatus for job in (ended, between, later)]
    assert codes == [4, 5, 6]
    assert drain() == []


def test_another_process_is_told_of_jobs_that_ended() -> None:
    program = (
        "from xenon_py import drmaa\n"
        "s = drmaa.Session('adaptor=local')\n"
        "s.initialize('adaptor=local')\n"
        "jt = drmaa.JobTemplate(remoteCommand='sh', args=['-c', 'exit 9'])\n"
        "job = s.runJob(jt); s.synchronize([job]); print(s.contact, job); s.exit()\n"
    )
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    contact, job = done.stdout.split()
    with Session(contact) as again:
        assert again.jobStatus(job) == JobState.FAILED
        assert again.wait(job, 0).exitStatus == 9
    assert list(Path("home/.xenon/drmaa").iterdir()) == []


def test_a_program_waits_for_its_jobs(tmp_path: Path) -> None:
    program = (
        "from xenon_py import drmaa\n"
        "with drmaa.Session('adaptor=local') as s:\n"
        "    s.runJob(drmaa.JobTemplate(remoteCommand='sh', args=['-c', 'sleep 0.5; echo x >f']))\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
    assert (tmp_path / "f").read_text() == "x\n"


def test_sessions_are_independent() -> None:
    with IndependentSession(CONTACT) as one, IndependentSession(CONTACT) as two:
        job = one.runJob(shell("exit 2"))
        assert two.jobStatus(job) in set(vars(JobState).values())
        with pytest.raises(drmaa.InvalidJobException):
            two.wait(job, 0)
        assert one.wait(job, 30).exitStatus == 2


# --- 21: attributes have their effect ---------------------------------------------------------


def test_21_input_to_output(session: Session, tmp_path: Path) -> None:
    data = os.urandom(300_000)
    (tmp_path / "in").write_bytes(data)
    template = drmaa.JobTemplate(
        remoteCommand="cat", inputPath=":in", outputPath=f":{tmp_path}/out"
    )
    for _ in range(2):  # the second run writes over the first one's file
        assert outcome(session.wait(session.runJob(template), 30)) == exited(0)
        assert (tmp_path / "out").read_bytes() == data


def test_21_arguments_and_environment_arrive_as_they_are(session: Session, tmp_path: Path) -> None:
    words = ["it's", 'a "b"', "$HOME", "*", "", "\\", "a\nb", "c,d=e=f", "x" * 100_000]
    template = drmaa.JobTemplate(remoteCommand=sys.executable, outputPath=":out")
    template.args = ["-c", "import os,sys; print(repr((sys.argv[1:], os.environ['V'])))", *words]
    template.jobEnvironment = {"V": "".join(words)}
    assert session.wait(session.runJob(template), 30).exitStatus == 0
    assert (tmp_path / "out").read_text() == repr((words, "".join(words))) + "\n"


def test_21_files_and_directories(session: Session, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "logs").mkdir()
    (tmp_path / "home").mkdir()
    text = "pwd; echo problem >&2"
    joined = shell(text, workingDirectory=str(tmp_path / "sub"), joinFiles=True)
    joined.outputPath = ":$drmaa_wd_ph$/joined"
    logged = shell(text, jobName="named", outputPath=f":{tmp_path}/logs", errorPath=":/dev/null")
    home = shell(text, workingDirectory="$drmaa_hd_ph$", outputPath="host:$drmaa_hd_ph$/out")
    jobs = [session.runJob(template) for template in (joined, logged, home)]
    session.synchronize(jobs, 30)
    assert (tmp_path / "sub/joined").read_text() == f"{tmp_path}/sub\nproblem\n"
    assert (tmp_path / f"logs/named.o{jobs[1]}").read_text() == f"{tmp_path}\n"
    assert (tmp_path / "home/out").read_text() == f"{tmp_path}/home\n"


def test_21_bulk_jobs_find_their_index(session: Session, tmp_path: Path) -> None:
    for index in (1, 3, 5):
        (tmp_path / f"d{index}").mkdir()
    template = shell("echo $XENON_ARRAY_TASK_ID", outputPath=":o.$drmaa_incr_ph$")
    session.synchronize(session.runBulkJobs(template, 1, 5, 2), 30, True)
    template.workingDirectory = f"{tmp_path}/d$drmaa_incr_ph$"
    tasks = session.runBulkJobs(template, 5, 1, -2)
    session.synchronize(tasks, 30, True)
    for index in (1, 3, 5):
        assert (tmp_path / f"o.{index}").read_text() == f"{index}\n"
        assert (tmp_path / f"d{index}/o.{index}").read_text() == f"{index}\n"


def test_21_usage(session: Session) -> None:
    before = time.time()
    usage = session.wait(session.runJob(shell("sleep 0.3")), 30).resourceUsage
    assert all(isinstance(value, str) for value in usage.values())
    assert 0.3 <= float(usage["ru_wallclock"]) < 10
    assert before - 1 < float(usage["submission_time"]) <= float(usage["start_time"])
    assert float(usage["start_time"]) < float(usage["end_time"]) < time.time() + 1


@pytest.mark.parametrize("span", [(0, 3, 1), (1, 3, 0), (3, 1, 1), (1, 3, -1), (1, "2", 1)])
def test_wrong_indices(session: Session, span: tuple[int, int, int]) -> None:
    with pytest.raises(drmaa.InvalidArgumentException):
        session.runBulkJobs(shell("exit 0"), *span)


# --- 25, 26, 27: threads ----------------------------------------------------------------------


def test_25_many_threads_submit_and_wait(session: Session) -> None:
    def work(_: int) -> list[str]:
        jobs = [session.runJob(shell("exit 0")) for _ in range(5)]
        return [session.wait(job, 60).jobId for job in jobs]

    with ThreadPoolExecutor(20) as pool:
        found = [job for jobs in pool.map(work, range(20)) for job in jobs]
    assert len(set(found)) == 100
    assert drain() == []


def test_25_many_threads_wait_for_any(session: Session) -> None:
    jobs = session.runBulkJobs(shell("exit 0"), 1, 60, 1)
    with ThreadPoolExecutor(10) as pool:
        found = [info.jobId for infos in pool.map(lambda _: drain(), range(10)) for info in infos]
    assert sorted(found) == sorted(jobs)


def test_26_threads_that_submit_before_initialize() -> None:
    refused = threading.Event()
    submitted: list[str] = []

    def work() -> None:
        while not submitted:
            try:
                submitted.append(Session.runJob(shell("exit 0")))
            except drmaa.NoActiveSessionException:
                refused.set()
                time.sleep(0.01)

    thread = threading.Thread(target=work)
    thread.start()
    assert refused.wait(10)
    with Session(CONTACT) as session:
        thread.join(20)
        assert session.wait(submitted[0], 30).exitStatus == 0


def test_27_exit_while_others_submit_and_wait() -> None:
    ends: list[BaseException] = []
    with Session(CONTACT) as session:
        contact = session.contact
        job = session.runJob(shell("sleep 60"))

        def waiting(call: Callable[[], object]) -> None:
            try:
                while True:
                    call()
            except drmaa.errors.DrmaaException as error:
                ends.append(error)

        calls = [
            lambda: session.wait(job),
            lambda: session.wait(ANY),
            lambda: session.synchronize([ALL]),
            lambda: session.runJob(shell("exit 0", jobSubmissionState="drmaa_hold")),
        ]
        threads = [threading.Thread(target=waiting, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        started = time.monotonic()
        session.exit()
        for thread in threads:
            thread.join(10)
        assert time.monotonic() - started < 3
        assert [type(end) for end in ends] == [drmaa.NoActiveSessionException] * 4
        session.initialize(contact)
        session.control(ALL, "terminate")
        session.synchronize([ALL], 30, True)


def test_200_jobs_and_20_waiting_threads(session: Session) -> None:
    jobs = session.runBulkJobs(shell("sleep 0.02"), 1, 200, 1)
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda job: session.wait(job, 60).exitStatus, jobs))
    assert found == [0] * 200
