"""Waiting for jobs: one mechanism for statuses that come by themselves and for polled ones.

Whoever waits *listens* on the board to the jobs concerned. Statuses are *published* there, by the
adaptor itself (``pushes_changes``) or by the one poller of the scheduler. The board keeps nothing
but listeners, so that nobody pays for jobs that nobody waits for.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import Protocol

from xenon_py.exceptions import NoSuchJobException, XenonException
from xenon_py.model.jobs import JobErrorType, JobStatus

_log = logging.getLogger(__name__)


class Listener(Protocol):
    """Is told of the jobs that it listens to. None of these may block."""

    def deliver(self, status: JobStatus) -> None:
        """Take a status; it may be the same as before."""

    def outage(self) -> None:
        """Take note that the scheduler could not be asked."""

    def fail(self, error: XenonException) -> None:
        """Take note that nothing will come any more."""


class Board:
    """Who listens to which job.

    Attributes:
        on_listen: called (without any lock) whenever somebody begins or ends to listen.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, list[Listener]] = {}
        self._closed: XenonException | None = None
        self.on_listen: Callable[[], object] = lambda: None

    def listen(self, job_ids: Iterable[str], listener: Listener) -> None:
        """Begin to listen.

        Raises:
            XenonException: the board is closed.
        """
        with self._lock:
            if self._closed is not None:
                raise self._closed
            for job_id in job_ids:
                self._listeners.setdefault(job_id, []).append(listener)
        self.on_listen()

    def unlisten(self, job_ids: Iterable[str], listener: Listener) -> None:
        """Listen no more; jobs that were not listened to are passed over."""
        with self._lock:
            for job_id in job_ids:
                listeners = self._listeners.get(job_id, [])
                if listener in listeners:
                    listeners.remove(listener)
                if not listeners:
                    self._listeners.pop(job_id, None)
        self.on_listen()

    def watched(self) -> list[str]:
        """Return the jobs that somebody listens to."""
        with self._lock:
            return list(self._listeners)

    def publish(self, status: JobStatus) -> None:
        """Tell a status to those who listen to its job."""
        with self._lock:
            listeners = tuple(self._listeners.get(status.job.id, ()))
        for listener in listeners:
            listener.deliver(status)

    def outage(self) -> None:
        """Tell everybody that the scheduler could not be asked."""
        for listener in self._everybody():
            listener.outage()

    def fail(self, error: XenonException) -> None:
        """Tell everybody that ``error`` ended the watching, for now."""
        for listener in self._everybody():
            listener.fail(error)

    def close(self, error: XenonException) -> None:
        """Tell everybody, and whoever comes later, that ``error`` ended the watching for good."""
        with self._lock:
            self._closed = error
        self.fail(error)

    def _everybody(self) -> list[Listener]:
        with self._lock:
            found = {id(one): one for listeners in self._listeners.values() for one in listeners}
        return list(found.values())


def _is_news(new: JobStatus, old: JobStatus | None) -> bool:
    """Tell whether a status is later than the last one, and says more than that time went by."""
    if old is None:
        return True
    if old.done or (new.as_of < old.as_of and not new.done):
        return False
    return _substance(new) != _substance(old)


def _substance(status: JobStatus) -> tuple[object, ...]:
    return (
        status.state,
        status.running,
        status.done,
        status.reason,
        status.stale,
        status.error_type,
        status.error_message,
        status.scheduler_specific_information,
    )


def _is_unknown(status: JobStatus) -> bool:
    return status.error_type is JobErrorType.NOT_FOUND and not status.done


