"""Compares what was written with what was read. Nothing is ever compared less than was asked."""

from __future__ import annotations

import hashlib

from xenon_py.engine.copying.control import Control
from xenon_py.engine.copying.route import Item, Route
from xenon_py.exceptions import UnsupportedOperationException, VerificationException
from xenon_py.plugin.filesystem import FileInfo, FileKind, FileSystemAdaptor

ALGORITHM = "sha256"
_CHUNK = 1024 * 1024


def checksum_of(adaptor: FileSystemAdaptor, path: str, control: Control) -> str:
    """Return the SHA-256 of a file: from the server where it computes it, else by reading."""
    if adaptor.description.can_checksum:
        try:
            return adaptor.checksum(path, ALGORITHM).lower()
        except UnsupportedOperationException:
            pass  # not by this algorithm: read it
    digest = hashlib.sha256()
    stream = adaptor.open_read(path)
    try:
        while chunk := stream.read(_CHUNK):
            control.check()
            digest.update(chunk)
    finally:
        stream.close()
    return digest.hexdigest()


def require_whole_source(source: FileSystemAdaptor, item: Item, read: int) -> None:
    """Check that as much was read as the source has.

    Raises:
        VerificationException: the source is shorter or longer than what was read of it.
    """
    if read == item.info.size:
        return
    size = source.lstat(item.source).size
    if read != size:
        raise VerificationException.because(
            f"{read} bytes were read of {item.source!r}, which has {size} bytes now and had "
            f"{item.info.size} before: it changed while it was copied, or the transfer was cut",
            path=item.source,
        )


def require_size(written: FileInfo, expected: int, path: str) -> None:
    """Check the size of a file at the destination.

    Raises:
        VerificationException: it has another size, or is no file.
    """
    if written.kind is not FileKind.FILE or written.size != expected:
        raise VerificationException.because(
            f"{expected} bytes were written to {path!r}, but the destination has a "
            f"{written.kind.value} of {written.size} bytes there",
            path=path,
        )


def require_checksum(found: str, expected: str, path: str) -> None:
    """Check the checksum of what was written.

    Raises:
        VerificationException: it is another one.
    """
    if found != expected:
        raise VerificationException.because(
            f"the {ALGORITHM} of what was written to {path!r} is {found}, of the source {expected}",
            path=path,
        )


def same_time(route: Route, one: FileInfo, other: FileInfo) -> bool:
    """Tell whether two modification times are equal, as finely as both sides keep them."""
    step = max(route.source.time_resolution, route.destination.time_resolution)
    return 0 not in {one.mtime, other.mtime} and abs(one.mtime - other.mtime) < step


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of what is in memory."""
    return hashlib.sha256(content).hexdigest()
