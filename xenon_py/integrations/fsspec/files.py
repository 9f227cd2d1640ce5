"""Open files as fsspec's users expect them, over those of ``FileSystem.open``."""

from __future__ import annotations

import inspect
import io
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

from fsspec.spec import AbstractBufferedFile

from xenon_py.engine.names import temporary_path
from xenon_py.engine.streams import CHUNK_SIZE, RawWriter
from xenon_py.model.copying import CopyMode

if TYPE_CHECKING:
    from xenon_py.filesystem import FileSystem
    from xenon_py.integrations.fsspec.base import Connected

_FRAMES = 16


class ReadFile(io.BufferedReader):
    """A file to read: one stream that runs ahead, and a new one after each seek out of its buffer.

    Attributes:
        fs: where it is.
        path: its path.
        blocksize: size of its buffer, in bytes.
    """

    def __init__(self, fs: Connected, path: str, block_size: int | None) -> None:
        raw = fs.files.open(path, "rb").detach()  # type: ignore[attr-defined]
        self.blocksize = block_size or CHUNK_SIZE
        super().__init__(raw, self.blocksize)
        self.fs = fs
        self.path = path
        self._details: dict[str, Any] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what it takes to open the file again, and to go on where this one is."""
        return _reopened, (self.fs, self.path, self.blocksize, self.tell())

    @property
    def details(self) -> dict[str, Any]:
        """What ``info`` tells of it."""
        if self._details is None:
            self._details = self.fs.info(self.path)
        return self._details

    def info(self) -> dict[str, Any]:
        """Return what ``fs.info`` tells of it."""
        return self.details

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return int(self.details["size"])


def _reopened(fs: Connected, path: str, block_size: int, position: int) -> ReadFile:
    file = ReadFile(fs, path, block_size)
    file.seek(position)
    return file


class CachedFile(AbstractBufferedFile):  # type: ignore[misc]
    """A file that is read range by range through a cache of fsspec's (``cache_type=…``)."""

    def _fetch_range(self, start: int, end: int) -> bytes:
        data: bytes = self.fs.cat_file(self.path, start, end)
        return data


class WriteFile(io.BufferedWriter):
    """A file to write; nothing is seen under its name before it is closed, and well.

    When a ``with`` block around it, or around the ``OpenFile`` or pandas handle that holds it, is
    left by an exception, nothing is stored. In a transaction it waits under a temporary name for
    ``commit``.
    """

    raw: RawWriter

    def __init__(self, fs: Connected, path: str, mode: str, *, autocommit: bool) -> None:
        files = fs.files
        self._written = path if autocommit else temporary_path(path)
        if autocommit:
            stream = files.open(path, mode)
        else:  # a file that it will replace leaves its permission bits to it, from the beginning
            stream = files.open(self._written, "xb", like=path)
        super().__init__(stream.detach(), CHUNK_SIZE)  # type: ignore[attr-defined]
        self.fs = fs
        self.path = path
        self._exclusive = mode == "xb"
        self._handled_before = sys.exc_info()[1]
        self._given_up = False

    def give_up(self) -> None:
        """Make ``close`` drop what was written."""
        self._given_up = True
        self.raw.give_up()

    def close(self) -> None:
        """Store the file, or drop it if it was given up or an exception is on its way."""
        if not self.closed:
            if _leaving_by_exception(self._handled_before):
                self.give_up()
            super().close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.give_up()
        self.close()

    def commit(self) -> None:
        """Give a file of a transaction its name."""
        self.close()
        if self._given_up or self._written == self.path:
            return
        replace_file(self.fs.files, self._written, self.path, exclusive=self._exclusive)

    def discard(self) -> None:
        """Drop a file of a transaction."""
        if not self.closed:
            self.give_up()
            self.close()
        elif self._written != self.path and not self._given_up:
            self.fs.files.delete(self._written)


class TextFile(io.TextIOWrapper):
    """Text over a file to write, with the same care in ``with`` blocks."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None and isinstance(self.buffer, WriteFile):
            self.buffer.give_up()
        self.close()


def _leaving_by_exception(handled_before: BaseException | None) -> bool:
    """Tell whether some ``__exit__`` runs right now because of an exception.

    Wrappers of files (``fsspec.OpenFile``, those of pandas) only call ``close`` then. An exception
    that was being handled already when the file was opened is of no concern to it.
    """
    error = sys.exc_info()[1]
    if error is None or error is handled_before:
        return False
    frame = inspect.currentframe()
    for _ in range(_FRAMES):
        if frame is None:
            break
        if frame.f_code.co_name in {"__exit__", "__aexit__"}:
            return True
        frame = frame.f_back
    return False


def replace_file(files: FileSystem, source: str, target: str, *, exclusive: bool = False) -> None:
    """Move a file to where one may be, by renaming where that is possible.

    Raises:
        PathAlreadyExistsException: there is something, and ``exclusive`` was asked for.
    """
    if files.get_description().supports_rename:
        files.rename(source, target, replace=not exclusive)
        return
    mode = CopyMode.CREATE if exclusive else CopyMode.REPLACE
    status = files.copy(source, files, target, mode).wait()
    if status.error is not None:
        raise status.error
    files.delete(source)
