"""Jobs: descriptions, identifiers, statuses, queues."""

from __future__ import annotations

import enum
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Protocol

from xenon_py.exceptions import NoSuchJobException
from xenon_py.model.descriptions import describe
from xenon_py.model.shown import shown
from xenon_py.model.timeouts import Timeout

if TYPE_CHECKING:
    from concurrent.futures import Future


class JobErrorType(enum.IntEnum):
    """Kind of error of a job, as PyXenon tells it."""

    NONE = 0
    NOT_FOUND = 1
    CANCELLED = 2
    NOT_CONNECTED = 3
    XENON = 4
    IO = 5
    OTHER = 6


class QueueErrorType(enum.IntEnum):
    """Kind of error of a queue status."""

    NONE = 0
    NOT_FOUND = 1
    NOT_CONNECTED = 2
    XENON = 3
    IO = 4
    OTHER = 5


class JobReason(enum.Enum):
    """Why a job ended, or, while it has not, ``NONE``. Success is claimed only with proof."""

    NONE = "none"
    COMPLETED = "completed"
    FAILED = "failed"
    SIGNALLED = "signalled"
    CANCELLED = "cancelled"
    TIME_LIMIT = "time_limit"
    MEMORY = "memory"
    NODE_FAILURE = "node_failure"
    PREEMPTED = "preempted"
    DEPENDENCY = "dependency"
    LAUNCH_FAILURE = "launch_failure"
    LOST = "lost"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class JobUsage:
    """What a job used; ``None`` or empty = not known.

    Attributes:
        submit_time: ms since 1970 UTC.
        start_time: likewise.
        end_time: likewise.
        wall_seconds: from start to end.
        cpu_seconds: user and system time of all processes that were counted.
        max_rss: largest resident set of one process, in bytes.
        nodes: names of the nodes it ran on.
    """

    submit_time: int | None = None
    start_time: int | None = None
    end_time: int | None = None
    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    max_rss: int | None = None
    nodes: tuple[str, ...] = ()


class JobOwner(Protocol):
    """The facade that a job is bound to."""

    def get_job_status(self, job: Job) -> JobStatus: ...  # noqa: D102
    def wait_until_done(self, job: Job, timeout: Timeout = None) -> JobStatus: ...  # noqa: D102
    def cancel_job(self, job: Job) -> JobStatus: ...  # noqa: D102
    def job_future(self, job: Job) -> Future[JobStatus]: ...  # noqa: D102


class Job:
    """Names a job. As a scheduler returns it, it is bound to that scheduler.

    Two jobs are equal when their identifiers are, unless they are bound to different schedulers.

    Attributes:
        id: the scheduler's identifier.
    """

    __slots__ = ("_owner", "id")

    def __init__(self, id_: str, _owner: JobOwner | None = None) -> None:
        self.id: str = id_
        self._owner = _owner

    def _bound(self) -> JobOwner:
        if self._owner is None:
            raise NoSuchJobException.because(
                f"{self!r} is a plain identifier; get it from scheduler.get_job(id)",
                job=self.id,
            )
        return self._owner

    def status(self) -> JobStatus:
        """Return the present status."""
        return self._bound().get_job_status(self)

    def wait(self, timeout: Timeout = None) -> JobStatus:
        """Wait for the end; ``timeout`` in ms or a ``timedelta``, 0 or None = for ever."""
        return self._bound().wait_until_done(self, timeout)

    def cancel(self) -> JobStatus:
        """Cancel the job."""
        return self._bound().cancel_job(self)

    def future(self) -> Future[JobStatus]:
        """Return a future of the final status (``asyncio.wrap_future`` takes it)."""
        return self._bound().job_future(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Job):
            return NotImplemented
        return self.id == other.id and self._belongs_with(other)

    def _belongs_with(self, other: Job) -> bool:
        mine, theirs = self._owner, other._owner
        return mine is None or theirs is None or mine is theirs

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"Job({shown(self.id)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Job, (self.id,)


def is_foreign(job: Job, owner: JobOwner) -> bool:
    """Tell whether a job is bound to another scheduler; a plain identifier is not."""
    bound = job._owner  # noqa: SLF001 - the class above
    return bound is not None and bound is not owner


