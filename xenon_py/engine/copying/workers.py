"""The threads of one copy, fed through a bounded queue."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Generic, TypeVar

from xenon_py.engine.copying.control import Control
from xenon_py.exceptions import XenonException, XenonRuntimeException

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")
_POLL = 0.1


def as_xenon(error: BaseException) -> XenonException:
    """Return an error as one of ours; a foreign one is a fault of an adaptor or of this library."""
    if isinstance(error, XenonException):
        return error
    wrapped = XenonRuntimeException.because(f"unexpected {type(error).__name__}: {error}")
    wrapped.__cause__ = error
    return wrapped


class Workers(Generic[T]):
    """Up to ``count`` threads that do ``work`` on what is put; the first error stops the copy.

    Threads are started as they are needed; at the end of the ``with`` block all jobs are done, or
    the copy was stopped, and no thread is left. Everything is for the one thread that made it;
    while that waits, ``idle`` is called about every 0.1 s.
    """

    def __init__(
        self,
        count: int,
        work: Callable[[T], None],
        control: Control,
        idle: Callable[[], None],
    ) -> None:
        self._count = count
        self._work = work
        self._control = control
        self._idle = idle
        self._queue: queue.Queue[T | None] = queue.Queue(2 * count)
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self._control.stop(as_xenon(error))
        for _ in self._threads:
            self._offer(None)
        for thread in self._threads:
            thread.join(_POLL)
            while thread.is_alive():
                self._be_idle()
                thread.join(_POLL)
        if error is None:
            self._control.check()

    def put(self, job: T) -> None:
        """Hand over a job; waits while the queue is full, and raises when the copy is to stop."""
        self._offer(job)
        self._control.check()
        if len(self._threads) < self._count:
            thread = threading.Thread(target=self._run, name="xenon-copy-worker", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._be_idle()

    def do(self, job: T) -> None:
        """Do a job here and now: for one so short that handing it over would take longer."""
        self._control.check()
        self._work(job)
        self._be_idle()

    def _offer(self, job: T | None) -> None:
        """Put into the queue, unless the copy is to stop: then the threads end by themselves."""
        while self._control.reason is None:
            try:
                return self._queue.put(job, timeout=_POLL)
            except queue.Full:
                self._be_idle()
        return None

    def _be_idle(self) -> None:
        try:
            self._idle()
        except XenonException as error:
            self._control.stop(error)

    def _run(self) -> None:
        while self._control.reason is None:
            try:
                job = self._queue.get(timeout=_POLL)
            except queue.Empty:
                continue
            if job is None:
                return
            try:
                self._work(job)
            except BaseException as error:  # noqa: BLE001 - thread boundary: it ends the copy
                self._control.stop(as_xenon(error))
