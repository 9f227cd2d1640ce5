"""What the commands say when they refuse, and which exceptions that makes.

Exit codes are error numbers modulo 256, and the same number means different things in TORQUE and in
OpenPBS (170: wrong state, or unknown queue), so the text decides; where TORQUE says nothing, the
number has to.
"""

from __future__ import annotations

import re

from xenon_py.exceptions import (
    InvalidJobDescriptionException,
    NoSuchJobException,
    NoSuchQueueException,
    NotConnectedException,
    PermissionDeniedException,
    UnsupportedJobDescriptionException,
    XenonException,
)
from xenon_py.plugin.batch import Control, CouldNotAskError
from xenon_py.plugin.runner import CommandResult

SUBMISSION_VARIABLE = "XENON_SUBMISSION"
"""Variable of every job by which its submission is found again."""

_AWAY = (
    "cannot connect to server",
    "unable to communicate with",
    "cannot connect to specified server",
    "cannot resolve specified server",
    "connection refused",
    "no permission to use the server",
)
_CUT = ("end of file", "premature end of message", "communication failure", "timeout", "timed out")
"""After these nobody knows whether the server took the job."""

_REFUSALS: tuple[tuple[str, type[XenonException]], ...] = (
    ("unknown queue", NoSuchQueueException),
    ("unauthorized request", PermissionDeniedException),
    ("bad uid for job", PermissionDeniedException),
    ("queue is not enabled", UnsupportedJobDescriptionException),
    ("unknown resource", UnsupportedJobDescriptionException),
    ("resource limits", UnsupportedJobDescriptionException),
    ("feasible nodes", UnsupportedJobDescriptionException),
    ("bad job array request", UnsupportedJobDescriptionException),
    ("size limit", UnsupportedJobDescriptionException),
    ("limit on number of jobs", UnsupportedJobDescriptionException),
    ("maximum number of jobs", UnsupportedJobDescriptionException),
    ("illegal attribute or resource value", InvalidJobDescriptionException),
    ("undefined attribute", InvalidJobDescriptionException),
    ("invalid job dependency", InvalidJobDescriptionException),
    ("may not mix", InvalidJobDescriptionException),
    ("cannot be used with", InvalidJobDescriptionException),
    ("conflicting", InvalidJobDescriptionException),
    ("illegal -", InvalidJobDescriptionException),
    ("invalid option", InvalidJobDescriptionException),
    ("invalid -v syntax", InvalidJobDescriptionException),
    ("is not a valid option", InvalidJobDescriptionException),
    ("usage: qsub", InvalidJobDescriptionException),
)
_UNKNOWN_JOB = ("unknown job id", "nonexistent job id", "cannot locate job", "illegally formed job")
_ENDED = ("job has finished", "job - complete", "job - exiting", "job has already finished")
_UNKNOWN_JOB_CODE = 153
_UNAUTHORIZED_CODE = 159


def is_away(said: str) -> bool:
    """Tell whether a command could not reach the server."""
    return any(text in said.lower() for text in _AWAY)


def submission_refused(result: CommandResult, system: str) -> XenonException:
    """Return what a failed ``qsub`` means, with the system's own words.

    Args:
        result: of ``qsub``.
        system: name of the dialect.

    Raises:
        CouldNotAskError: it is not known whether the job was submitted.
    """
    told = _told(result)
    low = told.lower()
    if is_away(low):
        return result.failure(NotConnectedException, f"the {system} server is away: {told}")
    for text, kind in _REFUSALS:
        if text in low:
            hint = "; tasks_per_node puts several on a node" if "feasible nodes" in low else ""
            return result.failure(kind, f"{system} refused the job: {_first(told)}{hint}")
    if any(text in low for text in _CUT):
        raise CouldNotAskError(f"{system} broke off: {told}")
    return result.failure(
        XenonException, f"{system} gave no job identifier: {_first(told) or 'it said nothing'}"
    )


def check_control(control: Control, result: CommandResult, job_id: str) -> None:
    """Raise what a failed ``qdel``, ``qhold``, ``qrls`` or ``qsig`` means.

    Raises:
        NoSuchJobException: the job is not known, or has ended.
        PermissionDeniedException: the user may not.
        NotConnectedException: the server is away.
        XenonException: anything else.
    """
    if result.ok:
        return
    told = _told(result)
    low = told.lower()
    if is_away(low):
        raise result.failure(NotConnectedException, f"the PBS server is away: {told}")
    if any(text in low for text in _ENDED):
        raise NoSuchJobException.because(f"job {job_id} has ended", job=job_id)
    if any(text in low for text in _UNKNOWN_JOB) or result.returncode == _UNKNOWN_JOB_CODE:
        raise NoSuchJobException.because(f"PBS knows no job {job_id}", job=job_id)
    if "unauthorized request" in low or result.returncode == _UNAUTHORIZED_CODE:
        raise result.failure(
            PermissionDeniedException, f"the user may not {control.value} job {job_id}: {told}"
        )
    raise result.failure(XenonException, f"PBS could not {control.value} job {job_id}: {told}")


def _told(result: CommandResult) -> str:
    return (result.error_text().strip() or result.text().strip())[:2000]


def _first(told: str) -> str:
    """Return the line that tells what is wrong; usage texts have many."""
    lines = [line.strip(" []") for line in told.splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"q[a-z]+: ", line)]
    return (named or lines or [""])[0]
