"""Two system calls that Python does not offer, by ctypes: ``statx`` and ``renameat2``.

Both are in glibc since 2.28 and in musl (statx since 1.2.0); where they are missing, or a sandbox
forbids them, the callers do without: no creation times, and a rename that checks before it acts.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any

AT_FDCWD = -100
_AT_SYMLINK_NOFOLLOW = 0x100
_STATX_BASIC_AND_BIRTH = 0xFFF
_RENAME_NOREPLACE = 1
_BUFFER_BYTES = 256
_NOT_THERE = {errno.ENOSYS, errno.EPERM, errno.EINVAL}

# struct statx (statx(2)): mask, blksize, attributes, nlink, uid, gid, mode, ino, size, blocks,
# attributes_mask, then access, birth, change and modification time as seconds and nanoseconds.
_unpack = struct.Struct("=IIQIIIH2xQQQQqI4xqI4xqI4xqI4x").unpack_from

Facts = tuple[int, int, int, int, int, int, int]
"""mode, size, uid, gid, then modification, access and creation time in ms since 1970 (0 = none)."""

_local = threading.local()


@functools.cache
def _function(name: str, *argument_types: Any) -> Any:
    """Return a function of the C library, or ``None`` if it has none of that name."""
    if not sys.platform.startswith("linux"):
        return None
    function = getattr(ctypes.CDLL(None, use_errno=True), name, None)
    if function is not None:
        function.argtypes = argument_types
        function.restype = ctypes.c_int
    return function


@functools.cache
def _statx() -> Any:
    """Return ``statx`` if it works here, else ``None``."""
    function = _function(
        "statx", ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p
    )
    if function is None:
        return None
    probe = ctypes.create_string_buffer(_BUFFER_BYTES)
    return None if function(AT_FDCWD, b"/", 0, _STATX_BASIC_AND_BIRTH, probe) else function


def _buffer() -> tuple[Any, int]:
    """Return this thread's buffer and its address."""
    found: tuple[Any, int] | None = getattr(_local, "buffer", None)
    if found is None:
        memory = ctypes.create_string_buffer(_BUFFER_BYTES)
        found = _local.buffer = (memory, ctypes.addressof(memory))
    return found


def facts_reader(dir_fd: int | None) -> Callable[[str], Facts]:
    """Return a function from a name, relative to a directory handle, to its ``lstat`` facts.

    It raises ``OSError``. With ``statx`` it takes as long as ``os.lstat`` and knows the creation.
    """
    statx = _statx()
    if statx is None:
        return functools.partial(_facts_by_lstat, dir_fd)
    memory, address = _buffer()
    directory = AT_FDCWD if dir_fd is None else dir_fd
    encode, unpack = os.fsencode, _unpack

    def read(name: str) -> Facts:
        if statx(directory, encode(name), _AT_SYMLINK_NOFOLLOW, _STATX_BASIC_AND_BIRTH, address):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), name)
        (_, _, _, _, uid, gid, mode, _, size, _, _,
         atime, atime_ns, birth, birth_ns, _, _, mtime, mtime_ns) = unpack(memory)  # fmt: skip
        return (
            mode,
            size,
            uid,
            gid,
            mtime * 1000 + mtime_ns // 1_000_000,
            atime * 1000 + atime_ns // 1_000_000,
            birth * 1000 + birth_ns // 1_000_000,
        )

    return read


def _facts_by_lstat(dir_fd: int | None, name: str) -> Facts:
    found = os.lstat(name, dir_fd=dir_fd)
    return (
        found.st_mode,
        found.st_size,
        found.st_uid,
        found.st_gid,
        found.st_mtime_ns // 1_000_000,
        found.st_atime_ns // 1_000_000,
        int(getattr(found, "st_birthtime", 0) * 1000),
    )


def rename_without_replacing(
    source: str, source_fd: int | None, target: str, target_fd: int | None
) -> bool:
    """Rename in one step that fails with EEXIST if the target exists.

    Returns:
        Whether that could be done; ``False`` = the system or file system has no such call.
    """
    function = _function(
        "renameat2", ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint
    )
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
