"""Copies a file within the server."""

from __future__ import annotations

from collections.abc import Callable

from xenon_adaptors.sftp_protocol import packets as p
from xenon_adaptors.sftp_protocol.operations import COPY_DATA, copy_data, encoded
from xenon_adaptors.sftp_protocol.session import SftpSession, StatusError
from xenon_py.exceptions import EndOfFileException, UnsupportedOperationException, XenonException

_PIECE = 64 << 20  # bytes per request: often enough for progress, seldom enough for speed
_NO_ATTRIBUTES = p.encode_attributes(p.Attributes())
_NEW = p.OPEN_WRITE | p.OPEN_CREATE | p.OPEN_TRUNCATE


def copy_on_server(
    session: SftpSession, source: str, target: str, progress: Callable[[int], object]
) -> None:
    """Copy a file; a file at the target is replaced. When that fails, no target is left.

    Raises:
        UnsupportedOperationException: the server cannot copy.
        EndOfFileException: the source became shorter meanwhile.
        StatusError: the server refused.
    """
    if COPY_DATA not in session.extensions:
        raise UnsupportedOperationException.because("the server cannot copy files by itself")
    reading = session.open(p.OPEN, encoded(source), p.u32(p.OPEN_READ), _NO_ATTRIBUTES)
    try:
        body = session.expect(p.ATTRS, session.call(p.FSTAT, reading))
        size = session.parsed(p.parse_attributes, body)[0].size or 0
        writing = session.open(p.OPEN, encoded(target), p.u32(_NEW), _NO_ATTRIBUTES)
        try:
            _copy(session, reading, writing, size, progress)
            session.command(p.CLOSE, writing)
        except BaseException:
            _remove(session, writing, target)
            raise
    finally:
        session.forget(reading)


def _copy(
    session: SftpSession,
    reading: bytes,
    writing: bytes,
    size: int,
    progress: Callable[[int], object],
) -> None:
    for offset in range(0, size, _PIECE):
        piece = min(_PIECE, size - offset)
        try:
            copy_data(session, reading, writing, offset, piece)
        except StatusError as error:
            if error.code != p.EOF:
                raise
            raise EndOfFileException.because("the file became shorter meanwhile") from error
        progress(piece)


def _remove(session: SftpSession, writing: bytes, target: str) -> None:
    """Remove a partial target; that it cannot be done must not hide why it is partial."""
    session.forget(writing)
    try:
        session.command(p.REMOVE, encoded(target))
    except (StatusError, XenonException):
        return
