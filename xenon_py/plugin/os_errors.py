"""The one table from the operating system's errors to the exceptions of this library."""

from __future__ import annotations

import errno
import os

from xenon_py.exceptions import (
    ConnectionLostException,
    DirectoryNotEmptyException,
    InvalidPathException,
    NoSpaceException,
    NoSuchPathException,
    NotConnectedException,
    PathAlreadyExistsException,
    PermissionDeniedException,
    UnsupportedOperationException,
    XenonException,
    XenonTimeoutException,
)

_CLASSES: dict[int, type[XenonException]] = {
    errno.ENOENT: NoSuchPathException,
    errno.ESTALE: NoSuchPathException,
    errno.EEXIST: PathAlreadyExistsException,
    errno.ENOTEMPTY: DirectoryNotEmptyException,
    errno.ENOTDIR: InvalidPathException,
    errno.EISDIR: InvalidPathException,
    errno.ELOOP: InvalidPathException,
    errno.ENAMETOOLONG: InvalidPathException,
    errno.EILSEQ: InvalidPathException,
    errno.EINVAL: InvalidPathException,
    errno.ENXIO: InvalidPathException,
    errno.EACCES: PermissionDeniedException,
    errno.EPERM: PermissionDeniedException,
    errno.EROFS: PermissionDeniedException,
    errno.ENOSPC: NoSpaceException,
    errno.EDQUOT: NoSpaceException,
    errno.EFBIG: NoSpaceException,
    errno.EOPNOTSUPP: UnsupportedOperationException,
    errno.ENOSYS: UnsupportedOperationException,
    errno.EXDEV: UnsupportedOperationException,
    errno.ETIMEDOUT: XenonTimeoutException,
    errno.ENOTCONN: NotConnectedException,
    errno.ECONNREFUSED: NotConnectedException,
    errno.EHOSTUNREACH: NotConnectedException,
    errno.ENETUNREACH: NotConnectedException,
    errno.ECONNRESET: ConnectionLostException,
    errno.EPIPE: ConnectionLostException,
}
_ADVICE: dict[int, str] = {
    errno.EXDEV: "it would go to another device; copy it there, then delete it here",
    errno.EMFILE: "this process may not open more: raise the limit (ulimit -n), or do less at once",
}


def reason_of(error: OSError, path: str = "") -> str:
    """Return what the operating system says, and what to do about it where that is not plain.

    Args:
        error: what it raised.
        path: the path concerned, to be named.
    """
    reason = os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
    told = f"{reason}: {path!r}" if path else reason
    advice = _ADVICE.get(error.errno or 0)
    return f"{told}; {advice}" if advice else told


def from_os_error(error: OSError, path: str = "", *, adaptor: str = "") -> XenonException:
    """Return the exception that stands for an ``OSError``; raise it ``from`` the error.

    Args:
        error: what the operating system, or a library that speaks like it, raised.
        path: the path concerned.
        adaptor: name of the adaptor.

    Returns:
        An ``XenonException`` of the class that the table has for ``error.errno``; a plain
        ``XenonException`` for numbers that are not in it.
    """
    if isinstance(error, XenonException):
        return error
    cls = _CLASSES.get(error.errno or 0, XenonException)
    return cls.because(reason_of(error, path), path=path, adaptor=adaptor)
