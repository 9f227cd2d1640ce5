"""DRMAA where jobs are processes of the program: what only concerns that, or would take long
elsewhere. What every scheduler shows is in test_drmaa_behaviours.py."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from services.records import SshServer
from xenon_py import FileSystem, drmaa
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


@pytest.mark.parametrize("contact", ["adaptor=nope", "adaptor=local;property.x=1", "what"])
def test_contacts_that_name_nothing(contact: str) -> None:
    with pytest.raises(drmaa.InvalidContactStringException, match=r"^code 7: "):
        Session.initialize(contact)
    assert Session.contact == ""


def test_every_exit_status(session: Session) -> None:
    codes = {session.runJob(shell(f"exit {code}")): code for code in range(255)}
    found = drain()
    assert {info.jobId: outcome(info) for info in found} == {
        job: exited(code) for job, code in codes.items()
    }
    assert session.jobStatus(found[0].jobId) in {JobState.DONE, JobState.FAILED}


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
def test_what_cannot_start_is_aborted(session: Session, attributes: dict[str, str]) -> None:
    template = shell("exit 0")
    for name, value in attributes.items():
        setattr(template, name, value)
    job = session.runJob(template)
    session.synchronize([job], 30)
    assert session.jobStatus(job) == JobState.FAILED
    assert outcome(session.wait(job)) == ABORTED


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


def test_arguments_and_environment_arrive_as_they_are(session: Session, tmp_path: Path) -> None:
    words = ["it's", 'a "b"', "$HOME", "*", "", "\\", "a\nb", "c,d=e=f", "x" * 100_000]
    template = drmaa.JobTemplate(remoteCommand=sys.executable, outputPath=":out")
    template.args = ["-c", "import os,sys; print(repr((sys.argv[1:], os.environ['V'])))", *words]
    template.jobEnvironment = {"V": "".join(words)}
    assert session.wait(session.runJob(template), 30).exitStatus == 0
    assert (tmp_path / "out").read_text() == repr((words, "".join(words))) + "\n"


@pytest.mark.parametrize("span", [(0, 3, 1), (1, 3, 0), (3, 1, 1), (1, 3, -1), (1, "2", 1)])
def test_wrong_indices(session: Session, span: tuple[int, int, int]) -> None:
    with pytest.raises(drmaa.InvalidArgumentException):
        session.runBulkJobs(shell("exit 0"), *span)


def test_many_threads_wait_for_any(session: Session) -> None:
    jobs = session.runBulkJobs(shell("exit 0"), 1, 60, 1)
    with ThreadPoolExecutor(10) as pool:
        found = [info.jobId for infos in pool.map(lambda _: drain(), range(10)) for info in infos]
    assert sorted(found) == sorted(jobs)


def test_jobs_and_20_waiting_threads(session: Session) -> None:
    jobs = session.runBulkJobs(shell("sleep 0.02"), 1, 200, 1)
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda job: session.wait(job, 60).exitStatus, jobs))
    assert found == [0] * 200


def test_files_of_a_third_host(sshd: SshServer, tmp_path: Path) -> None:
    """``transferFiles`` with a host that the SSH configuration in use knows."""
    config = tmp_path / "config"
    config.write_text(
        f"Host *\n  HostName {sshd.host}\n  Port {sshd.port}\n  User {sshd.user}\n"
        f"  IdentityFile {sshd.keys.ed25519}\n  UserKnownHostsFile {sshd.known_hosts}\n"
    )
    contact = f"adaptor=ssh;location=second;property.ssh.configFile={config}"
    name = f"drmaa-{os.urandom(4).hex()}"
    settings = {"sftp.configFile": str(config)}
    with FileSystem.create("sftp", "third", settings) as there, IndependentSession(contact) as one:
        there.write_to_file(f"{name}.in", [b"over there\n"])
        template = shell("cat", transferFiles="io", inputPath=f"third:{sshd.home}/{name}.in")
        template.outputPath = f"third:$drmaa_hd_ph$/{name}.out"
        try:
            assert one.wait(one.runJob(template), 30).exitStatus == 0
            assert b"".join(there.read_from_file(f"{name}.out")) == b"over there\n"
        finally:
            there.delete(f"{name}.in")
            there.delete(f"{name}.out")


def test_a_strict_session() -> None:
    with IndependentSession(f"{CONTACT};strict=yes") as strict:
        template = strict.createJobTemplate()
        for name in ("jobName", "args", "jobEnvironment", "joinFiles", "hardWallclockTimeLimit"):
            assert not hasattr(template, name)
            with pytest.raises(drmaa.InvalidAttributeValueException, match=r"^code 14: "):
                getattr(template, name)
        template.remoteCommand, template.outputPath = "true", "out"
        with pytest.raises(drmaa.InvalidArgumentException, match=r"^code 4: .*colon"):
            strict.runJob(template)
        template.outputPath = ":out"
        assert strict.wait(strict.runJob(template), 30).exitStatus == 0
        assert template.outputPath == ":out"
        assert repr(template) == "<JobTemplate 'true'>"


def test_a_forked_process_has_no_session(session: Session) -> None:
    """It may begin its own; that of its parent goes on."""
    context = multiprocessing.get_context("fork")
    job = session.runJob(shell("sleep 0.5; exit 4"))
    with IndependentSession(CONTACT) as other:
        calls = [lambda: session.jobStatus(job), lambda: other.jobStatus(job), other.exit]
        answers, end = context.Pipe()
        process = context.Process(target=_in_a_fork, args=(calls, end))
        process.start()
        assert answers.poll(30)
        *refusals, code = answers.recv()
        process.join()
        assert other.wait(other.runJob(shell("exit 6")), 30).exitStatus == 6
    of_parent = "code 5: No active session: it is of the process that was forked"
    assert refusals == ["code 5: No active session", of_parent, of_parent]
    assert code == 3
    assert session.wait(job, 30).exitStatus == 4


def _in_a_fork(calls: list[Callable[[], object]], end: Connection) -> None:
    answers: list[object] = []
    for call in calls:
        try:
            call()
        except drmaa.NoActiveSessionException as error:
            answers.append(str(error))
    with Session(CONTACT) as own:
        answers.append(own.wait(own.runJob(shell("exit 3")), 30).exitStatus)
    end.send(answers)


def test_values_can_be_pickled(session: Session) -> None:
    template = shell("exit 3", jobEnvironment={"A": "b"}, joinFiles=True, hardWallclockTimeLimit=60)
    again = pickle.loads(pickle.dumps(template))
    assert (again.args, again.jobEnvironment, again.joinFiles) == (template.args, {"A": "b"}, True)
    info = session.wait(session.runJob(again), 30)
    assert pickle.loads(pickle.dumps(info)) == info
