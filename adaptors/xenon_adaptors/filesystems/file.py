"""The file system of this machine.

Errors of the operating system become exceptions by the table in ``xenon_py.plugin.os_errors``.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

from xenon_adaptors.descriptions import FILE
from xenon_adaptors.filesystems.file_bulk import BulkFiles
from xenon_adaptors.filesystems.file_copy import copy_content, write_all
from xenon_adaptors.filesystems.file_handles import DirectoryHandles
from xenon_adaptors.filesystems.file_libc import info_reader, rename_without_replacing
from xenon_py.exceptions import (
    InvalidLocationException,
    InvalidPathException,
    NoSuchPathException,
    PathAlreadyExistsException,
    UnsupportedOperationException,
    XenonException,
)
from xenon_py.model.descriptions import FileSystemAdaptorDescription
from xenon_py.plugin.filesystem import (
    Buffer,
    FileInfo,
    FileSystemAdaptor,
    Progress,
    SmallFile,
    WriteMode,
)
from xenon_py.plugin.os_errors import from_os_error
from xenon_py.plugin.target import Target

_WRITE_FLAGS = {
    WriteMode.CREATE: os.O_CREAT | os.O_EXCL,
    WriteMode.TRUNCATE: os.O_CREAT | os.O_TRUNC,
    WriteMode.APPEND: os.O_APPEND,
}
_COMMON_FLAGS = os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0)  # a FIFO must not block the open


@contextmanager
def _translated(path: str) -> Iterator[None]:
    """Turn what the operating system raises inside the block into our exceptions."""
    try:
        yield
    except XenonException:
        raise
    except OSError as error:
        raise from_os_error(error, path, adaptor="file") from error


class _Stream:
    """An open descriptor to read or write; usable by one thread at a time."""

    def __init__(self, fd: int, path: str) -> None:
        self._fd = fd
        self._path = path
        self._lock = threading.Lock()

    def read(self, size: int, /) -> bytes:
        """Return 1 to ``size`` bytes, ``b""`` only at the end of the file."""
        with _translated(self._path):
            return os.read(self._fd, size)

    def write(self, data: Buffer, /) -> None:
        """Write all of ``data``."""
        with _translated(self._path):
            write_all(self._fd, data)

    def close(self) -> None:
        """Close the descriptor; a file system may only now say that the quota is used up."""
        with self._lock:
            fd, self._fd = self._fd, -1
        if fd >= 0:
            with _translated(self._path):
                os.close(fd)

    def abort(self) -> None:
        """Close the descriptor, whatever it says: the file is removed anyway."""
        with self._lock:
            fd, self._fd = self._fd, -1
        if fd >= 0:
            try:
                os.close(fd)
            except OSError:
                return  # the descriptor is closed even then, close(2)

    def __del__(self) -> None:
        self.abort()


class FileAdaptor(FileSystemAdaptor):
    """The file system of this machine; a location is a directory to begin in."""

    description: ClassVar[FileSystemAdaptorDescription] = FILE
    max_parallel = 2
    bulk_size = 64
    time_resolution = 1
    is_local = True

    def __init__(self, target: Target) -> None:
        """Check the location.

        Raises:
            InvalidLocationException: it is no existing directory.
        """
        path = target.location.path or os.getcwd()
        if not os.path.isabs(path) or not os.path.isdir(path):
            raise InvalidLocationException.because(
                f"the location {target.location.text!r} is no directory of this machine; "
                "give an existing directory by its absolute path, or nothing"
            )
        self._start = path
        self._handles = DirectoryHandles(())
        self._nofollow = 0

    def working_directory(self) -> str:
        """Return the directory of the location, else that of this process at creation."""
        return self._start

    @contextmanager
    def anchored(self, *roots: str) -> Iterator[FileAdaptor]:
        """Open a view that reaches everything below ``roots`` without following links.

        Below means: a root itself is reached in the ordinary way, but only opened as what it is.
        """
        view = object.__new__(type(self))
        view._start = self._start
        view._handles = handles = DirectoryHandles(roots)
        view._nofollow = os.O_NOFOLLOW
        try:
            yield view
        finally:
            handles.close()

    def real_path(self, path: str) -> str:
        """Return the path with all links in it followed, as far as it exists."""
        return os.path.realpath(path)

    def identity(self) -> Hashable:
        """Return the same for all objects of this class: there is one machine."""
        return ("file",)

    @contextmanager
    def _at(self, path: str) -> Iterator[tuple[int | None, str]]:
        with _translated(path), self._handles.at(path) as found:
            yield found

    def lstat(self, path: str) -> FileInfo:
        """Return what is known of a path, not following a link at its end."""
        try:
            with self._handles.at(path) as (directory, name):
                return info_reader(directory)(name)._replace(name="")
        except NotADirectoryError as error:  # below a file there is nothing
            raise NoSuchPathException.because(
                f"path does not exist: {path!r}", path=path
            ) from error
        except OSError as error:
            raise from_os_error(error, path, adaptor="file") from error

    def scandir(self, path: str) -> Iterator[FileInfo]:
        """Yield the entries of a directory in the order of the operating system."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        with self._at(path) as (directory, name):
            fd = os.open(name, flags, dir_fd=directory)
        try:
            with _translated(path):
                read = info_reader(fd)
                for one in os.listdir(fd):
                    try:
                        yield read(one)
                    except FileNotFoundError:
                        continue  # it vanished meanwhile
        finally:
            os.close(fd)

    def open_read(self, path: str, offset: int = 0) -> _Stream:
        """Open a regular file, beginning at ``offset`` bytes."""
        with self._at(path) as (directory, name):
            flags = os.O_RDONLY | self._nofollow | _COMMON_FLAGS
            fd = os.open(name, flags, dir_fd=directory)
            try:
                _check_regular(fd, path)
                if offset:
                    os.lseek(fd, offset, os.SEEK_SET)
            except BaseException:
                os.close(fd)
                raise
        return _Stream(fd, path)

    def open_write(self, path: str, mode: WriteMode, size: int | None = None) -> _Stream:
        """Open a regular file to write."""
        del size
        with self._at(path) as (directory, name):
            flags = os.O_WRONLY | self._nofollow | _COMMON_FLAGS | _WRITE_FLAGS[mode]
            fd = os.open(name, flags, 0o666, dir_fd=directory)
            try:
                _check_regular(fd, path)
            except BaseException:
                os.close(fd)
                raise
        return _Stream(fd, path)

    def mkdir(self, path: str) -> None:
        """Make a directory."""
        with self._at(path) as (directory, name):
            os.mkdir(name, dir_fd=directory)

    def rmdir(self, path: str) -> None:
        """Remove an empty directory."""
        with self._at(path) as (directory, name):
            os.rmdir(name, dir_fd=directory)

    def unlink(self, path: str) -> None:
        """Remove a file, or a link itself."""
        with self._at(path) as (directory, name):
            os.unlink(name, dir_fd=directory)

    def rename(self, source: str, target: str, *, replace: bool = False) -> None:
        """Rename; without ``replace`` an existing target is an error, in one step on Linux."""
        with self._at(source) as (source_fd, old), self._at(target) as (target_fd, new):
            if replace:
                os.rename(old, new, src_dir_fd=source_fd, dst_dir_fd=target_fd)
            elif not rename_without_replacing(old, source_fd, new, target_fd):
                self._rename_after_check(old, source_fd, new, target_fd)

    @staticmethod
    def _rename_after_check(old: str, old_fd: int | None, new: str, new_fd: int | None) -> None:
        """Rename where no single call refuses to replace: files are safe, directories nearly.

        A directory can only replace an empty directory that was made since the check.
        """
        if stat.S_ISDIR(os.lstat(old, dir_fd=old_fd).st_mode):
            try:
                os.lstat(new, dir_fd=new_fd)
            except FileNotFoundError:
                os.rename(old, new, src_dir_fd=old_fd, dst_dir_fd=new_fd)
                return
            raise PathAlreadyExistsException.because(f"path already exists: {new!r}")
        os.link(old, new, src_dir_fd=old_fd, dst_dir_fd=new_fd, follow_symlinks=False)
        os.unlink(old, dir_fd=old_fd)

    def symlink(self, link: str, target: str) -> None:
        """Make a symbolic link with exactly the text ``target``."""
        with self._at(link) as (directory, name):
            os.symlink(target, name, dir_fd=directory)

    def readlink(self, path: str) -> str:
        """Return the text of a symbolic link."""
        with self._at(path) as (directory, name):
            return os.readlink(name, dir_fd=directory)

    def chmod(self, path: str, mode: int) -> None:
        """Set the permission bits; in an anchored view never through a link."""
        with self._at(path) as (directory, name):
            if directory is None:
                os.chmod(name, mode)
                return
            if os.chmod in os.supports_follow_symlinks:
                os.chmod(name, mode, dir_fd=directory, follow_symlinks=False)
            else:
                _chmod_by_handle(name, mode, directory)

    def set_times(self, path: str, mtime: int, atime: int | None = None) -> None:
        """Set the times to the millisecond; of a link itself."""
        with self._at(path) as (directory, name):
            if atime is None:
                accessed = os.lstat(name, dir_fd=directory).st_atime_ns
            else:
                accessed = atime * 1_000_000
            times = (accessed, mtime * 1_000_000)
            os.utime(name, ns=times, dir_fd=directory, follow_symlinks=False)

    def copy_file(self, source: str, target: str, progress: Progress) -> None:
        """Copy a regular file in the kernel; a file or link at ``target`` is removed first."""
        reader = self.open_read(source)
        try:
            writer = self._open_anew(target)
            try:
                with _translated(target):
                    copy_content(
                        reader._fd,  # noqa: SLF001
                        writer._fd,  # noqa: SLF001
                        os.fstat(reader._fd).st_size,  # noqa: SLF001
                        progress,
                    )
                writer.close()
            except BaseException:
                writer.abort()
                self.unlink(target)
                raise
        finally:
            reader.close()

    def _open_anew(self, target: str) -> _Stream:
        try:
            return self.open_write(target, WriteMode.CREATE)
        except PathAlreadyExistsException:
            self.unlink(target)
            return self.open_write(target, WriteMode.CREATE)

    def read_files(self, paths: Sequence[tuple[str, int]]) -> Iterator[bytes | XenonException]:
        """Yield the content of each (path, size), in order, or the error that it met."""
        return BulkFiles(self._handles, self._nofollow).read(paths)

    def write_files(self, files: Sequence[SmallFile]) -> list[XenonException | None]:
        """Write whole small files, each under a temporary name until it is complete."""
        return BulkFiles(self._handles, self._nofollow).write(files)

    def unlink_many(self, paths: Sequence[str]) -> list[XenonException | None]:
        """Remove files and links; return an error or ``None`` for each, in order."""
        return BulkFiles(self._handles, self._nofollow).unlink(paths)

    def checksum(self, path: str, algorithm: str) -> str:
        """Return the hexadecimal checksum of a file, by ``hashlib``."""
        import hashlib

        if algorithm not in hashlib.algorithms_available or algorithm.startswith("shake"):
            raise UnsupportedOperationException.because(
                f"there is no checksum {algorithm!r}; hashlib has "
                f"{', '.join(sorted(hashlib.algorithms_guaranteed))}"
            )
        digest = hashlib.new(algorithm, usedforsecurity=False)
        reader = self.open_read(path)
        try:
            while chunk := reader.read(1024 * 1024):
                digest.update(chunk)
        finally:
            reader.close()
        return digest.hexdigest()


def _chmod_by_handle(name: str, mode: int, directory: int) -> None:
    """Set permission bits, never through a link, where Linux has no call for that (before 6.6)."""
    fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        if stat.S_ISLNK(os.fstat(fd).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
        os.chmod(f"/proc/self/fd/{fd}", mode)
    finally:
        os.close(fd)


def _check_regular(fd: int, path: str) -> None:
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        raise InvalidPathException.because(f"path is no regular file: {path!r}", path=path)
