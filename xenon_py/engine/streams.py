"""Open files as Python's own io objects, over the streams of an adaptor."""

from __future__ import annotations

import io
from collections.abc import Iterator
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Protocol

from xenon_py.engine.context import Telling
from xenon_py.engine.operations import size_of
from xenon_py.exceptions import FileSystemClosedException
from xenon_py.plugin.filesystem import FileSystemAdaptor, ReadStream

if TYPE_CHECKING:
    from typing_extensions import Self

    from xenon_py.engine.publishing import InPlace, Publication

CHUNK_SIZE = 256 * 1024
"""Bytes per read; small enough for constant memory, large enough for long round trips."""


class FileChunks(Iterator[bytes]):
    """The content of a file as an iterator of ``bytes``; a chunk at a time is in memory.

    It also answers ``.next()`` and ``.cancel()``, as PyXenon's did. The file is closed at its end,
    by ``close()``, at the end of a ``with`` block, or when the object is dropped.
    """

    def __init__(self, stream: ReadStream, telling: Telling) -> None:
        self._stream: ReadStream | None = stream
        self._telling = telling

    def __next__(self) -> bytes:
        if self._stream is None:
            raise StopIteration
        try:
            with self._telling:
                chunk = self._stream.read(CHUNK_SIZE)
        except BaseException:
            self.close()
            raise
        if not chunk:
            self.close()
            raise StopIteration
        return chunk

    next = __next__

    def close(self) -> None:
        """Close the file; further chunks are not delivered. May be called again."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    cancel = close

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_stream", None) is not None:
            self.close()


class AdaptorHolder(Protocol):
    """Gives the adaptor as long as the file system is open."""

    @property
    def adaptor(self) -> FileSystemAdaptor: ...  # noqa: D102


class RawReader(io.RawIOBase):
    """A file to read; seeking closes the stream and opens another at the new offset."""

    def __init__(self, session: AdaptorHolder, path: str, telling: Telling) -> None:
        self.name = path
        self.mode = "rb"
        self._session = session
        self._telling = telling
        self._position = 0
        self._stream: ReadStream | None = session.adaptor.open_read(path)

    def readable(self) -> bool:
        """Tell that this can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that this can seek."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into ``buffer``; 0 at the end of the file."""
        self._check_open()
        view = memoryview(buffer).cast("B")
        if not view:
            return 0
        with self._telling:
            if self._stream is None:
                adaptor = self._session.adaptor
                self._stream = adaptor.open_read(self.name, self._position)
            data = self._stream.read(len(view))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        """Return the offset of the next byte."""
        self._check_open()
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to an offset, as with Python's own files."""
        self._check_open()
        if whence not in {io.SEEK_SET, io.SEEK_CUR, io.SEEK_END}:
            raise ValueError(f"whence must be 0, 1 or 2, not {whence!r}")
        with self._telling:
            start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position}.get(whence)
            if start is None:
                start = size_of(self._session.adaptor, self.name)
            position = start + offset
        if position < 0:
            raise ValueError(f"negative seek position {position}")
        if position != self._position:
            self._drop_stream()
            self._position = position
        return position

    def close(self) -> None:
        """Close the file. May be called again."""
        if not self.closed:
            super().close()
            self._drop_stream()

    def _drop_stream(self) -> None:
        stream, self._stream = getattr(self, "_stream", None), None
        if stream is not None:
            stream.close()

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")


class RawWriter(io.RawIOBase):
    """A file to write; it appears under its name when it is closed, unless something failed."""

    def __init__(
        self, publication: Publication | InPlace, telling: Telling, name: str, mode: str
    ) -> None:
        self.name = name
        self.mode = mode
        self._publication = publication
        self._telling = telling
        self._failed = False
        self._abandoned = False
        self._position = 0

    def writable(self) -> bool:
        """Tell that this can be written."""
        return True

    def tell(self) -> int:
        """Return the number of bytes written through this object."""
        return self._position

    def write(self, data: Any) -> int:
        """Write all of ``data``."""
        if self.closed:
            raise ValueError("I/O operation on closed file")
        self._check_abandoned()
        view = memoryview(data).cast("B")
        if self._failed:
            return len(view)  # given up: what a buffer still holds goes nowhere
        try:
            with self._telling:
                self._publication.write(view)
        except BaseException:
            self._failed = True
            raise
        self._position += len(view)
        return len(view)

    def give_up(self) -> None:
        """Make ``close`` drop the file instead of publishing it."""
        self._failed = True

    def abandon(self) -> None:
        """Drop the file now, because the file system is closed; ``close`` will say so."""
        self._abandoned = True
        self._publication.abort()

    def _check_abandoned(self) -> None:
        if self._abandoned:
            raise FileSystemClosedException.because(
                f"the file system was closed before this file, which is dropped: {self.name!r}"
            )

    def close(self) -> None:
        """Publish the file, or drop it when writing failed or was given up."""
        if self.closed:
            return
        super().close()
        if not self._failed:
            self._check_abandoned()
        if self._failed:
            self._publication.abort()
            return
        with self._telling:
            self._publication.commit()


class Writer(io.BufferedWriter):
    """A buffered writer whose ``with`` block publishes nothing when it ends in an exception."""

    raw: RawWriter

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.raw.give_up()
        self.close()


class TextWriter(io.TextIOWrapper):
    """The same for text."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None and isinstance(self.buffer, Writer):
            self.buffer.raw.give_up()
        self.close()


def buffered_reader(raw: RawReader, *, text: bool, encoding: str | None) -> IO[Any]:
    """Return the io object to read with, binary or text."""
    binary = io.BufferedReader(raw, CHUNK_SIZE)
    return io.TextIOWrapper(binary, encoding=encoding or "utf-8") if text else binary


def buffered_writer(raw: RawWriter, *, text: bool, encoding: str | None) -> IO[Any]:
    """Return the io object to write with, binary or text (line ends stay as they are)."""
    binary = Writer(raw, CHUNK_SIZE)
    if not text:
        return binary
    return TextWriter(binary, encoding=encoding or "utf-8", newline="")
