"""Values that are wrong: each is refused with the class and code that DRMAA has for it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from xenon_py import drmaa
from xenon_py.drmaa import IndependentSession, JobTemplate, errors


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndependentSession]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        with IndependentSession("adaptor=local") as one:
            yield one


WHEN_SET: tuple[tuple[str, object, type[Exception], str], ...] = (
    ("remoteCommand", None, errors.InvalidArgumentException, "code 4"),
    ("remoteCommand", 5, errors.InvalidArgumentException, "code 4"),
    ("jobName", ["a"], errors.InvalidArgumentException, "code 4"),
    ("workingDirectory", None, errors.InvalidArgumentException, "code 4"),
    ("jobSubmissionState", "held", errors.InvalidAttributeValueException, "code 14"),
    ("jobSubmissionState", None, errors.InvalidArgumentException, "code 4"),
    ("transferFiles", "iox", errors.InvalidAttributeFormatException, "code 13"),
    ("transferFiles", True, errors.InvalidArgumentException, "code 4"),
    ("deadlineTime", "10:00", errors.InvalidArgumentException, "code 4"),
    ("hardWallclockTimeLimit", "long", errors.InvalidAttributeFormatException, "code 13"),
    ("hardWallclockTimeLimit", -1, errors.InvalidAttributeFormatException, "code 13"),
    ("softRunDurationLimit", True, errors.InvalidAttributeFormatException, "code 13"),
    ("softWallclockTimeLimit", 1.5, errors.InvalidArgumentException, "code 4"),
    ("args", None, TypeError, "object"),
    ("args", 5, TypeError, "object"),
    ("email", None, TypeError, "object"),
    ("jobEnvironment", None, AttributeError, "object"),
    ("jobEnvironment", ["A=1"], AttributeError, "object"),
)


@pytest.mark.parametrize(
    ("name", "value", "kind", "text"), WHEN_SET, ids=[f"{w[0]}-{w[1]}" for w in WHEN_SET]
)
def test_when_set(name: str, value: object, kind: type[Exception], text: str) -> None:
    template = JobTemplate()
    with pytest.raises(kind, match=text):
        setattr(template, name, value)
    assert not getattr(template, name)


WHEN_RUN: tuple[tuple[dict[str, Any], type[Exception], str], ...] = (
    ({"remoteCommand": ""}, errors.DeniedByDrmException, "code 17: .*drmaa_remote_command"),
    ({"remoteCommand": "a\0b"}, errors.DeniedByDrmException, "code 17: .*NUL"),
    ({"args": ["a\0b"]}, errors.DeniedByDrmException, "code 17: .*arguments.*NUL"),
    ({"jobEnvironment": {"A B": "1"}}, errors.DeniedByDrmException, "code 17: .*'A B'"),
    ({"jobEnvironment": {"A": "\0"}}, errors.DeniedByDrmException, "code 17: .*'A'"),
    ({"jobName": "two\nlines"}, errors.DeniedByDrmException, "code 17: .*one line"),
    ({"startTime": "noon"}, errors.InvalidAttributeFormatException, "code 13: startTime"),
    ({"startTime": "25:00"}, errors.InvalidAttributeFormatException, "code 13: startTime"),
    ({"email": ["a@b"]}, errors.InvalidAttributeValueException, "code 14: .*email"),
    ({"softWallclockTimeLimit": 5}, errors.InvalidAttributeValueException, "code 14: "),
    ({"jobCategory": "no such"}, errors.DeniedByDrmException, "code 17: .*no such"),
    ({"nativeSpecification": "-q nowhere"}, errors.DeniedByDrmException, "code 17: .*nowhere"),
    ({"nativeSpecification": "--mem=1"}, errors.DeniedByDrmException, "code 17: "),
    ({"nativeSpecification": "'"}, errors.DeniedByDrmException, "code 17: .*nativeSpec"),
    ({"workingDirectory": "$drmaa_wd_ph$"}, errors.DeniedByDrmException, "code 17: working"),
    ({"outputPath": ":$drmaa_incr_ph$"}, errors.DeniedByDrmException, "code 17: outputPath"),
    ({"errorPath": ":a$drmaa_hd_ph$"}, errors.DeniedByDrmException, "code 17: errorPath"),
)


@pytest.mark.parametrize(
    ("values", "kind", "text"), WHEN_RUN, ids=[f"{n}-{w[0]}" for n, w in enumerate(WHEN_RUN)]
)
def test_when_run(
    session: IndependentSession, values: dict[str, Any], kind: type[Exception], text: str
) -> None:
    template = JobTemplate(**{"remoteCommand": "true", **values})
    with pytest.raises(kind, match=f"^{text}"):
        session.runJob(template)


def test_wrong_arguments_of_calls(session: IndependentSession) -> None:
    for call in (session.wait, session.jobStatus):
        for name in (None, 5, "", "abc", "-1", "1 2", ["1"]):
            with pytest.raises(errors.InvalidArgumentException, match=r"^code 4: "):
                call(name)  # type: ignore[operator]
    for timeout in (-2, -0.5, "1", None, True, math.nan):
        with pytest.raises(errors.InvalidArgumentException, match=r"^code 4: "):
            session.wait("local-1", timeout)  # type: ignore[arg-type]
        with pytest.raises(errors.InvalidArgumentException, match=r"^code 4: "):
            session.synchronize(["local-1"], timeout)  # type: ignore[arg-type]
    for template in (None, "true", drmaa.JobInfo):
        with pytest.raises(errors.InvalidArgumentException, match=r"^code 4: "):
            session.runJob(template)  # type: ignore[arg-type]
    for operation in ("kill", "", None, 3):
        with pytest.raises(ValueError, match="is not in list"):
            session.control("local-1", operation)  # type: ignore[arg-type]
    for wrong in (None, 5):
        with pytest.raises(TypeError):
            session.synchronize(wrong)  # type: ignore[arg-type]


def test_bytes_are_text(session: IndependentSession, tmp_path: Path) -> None:
    """As programs of the time of Python 2 hand them over."""
    template = JobTemplate(
        remoteCommand=b"/bin/sh",
        args=[b"-c", "echo $1 $V", b"\xe9", b"\xe9"],
        jobEnvironment={b"V": b"\xff"},
        workingDirectory=str(tmp_path).encode(),
        outputPath=b":out",
        jobSubmissionState=b"drmaa_hold",
        hardWallclockTimeLimit=b"1:00",
        jobName=tmp_path / "a",
    )
    job = session.runJob(template)
    session.control(job.encode(), "release")
    session.synchronize([job.encode()], 30.0)
    assert session.wait(job.encode(), 0.0).exitStatus == 0
    assert (tmp_path / "out").read_bytes() == b"\xe9 \xff\n"
    for constant in (drmaa.JOB_IDS_SESSION_ANY, drmaa.JOB_IDS_SESSION_ANY.decode()):
        with pytest.raises(errors.InvalidJobException):
            session.wait(constant)
