"""Many small files at once: tight loops that look up each directory only once.

A copy of 10,000 small files is bound by what Python does around the system calls; here that is as
little as the promise allows: each file is written under a temporary name and then renamed.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, TypeVar

from xenon_adaptors.filesystems.file_copy import write_all
from xenon_adaptors.filesystems.file_handles import DirectoryHandles
from xenon_adaptors.filesystems.file_libc import rename_without_replacing
from xenon_py.exceptions import InvalidPathException, XenonException
from xenon_py.plugin.filesystem import SmallFile
from xenon_py.plugin.os_errors import from_os_error
from xenon_py.plugin.temporary import new_token, temporary_path

_READ_FLAGS = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0)
_MAKE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_LEAST_READ = 4096

T = TypeVar("T", bound="tuple[Any, ...]")
R = TypeVar("R")


class BulkFiles:
    """The bulk forms of the ``file`` adaptor.

    Args:
        handles: the directory handles of the adaptor, or of an anchored view.
        nofollow: ``O_NOFOLLOW`` in an anchored view, else 0.
    """

    def __init__(self, handles: DirectoryHandles, nofollow: int) -> None:
        self._handles = handles
        self._read_flags = _READ_FLAGS | nofollow

    def read(self, paths: Sequence[tuple[str, int]]) -> Iterator[bytes | XenonException]:
        """Yield the content, or the error, of each file."""
        return self._each(paths, self._read_one)

    def write(self, files: Sequence[SmallFile]) -> list[XenonException | None]:
        """Write whole files; return an error or ``None`` for each."""
        return list(self._each(files, _Writing()))

    def unlink(self, paths: Sequence[str]) -> list[XenonException | None]:
        """Remove files and links; return an error or ``None`` for each."""
        return list(self._each([(path,) for path in paths], _unlink_one))

    def _each(
        self, items: Sequence[T], work: Callable[[T, str, int | None], R]
    ) -> Iterator[R | XenonException]:
        """Yield what ``work`` makes of each item, or its error.

        Args:
            items: tuples that begin with a path.
            work: gets an item, its path as the system calls take it, and the handle of its
                directory, if the path is relative to one.
        """
        results: list[R | XenonException]
        for directory, group in groupby(items, _directory_of):
            several = list(group)
            try:
                with self._handles.at(several[0][0]) as (handle, _):
                    cut = 0 if handle is None else len(directory) + 1
                    results = [_attempted(work, one, cut, handle) for one in several]
            except OSError as error:
                results = [from_os_error(error, directory, adaptor="file")] * len(several)
            yield from results

    def _read_one(self, item: tuple[str, int], name: str, directory: int | None) -> bytes:
        descriptor = os.open(name, self._read_flags, dir_fd=directory)
        try:
            facts = os.fstat(descriptor)
            if not stat.S_ISREG(facts.st_mode):
                raise InvalidPathException.because(f"path is no regular file: {item[0]!r}")
            data = os.read(descriptor, max(facts.st_size + 1, _LEAST_READ))
            if len(data) <= facts.st_size:
                return data
            parts = [data]  # it grows, or is a file of /proc, which says that it is empty
            while data := os.read(descriptor, _LEAST_READ):
                parts.append(data)
            return b"".join(parts)
        finally:
            os.close(descriptor)


def _directory_of(item: tuple[Any, ...]) -> str:
    path: str = item[0]
    return path.rpartition("/")[0]


def _attempted(
    work: Callable[[T, str, int | None], R], item: T, cut: int, directory: int | None
) -> R | XenonException:
    try:
        return work(item, item[0][cut:], directory)
    except XenonException as error:
        return error.add_context(path=item[0])
    except OSError as error:
        return from_os_error(error, item[0], adaptor="file")


class _Writing:
    """Writes the files of one bulk call; their temporary names share a random part."""

    def __init__(self) -> None:
        self._token = new_token()

    def __call__(self, file: SmallFile, name: str, directory: int | None) -> None:
        """Write one file."""
        temporary = temporary_path(name, self._token)
        descriptor = os.open(temporary, _MAKE_FLAGS, 0o666, dir_fd=directory)
        try:
            try:
                if os.write(descriptor, file.data) < len(file.data):
                    os.lseek(descriptor, 0, os.SEEK_SET)
                    write_all(descriptor, file.data)
                _set_attributes(descriptor, file)
            finally:
                os.close(descriptor)
            if file.replace:
                os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
            elif not rename_without_replacing(temporary, directory, name, directory):
                os.link(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
                os.unlink(temporary, dir_fd=directory)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=directory)
            raise


def _set_attributes(descriptor: int, file: SmallFile) -> None:
    if file.mode is not None:
        os.fchmod(descriptor, file.mode)
    if file.mtime is not None:
        accessed = os.fstat(descriptor).st_atime_ns
        os.utime(descriptor, ns=(accessed, file.mtime * 1_000_000))


def _unlink_one(item: tuple[str], name: str, directory: int | None) -> None:
    del item
    os.unlink(name, dir_fd=directory)
