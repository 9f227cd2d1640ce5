"""From a status of this library to DRMAA's state and record of a job. Pure functions."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from typing import NamedTuple

from xenon_py.drmaa.const import JobState
from xenon_py.model.changed import changed
from xenon_py.model.jobs import JobReason, JobStatus

_SUSPENDED: Mapping[str, re.Pattern[str]] = {
    "gridengine": re.compile(r"[^q]*[sST][^q]*"),  # qstat(1): s by a user, S and T by the system
    "torque": re.compile(r"[SU]"),  # T there: the job is being moved to another server
}
_HELD: Mapping[str, re.Pattern[str]] = {
    "gridengine": re.compile(r".*h.*q.*"),
    "torque": re.compile(r"H"),
}
_SUSPENDED_ELSEWHERE = re.compile(r"SUSPENDED|STOPPED")
_HELD_ELSEWHERE = re.compile(r"HELD|REQUEUE_HOLD|SPECIAL_EXIT")
_SYSTEM_SUSPENDED = re.compile(r"[^s]*")
_UNKNOWN = frozenset({"UNKNOWN", ""})
_OF_TERMINATION = frozenset({signal.SIGTERM, signal.SIGKILL})


class JobInfo(NamedTuple):
    """How a job ended.

    At most one of ``hasExited``, ``hasSignal`` and ``wasAborted`` is true. ``resourceUsage`` maps
    names to numbers as text: times in seconds since 1970, durations in seconds, memory in bytes
    (``ru_maxrss``: kB); ``hosts`` and ``queue`` are names.
    """

    jobId: str
    hasExited: bool
    hasSignal: bool
    terminatedSignal: str
    hasCoreDump: bool
    wasAborted: bool
    exitStatus: int
    resourceUsage: dict[str, str]


class Result(NamedTuple):
    """The end of a job.

    Attributes:
        state: ``done`` or ``failed``.
        info: what ``wait`` gives; ``None`` = nobody knows how it ended (code 24).
    """

    state: str
    info: JobInfo | None


LOST = Result(JobState.FAILED, None)


def state_of(
    status: JobStatus, adaptor: str, *, suspended_by_us: bool = True, exited: bool = False
) -> str:
    """Return DRMAA's word for the state of a job.

    Args:
        status: what is known of the job.
        adaptor: name of the scheduler's adaptor; each system has words of its own.
        suspended_by_us: whether a suspended one was by this session.
        exited: whether every job that ended by itself is ``done`` (Grid Engine's way).
    """
    if status.done:
        return result_of(status, exited=exited).state
    if _SUSPENDED.get(adaptor, _SUSPENDED_ELSEWHERE).fullmatch(status.state):
        by_system = adaptor == "gridengine" and _SYSTEM_SUSPENDED.fullmatch(status.state)
        ours = suspended_by_us and not by_system
        return JobState.USER_SUSPENDED if ours else JobState.SYSTEM_SUSPENDED
    if status.running:
        return JobState.RUNNING
    return _waiting_state(status, adaptor)


def _waiting_state(status: JobStatus, adaptor: str) -> str:
    reason = status.scheduler_specific_information.get("reason", "")
    held = _HELD.get(adaptor, _HELD_ELSEWHERE).fullmatch(status.state)
    if held or reason.startswith("JobHeld"):
        return JobState.SYSTEM_ON_HOLD if "Admin" in reason else JobState.USER_ON_HOLD
    return JobState.UNDETERMINED if status.state in _UNKNOWN else JobState.QUEUED_ACTIVE


def result_of(status: JobStatus, *, exited: bool = False, terminated: bool = False) -> Result:
    """Return the end of a job that has ended.

    Args:
        status: the last one.
        exited: whether every job that ended by itself is ``done``.
        terminated: whether the session asked for its end: Grid Engine tells a job that was
            deleted and one that killed itself in the same way.
    """
    if terminated and (status.signal or (status.exit_code or 0) - 128) in _OF_TERMINATION:
        status = changed(status, reason=JobReason.CANCELLED)
    by_itself = status.reason in {JobReason.COMPLETED, JobReason.FAILED, JobReason.SIGNALLED}
    has_exited = by_itself and status.exit_code is not None
    has_signal = not has_exited and status.signal is not None and _ended_by_signal(status)
    if status.reason in {JobReason.LOST, JobReason.UNKNOWN, JobReason.NONE}:
        return LOST
    well = status.exit_code == 0 if not exited else has_exited or has_signal
    return Result(
        JobState.DONE if well and by_itself else JobState.FAILED,
        JobInfo(
            status.job.id,
            has_exited,
            has_signal,
            signal_name(status.signal) if has_signal else "",
            has_signal and bool(status.core_dumped),
            not has_exited and not has_signal,
            (status.exit_code or 0) if has_exited else 0,
            usage_of(status),
        ),
    )


def was_aborted(result: Result) -> bool:
    """Tell whether a job did not end by itself, as far as is known."""
    return result.info is None or result.info.wasAborted


def aborted(job_id: str, result: Result) -> Result:
    """Return the end of a job that went well, and then its files did not."""
    usage = result.info.resourceUsage if result.info else {}
    return Result(JobState.FAILED, JobInfo(job_id, False, False, "", False, True, 0, usage))


def _ended_by_signal(status: JobStatus) -> bool:
    return status.reason in {JobReason.SIGNALLED, JobReason.TIME_LIMIT}


def signal_name(number: int | None) -> str:
    """Return the name of a signal, e.g. ``SIGKILL``."""
    try:
        return signal.Signals(number or 0).name
    except ValueError:
        return f"SIG{number}"


def usage_of(status: JobStatus) -> dict[str, str]:
    """Return what a job used, under the names of Grid Engine's library and of Slurm's and PBS's."""
    usage = status.usage
    wall = usage.wall_seconds
    if wall is None and usage.start_time and usage.end_time:
        wall = (usage.end_time - usage.start_time) / 1000
    numbers = {
        "submission_time": (usage.submit_time or 0) / 1000,
        "start_time": (usage.start_time or 0) / 1000,
        "end_time": (usage.end_time or 0) / 1000,
        **dict.fromkeys(("ru_wallclock", "walltime"), wall or 0),
        **dict.fromkeys(("cpu", "acct_cpu"), usage.cpu_seconds or 0),
        **dict.fromkeys(("mem", "vmem", "maxvmem", "acct_maxvmem"), usage.max_rss or 0),
        "ru_maxrss": (usage.max_rss or 0) / 1024,
        "signal": status.signal or 0,
    }
    code = status.exit_code if status.signal is None else 128 + status.signal
    if code is not None:
        numbers["exit_status"] = code
    information = status.scheduler_specific_information
    return {
        **{name: f"{value:.4f}" for name, value in numbers.items()},
        "hosts": ",".join(usage.nodes),
        "queue": _queue(information),
    }


def _queue(information: Mapping[str, str]) -> str:
    return next(
        (information[n] for n in ("queue", "partition", "Partition") if n in information), ""
    )
