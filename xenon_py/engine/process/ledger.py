"""All jobs of one process scheduler: what is queued, runs, has ended, and who waits for whom."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Sequence

from xenon_py.engine.process.jobs import ProcessJob, State, status_of
from xenon_py.engine.process.queues import Queues
from xenon_py.engine.process.timers import Timers
from xenon_py.exceptions import (
    InvalidJobDescriptionException,
    NoSuchJobException,
    SchedulerClosedException,
    XenonException,
)
from xenon_py.model.jobs import Job, JobErrorType, JobReason, JobStatus
from xenon_py.plugin.clock import now_ms
from xenon_py.plugin.scheduler import StatusListener

_REMEMBERED = 10_000
"""So many ended jobs are still known; older ones are forgotten."""


class Ledger:
    """The jobs, under one lock: ``changed``, which is notified of every change.

    Methods marked "locked" are called with the lock held, all others without. Changes are told to
    the listeners by ``publish``, which is called after each change, without the lock.

    Attributes:
        changed: the lock.
        queues: which job starts next; locked.
        closed: nothing is taken any more.
        listeners: are told every change, in order.
    """

    def __init__(self, multi: int, timers: Timers) -> None:
        """``multi`` is the number of places of the queue ``multi``; ``timers`` those of jobs."""
        self._timers = timers
        self.changed = threading.Condition()
        self.queues = Queues(multi)
        self.closed = False
        self.listeners: list[StatusListener] = []
        self._jobs: dict[str, ProcessJob] = {}
        self._ended: OrderedDict[str, ProcessJob] = OrderedDict()
        self._dependents: dict[str, list[ProcessJob]] = {}
        self._outbox: deque[JobStatus] = deque()
        self._publishing = False

    # --- looking ------------------------------------------------------------------------------

    def unfinished(self) -> list[ProcessJob]:
        """Return the jobs that have not ended, in the order of submission (locked)."""
        return list(self._jobs.values())

    def find(self, job_id: str) -> ProcessJob | None:
        """Return a job that is known, ended or not (locked)."""
        return self._jobs.get(job_id) or self._ended.get(job_id)

    def get_unfinished(self, job_id: str) -> ProcessJob:
        """Return a job that has not ended (locked).

        Raises:
            NoSuchJobException: it is not known, or has ended.
        """
        job = self._jobs.get(job_id)
        if job is None:
            known = "has ended" if job_id in self._ended else "is not known"
            raise NoSuchJobException.because(f"the job {job_id!r} {known}", job=job_id)
        return job

    def status(self, job_id: str) -> JobStatus:
        """Return the status of a job; of an unknown one with ``NOT_FOUND`` (locked)."""
        job = self.find(job_id)
        if job is not None:
            return status_of(job)
        return JobStatus(
            Job(job_id),
            state="UNKNOWN",
            error_type=JobErrorType.NOT_FOUND,
            error_message=f"there is no job {job_id!r}, or no more",
            as_of=now_ms(),
        )

    def is_quiet(self) -> bool:
        """Tell whether all jobs have ended and all ends were told (locked)."""
        return not (self._jobs or self._outbox or self._publishing)

    # --- changing -----------------------------------------------------------------------------

    def add(self, jobs: Sequence[ProcessJob]) -> None:
        """Take jobs in, all or none of them.

        Raises:
            SchedulerClosedException: nothing is taken any more.
            InvalidJobDescriptionException: a job depends on one that is not known.
        """
        with self.changed:
            if self.closed:
                raise SchedulerClosedException.because("the scheduler was closed")
            for job in jobs:
                self._check_dependencies(job)
            for job in jobs:
                self._jobs[job.job_id] = job
                self._depend(job)
                self.queues.offer(job)
                self.note(job)

    def _check_dependencies(self, job: ProcessJob) -> None:
        for wanted in map(str, job.description.depends_on):
            if self.find(wanted) is None:
                raise InvalidJobDescriptionException.because(
                    f"depends_on names {wanted!r}, which this scheduler does not know"
                )

    def _depend(self, job: ProcessJob) -> None:
        """Have a job wait for those that it depends on."""
        for wanted in map(str, job.description.depends_on):
            ended = self._ended.get(wanted)
            if ended is None:
                job.missing.add(wanted)
                self._dependents.setdefault(wanted, []).append(job)
            elif not ended.ended_well:
                self._refuse(job, wanted)
                return

    def _refuse(self, job: ProcessJob, wanted: str) -> None:
        """End a job of which a dependency did not end well."""
        if not job.ended:
            job.error = XenonException.because(
                f"Job {wanted}, which it depends on, did not end well."
            )
            job.reason = JobReason.DEPENDENCY
            self.end(job, State.ERROR)

    def kill(self, job: ProcessJob) -> None:
        """Mark a job as cancelled; it ends at once if it was not started (locked)."""
        if job.kill is JobReason.NONE:
            job.kill = JobReason.CANCELLED
        if not job.taken:
            self.end(job, State.KILLED)

    def end(self, job: ProcessJob, state: State) -> None:
        """Give a job its last state, and those that depend on it their due (locked)."""
        job.state, job.end_time = state, now_ms()
        self._timers.cancel(job.timer)
        if job.taken:
            self.queues.release(job)
        else:
            self.queues.withdraw(job)
        del self._jobs[job.job_id]
        self._ended[job.job_id] = job
        if len(self._ended) > _REMEMBERED:
            self._ended.popitem(last=False)
        self.note(job)
        for dependent in self._dependents.pop(job.job_id, []):
            dependent.missing.discard(job.job_id)
            if job.ended_well:
                self.queues.offer(dependent)
            else:
                self._refuse(dependent, job.job_id)

    # --- telling ------------------------------------------------------------------------------

    def note(self, job: ProcessJob) -> None:
        """Have the job's present status told by the next ``publish`` (locked)."""
        self._outbox.append(status_of(job))
        self.changed.notify_all()

    def publish(self) -> None:
        """Tell the listeners what was noted; one thread at a time does it, so it is in order."""
        while True:
            with self.changed:
                if self._publishing or not self._outbox:
                    return
                self._publishing = True
                statuses = list(self._outbox)
                self._outbox.clear()
            for status in statuses:
                for listener in self.listeners:
                    listener(status)
            with self.changed:
                self._publishing = False
                self.changed.notify_all()
