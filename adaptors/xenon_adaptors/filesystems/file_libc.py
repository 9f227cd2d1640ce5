"""What is known of a file, and a safe rename: by two system calls that Python does not offer.

``statx`` knows the time of creation, ``renameat2`` refuses to replace; they are called by ctypes.

Both are in glibc since 2.28 and in musl (statx since 1.2.0); where they are missing, or a sandbox
forbids them, the callers do without: no creation times, and a rename that checks before it acts.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import stat
import struct
import sys
from collections.abc import Callable
from typing import Any

from xenon_py.plugin.filesystem import FileInfo, FileKind

AT_FDCWD = -100
_NOFOLLOW = 0x100
_BASIC_AND_BIRTH = 0xFFF
_RENAME_NOREPLACE = 1
_BUFFER_BYTES = 256
_NOT_THERE = {errno.ENOSYS, errno.EPERM, errno.EINVAL}

# struct statx (statx(2)), of which are read: uid, gid, mode, size, and as seconds and nanoseconds
# the times of access, creation and modification.
_unpack = struct.Struct("=20xIIH10xQ16xqI4xqI20xqI4x").unpack_from

_KINDS = {
    stat.S_IFREG: FileKind.FILE,
    stat.S_IFDIR: FileKind.DIRECTORY,
    stat.S_IFLNK: FileKind.LINK,
}


@functools.cache
def _function(name: str) -> Any:
    """Return a function of the C library, or ``None`` if it has none of that name.

    Its argument types are left to ctypes, which turns ``int``, ``bytes`` and arrays into what
    these functions take: with declared types a call takes a quarter longer.
    """
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None, use_errno=True), name, None)


@functools.cache
def _statx() -> Any:
    """Return ``statx`` if it works here, else ``None``."""
    function = _function("statx")
    if function is None:
        return None
    probe = ctypes.create_string_buffer(_BUFFER_BYTES)
    return None if function(AT_FDCWD, b"/", 0, _BASIC_AND_BIRTH, probe) else function


def info_reader(dir_fd: int | None) -> Callable[[str], FileInfo]:
    """Return a function from a name, relative to a directory handle, to what ``lstat`` tells of it.

    It raises ``OSError``. With ``statx`` it takes as long as ``os.lstat`` and knows the creation.
    One thread at a time may call it.
    """
    statx = _statx()
    if statx is None:
        return functools.partial(_info_by_lstat, dir_fd)
    memory = ctypes.create_string_buffer(_BUFFER_BYTES)
    directory = AT_FDCWD if dir_fd is None else dir_fd
    encoding, errors = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
    unpack, make = _unpack, FileInfo._make  # looked up once: listings call this very often

    def read(name: str) -> FileInfo:
        if statx(directory, name.encode(encoding, errors), _NOFOLLOW, _BASIC_AND_BIRTH, memory):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), name)
        uid, gid, mode, size, atime, atime_ns, birth, birth_ns, mtime, mtime_ns = unpack(memory)
        return make(
            (
                name,
                _KINDS.get(mode & 0o170000, FileKind.OTHER),
                size,
                mode & 0o777,
                mtime * 1000 + mtime_ns // 1_000_000,
                atime * 1000 + atime_ns // 1_000_000,
                birth * 1000 + birth_ns // 1_000_000,
                _user_name(uid),
                _group_name(gid),
                None,
                None,
                None,
            )
        )

    return read


def _info_by_lstat(dir_fd: int | None, name: str) -> FileInfo:
    found = os.lstat(name, dir_fd=dir_fd)
    return FileInfo(
        name,
        _KINDS.get(found.st_mode & 0o170000, FileKind.OTHER),
        found.st_size,
        found.st_mode & 0o777,
        found.st_mtime_ns // 1_000_000,
        found.st_atime_ns // 1_000_000,
        int(getattr(found, "st_birthtime", 0) * 1000),
        _user_name(found.st_uid),
        _group_name(found.st_gid),
    )


@functools.lru_cache(maxsize=4096)
def _user_name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


@functools.lru_cache(maxsize=4096)
def _group_name(gid: int) -> str:
    import grp

    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def rename_without_replacing(
    source: str, source_fd: int | None, target: str, target_fd: int | None
) -> bool:
    """Rename in one step that fails with EEXIST if the target exists.

    Returns:
        Whether that could be done; ``False`` = the system or file system has no such call.
    """
    function = _function("renameat2")
    if function is None:
        return False
    directories = [AT_FDCWD if fd is None else fd for fd in (source_fd, target_fd)]
    failed = function(
        directories[0],
        os.fsencode(source),
        directories[1],
        os.fsencode(target),
        _RENAME_NOREPLACE,
    )
    if not failed:
        return True
    number = ctypes.get_errno()
    if number in _NOT_THERE:
        return False
    raise OSError(number, os.strerror(number), source, None, target)
