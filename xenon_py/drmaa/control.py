"""``Session.control``: one action on some jobs, with DRMAA's rules on states."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from xenon_py.drmaa.const import JobControlAction, JobState
from xenon_py.drmaa.errors import as_drmaa, drmaa_error, no_such_job
from xenon_py.drmaa.jobinfo import state_of
from xenon_py.exceptions import UnsupportedOperationException
from xenon_py.model.jobs import JobStatus
from xenon_py.scheduler import Scheduler

_AT_ONCE = 8
"""Threads for many jobs; more do not help a batch system."""


@dataclass(frozen=True)
class Rule:
    """One action.

    Attributes:
        act: the call of the scheduler.
        states: in which it may be done; empty = in all.
        code: of the exception in other states.
        lenient: in other states nothing happens.
    """

    act: Callable[[Scheduler, str], object]
    states: frozenset[str] = frozenset()
    code: int = 1
    lenient: bool = False


_HELD = frozenset({JobState.USER_ON_HOLD, JobState.SYSTEM_ON_HOLD, JobState.USER_SYSTEM_ON_HOLD})
_SUSPENDED = frozenset({JobState.USER_SUSPENDED, JobState.SYSTEM_SUSPENDED})
_RULES: Mapping[str, Rule] = {
    JobControlAction.SUSPEND: Rule(Scheduler.suspend_job, frozenset({JobState.RUNNING}), 20),
    JobControlAction.RESUME: Rule(Scheduler.resume_job, _SUSPENDED, 19),
    JobControlAction.HOLD: Rule(Scheduler.hold_job, _HELD | {JobState.QUEUED_ACTIVE}, 21),
    JobControlAction.RELEASE: Rule(Scheduler.release_job, _HELD, 22, lenient=True),
    JobControlAction.TERMINATE: Rule(Scheduler.cancel_job),
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
    work = [
        _Work(scheduler, target, status, _RULES[operation]) for target, status in targets.items()
    ]
    with ThreadPoolExecutor(min(_AT_ONCE, len(work)) or 1) as pool:
        errors = list(pool.map(lambda one: _try(one, memory), work))
    failed = [one for one in errors if one and not (everything and str(one).startswith("code 18"))]
    if failed:
        raise failed[0]
    done = {one.target for one, error in zip(work, errors, strict=True) if error is None}
    return [job_id for job_id in job_ids if memory.arrays.get(job_id, job_id) in done]


@dataclass(frozen=True)
class _Work:
    scheduler: Scheduler
    target: str
    status: JobStatus
    rule: Rule


def _try(work: _Work, memory: Memory) -> Exception | None:
    try:
        _act(work, memory)
    except Exception as error:  # noqa: BLE001 - raised by the caller, after all were tried
        return error
    return None


def _act(work: _Work, memory: Memory) -> None:
    status, rule = work.status, work.rule
    state = state_of(status, work.scheduler.get_adaptor_name())
    if state == JobState.RUNNING and status.job.id in memory.suspended:
        state = JobState.USER_SUSPENDED
    if status.done or status.error_type is status.error_type.NOT_FOUND:
        raise no_such_job(status.job.id)
    if rule.states and state not in rule.states:
        if rule.lenient:
            return
        raise drmaa_error(rule.code, f"the job {status.job.id} is {state}")
    try:
        with as_drmaa():
            rule.act(work.scheduler, work.target)
    except Exception as error:
        cause = error.__cause__
        if isinstance(cause, UnsupportedOperationException):  # the state has changed meanwhile
            raise drmaa_error(rule.code, str(cause)) from cause
        raise
