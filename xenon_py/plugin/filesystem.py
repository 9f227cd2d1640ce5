"""The contract of a file-system adaptor: some 15 primitives, no more.

What the core does, so that an adaptor need not: check arguments and names, resolve relative paths,
check existence and kind where Xenon's rules ask for it, walk trees, copy, retry, wait, log.

Rules for every primitive:

* Paths are absolute, normalised text with ``/``; names that are not UTF-8 come by surrogateescape.
* Every primitive may be called from several threads at once.
* Errors are exceptions of ``xenon_py.exceptions``, with their cause. At the least these are told
  apart: ``NoSuchPathException``, ``PathAlreadyExistsException``, ``DirectoryNotEmptyException``,
  ``InvalidPathException`` (wrong kind), ``PermissionDeniedException``, ``NoSpaceException``,
  ``NotConnectedException``. Anything else is an ``XenonException``.
* A primitive that the server cannot do is not overridden, and the description says so.
* Names from the server are handed on as they are: the core refuses the hostile ones.
"""

from __future__ import annotations

import contextlib
import enum
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import ClassVar, NamedTuple, Protocol

from xenon_py.exceptions import (
    ConnectionLostException,
    NoSuchPathException,
    UnsupportedOperationException,
    XenonException,
)
from xenon_py.model.descriptions import FileSystemAdaptorDescription
from xenon_py.plugin.target import Target

Buffer = bytes | bytearray | memoryview


