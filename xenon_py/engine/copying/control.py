"""What all threads of one copy share: whether to go on, and how far it is."""

from __future__ import annotations

import threading
from typing import NamedTuple

from xenon_py.exceptions import CopyCancelledException, XenonException


class Counts(NamedTuple):
    """How far a copy is; see ``CopyStatus``."""

    bytes_copied: int = 0
    bytes_to_copy: int = 0
    files_copied: int = 0
    files_to_copy: int = 0
    files_skipped: int = 0


class Control:
    """Stop flag and counters of one copy; every method may be called from any thread.

    Attributes:
        reason: why the copy stops: the first error of any of its threads, or the cancellation.
    """

    def __init__(self) -> None:
        self.reason: XenonException | None = None
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._bytes_copied = 0
        self._bytes_to_copy = 0
        self._files_copied = 0
        self._files_to_copy = 0
        self._files_skipped = 0

    def stop(self, reason: XenonException) -> None:
        """Make all threads stop soon; the first reason stays."""
        with self._lock:
            if self.reason is None:
                self.reason = reason
        self._stopped.set()

    def check(self) -> None:
        """Return if the copy goes on.

        Raises:
            CopyCancelledException: it does not; ``reason`` says why.
        """
        if self.reason is not None:
            raise CopyCancelledException.because("the copy is being stopped")

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than until the copy is stopped."""
        self._stopped.wait(seconds)
        self.check()

    def found(self, files: int, size: int) -> None:
        """Count files (and links) that are to be copied, and their bytes."""
        with self._lock:
            self._files_to_copy += files
            self._bytes_to_copy += size

    def advance(self, size: int) -> None:
        """Count copied bytes; negative ones take back those of a failed attempt."""
        with self._lock:
            self._bytes_copied += size

    def copied(self, files: int = 1) -> None:
        """Count files (and links) that are complete."""
        with self._lock:
            self._files_copied += files

    def skipped(self, size: int) -> None:
        """Count a file that was there already: it need not be copied after all."""
        with self._lock:
            self._files_skipped += 1
            self._files_to_copy -= 1
            self._bytes_to_copy -= size

    def counts(self) -> Counts:
        """Return how far the copy is."""
        with self._lock:
            return Counts(
                self._bytes_copied,
                self._bytes_to_copy,
                self._files_copied,
                self._files_to_copy,
                self._files_skipped,
            )


class Counter:
    """Counts the bytes of one attempt at one file, and lets it stop between two chunks.

    Attributes:
        total: bytes so far.
    """

    __slots__ = ("_control", "total")

    def __init__(self, control: Control) -> None:
        self._control = control
        self.total = 0

    def add(self, size: int) -> None:
        """Count further bytes; raises when the copy is to stop."""
        self._control.check()
        self._control.advance(size)
        self.total += size

    def take_back(self) -> None:
        """Forget what was counted: the attempt failed and is made again."""
        self._control.advance(-self.total)
        self.total = 0
