"""The public names of ``xenon_py.drmaa``, against a table of what drmaa-python 0.7.9 has."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

from xenon_py import drmaa

SURFACE = json.loads((Path(__file__).parent / "drmaa_surface.json").read_text())


def test_all_names() -> None:
    assert drmaa.__all__ == SURFACE["__all__"]
    assert len(drmaa.__all__) == 75
    assert all(hasattr(drmaa, name) for name in drmaa.__all__)
    assert all(hasattr(drmaa.const, name) for name in SURFACE["const"])


@pytest.mark.parametrize("name", SURFACE["errors_bases"])
def test_bases_of_exceptions(name: str) -> None:
    kind = getattr(drmaa.errors, name)
    expected = SURFACE["errors_bases"][name]
    assert [base.__name__ for base in kind.__mro__[1:] if base.__name__ in expected] == expected


def test_codes_of_exceptions() -> None:
    assert drmaa.errors.error_check(0) == 0
    for code, kind in enumerate(drmaa.errors._ERRORS, 1):
        with pytest.raises(kind) as caught:
            drmaa.errors.error_check(code)
        assert type(caught.value) is kind
        assert str(caught.value) == f"code {code}: "
    assert drmaa.errors._ERRORS[23] is Exception
    assert drmaa.errors._ERRORS[17] is drmaa.InvalidJobException


def test_job_info_fields() -> None:
    assert list(drmaa.JobInfo._fields) == SURFACE["JobInfo"]


@pytest.mark.parametrize("name", SURFACE["JobTemplate"])
def test_template_attributes(name: str) -> None:
    found = vars(drmaa.JobTemplate)[name]
    expected = SURFACE["JobTemplate"][name]
    if expected == []:
        assert callable(found)
    else:
        assert type(found).__name__ == expected


@pytest.mark.parametrize("name", SURFACE["Session"])
def test_session_attributes(name: str) -> None:
    found, expected = vars(drmaa.Session)[name], SURFACE["Session"][name]
    if isinstance(expected, list):
        assert isinstance(found, staticmethod)
        assert list(inspect.signature(found.__func__).parameters) == expected
    else:
        assert type(found).__name__ == expected


def test_constants_that_are_bytes() -> None:
    assert drmaa.JOB_IDS_SESSION_ANY == b"DRMAA_JOB_IDS_SESSION_ANY"
    assert drmaa.PLACEHOLDER_HD == b"$drmaa_hd_ph$"
    assert drmaa.WD == b"drmaa_wd"
    assert drmaa.JobTemplate.HOME_DIRECTORY == "$drmaa_hd_ph$"
    assert drmaa.SUBMISSION_STATE_HOLD == "drmaa_hold"
    assert (drmaa.ATTR_BUFFER, drmaa.SIGNAL_BUFFER, drmaa.NO_MORE_ELEMENTS) == (1024, 32, 25)


def test_helper_functions() -> None:
    assert drmaa.job_state(0x22) == drmaa.status_to_string(0x22) == "user_suspended"
    with pytest.raises(KeyError):
        drmaa.job_state(0x99)
    actions = [drmaa.control_action_to_string(code) for code in range(5)]
    assert actions == ["suspend", "resume", "hold", "release", "terminate"]
    assert [drmaa.string_to_control_action(name) for name in actions] == list(range(5))
    with pytest.raises(ValueError, match="'nope' is not in list"):
        drmaa.string_to_control_action("nope")
    assert [drmaa.submission_state(code) for code in (0, 1)] == ["drmaa_hold", "drmaa_active"]


def test_session_attributes_need_no_session() -> None:
    assert drmaa.Session.contact == ""
    assert "local" in drmaa.Session.drmsInfo.split(",")
    assert drmaa.Session.drmaaImplementation.startswith("xenon_py ")
    assert drmaa.Session.version == (1, 0)
    assert str(drmaa.Session().version) == "1.0"


@pytest.mark.parametrize(
    "call",
    [
        drmaa.Session.exit,
        drmaa.Session.createJobTemplate,
        lambda: drmaa.Session.runJob(drmaa.JobTemplate()),
        lambda: drmaa.Session.runBulkJobs(drmaa.JobTemplate(), 1, 1, 1),
        lambda: drmaa.Session.wait("1"),
        lambda: drmaa.Session.synchronize(["1"]),
        lambda: drmaa.Session.jobStatus("1"),
        lambda: drmaa.Session.control("1", "hold"),
    ],
)
def test_calls_without_a_session(call: object) -> None:
    with pytest.raises(drmaa.NoActiveSessionException, match=r"^code 5: "):
        call()  # type: ignore[operator]


def test_install() -> None:
    program = (
        "from xenon_py.drmaa import install; install(); import drmaa, drmaa.errors;"
        "from drmaa.const import JobControlAction; from drmaa.session import Session;"
        "assert Session is drmaa.Session; print(drmaa.__version__)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "0.7.9\n"
