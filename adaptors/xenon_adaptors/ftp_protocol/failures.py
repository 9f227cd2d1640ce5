"""From replies to the exceptions of this library.

FTP has few codes: 550 stands for nearly everything. So what is there is looked at.
"""

from __future__ import annotations

import ftplib
from collections.abc import Callable

from xenon_adaptors.ftp_protocol.connection import text
from xenon_py.exceptions import (
    AuthenticationException,
    ConnectionLostException,
    InvalidPathException,
    NoSpaceException,
    NoSuchPathException,
    NotConnectedException,
    PathAlreadyExistsException,
    PermissionDeniedException,
    UnsupportedOperationException,
    XenonException,
)
from xenon_py.model.path import parent
from xenon_py.plugin.filesystem import FileInfo, FileKind

Look = Callable[[str], FileInfo]
"""Is ``lstat``."""

_CLASSES: dict[int, type[XenonException]] = {
    425: NotConnectedException,
    426: ConnectionLostException,
    451: XenonException,  # "local error": all that vsftpd tells of a full disk
    452: NoSpaceException,
    500: UnsupportedOperationException,
    501: InvalidPathException,
    502: UnsupportedOperationException,
    504: UnsupportedOperationException,
    522: NotConnectedException,
    530: AuthenticationException,
    532: PermissionDeniedException,
    552: NoSpaceException,
}
_NO_SPACE = ("space left", "quota", "disk full")


def code_of(error: ftplib.Error) -> int:
    """Return the code of a reply; 0 if it has none."""
    digits = str(error)[:3]
    return int(digits) if digits.isascii() and digits.isdigit() else 0


def _plain(error: ftplib.Error, path: str) -> XenonException | None:
    """Return the exception for a reply that is clear by itself."""
    reply = text(str(error))
    cls = _CLASSES.get(code_of(error))
    if any(words in reply.lower() for words in _NO_SPACE):
        cls = NoSpaceException
    return None if cls is None else cls.because(_told(error, path), path=path)


def _told(error: ftplib.Error, path: str) -> str:
    return f"the server refuses {path!r}: {text(str(error))}"


def explain_taking(
    look: Look, error: ftplib.Error, path: str, *, wanted: FileKind | None = None
) -> XenonException:
    """Return why what is there could not be read, listed or removed.

    Args:
        look: tells what is there.
        error: the reply.
        path: what was to be there.
        wanted: the kind that it was to be of.
    """
    plain = _plain(error, path)
    if plain is not None:
        return plain
    try:
        info = look(path)
    except XenonException as found:
        return found
    if wanted is not None and info.kind not in {wanted, FileKind.LINK}:
        return InvalidPathException.because(f"path is no {wanted.value}: {path!r}", path=path)
    return PermissionDeniedException.because(_told(error, path), path=path)


def explain_making(
    look: Look, error: ftplib.Error, path: str, *, directory: bool
) -> XenonException:
    """Return why something could not be made, or a file not be written.

    Args:
        look: tells what is there.
        error: the reply.
        path: what was to be made.
        directory: a directory was to be made, not a file written.
    """
    plain = _plain(error, path)
    if plain is not None:
        return plain
    try:
        here = look(path)
        if directory:
            return PathAlreadyExistsException.because(f"path already exists: {path!r}", path=path)
        if here.kind is FileKind.DIRECTORY:
            return InvalidPathException.because(f"path is a directory: {path!r}", path=path)
    except NoSuchPathException:
        pass
    above = parent(path)
    try:
        info = look(above)
    except XenonException as found:
        return found
    if info.kind not in {FileKind.DIRECTORY, FileKind.LINK}:
        return InvalidPathException.because(f"parent is no directory: {above!r}", path=above)
    return PermissionDeniedException.because(_told(error, path), path=path)
