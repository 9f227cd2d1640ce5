"""Single requests of SFTP, each as a function of a session: no retry, no translation of errors."""

from __future__ import annotations

import stat

from xenon_adaptors.sftp_protocol import packets as p
from xenon_adaptors.sftp_protocol.listing import read_directory
from xenon_adaptors.sftp_protocol.session import SftpSession, StatusError
from xenon_py.exceptions import InvalidPathException
from xenon_py.plugin.filesystem import FileKind

POSIX_RENAME = "posix-rename@openssh.com"
STATVFS = "statvfs@openssh.com"
LSETSTAT = "lsetstat@openssh.com"
COPY_DATA = "copy-data"
ID_NAMES = "users-groups-by-id@openssh.com"

_KIND_BITS = 0o170000
_KINDS = {
    stat.S_IFREG: FileKind.FILE,
    stat.S_IFDIR: FileKind.DIRECTORY,
    stat.S_IFLNK: FileKind.LINK,
}


def encoded(path: str) -> bytes:
    """Return a path as the server is to see it, encoded as a string.

    Raises:
        InvalidPathException: it holds NUL, at which servers hang up.
    """
    if "\0" in path:
        raise InvalidPathException.because("a path cannot hold NUL", path=repr(path))
    return p.string(path.encode("utf-8", "surrogateescape"))


def decoded(name: bytes) -> str:
    """Return a name from the server as text; bytes that are not UTF-8 by surrogateescape."""
    return name.decode("utf-8", "surrogateescape")


def kind_of(attributes: p.Attributes) -> FileKind:
    """Return the kind that the mode tells; a server that sends none leaves it open."""
    return _KINDS.get((attributes.mode or 0) & _KIND_BITS, FileKind.OTHER)


def attributes(session: SftpSession, path: str, kind: int = p.LSTAT) -> p.Attributes:
    """Return the attributes of a path; ``kind`` ``STAT`` follows a link."""
    body = session.expect(p.ATTRS, session.call(kind, encoded(path)))
    return session.parsed(p.parse_attributes, body)[0]


def one_name(session: SftpSession, kind: int, path: str) -> str:
    """Return what REALPATH or READLINK tells of a path."""
    body = session.expect(p.NAME, session.call(kind, encoded(path)))
    names = session.parsed(p.parse_names, body)
    if len(names) != 1:
        raise session.broken(f"the server answered with {len(names)} names instead of one")
    return decoded(names[0][0])


def space(session: SftpSession, path: str) -> p.Space | None:
    """Return what is free where a path is; ``None`` where the server cannot tell."""
    if STATVFS not in session.extensions:
        return None
    try:
        body = session.extended(STATVFS, encoded(path))
    except StatusError:
        return None
    return session.parsed(p.parse_space, body)


def is_empty(session: SftpSession, path: str) -> bool:
    """Tell whether a directory has no entries."""
    handle = session.open(p.OPENDIR, encoded(path))
    names = (name for group in read_directory(session, handle) for name, _ in group)
    return all(name in {b".", b".."} for name in names)


def rename(session: SftpSession, source: str, target: str, *, replace: bool) -> None:
    """Rename; a file at the target is replaced if that is asked for and the server can."""
    names = encoded(source), encoded(target)
    if replace and POSIX_RENAME in session.extensions:
        session.command(p.EXTENDED, p.extended(POSIX_RENAME, *names))
    else:
        session.command(p.RENAME, *names)


def copy_data(session: SftpSession, source: bytes, target: bytes, offset: int, size: int) -> None:
    """Copy bytes from one open file into another, on the server, at the same offset."""
    where = p.u64(offset)
    body = p.extended(COPY_DATA, source, where, p.u64(size), target, where)
    session.command(p.EXTENDED, body)


def id_names(
    session: SftpSession, users: list[int], groups: list[int]
) -> tuple[list[str], list[str]]:
    """Return the names of users and groups, ``""`` where the server knows none."""
    lists = [p.string(b"".join(map(p.u32, ids))) for ids in (users, groups)]
    return session.parsed(p.parse_id_names, session.extended(ID_NAMES, *lists))


def set_attributes(session: SftpSession, path: str, wanted: p.Attributes) -> None:
    """Set attributes; of a link itself where the server can, else of what it leads to."""
    body = encoded(path), p.encode_attributes(wanted)
    if LSETSTAT in session.extensions:
        session.command(p.EXTENDED, p.extended(LSETSTAT, *body))
    else:
        session.command(p.SETSTAT, *body)
