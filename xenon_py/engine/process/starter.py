"""Threads that start jobs: a few at most, whatever the number of jobs, and none when idle."""

from __future__ import annotations

import threading
from collections.abc import Callable

_LINGER = 0.25
"""Seconds that a thread stays when there is nothing to start: short jobs come in rows."""


class Starter:
    """Runs ``step`` as often as there is work, in up to ``most`` threads."""

    def __init__(self, step: Callable[[], bool], most: int) -> None:
        """``step`` does one piece of work; it returns ``False`` when there was none."""
        self._step = step
        self._most = most
        self._condition = threading.Condition()
        self._threads = 0
        self._idle = 0
        self._wanted = 0

    def poke(self, pieces: int = 1) -> None:
        """Say that there may be so many more pieces of work to do."""
        with self._condition:
            self._wanted = min(self._wanted + pieces, self._most)
            self._condition.notify(pieces)
            missing = min(self._wanted - self._idle, self._most - self._threads)
            self._threads += max(0, missing)
        for _ in range(missing):
            threading.Thread(target=self._run, name="xenon-starter", daemon=True).start()

    def _run(self) -> None:
        while True:
            with self._condition:
                self._idle += 1
                self._condition.wait_for(lambda: self._wanted, _LINGER)
                self._idle -= 1
                if not self._wanted:
                    self._threads -= 1
                    return
                self._wanted -= 1
            while self._step():
                pass
