"""The waiting calls of the scheduler facade."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future

from xenon_py.engine.polling import Poller
from xenon_py.engine.watching import Board, Finisher, FutureListener, Subscription
from xenon_py.exceptions import XenonException, XenonTimeoutException
from xenon_py.model.jobs import Job, JobStatus
from xenon_py.plugin.scheduler import SchedulerAdaptor


class Waiting:
    """Waits for jobs of one scheduler, for any number of threads."""

    def __init__(self, adaptor: SchedulerAdaptor) -> None:
        self._adaptor = adaptor
        self._board = Board()
        self._finisher = Finisher()
        self._poller: Poller | None = None
        if adaptor.pushes_changes:
            adaptor.subscribe(self._board.publish)
        else:
            self._poller = Poller(adaptor, self._board)

    def _begin(self, subscription: Subscription, job_ids: Sequence[str]) -> None:
        """Deliver what is known now; polled statuses come with the next round by themselves."""
        if self._adaptor.pushes_changes:
            for status in self._adaptor.statuses(job_ids):
                subscription.deliver(status)

    def wait(
        self, job_id: str, until: Callable[[JobStatus], bool], timeout: float | None
    ) -> JobStatus:
        """Wait until a status fulfils ``until`` (or the job has ended); else return the last one.

        Args:
            job_id: which job.
            until: what is waited for.
            timeout: in seconds; ``None`` = for ever.
        """
        deadline = _deadline(timeout)
        with Subscription(self._board, [job_id], until) as subscription:
            self._begin(subscription, [job_id])
            status = subscription.take(deadline)
            if status is not None:
                return status
            known = subscription.latest.get(job_id)
            if known is None and self._poller is not None:  # the time was too short for a round
                known = self._poller.latest(job_id)
            return known or JobStatus(Job(job_id), state="UNKNOWN", stale=True)

    def changes(
        self, job_ids: Sequence[str], timeout: float | None, *, ends_only: bool = False
    ) -> Iterator[JobStatus]:
        """Yield the present status of each job and then every change, until all have ended.

        Args:
            job_ids: which jobs.
            timeout: for all of them, in seconds; ``None`` = for ever.
            ends_only: yield final statuses only.

        Raises:
            XenonTimeoutException: they have not ended in time.
        """
        deadline = _deadline(timeout)
        left = set(job_ids)
        with Subscription(self._board, job_ids, lambda _: not ends_only) as subscription:
            self._begin(subscription, job_ids)
            while left:
                status = subscription.take(deadline)
                if status is None:
                    raise XenonTimeoutException.because(
                        f"{len(left)} of {len(set(job_ids))} jobs have not ended in time"
                    )
                if status.done:
                    left.discard(status.job.id)
                yield status

    def future(self, job_id: str, finish: Callable[[JobStatus], JobStatus]) -> Future[JobStatus]:
        """Return a future of the final status; its callbacks run in a thread of their own.

        Args:
            job_id: which job.
            finish: makes of the status what the future gives.
        """
        listener = FutureListener(self._board, self._finisher, job_id, finish)
        self._board.listen([job_id], listener)
        if self._adaptor.pushes_changes:
            for status in self._adaptor.statuses([job_id]):
                listener.deliver(status)
        return listener.future

    def close(self, error: XenonException) -> None:
        """End all waiting, now and later, with ``error``."""
        self._board.close(error)


def _deadline(timeout: float | None) -> float | None:
    return None if timeout is None else time.monotonic() + timeout
