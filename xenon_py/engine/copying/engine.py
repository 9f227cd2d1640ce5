"""The copies of one file system: starts them, a few at a time, and keeps what became of them."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout

from xenon_py.engine.copying.listed import Pair
from xenon_py.engine.copying.options import CopyOptions
from xenon_py.engine.copying.route import Route
from xenon_py.engine.copying.task import ListTask, PathTask, Task
from xenon_py.exceptions import FileSystemClosedException, NoSuchCopyException
from xenon_py.model.copying import CopyOperation, CopyOwner, CopyStatus
from xenon_py.plugin.filesystem import FileSystemAdaptor

MAX_RUNNING = 4
"""Copies of one file system that run at a time; further ones wait their turn, in order."""

MAX_REMEMBERED = 1000
"""Copies that are known after they have ended; the oldest are forgotten first."""

_CANCEL_GRACE = 10.0
_JOIN_GRACE = 60.0
_log = logging.getLogger(__name__)


class CopyEngine:
    """The copies that one facade started; every method may be called from any thread.

    Args:
        adaptor_name: for the identifiers, ``COPY-<adaptor>-<n>``.
        owner: the facade, to which the operations in the statuses are bound.
    """

    def __init__(self, adaptor_name: str, owner: CopyOwner | None = None) -> None:
        self._adaptor_name = adaptor_name
        self._owner = owner
        self._count = 0
        self._closed = False
        self.forget()
        _engines.add(self)

    def forget(self) -> None:
        """Begin without any copy; in a forked child those of the parent are none of ours."""
        self._lock = threading.Lock()  # the other may be held for ever, by a thread of the parent
        self._tasks: dict[str, Task] = {}
        self._waiting: deque[Task] = deque()
        self._running = 0
        self._threads: list[threading.Thread] = []

    def start(
        self,
        source: FileSystemAdaptor,
        source_path: str,
        destination: FileSystemAdaptor,
        destination_path: str,
        options: CopyOptions,
    ) -> str:
        """Begin a copy and return its identifier; whatever goes wrong is in its status.

        Args:
            source: the adaptor to read from.
            source_path: absolute and normalised.
            destination: the adaptor to write to, which may be the same.
            destination_path: absolute and normalised; the exact target.
            options: how.

        Raises:
            FileSystemClosedException: the engine was closed.
        """
        route = Route.between(source, destination)
        return self._start(
            lambda operation: PathTask(operation, route, source_path, destination_path, options)
        )

    def start_list(
        self,
        source: FileSystemAdaptor,
        destination: FileSystemAdaptor,
        pairs: Sequence[Pair],
        options: CopyOptions,
    ) -> str:
        """Begin the copy of a list of files; likewise.

        Args:
            source: the adaptor to read from.
            destination: the adaptor to write to, which may be the same.
            pairs: paths of sources and targets, absolute and normalised.
            options: how.

        Raises:
            FileSystemClosedException: the engine was closed.
        """
        route = Route.between(source, destination)
        return self._start(lambda operation: ListTask(operation, route, pairs, options))

    def _start(self, make: Callable[[CopyOperation], Task]) -> str:
        with self._lock:
            if self._closed:
                raise FileSystemClosedException.because("the file system was closed")
            operation = CopyOperation(f"COPY-{self._adaptor_name}-{self._count}", self._owner)
            self._count += 1
            task = make(operation)
            self._forget_oldest()
            self._tasks[operation.id] = task
            self._waiting.append(task)
            if self._running < MAX_RUNNING:
                self._start_thread(operation.id)
        return operation.id

    def status(self, copy_id: str) -> CopyStatus:
        """Return how far a copy is.

        Raises:
            NoSuchCopyException: the identifier is unknown.
        """
        return self._task(copy_id).status()

    def wait(self, copy_id: str, timeout_seconds: float | None) -> CopyStatus:
        """Wait for the end of a copy, at most so long; ``None`` = for ever.

        Returns:
            The final status, or the present one when the time is over.
        """
        task = self._task(copy_id)
        try:
            return task.future.result(timeout_seconds)
        except FutureTimeout:
            return task.status()

    def cancel(self, copy_id: str) -> CopyStatus:
        """Cancel a copy and return how it ended; one that has ended stays as it is.

        A running copy stops between two blocks. When a server does not answer, that lasts until
        its time-out: then the status that comes back after 10 s is not ``done``.
        """
        task = self._task(copy_id)
        task.cancel()
        with self._lock:
            never_began = task in self._waiting
            if never_began:
                self._waiting.remove(task)
        if never_began:
            task.run()
        if task.is_current_thread() and not task.done:
            return task.status()
        return self.wait(copy_id, _CANCEL_GRACE)

    def future(self, copy_id: str) -> Future[CopyStatus]:
        """Return a future of the final status; it never holds an exception."""
        return self._task(copy_id).future

    def close(self) -> None:
        """Cancel all copies and wait until their threads have ended. May be called again."""
        with self._lock:
            self._closed = True
            never_began = list(self._waiting)
            self._waiting.clear()
            tasks, threads = list(self._tasks.values()), list(self._threads)
        for task in tasks:
            if not task.done:
                task.cancel()
        for task in never_began:
            task.run()
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(_JOIN_GRACE)
                if thread.is_alive():
                    _log.warning("%s hangs in a call of its adaptor", thread.name)

    def _task(self, copy_id: str) -> Task:
        with self._lock:
            task = self._tasks.get(copy_id)
        if task is None:
            raise NoSuchCopyException.because(f"there is no copy {copy_id!r}")
        return task

    def _forget_oldest(self) -> None:
        """Forget finished copies, when there are too many; with the lock held."""
        surplus = len(self._tasks) - MAX_REMEMBERED
        if surplus >= 0:
            ended = [copy_id for copy_id, task in self._tasks.items() if task.done]
            for copy_id in ended[: surplus + 1]:
                del self._tasks[copy_id]

    def _start_thread(self, name: str) -> None:
        thread = threading.Thread(target=self._run, name=f"xenon-{name}", daemon=True)
        self._threads = [*filter(threading.Thread.is_alive, self._threads), thread]
        self._running += 1
        thread.start()

    def _run(self) -> None:
        """Do waiting copies, in order, until there are none."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._running -= 1
                    return
                task = self._waiting.popleft()
            try:
                task.run()
            except BaseException:  # noqa: BLE001 - thread boundary: other copies wait for it
                _log.exception("the future of %s, or its callback, failed", task.operation.id)


_engines: weakref.WeakSet[CopyEngine] = weakref.WeakSet()


def _close_all() -> None:
    """Cancel what still runs when the interpreter ends, so that no temporary file is left."""
    for engine in list(_engines):
        engine.close()


def _forget_all() -> None:
    for engine in list(_engines):
        engine.forget()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_forget_all)
