"""Calls back at given times: one thread, which exists only while something is due."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable

_LONGEST = 86_400.0
"""Seconds of one wait; limits of thousands of years overflow the clock of the system."""


class Timers:
    """Time limits and start times of the jobs of one scheduler."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._heap: list[tuple[float, int]] = []
        self._live: dict[int, Callable[[], object]] = {}
        self._tokens = itertools.count()
        self._running = False

    def after(self, seconds: float, callback: Callable[[], object]) -> int:
        """Call ``callback`` after so many seconds; return a token to cancel that."""
        with self._condition:
            token = next(self._tokens)
            self._live[token] = callback
            heapq.heappush(self._heap, (time.monotonic() + seconds, token))
            if self._running:
                self._condition.notify()
            else:
                self._running = True
                threading.Thread(target=self._run, name="xenon-timers", daemon=True).start()
        return token

    def cancel(self, token: int | None) -> None:
        """Forget a call; nothing happens when it was made already."""
        with self._condition:
            if token in self._live:
                del self._live[token]
                if not self._live:
                    self._condition.notify()

    def clear(self) -> None:
        """Forget all calls."""
        with self._condition:
            self._live.clear()
            self._condition.notify()

    def _run(self) -> None:
        while True:
            callback = self._next()
            if callback is None:
                return
            callback()

    def _next(self) -> Callable[[], object] | None:
        """Wait for the next call to make; ``None`` when there is none left."""
        with self._condition:
            while self._live:
                due, token = self._heap[0]
                pause = due - time.monotonic()
                if token in self._live and pause > 0:
                    self._condition.wait(min(pause, _LONGEST))
                    continue
                heapq.heappop(self._heap)
                callback = self._live.pop(token, None)
                if callback is not None:
                    return callback
            self._heap.clear()
            self._running = False
            return None
