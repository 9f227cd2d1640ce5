"""The full contract of a scheduler, for systems with an interface of their own, e.g. REST.

Command-line batch systems implement ``plugin.batch.BatchAdaptor`` and process launchers
``plugin.process.ProcessAdaptor`` instead: the engine makes a full scheduler of them.

What the core does: check arguments and job descriptions, names of queues, time-outs, waiting and
watching (one poller for all waiters), binding of ``Job`` objects, logging.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

from xenon_py.exceptions import UnsupportedOperationException, XenonException
from xenon_py.model.descriptions import SchedulerAdaptorDescription
from xenon_py.model.jobs import ArrayRange, JobDescription, JobStatus, QueueStatus, Rendered
from xenon_py.plugin.controls import Control
from xenon_py.plugin.process import Process
from xenon_py.plugin.target import FileSystemSpec, Target

_AT_ONCE = 8
"""Threads by which several jobs are controlled where each takes a call of its own."""

StatusListener = Callable[[JobStatus], object]


@dataclass(frozen=True)
class InteractiveJob:
    """A job with its three streams at hand."""

    job_id: str
    process: Process


class SchedulerAdaptor(ABC):
    """A scheduler. Every method may be called from many threads at once.

    Attributes:
        description: the adaptor's record; a test checks that it tells the truth.
        poll_delay: least seconds between two status queries.
        pushes_changes: ``subscribe`` is implemented: statuses come by themselves, nobody polls.
    """

    description: ClassVar[SchedulerAdaptorDescription]
    poll_delay: float = 1.0
    pushes_changes: bool = False

    @abstractmethod
    def __init__(self, target: Target) -> None: ...

    @abstractmethod
    def queue_names(self) -> Sequence[str]:
        """Return the names of all queues."""

    def default_queue_name(self) -> str:
        """Return the name of the queue used when none is given; ``""`` when there is none."""
        return ""

    def default_runtime(self) -> int:
        """Return the wall-clock limit of a job that sets none, in minutes; 0 = none or unknown."""
        return 0

    @abstractmethod
    def submit(self, description: JobDescription) -> str:
        """Submit a job; return its identifier. The description is complete and checked."""

    def submit_many(self, descriptions: Sequence[JobDescription]) -> list[str | XenonException]:
        """Submit several jobs; return an identifier or the error for each, in order."""
        results: list[str | XenonException] = []
        for description in descriptions:
            try:
                results.append(self.submit(description))
            except XenonException as error:
                results.append(error)
        return results

    def submit_array(self, description: JobDescription, span: ArrayRange) -> list[str]:
        """Submit an array; return one identifier per index, in order."""
        raise self._unsupported("job arrays")

    @abstractmethod
    def statuses(self, job_ids: Sequence[str]) -> list[JobStatus]:
        """Return the status of each job, in order, with as few queries as can be.

        A job that is not known has ``error_type`` NOT_FOUND. When the system could not be asked,
        the last known status comes with ``stale`` set; nothing is ever concluded from silence.
        """

    def subscribe(self, listener: StatusListener) -> None:
        """Call ``listener`` with every change from now on (only when ``pushes_changes``)."""
        raise self._unsupported("notifications")

    @abstractmethod
    def job_ids(self, queues: Sequence[str]) -> list[str]:
        """Return the identifiers of the jobs now in these queues; in all when none are given."""

    def queue_statuses(self, queues: Sequence[str]) -> list[QueueStatus]:
        """Return the status of each of these queues, which exist, in order."""
        return [QueueStatus(name) for name in queues]

    @abstractmethod
    def cancel(self, job_id: str) -> None:
        """Cancel a job, pending or running, with everything it started.

        Raises:
            NoSuchJobException: it is not known, or has ended.
        """

    def hold(self, job_id: str) -> None:
        """Keep a pending job from starting."""
        raise self._unsupported("holding jobs")

    def release(self, job_id: str) -> None:
        """Let a held job go."""
        raise self._unsupported("holding jobs")

    def suspend(self, job_id: str) -> None:
        """Stop a running job, to be resumed."""
        raise self._unsupported("suspending jobs")

    def resume(self, job_id: str) -> None:
        """Let a suspended job run on."""
        raise self._unsupported("suspending jobs")

    def signal(self, job_id: str, name: str) -> None:
        """Send a signal (``"USR1"``, no ``SIG``) to the processes of a running job."""
        raise self._unsupported("signals")

    def control_many(self, control: Control, job_ids: Sequence[str]) -> list[XenonException | None]:
        """Do one action, not SIGNAL, on several jobs with as few round trips as can be.

        Returns:
            For each job, in order, the error, or ``None`` where it was done.
        """
        act: Callable[[str], None] = getattr(self, control.value)

        def attempt(job_id: str) -> XenonException | None:
            try:
                act(job_id)
            except XenonException as error:
                return error
            return None

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(attempt, job_ids))

    def start_interactive(self, description: JobDescription) -> InteractiveJob:
        """Start a job whose streams are pipes; return when it runs."""
        raise self._unsupported("interactive jobs")

    @abstractmethod
    def render(self, description: JobDescription) -> Rendered:
        """Return exactly what ``submit`` would run; nothing is run."""

    def explain(self, job_id: str) -> str:
        """Return, for people, what is known of a job and from where."""
        return str(self.statuses([job_id])[0])

    def file_system(self) -> FileSystemSpec:
        """Name the file system that the jobs see."""
        raise self._unsupported("a file system of its own")

    def is_open(self) -> bool:
        """Tell whether the system can be reached, as far as is known."""
        return True

    def close(self) -> None:  # noqa: B027
        """Release the connection; an embedded scheduler ends its jobs."""

    def _unsupported(self, what: str) -> UnsupportedOperationException:
        name = self.description.name
        return UnsupportedOperationException.because(
            f"{name} does not support {what}", adaptor=name
        )
