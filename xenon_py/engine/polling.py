"""The one poller of a scheduler whose statuses do not come by themselves."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence

from xenon_py.engine.watching import Board
from xenon_py.exceptions import XenonException, XenonRuntimeException
from xenon_py.model.jobs import JobStatus
from xenon_py.plugin.scheduler import SchedulerAdaptor

_log = logging.getLogger("xenon_py.engine.polling")
_REMEMBERED = 20_000
_SLOWEST = 10
"""The interval grows to so many times ``poll_delay``."""


class Poller:
    """Asks for the statuses of all watched jobs, all in one call per round.

    The thread exists only while somebody listens on the board. The interval is ``poll_delay``
    while things happen and grows to a tenth of the time since the last change; when the scheduler
    cannot be asked it doubles from round to round, and the waiters just go on waiting.
    """

    def __init__(self, adaptor: SchedulerAdaptor, board: Board) -> None:
        self._adaptor = adaptor
        self._board = board
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._asked: set[str] = set()
        self._last_round = float("-inf")
        self._last_change = 0.0
        self._interval = adaptor.poll_delay
        self._states: dict[str, tuple[str, bool]] = {}
        self._latest: OrderedDict[str, JobStatus] = OrderedDict()
        board.on_listen = self.wake

    def wake(self) -> None:
        """Look at who listens: start, end, or ask soon about jobs that are new."""
        with self._condition:
            watched = set(self._board.watched())
            if watched - self._asked:
                self._last_change = time.monotonic()
                self._interval = self._adaptor.poll_delay
            if watched and self._thread is None:
                self._thread = threading.Thread(target=self._run, name="xenon-poller", daemon=True)
                self._thread.start()
            self._condition.notify()

    def _run(self) -> None:
        while True:
            with self._condition:
                job_ids = self._board.watched()
                if not job_ids:
                    self._thread = None
                    return
                pause = self._last_round + self._interval - time.monotonic()
                if pause > 0:
                    self._condition.wait(pause)
                    continue
                self._asked = set(job_ids)
            self._round(job_ids)

    def _round(self, job_ids: Sequence[str]) -> None:
        try:
            statuses = self._adaptor.statuses(job_ids)
        except XenonException as error:
            _log.warning("%s could not be asked: %s", self._adaptor.description.name, error)
            self._board.outage()
            statuses = []
        except Exception as error:  # noqa: BLE001 - the waiters get it, the thread is theirs
            fault = XenonRuntimeException.because(f"the status query failed: {error!r}")
            fault.__cause__ = error
            self._board.fail(fault)
            return
        finally:
            self._last_round = time.monotonic()
        self._keep(statuses)
        for status in statuses:
            self._board.publish(status)
        self._adapt(statuses)

    def latest(self, job_id: str) -> JobStatus | None:
        """Return what the last round that asked for a job said, if that is remembered."""
        with self._condition:
            return self._latest.get(job_id)

    def _keep(self, statuses: Sequence[JobStatus]) -> None:
        with self._condition:
            for status in statuses:
                self._latest[status.job.id] = status
                self._latest.move_to_end(status.job.id)
            while len(self._latest) > _REMEMBERED:
                self._latest.popitem(last=False)

    def _adapt(self, statuses: Sequence[JobStatus]) -> None:
        """Choose the time until the next round."""
        delay = self._adaptor.poll_delay
        with self._condition:
            if not statuses or all(status.stale for status in statuses):
                self._interval = min(self._interval * 2, delay * _SLOWEST)
                return
            states = {status.job.id: (status.state, status.done) for status in statuses}
            if states != self._states:
                self._states, self._last_change = states, time.monotonic()
            quiet = (time.monotonic() - self._last_change) / 10
            self._interval = max(delay, min(quiet, delay * _SLOWEST))
