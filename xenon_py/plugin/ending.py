"""How a process comes to its end, for all kinds of processes alike."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from xenon_py.plugin.process import Process, ProcessExit

_log = logging.getLogger("xenon_py.plugin.ending")


class GroupProcess(Process):
    """A process that leads a group, and somebody tells how it ended.

    It counts as ended when its exit is known and, where its group was told to end, nothing of the
    group is left. Subclasses call ``_exited`` and ``_group_gone``, and set ``_ending`` under
    ``_lock`` before they end the group.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._exit: ProcessExit | None = None
        self._ending = False
        self._callbacks: list[Callable[[ProcessExit], object]] = []

    def poll(self) -> ProcessExit | None:
        """Return how it ended, ``None`` while it runs."""
        return self._exit if self._ended.is_set() else None

    def wait(self, timeout: float | None = None) -> ProcessExit | None:
        """Wait for the end, at most ``timeout`` seconds; ``None`` when it still runs."""
        return self._exit if self._ended.wait(timeout) else None

    def on_exit(self, callback: Callable[[ProcessExit], object]) -> None:
        """Call back once it has ended, from the thread that notices (at once, if it has)."""
        with self._lock:
            if not self._ended.is_set():
                self._callbacks.append(callback)
                return
            ended = self._exit
        if ended is not None:
            callback(ended)

    def _exited(self, ended: ProcessExit) -> None:
        """Note how the process itself ended."""
        with self._lock:
            self._exit = ended
            over = not self._ending
        if over:
            self._finish()

    def _group_gone(self) -> None:
        """Note that nothing of the group is left."""
        with self._lock:
            self._ending = False
            over = self._exit is not None
        if over:
            self._finish()

    def _finish(self) -> bool:
        """Count as ended from now on, and tell those who asked; ``False`` if it did before."""
        with self._lock:
            if self._ended.is_set() or self._exit is None:
                return False
            ended = self._exit
            self._ended.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            try:
                callback(ended)
            except Exception:  # noqa: BLE001 - the thread serves other processes too
                _log.exception("a callback for the end of process %s failed", self.pid)
        return True
