"""What DRMAA promises, on a real Slurm: the rows where a batch system may differ from ``local``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.records import SlurmCluster
from xenon_py import drmaa
from xenon_py.drmaa import JobControlAction, JobState, Session

CONTACT = "adaptor=slurm;property.slurm.poll.delay=300"
ANY, ALL = Session.JOB_IDS_SESSION_ANY, Session.JOB_IDS_SESSION_ALL
ABORTED = (False, False, "", False, True, 0)


@pytest.fixture(scope="module", autouse=True)
def _cluster(slurm: SlurmCluster) -> Iterator[None]:
    if not slurm.local:
        pytest.skip("this machine has no commands of Slurm")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in slurm.environment.items():
            patch.setenv(name, value)
        yield


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.chdir(tmp_path)
    with Session(CONTACT) as one:
        yield one
        one.control(ALL, JobControlAction.TERMINATE)
        one.synchronize([ALL], 60, dispose=True)


def shell(text: str, *args: str, **attributes: object) -> drmaa.JobTemplate:
    return drmaa.JobTemplate(remoteCommand="/bin/sh", args=["-c", text, *args], **attributes)


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def exited(code: int) -> tuple[object, ...]:
    return (True, False, "", False, False, code)


def test_a_running_array_is_ended_by_its_parent(session: Session) -> None:
    tasks = session.runBulkJobs(shell("sleep 300"), 1, 2, 1)
    until(lambda: session.jobStatus(tasks[0]) == JobState.RUNNING)
    with pytest.raises(drmaa.HoldInconsistentStateException):
        session.control(tasks[0], JobControlAction.HOLD)
    session.control(tasks[0].split("_")[0], JobControlAction.TERMINATE)
    assert [session.wait(task, 60)[1:7] for task in tasks] == [ABORTED] * 2
    with pytest.raises(drmaa.InvalidJobException):
        session.wait(ANY, 0)


def test_environment_arguments_and_files(session: Session, tmp_path: Path) -> None:
    words = ["it's", 'a "b"', "$HOME", "*", "", "\\", "c,d=e=f"]
    template = drmaa.JobTemplate(
        remoteCommand="printf", outputPath=":$drmaa_wd_ph$/out", args=["%s|"]
    )
    template.args = [*template.args, *words]
    native = shell('printf %s "$V $SLURM_JOB_NAME"', jobEnvironment={"V": "a=b,c 'd'"})
    native.outputPath, native.nativeSpecification = f":{tmp_path}/native", "-J 'my name' --nice=5"
    session.synchronize([session.runJob(template), session.runJob(native)], 60)
    assert (tmp_path / "out").read_text() == "".join(f"{word}|" for word in words)
    assert (tmp_path / "native").read_text() == "a=b,c 'd' my name"


def test_refusals(session: Session) -> None:
    for native in ("--partition=nope", "--no-such-option", "--mem=9999999G"):
        with pytest.raises(drmaa.DeniedByDrmException, match=r"^code 17: "):
            session.runJob(shell("exit 0", nativeSpecification=native))
    with pytest.raises(drmaa.DeniedByDrmException, match="does not exist on the submit host"):
        session.runJob(shell("exit 0", workingDirectory="/nonexistent"))
    with pytest.raises(drmaa.InvalidJobException):
        session.jobStatus("4294967")
