"""From HTTP statuses to the exceptions of this library."""

from __future__ import annotations

from collections.abc import Callable

from xenon_py.exceptions import (
    DirectoryNotEmptyException,
    InvalidLocationException,
    InvalidPathException,
    NoSpaceException,
    NoSuchPathException,
    PathAlreadyExistsException,
    PermissionDeniedException,
    UnsupportedOperationException,
    XenonException,
)
from xenon_py.model.path import parent
from xenon_py.plugin.filesystem import FileInfo, FileKind

Look = Callable[[str], FileInfo]
"""Is ``lstat``."""

DONE = {200, 201, 204}
"""What a finished write is answered with; servers mix them up (RFC 4918 has one for each case)."""

_CLASSES: dict[int, tuple[type[XenonException], str]] = {
    403: (PermissionDeniedException, "the server forbids it"),
    404: (NoSuchPathException, "path does not exist"),
    405: (UnsupportedOperationException, "the server does not allow this here"),
    409: (NoSuchPathException, "the parent does not exist, or something is in the way"),
    410: (NoSuchPathException, "path does not exist any more"),
    412: (PathAlreadyExistsException, "path already exists"),
    413: (NoSpaceException, "it is larger than the server takes"),
    414: (InvalidPathException, "the path is too long for the server"),
    423: (PermissionDeniedException, "somebody else has locked it"),
    424: (PermissionDeniedException, "something in it is locked or forbidden"),
    501: (UnsupportedOperationException, "the server cannot do this"),
    507: (NoSpaceException, "the server has no space left"),
}
NO_WEBDAV = {200, 204, 405, 501}
"""How servers of mere web pages answer to questions for properties."""

_CLEAR = {404, 412, 413, 414, 423, 424, 507}  # a look at the path would tell no more


def failure(status: int, path: str) -> XenonException:
    """Return the exception that a status stands for."""
    cls, text = _CLASSES.get(status, (XenonException, ""))
    if 300 <= status < 400:
        text = "the server wants to redirect, which is not followed here; is the location right?"
    text = text or "the server answers with an error"
    return cls.because(f"{text}: {path!r} (status {status})", path=path)


def no_webdav(status: int, url: str) -> XenonException:
    """Return the exception for a server that does not know WebDAV's first question."""
    return InvalidLocationException.because(
        f"no WebDAV is spoken at {url}: asked for properties (PROPFIND), the server answers with "
        f"status {status}, where WebDAV has 207; is the location right?"
    )


def explain_making(look: Look, status: int, path: str, *, directory: bool) -> XenonException:
    """Return why something could not be made: servers are at odds about the status for that.

    Args:
        look: tells what is there.
        status: the answer.
        path: what was to be made, or written.
        directory: a directory was to be made, not a file written.
    """
    if status in _CLEAR:
        return failure(status, path)
    here = _seen(look, path)
    if here is not None and directory:
        return PathAlreadyExistsException.because(f"path already exists: {path!r}", path=path)
    if here is not None and here.kind is FileKind.DIRECTORY:
        return InvalidPathException.because(f"path is a directory: {path!r}", path=path)
    above = parent(path)
    try:
        info = look(above)
    except NoSuchPathException:
        return NoSuchPathException.because(
            f"parent directory does not exist: {above!r}", path=above
        )
    except XenonException:
        return failure(status, path)
    if info.kind is not FileKind.DIRECTORY:
        return InvalidPathException.because(f"parent is no directory: {above!r}", path=above)
    return failure(status if status != 409 else 500, path)


def explain_taking(look: Look, status: int, path: str) -> XenonException:
    """Return why something could not be read or removed, where the status alone is not clear."""
    if status in _CLEAR:
        return failure(status, path)
    try:
        look(path)
    except NoSuchPathException as error:
        return error
    except XenonException:
        return failure(status, path)
    return failure(status, path)


def not_empty(path: str) -> XenonException:
    """Return the exception for a directory that is to be empty."""
    return DirectoryNotEmptyException.because(f"directory is not empty: {path!r}", path=path)


def _seen(look: Look, path: str) -> FileInfo | None:
    """Return what is there; a look that fails must not hide the error that is explained."""
    try:
        return look(path)
    except XenonException:
        return None