class FileKind(enum.Enum):
    """Kind of a path, as ``lstat`` sees it."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    OTHER = "other"


class FileInfo(NamedTuple):
    """What a server tells of one path.

    Attributes:
        name: the last name, as the server sent it; ``""`` from ``lstat``.
        kind: of the path itself, links are not followed.
        size: in bytes.
        mode: permission bits, or ``None`` where the system has none.
        mtime: modification; ms since 1970 UTC, 0 = unknown.
        atime: access; likewise.
        ctime: creation; likewise.
        owner: name, or number as text; ``""`` = unknown.
        group: likewise.
        readable: what the server says; ``None`` = by the owner's bits.
        writable: likewise.
        executable: likewise.
    """

    name: str
    kind: FileKind
    size: int = 0
    mode: int | None = None
    mtime: int = 0
    atime: int = 0
    ctime: int = 0
    owner: str = ""
    group: str = ""
    readable: bool | None = None
    writable: bool | None = None
    executable: bool | None = None


class WriteMode(enum.Enum):
    """How ``open_write`` treats what is there."""

    CREATE = "create"  # fail with PathAlreadyExistsException if anything is there
    TRUNCATE = "truncate"  # replace the contents of a file that may be there
    APPEND = "append"  # write behind the contents of a file that must be there


class ReadStream(Protocol):
    """An open file to read."""

    def read(self, size: int, /) -> bytes:
        """Return 1 to ``size`` bytes, ``b""`` only at the end of the file."""

    def close(self) -> None:
        """Release what is held; may be called again."""


class WriteStream(Protocol):
    """An open file to write. Exactly one of ``close`` and ``abort`` ends it."""

    def write(self, data: Buffer, /) -> object:
        """Take all of ``data``; it may be changed by the caller afterwards."""

    def close(self) -> None:
        """Finish: everything is stored when this returns, or it raises. May be called again."""

    def abort(self) -> None:
        """Give up: free what is held, store no more. Never raises."""


Progress = Callable[[int], object]
"""Is told the number of further bytes done; it raises when the work shall stop."""


class SmallFile(NamedTuple):
    """One file of a bulk write.

    Attributes:
        path: where to.
        data: the whole content.
        replace: whether a file (or link) that is there is replaced; else that is an error.
        mode: permission bits to set, or ``None``.
        mtime: modification time to set, ms since 1970 UTC, or ``None``.
    """

    path: str
    data: bytes
    replace: bool = False
    mode: int | None = None
    mtime: int | None = None


class FileSystemAdaptor(ABC):
    """Base of file-system adaptors. ``__init__`` connects; it raises when that fails.

    Attributes:
        description: the adaptor's record; a test checks that it tells the truth. Where the server
            decides what can be done, ``_narrow`` replaces it for one object.
        max_parallel: how many files at once are useful (threads that the copy engine uses).
        bulk_size: how many small files ``write_files``, ``read_files`` and ``unlink_many`` take at
            once; 0 = they are not implemented.
        removes_trees: ``remove_tree`` is implemented.
        piece_size: bytes of a large file that a copy from or to this machine hands to ``write`` at
            a time. What is small enough stays in the processor's cache on its way.
        time_resolution: modification times are kept in steps of so many ms; a copy that is run
            again compares them no finer than that.
        is_local: the data are on this machine and need no network.
    """

    description: ClassVar[FileSystemAdaptorDescription]
    max_parallel: int = 1
    bulk_size: int = 0
    removes_trees: bool = False
    piece_size: int = 256 * 1024
    time_resolution: int = 1000
    is_local: bool = False

    @abstractmethod
    def __init__(self, target: Target) -> None: ...

    @abstractmethod
    def working_directory(self) -> str:
        """Return the directory to begin with: of the location, else the server's; absolute."""

    @abstractmethod
    def lstat(self, path: str) -> FileInfo:
        """Return what is known of a path, not following a link at its end.

        Raises:
            NoSuchPathException: there is none.
        """

    @abstractmethod
    def scandir(self, path: str) -> Iterable[FileInfo]:
        """Yield the entries of a directory in the server's order, perhaps with ``.`` and ``..``."""

    @abstractmethod
    def open_read(self, path: str, offset: int = 0) -> ReadStream:
        """Open a file (a link is followed), beginning at ``offset`` bytes."""

    @abstractmethod
    def open_write(self, path: str, mode: WriteMode, size: int | None = None) -> WriteStream:
        """Open a file to write.

        Args:
            path: the file.
            mode: what to do with what is there.
            size: number of bytes that are expected, where it is known. A protocol that has to
                announce it refuses another number; the others need not count.
        """

    @abstractmethod
    def mkdir(self, path: str) -> None:
        """Make a directory; its parent is there."""

    @abstractmethod
    def rmdir(self, path: str) -> None:
        """Remove an empty directory.

        Raises:
            DirectoryNotEmptyException: it is not empty.
        """

    @abstractmethod
    def unlink(self, path: str) -> None:
        """Remove a file, or a link itself."""

    def close(self) -> None:  # noqa: B027
        """Release the connection. Called once; later calls of primitives do not happen."""

    def is_open(self) -> bool:
        """Tell whether the connection is usable or can be made again."""
        return True

    def rename(self, source: str, target: str, *, replace: bool = False) -> None:
        """Rename; with ``replace`` an existing *file* at ``target`` is replaced in one step.

        ``replace`` is only asked of adaptors that declare ``can_replace_by_rename``, and nothing
        may be removed for it: the core does without such a step and loses nothing if it fails
        (``xenon_py.plugin.replacing``).

        Raises:
            PathAlreadyExistsException: without ``replace``, there is something (where the server
                can tell); with it, the server turns out to replace nothing.
        """
        raise self._unsupported("rename")

    def symlink(self, link: str, target: str) -> None:
        """Make a symbolic link at ``link`` with exactly the text ``target``."""
        raise self._unsupported("create symbolic links")

    def readlink(self, path: str) -> str:
        """Return the text of a symbolic link."""
        raise self._unsupported("read symbolic links")

    def chmod(self, path: str, mode: int) -> None:
        """Set the permission bits (``0o000`` to ``0o777``) of a file or directory."""
        raise self._unsupported("set permissions")

    def set_times(self, path: str, mtime: int, atime: int | None = None) -> None:
        """Set modification (and access) time, ms since 1970 UTC, as finely as the server can."""
        raise self._unsupported("set times")

    def copy_file(self, source: str, target: str, progress: Progress) -> None:
        """Copy a regular file within the server, to a ``target`` that may be replaced.

        ``progress`` is told what was copied; when it raises, no partial target is left.
        """
        raise self._unsupported("copy on the server")

    def checksum(self, path: str, algorithm: str) -> str:
        """Return the hexadecimal checksum of a file, computed by the server.

        Raises:
            UnsupportedOperationException: the server has none by this algorithm (``sha256`` …).
        """
        raise self._unsupported("compute checksums")

    def lstat_many(self, paths: Sequence[str]) -> list[FileInfo | XenonException]:
        """Return what ``lstat`` tells of each path, or the error that it met, in order.

        Here that is one after the other; override it where the protocol can ask for all at once.
        """
        return [self._lstat_or_error(path) for path in paths]

    def _lstat_or_error(self, path: str) -> FileInfo | XenonException:
        try:
            return self.lstat(path)
        except ConnectionLostException:
            raise
        except XenonException as error:
            return error

    def write_files(self, files: Sequence[SmallFile]) -> list[XenonException | None]:
        """Write whole small files; return an error or ``None`` for each, in order.

        No file is seen under its path before it is complete.
        """
        raise self._unsupported("write many files at once")

    def read_files(self, paths: Sequence[tuple[str, int]]) -> Iterator[bytes | XenonException]:
        """Yield the content of each (path, size), in order, or the error that it met."""
        raise self._unsupported("read many files at once")

    def unlink_many(self, paths: Sequence[str]) -> list[XenonException | None]:
        """Remove files and links; return an error or ``None`` for each, in order."""
        raise self._unsupported("delete many files at once")

    def remove_tree(self, path: str) -> None:
        """Remove a directory with all that is in it, by few requests and without a look at each.

        When it raises, what is left is removed entry by entry, with the error that this meets.
        """
        raise self._unsupported("remove a tree at once")

    def anchored(self, *roots: str) -> AbstractContextManager[FileSystemAdaptor]:
        """Open a view in which no directory below any of ``roots`` is reached through a link.

        Recursive work goes through it, so that a link swapped in meanwhile leads nowhere. The view
        is valid within the ``with`` block. Remote protocols have no means for that and hand out
        themselves.

        Args:
            roots: real directories, absolute; for a copy within one file system the source and
                the destination.
        """
        del roots
        return contextlib.nullcontext(self)

    def real_path(self, path: str) -> str:
        """Return a path with the links in it followed, where the server can tell; else as it is.

        That is how a copy notices that a directory would be copied into itself by another name.
        """
        return path

    def identity(self) -> Hashable:
        """Return a key, equal for two objects that see the same files under the same paths.

        Where ``can_copy_on_server`` is declared, ``copy_file`` works between their paths.
        """
        return id(self)

    def _narrow(self, description: FileSystemAdaptorDescription) -> None:
        """Describe this object by its own record, of what its server turned out to do."""
        vars(self)["description"] = description

    def _unsupported(self, what: str) -> UnsupportedOperationException:
        name = self.description.name
        return UnsupportedOperationException.because(f"{name} cannot {what}", adaptor=name)


def lookup(adaptor: FileSystemAdaptor, path: str) -> FileInfo | None:
    """Return what is known of a path itself, or ``None`` if there is none."""
    try:
        return adaptor.lstat(path)
    except NoSuchPathException:
        return None
