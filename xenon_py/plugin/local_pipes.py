"""Our ends of the pipes of a local process.

They are non-blocking and waited for in slices: a descendant that left the process group may hold
the other end open for ever, and ``close`` from another thread has to work nevertheless.
"""

from __future__ import annotations

import os
import select
import threading
from typing import IO

from xenon_py.plugin.filesystem import Buffer

_SLICE_MS = 250


class _Pipe:
    def __init__(self, file: IO[bytes], events: int) -> None:
        self._file = file
        self._fd = file.fileno()
        os.set_blocking(self._fd, False)
        self._poll = select.poll()
        self._poll.register(self._fd, events)
        self._closing = False
        self._using = threading.RLock()

    def _wait(self) -> bool:
        """Wait until the pipe is ready; ``False`` when it is to be closed."""
        while not self._closing:
            if self._poll.poll(_SLICE_MS):
                return not self._closing
        return False

    def close(self) -> None:
        """Close our end; ends a read or write that waits in another thread."""
        self._closing = True
        with self._using:
            self._file.close()

    def __del__(self) -> None:
        self.close()


class LocalInputPipe(_Pipe):
    """Standard input of a local process."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, select.POLLOUT)

    def write(self, data: Buffer, /) -> None:
        """Hand all of ``data`` over; blocks while the process does not read.

        Raises:
            BrokenPipeError: the process reads no more, or the pipe is closed.
        """
        rest = memoryview(data).cast("B")
        with self._using:
            while rest:
                if not self._wait():
                    raise BrokenPipeError("the input of the process is closed")
                try:
                    rest = rest[os.write(self._fd, rest) :]
                except BlockingIOError:
                    continue  # ready for less than a page; wait for more


class LocalOutputPipe(_Pipe):
    """Standard output or error of a local process."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, select.POLLIN)

    def read(self, size: int, /) -> bytes:
        """Return 1 to ``size`` bytes as soon as there are some, ``b""`` only at the end."""
        with self._using:
            while self._wait():
                try:
                    return os.read(self._fd, size)
                except BlockingIOError:
                    continue  # a spurious wake-up
        return b""
