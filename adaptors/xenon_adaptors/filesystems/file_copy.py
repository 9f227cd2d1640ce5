"""Copies a file's content inside the kernel: by reflink, else ``copy_file_range``, else by hand."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

_FICLONE = 0x40049409  # _IOW(0x94, 9, int), ioctl_ficlonerange(2)
_CHUNK = 8 * 1024 * 1024
_UNABLE = {
    errno.EXDEV,
    errno.EINVAL,
    errno.ENOSYS,
    errno.EOPNOTSUPP,
    errno.ENOTTY,
    errno.EPERM,
    errno.EBADF,
    errno.ETXTBSY,
    errno.EISDIR,
}


def copy_content(source: int, target: int, size: int, progress: Callable[[int], object]) -> None:
    """Copy all of one open file into another, empty one.

    Args:
        source: descriptor to read, at its beginning.
        target: descriptor to write, at its beginning.
        size: of the source, by ``fstat``.
        progress: is told the bytes of each step; what it raises ends the copy.

    Raises:
        OSError: reading or writing failed.
    """
    if size and _clone(source, target):
        progress(size)
        return
    if _has_holes(source, size):
        _copy_extents(source, target, size, progress)
        return
    copied = _copy_in_kernel(source, target, progress) if size else 0
    # Files of /proc say that they are empty, and some file systems copy nothing: go on by hand,
    # which sees at once when there is nothing left.
    if copied < size or not size:
        _copy_by_hand(source, target, progress)


def _clone(source: int, target: int) -> bool:
    if fcntl is None:
        return False
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno not in _UNABLE:
            raise
        return False
    return True


def _has_holes(source: int, size: int) -> bool:
    return hasattr(os, "SEEK_HOLE") and os.fstat(source).st_blocks * 512 < size


def _copy_extents(source: int, target: int, size: int, progress: Callable[[int], object]) -> None:
    """Copy what is stored of a sparse file (lseek(2), SEEK_DATA); its holes stay holes."""
    position = 0
    while position < size:
        begin = _seek(source, position, os.SEEK_DATA, size)
        progress(begin - position)
        position = _seek(source, begin, os.SEEK_HOLE, size) if begin < size else size
        os.lseek(source, begin, os.SEEK_SET)
        os.lseek(target, begin, os.SEEK_SET)
        left = position - begin - _copy_in_kernel(source, target, progress, position - begin)
        while left > 0 and (data := os.read(source, min(left, 1024 * 1024))):
            write_all(target, data)
            progress(len(data))
            left -= len(data)
    os.ftruncate(target, size)


def _seek(descriptor: int, position: int, whence: int, size: int) -> int:
    try:
        return min(os.lseek(descriptor, position, whence), size)
    except OSError as error:
        if error.errno != errno.ENXIO:  # there is nothing of this kind up to the end
            raise
        return size


def _copy_in_kernel(
    source: int, target: int, progress: Callable[[int], object], limit: int | None = None
) -> int:
    """Copy with ``copy_file_range`` as far as it goes; both offsets advance."""
    copy_range = getattr(os, "copy_file_range", None)
    total = 0
    while copy_range is not None and total != limit:
        try:
            count = copy_range(
                source, target, _CHUNK if limit is None else min(_CHUNK, limit - total)
            )
        except OSError as error:
            if error.errno not in _UNABLE:
                raise
            break
        if not count:
            break
        total += count
        progress(count)
    return total


def _copy_by_hand(source: int, target: int, progress: Callable[[int], object]) -> None:
    while data := os.read(source, 1024 * 1024):
        write_all(target, data)
        progress(len(data))


def write_all(descriptor: int, data: bytes | bytearray | memoryview) -> None:
    """Write all of ``data``, however often the kernel takes only a part."""
    view = memoryview(data).cast("B")
    while view:
        view = view[os.write(descriptor, view) :]
