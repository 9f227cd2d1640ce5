"""One job of an emulated queue, and its status."""

from __future__ import annotations

import enum
import itertools
from dataclasses import dataclass, field

from xenon_py.exceptions import NotConnectedException, XenonException
from xenon_py.model.changed import changed
from xenon_py.model.jobs import Job, JobDescription, JobErrorType, JobReason, JobStatus, JobUsage
from xenon_py.plugin.clock import now_ms
from xenon_py.plugin.process import Process, ProcessExit


class State(enum.Enum):
    """Where a job is in its life; the value is what users see."""

    HELD = "HELD"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUSPENDED = "SUSPENDED"
    DONE = "DONE"
    ERROR = "ERROR"
    KILLED = "KILLED"


ENDED = frozenset({State.DONE, State.ERROR, State.KILLED})
RUNS = frozenset({State.RUNNING, State.SUSPENDED})

_KILLED_BECAUSE = {
    JobReason.CANCELLED: "Process cancelled by user.",
    JobReason.TIME_LIMIT: "Process timed out.",
}


@dataclass(eq=False)
class ArrayGroup:
    """What the tasks of one array share.

    Attributes:
        max_parallel: how many may run at once; ``None`` = any number.
        active: how many may start now or run.
        waiting: heap of the others.
    """

    max_parallel: int | None
    active: int = 0
    waiting: list[Turn] = field(default_factory=list)

    def has_room(self) -> bool:
        """Tell whether one more may start."""
        return self.max_parallel is None or self.active < self.max_parallel


@dataclass(eq=False)
class ProcessJob:
    """A job; its scheduler's lock guards every change.

    Attributes:
        job_id: e.g. ``local-3`` or, in an array, ``local-3_7``.
        order: position in the order of submission.
        description: checked.
        queue: name of its queue.
        interactive: its streams are pipes.
        index: in its array, or ``None``.
        group: its array, or ``None``.
        state: where it is.
        missing: jobs that have to end well before it starts.
        not_before: earliest start, on the clock of ``time.time``; 0 = at once.
        offered: it is among those that may start.
        taken: it is being started, or was.
        process: once started.
        kill: why it is being ended, or was; ``NONE`` = it is not.
        submit_time, start_time, end_time: ms since 1970 UTC.
        exit: how its process ended.
        error: why it could not start.
        reason: of an ``ERROR``.
        timer: token of its time limit.
    """

    job_id: str
    order: int
    description: JobDescription
    queue: str
    interactive: bool = False
    index: int | None = None
    group: ArrayGroup | None = None
    state: State = State.PENDING
    missing: set[str] = field(default_factory=set)
    not_before: float = 0.0
    offered: bool = False
    taken: bool = False
    process: Process | None = None
    kill: JobReason = JobReason.NONE
    submit_time: int = field(default_factory=now_ms)
    start_time: int | None = None
    end_time: int | None = None
    exit: ProcessExit | None = None
    error: XenonException | None = None
    reason: JobReason = JobReason.NONE
    timer: int | None = None

    @property
    def ended(self) -> bool:
        """Whether it has ended, well or not."""
        return self.state in ENDED

    @property
    def ended_well(self) -> bool:
        """Whether it is proven that it ended with exit code 0."""
        return self.state is State.DONE and self.exit is not None and self.exit.exit_code == 0


Turn = tuple[int, int, ProcessJob]
_entries = itertools.count()


def turn_of(job: ProcessJob) -> Turn:
    """Return an entry for a heap that yields jobs in their order; one job may be in it twice."""
    return (job.order, next(_entries), job)


def status_of(job: ProcessJob) -> JobStatus:
    """Return what is known of a job."""
    status = JobStatus(
        Job(job.job_id),
        state=job.state.value,
        running=job.state is State.RUNNING,
        done=job.ended,
        name=job.description.name,
        usage=_usage(job),
        as_of=now_ms(),
        source="process",
    )
    if job.state is State.KILLED:
        return _killed(status, job)
    if job.state is State.ERROR:
        return _failed(status, job)
    return _ended(status, job.exit) if job.exit is not None else status


def _killed(status: JobStatus, job: ProcessJob) -> JobStatus:
    return changed(
        status,
        error_type=JobErrorType.CANCELLED,
        error_message=_KILLED_BECAUSE[job.kill],
        reason=job.kill,
        signal=job.exit.signal if job.exit else None,
        core_dumped=job.exit.core_dumped if job.exit else None,
    )


def _failed(status: JobStatus, job: ProcessJob) -> JobStatus:
    away = isinstance(job.error, NotConnectedException)
    return changed(
        status,
        error_type=JobErrorType.NOT_CONNECTED if away else JobErrorType.XENON,
        error_message=job.error.msg if job.error else "",
        reason=job.reason,
    )


def _ended(status: JobStatus, ended: ProcessExit) -> JobStatus:
    if ended.signal is not None:
        reason = JobReason.SIGNALLED
    elif ended.exit_code is not None:
        reason = JobReason.FAILED if ended.exit_code else JobReason.COMPLETED
    else:
        reason = JobReason.LOST
    return changed(
        status,
        exit_code=ended.exit_code,
        signal=ended.signal,
        core_dumped=ended.core_dumped,
        reason=reason,
        error_type=JobErrorType.OTHER if reason is JobReason.LOST else JobErrorType.NONE,
        error_message=ended.error,
    )


def _usage(job: ProcessJob) -> JobUsage:
    used = job.exit.usage if job.exit else JobUsage()
    return changed(
        used,
        submit_time=job.submit_time,
        start_time=used.start_time or job.start_time,
        end_time=used.end_time or job.end_time,
    )
