"""Moves the bytes of one file from a read stream to a write stream, in bounded memory."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Generator, Iterator

from xenon_py.engine.copying.control import Control
from xenon_py.plugin.filesystem import ReadStream

CHUNK = 1024 * 1024
READ_AHEAD_FROM = 4 * CHUNK
"""Smaller files are not worth a thread that reads ahead."""

_IN_FLIGHT = 4
_POLL = 0.1
_GRACE = 1.0
_log = logging.getLogger(__name__)


def chunks(stream: ReadStream, size: int, control: Control) -> Generator[bytes, None, None]:
    """Yield what the stream has; a large file is read ahead by a thread of its own.

    Args:
        stream: is not closed.
        size: what the file is thought to have, in bytes.
        control: of the copy.
    """
    if size >= READ_AHEAD_FROM:
        yield from ReadAhead(stream, control)
        return
    while chunk := stream.read(CHUNK):
        control.check()
        yield chunk


class ReadAhead:
    """Reads a stream in a thread, at most a few chunks ahead of who iterates.

    Iterating stays prompt to cancel even when a read hangs.
    """

    def __init__(self, stream: ReadStream, control: Control) -> None:
        self._stream = stream
        self._control = control
        self._queue: queue.Queue[bytes | BaseException] = queue.Queue(_IN_FLIGHT)
        self._given_up = False
        self._thread = threading.Thread(target=self._read, name="xenon-copy-read", daemon=True)

    def __iter__(self) -> Iterator[bytes]:
        self._thread.start()
        try:
            while chunk := self._next():
                yield chunk
        finally:
            self._end()

    def _read(self) -> None:
        try:
            while not self._given_up and (chunk := self._stream.read(CHUNK)):
                self._queue.put(chunk)
            self._queue.put(b"")
        except BaseException as error:  # noqa: BLE001 - handed to who iterates, and raised there
            self._queue.put(error)

    def _next(self) -> bytes:
        while True:
            self._control.check()
            try:
                found = self._queue.get(timeout=_POLL)
            except queue.Empty:
                continue
            if isinstance(found, BaseException):
                raise found
            return found

    def _end(self) -> None:
        """Let the thread end, whatever it does: putting, or hanging in a read."""
        self._given_up = True
        for attempt in range(3):
            while not self._queue.empty():
                self._queue.get_nowait()
            self._thread.join(_GRACE)
            if not self._thread.is_alive():
                return
            if attempt == 0:
                self._stream.close()  # a read that hangs ends with an error, or with its connection
        _log.warning("a thread hangs in a read that its adaptor cannot interrupt")