@dataclass(kw_only=True)
class JobDescription:
    """What to run, and where. Attributes may be set one by one; all are checked at submission.

    A field that is not set is left to the scheduler; one that it cannot honour is refused.

    Attributes:
        executable: program or path on the machine that runs the job. Required.
        arguments: handed over exactly as they are, without a shell.
        working_directory: absolute, or relative to the scheduler's working directory.
        environment: variables added for the job; values are literal, and not shown by ``repr``.
        queue_name: queue or partition; empty = the scheduler's default.
        max_runtime: wall-clock limit in minutes; 0 = the default.
        stdout: file to write, absolute or relative to the working directory; ``%j``
            stands for the job identifier; empty = thrown away.
        stderr: likewise.
        stdin: file to read; empty = no input.
        name: of the job.
        max_memory: MB per node; 0 = the default.
        scheduler_arguments: options handed to the scheduler's submit command as they are.
        tasks: number of tasks (processes).
        cores_per_task: cores for each task.
        tasks_per_node: tasks on one node; 0 = the scheduler's choice.
        start_per_task: start the executable once per task instead of once.
        start_time: ``now``, ``HH:mm``, ``HH:mm dd.MM`` or ``HH:mm dd.MM.yyyy``.
        temp_space: MB of scratch space on the node; 0 = the default.
        account: account or project to charge.
        gpus_per_task: GPUs for each task.
        depends_on: jobs (or identifiers) that have to end well before this one starts.
        hold: submit it held; ``release_job`` lets it go.
        inherit_environment: hand the submitting environment over; ``None`` = as the scheduler
            does by itself (``local``: yes, all others: no).
    """

    executable: str = ""
    arguments: list[str] = field(default_factory=list)
    working_directory: str | os.PathLike[str] = ""
    environment: dict[str, str] = field(default_factory=dict)
    queue_name: str = ""
    max_runtime: int = 0
    stderr: str = ""
    stdin: str = ""
    stdout: str = ""
    name: str = ""
    max_memory: int = 0
    scheduler_arguments: list[str] = field(default_factory=list)
    tasks: int = 0
    cores_per_task: int = 0
    tasks_per_node: int = 0
    start_per_task: bool = False
    start_time: str = ""
    temp_space: int = 0
    account: str = ""
    gpus_per_task: int = 0
    depends_on: list[Job | str] = field(default_factory=list)
    hold: bool = False
    inherit_environment: bool | None = None

    def __setattr__(self, name: str, value: object) -> None:
        _check_field(name)
        object.__setattr__(self, name, value)

    def __str__(self) -> str:
        return describe(self, environment=self._names())

    def __repr__(self) -> str:
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        told["environment"] = self._names()
        shown_fields = ", ".join(f"{name}={value!r}" for name, value in told.items())
        return f"{type(self).__name__}({shown_fields})"

    def _names(self) -> object:
        """Return what is shown of the environment: tokens and passwords are among the values."""
        if isinstance(self.environment, Mapping):
            return dict.fromkeys(self.environment, "***")
        return self.environment and "***"


_DESCRIPTION_FIELDS = frozenset(f.name for f in fields(JobDescription))
_plain_init = JobDescription.__init__


def _check_field(name: str) -> None:
    if name in _DESCRIPTION_FIELDS:
        return
    import difflib

    near = difflib.get_close_matches(name, _DESCRIPTION_FIELDS, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise AttributeError(f"{name} is not a valid field in JobDescription.{hint}")


def _checked_init(self: JobDescription, **kwargs: Any) -> None:
    for name in kwargs:
        _check_field(name)
    _plain_init(self, **kwargs)


_checked_init.__name__ = _checked_init.__qualname__ = "JobDescription"  # in a TypeError
_checked_init.__wrapped__ = _plain_init  # type: ignore[attr-defined]  # inspect shows the fields
JobDescription.__init__ = _checked_init  # type: ignore[method-assign]


@dataclass(frozen=True)
class JobStatus:
    """What is known of a job.

    Attributes:
        job: which one.
        state: the scheduler's own word, e.g. ``PENDING`` or ``COMPLETED``.
        running: it runs now.
        done: it has ended, well or not.
        scheduler_specific_information: whatever else the scheduler told.
        exit_code: of the executable; ``None`` while unknown, or when a signal ended it.
        error_message: ``""`` when there is none.
        error_type: kind of the error. A non-zero exit code alone is no error.
        name: of the job.
        reason: why it ended.
        signal: number of the signal that ended it, or ``None``.
        core_dumped: whether that left a core file; ``None`` = unknown.
        usage: what it used.
        as_of: ms since 1970 UTC at which the scheduler was asked; 0 = unknown.
        source: what told it: ``process``, ``queue``, ``accounting``, ``record``, ``none``.
        stale: the scheduler could not be asked; this is the last that was known.
    """

    ErrorType = JobErrorType

    job: Job
    state: str = ""
    running: bool = False
    done: bool = False
    scheduler_specific_information: Mapping[str, str] = field(default_factory=dict)
    exit_code: int | None = None
    error_message: str = ""
    error_type: JobErrorType = JobErrorType.NONE
    name: str = ""
    reason: JobReason = JobReason.NONE
    signal: int | None = None
    core_dumped: bool | None = None
    usage: JobUsage = JobUsage()
    as_of: int = 0
    source: str = "none"
    stale: bool = False

    def __str__(self) -> str:
        return describe(self)


@dataclass(frozen=True)
class QueueStatus:
    """What is known of a queue."""

    ErrorType = QueueErrorType

    name: str
    scheduler_specific_information: Mapping[str, str] = field(default_factory=dict)
    error_message: str = ""
    error_type: QueueErrorType = QueueErrorType.NONE

    def __str__(self) -> str:
        return describe(self)


@dataclass(frozen=True)
class SubmitInteractiveJobResponse:
    """A piece of output of an interactive job; one of the two may be empty."""

    job: Job
    stdout: bytes = b""
    stderr: bytes = b""


@dataclass(frozen=True)
class Rendered:
    """What a submission would run, with nothing run.

    Attributes:
        command: the submit command, word by word.
        script: what it reads on standard input; ``""`` where there is no script.
        environment: variables set for the command.
        working_directory: directory the job runs in.
    """

    command: tuple[str, ...]
    script: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    working_directory: str = ""

    def __str__(self) -> str:
        import shlex

        lines = [f"$ {shlex.join(self.command)}"]
        if self.script:
            lines += ["--- script on standard input ---", self.script.rstrip("\n")]
        return "\n".join(lines)


@dataclass(frozen=True)
class ArrayRange:
    """Indices of a job array: ``begin``, ``begin + step`` … up to ``end`` inclusive.

    Attributes:
        max_parallel: at most so many run at once; ``None`` = no limit.
    """

    begin: int
    end: int
    step: int = 1
    max_parallel: int | None = None

    def indices(self) -> Iterable[int]:
        """Return the indices in order."""
        return range(self.begin, self.end + 1, self.step)
