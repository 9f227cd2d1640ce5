"""``Session.control``: one action on some jobs, with DRMAA's rules on states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from xenon_py.drmaa.const import JobControlAction, JobState
from xenon_py.drmaa.errors import as_drmaa, drmaa_error, no_such_job
from xenon_py.drmaa.jobinfo import state_of
from xenon_py.exceptions import UnsupportedOperationException, XenonException
from xenon_py.model.jobs import JobStatus
from xenon_py.scheduler import Scheduler


@dataclass(frozen=True)
class Rule:
    """One action.

    Attributes:
        action: as ``Scheduler.control_jobs`` calls it.
        states: in which it may be done; empty = in all.
        code: of the exception in other states.
        lenient: in other states nothing happens.
    """

    action: str
    states: frozenset[str] = frozenset()
    code: int = 1
    lenient: bool = False


_HELD = frozenset({JobState.USER_ON_HOLD, JobState.SYSTEM_ON_HOLD, JobState.USER_SYSTEM_ON_HOLD})
_SUSPENDED = frozenset({JobState.USER_SUSPENDED, JobState.SYSTEM_SUSPENDED})
_RULES: Mapping[str, Rule] = {
    JobControlAction.SUSPEND: Rule("suspend", frozenset({JobState.RUNNING}), 20),
    JobControlAction.RESUME: Rule("resume", _SUSPENDED, 19),
    JobControlAction.HOLD: Rule("hold", _HELD | {JobState.QUEUED_ACTIVE}, 21),
    JobControlAction.RELEASE: Rule("release", _HELD, 22, lenient=True),
    JobControlAction.TERMINATE: Rule("cancel"),
}


@dataclass(frozen=True)
class Memory:
    """What a session knows of its jobs that the system does not tell.

    Attributes:
        suspended: jobs that it has suspended, where they look as if they ran.
        arrays: task -> its array, where the action is to be done to all tasks, at once.
    """

    suspended: frozenset[str] = frozenset()
    arrays: Mapping[str, str] = field(default_factory=dict)


SILENT_SUSPENSION = frozenset({"torque"})
"""Systems whose users can stop the processes of a job, of which its state tells nothing."""

WHOLE_ARRAYS = frozenset({"torque"})
"""Systems that hold and release arrays; OpenPBS does not do it to single tasks."""


def control(
    scheduler: Scheduler,
    job_ids: Sequence[str],
    operation: str,
    memory: Memory,
    *,
    everything: bool,
) -> list[str]:
    """Do one action on jobs; all are tried before the first error is raised.

    Args:
        scheduler: of the jobs.
        job_ids: which.
        operation: one of ``JobControlAction``.
        memory: what the session knows of them.
        everything: jobs that have ended are passed over.

    Returns:
        The jobs on which it was done.
    """
    with as_drmaa():
        statuses = scheduler.get_job_statuses(job_ids)
    targets: dict[str, JobStatus] = {}
    for status in sorted(statuses, key=lambda status: status.done):
        targets.setdefault(memory.arrays.get(status.job.id, status.job.id), status)
    rule = _RULES[operation]
    errors = {target: _refusal(scheduler, rule, one, memory) for target, one in targets.items()}
    work = [target for target, error in errors.items() if error is None]
    if rule.lenient:
        errors = {
            t: None if str(e).startswith(f"code {rule.code}") else e for t, e in errors.items()
        }
    errors.update(_act(scheduler, work, rule))
    failed = [
        one
        for one in errors.values()
        if one and not (everything and str(one).startswith("code 18"))
    ]
    if failed:
        raise failed[0]
    done = {target for target, error in errors.items() if error is None}
    return [job_id for job_id in job_ids if memory.arrays.get(job_id, job_id) in done]


def _refusal(
    scheduler: Scheduler, rule: Rule, status: JobStatus, memory: Memory
) -> Exception | None:
    """Return the error of an action that the state of the job does not allow."""
    state = state_of(status, scheduler.get_adaptor_name())
    if state == JobState.RUNNING and status.job.id in memory.suspended:
        state = JobState.USER_SUSPENDED
    if status.done or status.error_type is status.error_type.NOT_FOUND:
        return no_such_job(status.job.id)
    if rule.states and state not in rule.states:
        return drmaa_error(rule.code, f"the job {status.job.id} is {state}")
    return None


def _act(scheduler: Scheduler, targets: Sequence[str], rule: Rule) -> dict[str, Exception | None]:
    """Do the action; return the error of each job, or of all."""
    try:
        with as_drmaa():
            found = scheduler.control_jobs(targets, rule.action) if targets else []
    except Exception as error:
        cause = error.__cause__
        if isinstance(cause, UnsupportedOperationException):
            raise drmaa_error(rule.code, str(cause)) from cause
        raise
    return {t: _as_drmaa(rule, one) for t, one in zip(targets, found, strict=True)}


def _as_drmaa(rule: Rule, error: XenonException | None) -> Exception | None:
    """Return an error of the scheduler as one of DRMAA."""
    if error is None:
        return None
    if isinstance(error, UnsupportedOperationException):  # the state has changed meanwhile
        told: Exception = drmaa_error(rule.code, str(error))
        told.__cause__ = error
        return told
    try:
        with as_drmaa():
            raise error
    except Exception as translated:  # noqa: BLE001 - raised by the caller, after all were tried
        return translated
