"""The bulk forms for protocols that have none: one file after the other, with no look in between.

That alone saves a request for each file, as the copy engine then compares the sizes of all files of
a directory by one listing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from xenon_py.exceptions import ConnectionLostException, XenonException
from xenon_py.plugin.filesystem import FileSystemAdaptor, SmallFile, WriteMode
from xenon_py.plugin.temporary import temporary_path

_PIECE = 64 * 1024
ONLY_OWNER = 0o600
"""Mode of a private file in the making."""

_READ_BY_OTHERS = 0o044
T = TypeVar("T")


class OneByOne(FileSystemAdaptor):
    """A file-system adaptor with bulk forms that are made of its primitives.

    A lost connection ends a batch; anything else is the outcome of its file.
    """

    bulk_size = 32

    def write_files(self, files: Sequence[SmallFile]) -> list[XenonException | None]:
        """Write whole small files; return an error or ``None`` for each, in order."""
        return [error_of(self._write_one, file) for file in files]

    def read_files(self, paths: Sequence[tuple[str, int]]) -> Iterator[bytes | XenonException]:
        """Yield the content of each (path, size), in order, or the error that it met."""
        for path, _ in paths:
            yield outcome(self._read_one, path)

    def unlink_many(self, paths: Sequence[str]) -> list[XenonException | None]:
        """Remove files and links; return an error or ``None`` for each, in order."""
        return [error_of(self.unlink, path) for path in paths]

    def _read_one(self, path: str) -> bytes:
        with contextlib.closing(self.open_read(path)) as stream:
            return b"".join(iter(lambda: stream.read(_PIECE), b""))

    def _write_one(self, file: SmallFile) -> None:
        if self.description.writes_atomically:
            mode = WriteMode.TRUNCATE if file.replace else WriteMode.CREATE
            self._store(file, file.path, mode)
            return
        place = temporary_path(file.path)
        try:
            self._store(file, place, WriteMode.TRUNCATE)
            self.rename(place, file.path, replace=file.replace)
        except BaseException:
            with contextlib.suppress(XenonException):  # the first error counts
                self.unlink(place)
            raise

    def _store(self, file: SmallFile, place: str, mode: WriteMode) -> None:
        if is_private(file.mode) and not self.description.writes_atomically:
            self._fill(place, mode, b"")
            self.chmod(place, ONLY_OWNER)
            mode = WriteMode.TRUNCATE
        self._fill(place, mode, file.data)
        if file.mode is not None:
            self.chmod(place, file.mode)
        if file.mtime is not None:
            self.set_times(place, file.mtime)

    def _fill(self, place: str, mode: WriteMode, data: bytes) -> None:
        stream = self.open_write(place, mode, len(data))
        try:
            stream.write(data)
        except BaseException:
            stream.abort()
            raise
        stream.close()


def is_private(mode: int | None) -> bool:
    """Tell whether not everybody may read a file of this mode.

    Nobody else is to read its content before it has that mode either.
    """
    return mode is not None and mode & _READ_BY_OTHERS != _READ_BY_OTHERS


def outcome(work: Callable[[str], bytes], path: str) -> bytes | XenonException:
    """Return the content of a file, or the error that it met; a lost connection is raised."""
    try:
        return work(path)
    except ConnectionLostException:
        raise
    except XenonException as error:
        return error


def error_of(work: Callable[[T], object], item: T) -> XenonException | None:
    """Return the error that an item met, or ``None``; a lost connection is raised."""
    try:
        work(item)
    except ConnectionLostException:
        raise
    except XenonException as error:
        return error
    return None
