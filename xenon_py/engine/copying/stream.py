"""Moves the bytes of one file from a read stream to a write stream, in bounded memory."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing

from xenon_py.engine.copying.control import Control
from xenon_py.plugin.filesystem import ReadStream

CHUNK = 1024 * 1024
READ_AHEAD_FROM = 4 * CHUNK
"""Smaller files are not worth a thread that reads ahead."""

_IN_FLIGHT = 4
_POLL = 0.1
_GRACE = 1.0
_GRACES = 3
_log = logging.getLogger(__name__)


def move(
    stream: ReadStream,
    take: Callable[[bytes], object],
    size: int,
    control: Control,
    *,
    ahead: bool,
    piece: int,
) -> None:
    """Hand all that a stream has to ``take``, chunk by chunk.

    Args:
        stream: is not closed.
        take: called by one thread, but perhaps another one than the caller's.
        size: what the file is thought to have, in bytes.
        control: of the copy.
        ahead: whether to read on while ``take`` is at work. That pays where both wait or compute;
            where one of them is this machine's disk, handing each chunk to another thread takes
            longer.
        piece: bytes to read at a time where nothing is read ahead.
    """
    if ahead or size < READ_AHEAD_FROM:
        with closing(chunks(stream, size, control)) as parts:
            for part in parts:
                take(part)
    else:
        Pump(stream, take, control, piece).run()


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


class Pump:
    """Reads a stream and has each chunk taken, both in one thread of its own.

    Who waits for it stays prompt to cancel even when a read hangs.
    """

    def __init__(
        self, stream: ReadStream, take: Callable[[bytes], object], control: Control, piece: int
    ) -> None:
        self._stream = stream
        self._piece = piece
        self._take = take
        self._control = control
        self._error: BaseException | None = None
        self._done = threading.Event()
        self._reading = self._given_up = False
        self._thread = threading.Thread(target=self._work, name="xenon-copy-move", daemon=True)

    def run(self) -> None:
        """Move everything; raises what reading or taking raised."""
        self._thread.start()
        try:
            while not self._done.wait(_POLL):
                self._control.check()
        except BaseException:
            self._end()
            raise
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            while chunk := self._read():
                self._take(chunk)
        except BaseException as error:  # noqa: BLE001 - handed to who waits, and raised there
            self._error = error
        finally:
            self._done.set()

    def _read(self) -> bytes:
        self._reading = True
        try:
            chunk = b"" if self._given_up else self._stream.read(self._piece)
        finally:
            self._reading = False
        return b"" if self._given_up else chunk

    def _end(self) -> None:
        """Let the thread end: a write is waited for, a read that hangs is not."""
        self._given_up = True
        graces = 0
        while graces < _GRACES:
            self._thread.join(_GRACE)
            if not self._thread.is_alive():
                return
            if self._reading:
                graces += 1
                if graces == 1:
                    self._stream.close()  # the read ends with an error, or with its connection
        _log.warning("a thread hangs in a read that its adaptor cannot interrupt")


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
        for attempt in range(_GRACES):
            while not self._queue.empty():
                self._queue.get_nowait()
            self._thread.join(_GRACE)
            if not self._thread.is_alive():
                return
            if attempt == 0:
                self._stream.close()  # a read that hangs ends with an error, or with its connection
        _log.warning("a thread hangs in a read that its adaptor cannot interrupt")