class Subscription:
    """Collects the changes of some jobs for one thread; use it in a ``with`` block.

    Attributes:
        latest: the last status of each job that has told one.
    """

    def __init__(
        self, board: Board, job_ids: Sequence[str], wanted: Callable[[JobStatus], bool]
    ) -> None:
        """``wanted`` says which changes wake the thread, besides ends and unknown jobs."""
        self._board = board
        self._wanted = wanted
        self._job_ids = tuple(dict.fromkeys(job_ids))
        self._condition = threading.Condition()
        self._changes: deque[JobStatus] = deque()
        self._error: XenonException | None = None
        self.latest: dict[str, JobStatus] = {}

    def __enter__(self) -> Subscription:
        self._board.listen(self._job_ids, self)
        return self

    def __exit__(self, *details: object) -> None:
        self._board.unlisten(self._job_ids, self)

    def deliver(self, status: JobStatus) -> None:
        """Take a status; what is no change is passed over."""
        with self._condition:
            old = self.latest.get(status.job.id)
            if not _is_news(status, old):
                return
            self.latest[status.job.id] = status
            if status.done or _is_unknown(status) or self._wanted(status):
                self._changes.append(status)
                self._condition.notify()
        if status.done:
            self._board.unlisten([status.job.id], self)

    def outage(self) -> None:
        """Mark what is known as stale."""
        for status in list(self.latest.values()):
            if not status.done:
                self.deliver(dataclasses.replace(status, stale=True))

    def fail(self, error: XenonException) -> None:
        """End the waiting with an error, once the changes so far were taken."""
        with self._condition:
            self._error = error
            self._condition.notify()

    def take(self, deadline: float | None) -> JobStatus | None:
        """Return the next change; ``None`` when ``deadline`` (monotonic clock) has passed.

        Raises:
            NoSuchJobException: the scheduler does not know the job.
            XenonException: the scheduler was closed.
        """
        with self._condition:
            while not self._changes:
                if self._error is not None:
                    raise self._error
                rest = None if deadline is None else deadline - time.monotonic()
                if rest is not None and rest <= 0:
                    return None
                self._condition.wait(rest)
            status = self._changes.popleft()
        if _is_unknown(status):
            raise no_such_job(status.job.id)
        return status


def no_such_job(job_id: str) -> NoSuchJobException:
    """Return the exception for an identifier that the scheduler does not know."""
    return NoSuchJobException.because(f"there is no job {job_id!r}, or no more", job=job_id)


class Finisher:
    """Completes futures in a thread of its own, which exists only while there are some.

    Their callbacks are the user's code and may take their time; no other part waits for them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._work: deque[Callable[[], object]] = deque()
        self._running = False

    def do(self, work: Callable[[], object]) -> None:
        """Run ``work`` soon, in order."""
        with self._lock:
            self._work.append(work)
            if self._running:
                return
            self._running = True
        threading.Thread(target=self._run, name="xenon-futures", daemon=True).start()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._work:
                    self._running = False
                    return
                work = self._work.popleft()
            try:
                work()
            except BaseException:  # noqa: BLE001 - thread boundary: other futures wait for it
                _log.exception("a future could not be completed, or its callback ended so")


class FutureListener:
    """Completes a future with the final status of one job."""

    def __init__(
        self,
        board: Board,
        finisher: Finisher,
        job_id: str,
        finish: Callable[[JobStatus], JobStatus],
    ) -> None:
        self._board = board
        self._wrap = finish
        self._finisher = finisher
        self._job_id = job_id
        self._lock = threading.Lock()
        self._over = False
        self.future: Future[JobStatus] = Future()
        self.future.set_running_or_notify_cancel()  # cancelling a future does not end its job

    def deliver(self, status: JobStatus) -> None:
        """Complete the future when the job has ended."""
        if status.done:
            self._finish(lambda: self.future.set_result(self._wrap(status)))
        elif _is_unknown(status):
            self.fail(no_such_job(self._job_id))

    def outage(self) -> None:
        """Go on waiting."""

    def fail(self, error: XenonException) -> None:
        """Complete the future with an error."""
        self._finish(lambda: self.future.set_exception(error))

    def _finish(self, complete: Callable[[], object]) -> None:
        with self._lock:
            if self._over:
                return
            self._over = True
        self._board.unlisten([self._job_id], self)
        self._finisher.do(complete)
