"""Whatever fsspec has an implementation for, by single-path primitives only.

fsspec's own recursive calls take ``[`` and ``*`` in names for patterns, give trailing slashes a
meaning and pass over errors; none of them is used. Listing caches are emptied before anything is
looked at.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Hashable, Iterable
from contextlib import AbstractContextManager
from typing import Any, ClassVar, NoReturn

from xenon_adaptors.descriptions import FSSPEC
from xenon_adaptors.fsspec_protocol import abilities
from xenon_adaptors.fsspec_protocol.opening import open_backend
from xenon_adaptors.fsspec_protocol.places import Places, file_info
from xenon_adaptors.fsspec_protocol.streams import (
    FileReader,
    FileWriter,
    MemoryReader,
    MemoryWriter,
)
from xenon_py.exceptions import (
    DirectoryNotEmptyException,
    InvalidPathException,
    NoSuchPathException,
    NotConnectedException,
    PathAlreadyExistsException,
    UnsupportedOperationException,
    XenonException,
)
from xenon_py.model.descriptions import FileSystemAdaptorDescription
from xenon_py.model.path import parent
from xenon_py.plugin.filesystem import (
    FileInfo,
    FileKind,
    FileSystemAdaptor,
    Progress,
    ReadStream,
    WriteMode,
    WriteStream,
)
from xenon_py.plugin.target import Target

_log = logging.getLogger("xenon_py.fsspec")

_MODES = {
    WriteMode.CREATE: ("xb", "create"),
    WriteMode.TRUNCATE: ("wb", "overwrite"),
    WriteMode.APPEND: ("ab", "append"),
}


class _Closed:
    """Stands for the implementation that was there: whoever still uses it is told."""

    def __getattr__(self, name: str) -> NoReturn:
        raise NotConnectedException.because("the file system was closed")


class FsspecAdaptor(FileSystemAdaptor):
    """One fsspec file system, made for this object and closed with it."""

    description: ClassVar[FileSystemAdaptorDescription] = FSSPEC

    def __init__(self, target: Target) -> None:
        """Open what the location names.

        Raises:
            InvalidLocationException: fsspec knows no such protocol.
            MissingDependencyException: its implementation needs another package.
            NoSuchPathException: the location leads nowhere.
            InvalidPathException: it leads to a file.
        """
        self._backend, start, self._failures, self._token = open_backend(target)
        self._places = Places(self._backend, start)
        self._narrow(abilities.describe(self._backend))
        names = abilities.protocols(abilities.plain(self._backend))
        self._in_memory = bool(names & abilities.MEMORY)
        self.is_local = bool(names & (abilities.MEMORY | abilities.LOCAL))
        self._renaming = threading.Lock()
        self._lock: AbstractContextManager[Any] = threading.RLock()
        if abilities.is_thread_safe(abilities.plain(self._backend)):
            self._lock = contextlib.nullcontext()
            self.max_parallel = 4
        try:
            self._check_start()
        except BaseException:
            self.close()
            raise

    def _check_start(self) -> None:
        """Check the location; what the web has at a URL is a page, and no directory."""
        start = self._places.start
        if start == "/" or self._places.is_web:
            return
        if self.lstat(start).kind is FileKind.FILE:
            raise InvalidPathException.because("the location is no directory", path=start)

    def working_directory(self) -> str:
        """Return the path of the location, else the root."""
        return self._places.start

    def identity(self) -> Hashable:
        """Return a key: the same protocol and options."""
        return ("fsspec", self._token)

    def close(self) -> None:
        """Close what can be closed; the rest ends with the object, which is nobody else's."""
        backend, self._backend = self._backend, _Closed()
        holders = (backend, getattr(backend, "ftp", None), getattr(backend, "client", None))
        for close in [getattr(holder, "close", None) for holder in holders]:
            if callable(close):
                try:
                    with self._failures.told(), self._lock:
                        close()
                except XenonException as error:
                    _log.debug("closing met an error: %s", error)

    # what is there

    def lstat(self, path: str) -> FileInfo:
        """Return what is known of a path."""
        name = self._places.name(path)
        with self._failures.told(path), self._lock:
            self._backend.invalidate_cache()
            try:
                told = self._backend.info(name)
            except NotADirectoryError as error:  # below a file there is nothing
                raise NoSuchPathException.because(str(error), path=path) from error
            except FileNotFoundError:
                if not self._is_dangling(name):
                    raise
                told = {"type": "link"}
        return self._info("", told)

    def _is_dangling(self, name: str) -> bool:
        """Tell whether there is a link that leads nowhere: ``info`` would follow it."""
        return self.description.can_read_symboliclinks and bool(self._backend.islink(name))

    def _info(self, name: str, told: dict[str, Any]) -> FileInfo:
        with_mode = self.description.supports_reading_posix_permissions
        return file_info(name, told, with_mode=with_mode)

    def _entries(self, path: str) -> list[dict[str, Any]]:
        with self._failures.told(path), self._lock:
            self._backend.invalidate_cache()
            return list(self._backend.ls(self._places.name(path), detail=True))

    def scandir(self, path: str) -> Iterable[FileInfo]:
        """Yield the entries of a directory."""
        for told in self._entries(path):
            name = self._places.entry(path, str(told["name"]))
            if name:
                yield self._info(name, told)

    def readlink(self, path: str) -> str:
        """Return the text of a symbolic link, which stands in the listing of its directory."""
        directory = parent(path)
        for told in self._entries(directory):
            inside = self._places.entry(directory, str(told["name"]))
            if inside == path.rpartition("/")[2] and "destination" in told:
                return str(told["destination"])
        raise NoSuchPathException.because(f"there is no symbolic link {path!r}", path=path)

    # content

    def open_read(self, path: str, offset: int = 0) -> ReadStream:
        """Open a file."""
        name = self._places.name(path)
        if self._in_memory:
            if self.lstat(path).kind is not FileKind.FILE:
                raise InvalidPathException.because("it is a directory", path=path)
            return MemoryReader(self._backend, name, offset, self._failures)
        with self._failures.told(path), self._lock:
            file = self._backend.open(name, "rb")
            if offset:
                file.seek(offset)
        return FileReader(file, path, self._failures, self._lock)

    def open_write(self, path: str, mode: WriteMode, size: int | None = None) -> WriteStream:
        """Open a file. That a new one is new is looked at before, where ``x`` is not known."""
        if abilities.is_read_only(abilities.plain(self._backend)):
            raise self._unsupported("write files")
        if mode is WriteMode.APPEND and not self.description.can_append:
            raise self._unsupported("append to files")
        if mode is not WriteMode.CREATE:
            self._refuse_directory(path)
        elif not self.description.creates_exclusively and self._is_there(path):
            raise PathAlreadyExistsException.because(f"path already exists: {path!r}", path=path)
        name = self._places.name(path)
        letters, word = _MODES[mode]
        if self._in_memory:
            return MemoryWriter(self._backend, name, word, self._failures)
        if mode is WriteMode.CREATE and not self.description.creates_exclusively:
            letters = "wb"
        with self._failures.told(path), self._lock:
            file = self._backend.open(name, letters)
        return FileWriter(file, path, self._failures, self._lock)

    def _is_there(self, path: str) -> bool:
        try:
            self.lstat(path)
        except NoSuchPathException:
            return False
        return True

    def _refuse_directory(self, path: str) -> None:
        with contextlib.suppress(NoSuchPathException):
            if self.lstat(path).kind is FileKind.DIRECTORY:
                raise InvalidPathException.because("it is a directory", path=path)

    def copy_file(self, source: str, target: str, progress: Progress) -> None:
        """Copy a file where it is; it counts when all is copied."""
        size = self.lstat(source).size
        self._refuse_directory(target)
        with self._failures.told(source), self._lock:
            self._backend.cp_file(self._places.name(source), self._places.name(target))
        try:
            progress(size)
        except BaseException:
            self.unlink(target)
            raise

    def rename(self, source: str, target: str, *, replace: bool = False) -> None:
        """Rename, where the implementation has a way of its own.

        Those replace what is there; so it is looked before, by one thread at a time.
        """
        if not self.description.supports_rename:
            raise self._unsupported("rename")
        with self._renaming:
            if replace:
                self._refuse_directory(target)
            elif self._is_there(target):
                message = f"path already exists: {target!r}"
                raise PathAlreadyExistsException.because(message, path=target)
            with self._failures.told(source), self._lock:
                self._backend.mv(self._places.name(source), self._places.name(target))

    def chmod(self, path: str, mode: int) -> None:
        """Set the permission bits."""
        if not self.description.supports_setting_posix_permissions:
            raise self._unsupported("set permissions")
        with self._failures.told(path), self._lock:
            self._backend.chmod(self._places.name(path), mode)

    # directories and removal

    def mkdir(self, path: str) -> None:
        """Make a directory."""
        if not abilities.overrides(abilities.plain(self._backend), "mkdir"):
            raise self._unsupported("make directories")
        try:
            with self._failures.told(path), self._lock:
                self._backend.mkdir(self._places.name(path), create_parents=False)
        except XenonException as error:
            if type(error) is XenonException and self._is_there(path):
                message = f"path already exists: {path!r}"
                raise PathAlreadyExistsException.because(message, path=path) from error
            raise

    def rmdir(self, path: str) -> None:
        """Remove a directory that was empty the moment before: some do not look themselves."""
        if not abilities.overrides(abilities.plain(self._backend), "rmdir"):
            raise self._unsupported("remove directories")
        if any(True for _ in self.scandir(path)):
            raise DirectoryNotEmptyException.because(f"it is not empty: {path!r}", path=path)
        with self._failures.told(path), self._lock:
            self._backend.rmdir(self._places.name(path))

    def unlink(self, path: str) -> None:
        """Remove a file or link; it is looked at before, as some would remove a directory too."""
        if self.lstat(path).kind is FileKind.DIRECTORY:
            raise InvalidPathException.because("it is a directory", path=path)
        with self._failures.told(path), self._lock:
            self._backend.rm_file(self._places.name(path))

    def _unsupported(self, what: str) -> UnsupportedOperationException:
        kind = type(abilities.plain(self._backend)).__name__
        return UnsupportedOperationException.because(f"{kind} of fsspec cannot {what}")
