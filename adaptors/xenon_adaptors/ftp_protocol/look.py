"""Finds out what is at a path: by MLST where the server has it, else by commands that list."""

from __future__ import annotations

import datetime
import ftplib
from collections.abc import Sequence

from xenon_adaptors.ftp_protocol.connection import Answer, Connection, sendable, text
from xenon_adaptors.ftp_protocol.failures import code_of
from xenon_adaptors.ftp_protocol.listings import (
    Listed,
    UnreadableListingError,
    parse_facts,
    parse_line,
)
from xenon_py.exceptions import NoSuchPathException, PermissionDeniedException, XenonException
from xenon_py.model.path import parent
from xenon_py.plugin.filesystem import FileInfo, FileKind

_REFUSALS = (ftplib.error_perm, ftplib.error_temp)
_ALL_BITS = 0o777


def has_facts(connection: Connection) -> bool:
    """Tell whether the server knows MLSD and MLST."""
    return "MLST" in connection.features or "MLSD" in connection.features


def missing(path: str) -> NoSuchPathException:
    """Return the exception for a path where nothing is."""
    return NoSuchPathException.because(f"path does not exist: {path!r}", path=path)


def look(connection: Connection, path: str) -> Listed:
    """Return what is at a path, a link itself where the server shows it.

    Raises:
        NoSuchPathException: nothing, or nothing that the server shows.
    """
    if path == "/":
        return Listed(FileInfo("", FileKind.DIRECTORY))
    found = _by_facts(connection, path) if has_facts(connection) else _by_list(connection, path)
    return Listed(found.info._replace(name=""), found.target)


def _by_facts(connection: Connection, path: str) -> Listed:
    """Look by MLST. ProFTPD tells of links the mode of the link, but the type of its target.

    The mode of links is always 0777, so that only files of that mode are looked at again.
    """
    try:
        found = _told(connection.command("MLST", path), path)
    except ftplib.error_perm as error:
        if code_of(error) == 550:
            raise missing(path) from error
        raise
    if found.info.mode != _ALL_BITS or found.info.kind is FileKind.LINK:
        return found
    listed = in_parent(connection, path)
    if listed is not None and listed.info.kind is FileKind.LINK:
        return listed
    return found


def _told(answer: str, path: str) -> Listed:
    """Return what an answer to MLST tells."""
    facts = [line[1:] for line in answer.split("\n")[1:-1] if line.startswith(" ")]
    with _Readable(path):
        found = parse_facts(text(facts[0])) if len(facts) == 1 else None
    if found is None:
        raise XenonException.because("the server's answer cannot be read", path=path)
    return found


def quick_look(
    connection: Connection, paths: Sequence[str]
) -> list[FileInfo | XenonException | None]:
    """Return what is at each path, all asked at once; ``None`` where ``look`` is to be asked."""
    if not has_facts(connection):
        return [None] * len(paths)
    places = {at: place for at, path in enumerate(paths) if (place := sendable(path))}
    answers = connection.exchange(*(f"MLST {place}" for place in places.values()))
    told = dict(zip(places, answers, strict=True))
    return [_quick(path, told.get(at)) for at, path in enumerate(paths)]


def _quick(path: str, answer: Answer | None) -> FileInfo | XenonException | None:
    if answer is None:
        return None
    if isinstance(answer, ftplib.Error):
        return missing(path) if code_of(answer) == 550 else None
    info = _told(answer, path).info
    if info.mode == _ALL_BITS or info.kind is FileKind.LINK:
        return None
    return info._replace(name="")


def _by_list(connection: Connection, path: str) -> Listed:
    """Look without MLST: a directory is where CWD goes, a file is what STAT or SIZE knows."""
    if _accepts(connection, "CWD", path):
        listed = in_parent(connection, path)
        return listed or Listed(FileInfo("", FileKind.DIRECTORY))
    try:
        lines = connection.command("STAT", path).split("\n")[1:-1]
    except _REFUSALS:
        lines = []
    with _Readable(path):
        found = [one for line in lines if (one := parse_line(text(line.strip()), _now()))]
    names = {path, path.rsplit("/", 1)[1]}
    if len(found) == 1 and found[0].info.name in names:
        return found[0]
    if not found and not _accepts(connection, "SIZE", path):
        raise missing(path)
    listed = in_parent(connection, path)
    if listed is None:
        raise missing(path)
    return listed


def _accepts(connection: Connection, verb: str, path: str) -> bool:
    try:
        connection.command(verb, path)
    except _REFUSALS:
        return False
    return True


def in_parent(connection: Connection, path: str) -> Listed | None:
    """Return what LIST of the parent directory tells of a path; ``None`` if nothing."""
    name = path.rsplit("/", 1)[1]
    for one in by_list(connection, parent(path)):
        if one.info.name == name:
            return one
    return None


def entries(connection: Connection, path: str) -> list[Listed]:
    """Return the entries of a directory, by the best command that the server has.

    It is gone into before, as ProFTPD takes the path of a listing for a pattern.
    """
    if not has_facts(connection):
        return by_list(connection, path)
    connection.command("CWD", path)
    with _Readable(path):
        return connection.listing("MLSD", parse_facts)[0]


def by_list(connection: Connection, path: str) -> list[Listed]:
    """Return what LIST tells of a directory, which is gone into before.

    Raises:
        PermissionDeniedException: the server shows an empty listing and says that it failed.
    """
    connection.command("CWD", path)
    now = _now()
    with _Readable(path):
        found, reply = connection.listing("LIST -a", lambda line: parse_line(line, now))
    if not found and "fail" in reply.lower():
        raise PermissionDeniedException.because(f"it cannot be listed: {text(reply)}", path=path)
    return found


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


class _Readable:
    """Turns what cannot be read into our exception: never into an empty directory."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        if isinstance(error, UnreadableListingError):
            raise XenonException.because(
                f"the server's answer cannot be read: {error}", path=self._path
            ) from error
