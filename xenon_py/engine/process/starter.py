"""Threads that start jobs: a few at most, whatever the number of jobs, and none when idle."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Starter:
    """Runs ``step`` again and again, in up to ``most`` threads, until there is nothing to do."""

    def __init__(self, step: Callable[[], bool], most: int) -> None:
        """``step`` does one piece of work; it returns ``False`` when there was none."""
        self._step = step
        self._most = most
        self._lock = threading.Lock()
        self._threads = 0
        self._pokes = 0

    def poke(self) -> None:
        """Say that there may be something to do."""
        with self._lock:
            self._pokes += 1
            if self._threads == self._most:
                return
            self._threads += 1
        threading.Thread(target=self._run, name="xenon-starter", daemon=True).start()

    def _run(self) -> None:
        while True:
            seen = self._pokes
            while self._step():
                pass
            with self._lock:
                if seen == self._pokes:  # else something may have come after the last look
                    self._threads -= 1
                    return
