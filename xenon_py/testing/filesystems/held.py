"""A file system that stands still when told so: to catch a copy midway."""

from __future__ import annotations

import threading

from xenon_py.exceptions import NoSuchPathException
from xenon_py.filesystem import FileSystem
from xenon_py.model.descriptions import FileSystemAdaptorDescription
from xenon_py.model.location import Location, LocationForm
from xenon_py.plugin.filesystem import (
    Buffer,
    FileInfo,
    FileKind,
    FileSystemAdaptor,
    WriteMode,
)
from xenon_py.plugin.target import Target
from xenon_py.testing.harness import pattern

CHUNK = 64 * 1024
PATIENCE = 30.0


class HeldFileSystem(FileSystemAdaptor):
    """Has one file, ``/large``, and takes any other; both stop after the first chunk.

    Attributes:
        content: of ``/large``.
        begun: set when a chunk was read or written, and the next one is held back.
        go_on: to be set by the test; everything flows from then on.
        aborted: set when a file that was being written was given up.
    """

    description = FileSystemAdaptorDescription(
        name="held",
        description="Stands still until it may go on.",
        supported_locations=("(empty)",),
        location_form=LocationForm.PATH,
        writes_atomically=True,
        creates_exclusively=True,
    )

    def __init__(self, target: Target | None = None) -> None:
        self._target = target or Target(Location(""))
        self.content = pattern(40 * CHUNK)
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.aborted = threading.Event()

    def as_file_system(self) -> FileSystem:
        """Return the facade of this adaptor."""
        return FileSystem(self, self._target)

    def hold(self) -> None:
        """Stand still, unless it may go on."""
        self.begun.set()
        self.go_on.wait(PATIENCE)

    def working_directory(self) -> str:
        return "/"

    def lstat(self, path: str) -> FileInfo:
        if path == "/":
            return FileInfo("", FileKind.DIRECTORY)
        if path == "/large":
            return FileInfo("", FileKind.FILE, len(self.content))
        raise NoSuchPathException.because(f"path does not exist: {path!r}", path=path)

    def scandir(self, path: str) -> list[FileInfo]:
        self.lstat(path)
        return [self.lstat("/large")._replace(name="large")]

    def open_read(self, path: str, offset: int = 0) -> _Reader:
        self.lstat(path)
        return _Reader(self, offset)

    def open_write(self, path: str, mode: WriteMode, size: int | None = None) -> _Writer:
        return _Writer(self)

    def mkdir(self, path: str) -> None:
        raise self._unsupported("make directories")

    def rmdir(self, path: str) -> None:
        raise self._unsupported("remove directories")

    def unlink(self, path: str) -> None:
        raise NoSuchPathException.because(f"path does not exist: {path!r}", path=path)


class _Reader:
    """Delivers one chunk, then stands still."""

    def __init__(self, held: HeldFileSystem, offset: int) -> None:
        self._held = held
        self._position = offset

    def read(self, size: int, /) -> bytes:
        if self._position:
            self._held.hold()
        data = self._held.content[self._position : self._position + min(size, CHUNK)]
        self._position += len(data)
        return data

    def close(self) -> None:
        pass


class _Writer:
    """Takes one chunk, then stands still."""

    def __init__(self, held: HeldFileSystem) -> None:
        self._held = held
        self._size = 0

    def write(self, data: Buffer, /) -> None:
        if self._size:
            self._held.hold()
        self._size += len(data)

    def close(self) -> None:
        pass

    def abort(self) -> None:
        self._held.aborted.set()
