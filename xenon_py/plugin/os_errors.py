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
    errno.ETIMEDOUT: XenonTimeoutException,
    errno.ENOTCONN: NotConnectedException,
    errno.ECONNREFUSED: NotConnectedException,
    errno.EHOSTUNREACH: NotConnectedException,
    errno.ENETUNREACH: NotConnectedException,
    errno.ECONNRESET: ConnectionLostException,
    errno.EPIPE: ConnectionLostException,
}


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
    reason = os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
    message = f"{reason}: {path!r}" if path else reason
    return cls.because(message, path=path, adaptor=adaptor)
