"""Slurm's job states (squeue(1), JOB STATE CODES) and what they mean."""

from __future__ import annotations

from xenon_py.model.jobs import JobReason
from xenon_py.plugin.batch import Phase

_PHASES = {
    Phase.PENDING: ("PENDING", "REQUEUED", "REQUEUE_FED"),
    Phase.HELD: ("REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD"),
    Phase.RUNNING: (
        "RUNNING",
        "CONFIGURING",
        "COMPLETING",
        "RESIZING",
        "SIGNALING",
        "STAGE_OUT",
        "POWER_UP_NODE",
        "UPDATE_DB",
    ),
    Phase.SUSPENDED: ("SUSPENDED", "STOPPED"),
    Phase.DONE: (
        "COMPLETED",
        "FAILED",
        "CANCELLED",
        "TIMEOUT",
        "NODE_FAIL",
        "PREEMPTED",
        "BOOT_FAIL",
        "DEADLINE",
        "OUT_OF_MEMORY",
        "REVOKED",
        "LAUNCH_FAILED",
        "RECONFIG_FAIL",
        "EXPIRED",
    ),
}
_PHASE_OF = {state: phase for phase, states in _PHASES.items() for state in states}

_REASON_OF = {
    "COMPLETED": JobReason.COMPLETED,
    "FAILED": JobReason.FAILED,
    "CANCELLED": JobReason.CANCELLED,
    "TIMEOUT": JobReason.TIME_LIMIT,
    "DEADLINE": JobReason.TIME_LIMIT,
    "NODE_FAIL": JobReason.NODE_FAILURE,
    "BOOT_FAIL": JobReason.NODE_FAILURE,
    "PREEMPTED": JobReason.PREEMPTED,
    "OUT_OF_MEMORY": JobReason.MEMORY,
    "LAUNCH_FAILED": JobReason.LAUNCH_FAILURE,
    "RECONFIG_FAIL": JobReason.LAUNCH_FAILURE,
}

_NO_REASON = frozenset({"", "None", "N/A", "(null)"})

LAUNCH_SIGNAL = 53
"""Slurm's own number for a job whose directory or output could not be opened (ExitCode 0:53)."""


def clean_state(text: str) -> str:
    """Return the state word: ``CANCELLED by 1001`` and ``RUNNING+`` are cut."""
    words = text.split()
    return words[0].rstrip("+*~") if words else ""


def phase_of(state: str, reason: str = "") -> Phase:
    """Return what a state word means; a pending job that is held says so in its reason."""
    phase = _PHASE_OF.get(state, Phase.UNKNOWN)
    held = phase is Phase.PENDING and reason.startswith("JobHeld")
    return Phase.HELD if held else phase


def reason_of(state: str, reason: str, signal: int | None) -> JobReason:
    """Return why a job in an end state ended."""
    if reason == "JobLaunchFailure" and signal in {None, LAUNCH_SIGNAL}:
        return JobReason.LAUNCH_FAILURE
    if state == "CANCELLED" and reason.startswith("Dependency"):
        return JobReason.DEPENDENCY
    return _REASON_OF.get(state, JobReason.UNKNOWN)


def message_of(reason: str) -> str:
    """Return Slurm's reason word, or ``""`` where it says nothing."""
    return "" if reason in _NO_REASON else reason


def outcome(state: str, code: int, signal: int, core: bool) -> tuple[int | None, int | None, bool]:
    """Return exit code, signal and core flag; only a job that ran to its own end has any.

    Args:
        state: the state word.
        code: exit code.
        signal: number of a signal, 0 = none.
        core: whether a core file was left.
    """
    if state not in {"COMPLETED", "FAILED"}:
        return None, None, False
    if signal == LAUNCH_SIGNAL:
        return None, None, False
    return (None, signal, core) if signal else (code, None, False)
