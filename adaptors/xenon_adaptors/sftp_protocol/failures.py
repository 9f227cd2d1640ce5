"""What an error status means. Version 3 has few codes, and most errors come as plain ``FAILURE``.

What a code does not tell, a look at the server does: is the path there, is it a directory, is the
disk full? The answer may be newer than the error; it is the best there is.
"""

from __future__ import annotations

import posixpath
from typing import Protocol

from xenon_adaptors.sftp_protocol import packets as p
from xenon_adaptors.sftp_protocol.session import StatusError
from xenon_py.exceptions import (
    ConnectionLostException,
    DirectoryNotEmptyException,
    EndOfFileException,
    InvalidPathException,
    NoSpaceException,
    NoSuchPathException,
    PathAlreadyExistsException,
    PermissionDeniedException,
    UnsupportedOperationException,
    XenonException,
)
from xenon_py.plugin.filesystem import FileKind

_MEANINGS: dict[int, type[XenonException]] = {
    p.EOF: EndOfFileException,
    p.NO_SUCH_FILE: NoSuchPathException,
    p.PERMISSION_DENIED: PermissionDeniedException,
    p.NO_CONNECTION: ConnectionLostException,
    p.CONNECTION_LOST: ConnectionLostException,
    p.OP_UNSUPPORTED: UnsupportedOperationException,
    # Codes of later versions, which some servers send all the same (draft 13, section 9.1).
    10: NoSuchPathException,
    11: PathAlreadyExistsException,
    12: PermissionDeniedException,
    14: NoSpaceException,
    15: NoSpaceException,
    18: DirectoryNotEmptyException,
    19: InvalidPathException,
    20: InvalidPathException,
    21: InvalidPathException,
    24: InvalidPathException,
    29: PermissionDeniedException,
    30: PermissionDeniedException,
}

_MAKES = {"mkdir", "create", "symlink"}  # the path must not be there
_STORES = _MAKES | {"write"}  # needs space
_FILES = {"create", "write", "read", "unlink", "append"}  # the path must not be a directory
_DIRECTORIES = {"scandir", "rmdir"}


class Look(Protocol):
    """Finds out about paths on the server."""

    def kind(self, path: str) -> FileKind | None:
        """Return the kind of a path, ``None`` if it is not there (or cannot be seen)."""

    def is_empty(self, path: str) -> bool:
        """Tell whether a directory is empty."""

    def is_full(self, path: str) -> bool:
        """Tell whether nothing more can be stored where a path is."""


def explain(operation: str, path: str, error: StatusError, look: Look) -> XenonException:
    """Return the exception for an error status.

    Args:
        operation: ``lstat scandir read create write append mkdir rmdir unlink rename symlink
            readlink chmod set_times copy``.
        path: what the operation was about; of a rename the target.
        error: the status.
        look: asked where the code leaves something open.
    """
    found = None
    if error.code in {p.NO_SUCH_FILE, p.FAILURE, p.PERMISSION_DENIED}:
        found = _by_look(operation, path, error, look)
    if found is None:
        found = _MEANINGS.get(error.code, XenonException), f"the server refused ({error})"
    kind, text = found
    return kind.because(text if text.endswith("'") else f"{text}: {path!r}", path=path)


_OTHER_DEVICE = "if that is on another device, copy it there, then delete it here"
Finding = tuple[type[XenonException], str]


def _by_look(operation: str, path: str, error: StatusError, look: Look) -> Finding | None:
    kind = look.kind(path)
    if kind is FileKind.DIRECTORY and operation in _FILES:
        return InvalidPathException, "it is a directory"
    if kind not in {None, FileKind.DIRECTORY} and operation in _DIRECTORIES:
        return InvalidPathException, "it is no directory"
    if error.code == p.PERMISSION_DENIED:
        return None
    if kind is None:
        return _of_missing(operation, path, error, look)
    return _of_existing(operation, path, kind, look)


def _of_missing(operation: str, path: str, error: StatusError, look: Look) -> Finding | None:
    parent = posixpath.dirname(path)
    if operation in _STORES | {"rename"}:
        above = look.kind(parent)
        if above is None:
            return NoSuchPathException, f"its directory does not exist: {parent!r}"
        if above not in {FileKind.DIRECTORY, FileKind.LINK}:
            return InvalidPathException, f"this is no directory: {parent!r}"
    if operation == "rename":  # the target may well be missing: then it is the source that is
        if error.code == p.NO_SUCH_FILE:
            return NoSuchPathException, "the source does not exist"
        return XenonException, f"the server refused ({error}); {_OTHER_DEVICE}"
    if operation in _STORES:
        return (NoSpaceException, "the server's disk is full") if look.is_full(parent) else None
    return NoSuchPathException, "it does not exist"


def _of_existing(operation: str, path: str, kind: FileKind, look: Look) -> Finding | None:
    if operation in _MAKES or operation == "rename":
        return PathAlreadyExistsException, "it exists already"
    if operation == "rmdir" and not look.is_empty(path):
        return DirectoryNotEmptyException, "the directory is not empty"
    if operation == "readlink" and kind is not FileKind.LINK:
        return InvalidPathException, "it is no symbolic link"
    if operation in _STORES | {"append"} and look.is_full(path):
        return NoSpaceException, "the server's disk is full"
    return None
