"""Packets of SFTP version 3: encoding and decoding, pure.

Source: draft-ietf-secsh-filexfer-02, and PROTOCOL of OpenSSH 9.2 for the extensions. Everything
that comes from a server is checked: what is too short, too long or contradicts itself raises
``ProtocolError``, nothing else.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

INIT, VERSION = 1, 2
OPEN, CLOSE, READ, WRITE = 3, 4, 5, 6
LSTAT, FSTAT, SETSTAT, FSETSTAT = 7, 8, 9, 10
OPENDIR, READDIR, REMOVE, MKDIR, RMDIR = 11, 12, 13, 14, 15
REALPATH, STAT, RENAME, READLINK, SYMLINK = 16, 17, 18, 19, 20
STATUS, HANDLE, DATA, NAME, ATTRS = 101, 102, 103, 104, 105
EXTENDED, EXTENDED_REPLY = 200, 201

OPEN_READ, OPEN_WRITE, OPEN_APPEND = 0x01, 0x02, 0x04
OPEN_CREATE, OPEN_TRUNCATE, OPEN_EXCLUSIVE = 0x08, 0x10, 0x20

OK, EOF, NO_SUCH_FILE, PERMISSION_DENIED, FAILURE = 0, 1, 2, 3, 4
BAD_MESSAGE, NO_CONNECTION, CONNECTION_LOST, OP_UNSUPPORTED = 5, 6, 7, 8

MAX_PACKET = 1 << 20
"""Longest packet that is believed, in bytes; OpenSSH sends 256 KiB at most."""

_SIZE, _IDS, _MODE, _TIMES, _EXTENDED = 0x1, 0x2, 0x4, 0x8, 0x80000000
_USUAL = _SIZE | _IDS | _MODE | _TIMES
_KNOWN = _USUAL | _EXTENDED

_u32 = struct.Struct(">I")
_u64 = struct.Struct(">Q")
_two_u32 = struct.Struct(">II")
_head = struct.Struct(">IBI")
_usual_attributes = struct.Struct(">IQIIIII")
_eleven_u64 = struct.Struct(">11Q")


class ProtocolError(ValueError):
    """The server sent what cannot be SFTP."""


class Attributes(NamedTuple):
    """What a server tells of a file; ``None`` = it did not tell. Times are seconds since 1970."""

    size: int | None = None
    uid: int | None = None
    gid: int | None = None
    mode: int | None = None
    atime: int | None = None
    mtime: int | None = None


class Status(NamedTuple):
    """An answer that is only a code (``OK`` …) and the server's text for it."""

    code: int
    message: str


class Limits(NamedTuple):
    """What ``limits@openssh.com`` tells, in bytes and handles; 0 = the server sets no limit."""

    packet: int
    read: int
    write: int
    handles: int


class Space(NamedTuple):
    """What ``statvfs@openssh.com`` tells: bytes and inodes that an ordinary user may still take."""

    free_bytes: int
    free_inodes: int
    total_inodes: int


def string(data: bytes) -> bytes:
    """Return ``data`` with its length before it."""
    return _u32.pack(len(data)) + data


def request(kind: int, request_id: int, *body: bytes | memoryview) -> bytes:
    """Return a whole packet with a request id."""
    size = sum(map(len, body)) + 5
    return b"".join((_head.pack(size, kind, request_id), *body))


def init() -> bytes:
    """Return the packet that opens the conversation: version 3."""
    return struct.pack(">IBI", 5, INIT, 3)


def u32(value: int) -> bytes:
    """Return a 32-bit number."""
    return _u32.pack(value)


def u64(value: int) -> bytes:
    """Return a 64-bit number."""
    return _u64.pack(value)


def extended(name: str, *body: bytes) -> bytes:
    """Return the body of an EXTENDED request."""
    return b"".join((string(name.encode("ascii")), *body))


def encode_attributes(attributes: Attributes) -> bytes:
    """Return attributes to set. Ids and times go in pairs: both of a pair are set or none."""
    flags, parts = 0, []
    if attributes.size is not None:
        flags |= _SIZE
        parts.append(_u64.pack(attributes.size))
    if attributes.uid is not None and attributes.gid is not None:
        flags |= _IDS
        parts.append(_two_u32.pack(attributes.uid, attributes.gid))
    if attributes.mode is not None:
        flags |= _MODE
        parts.append(_u32.pack(attributes.mode))
    if attributes.atime is not None and attributes.mtime is not None:
        flags |= _TIMES
        parts.append(_two_u32.pack(attributes.atime, attributes.mtime))
    return _u32.pack(flags) + b"".join(parts)


def parse_attributes(body: bytes, at: int = 0) -> tuple[Attributes, int]:
    """Return the attributes at a position, and the position behind them."""
    try:
        flags = _u32.unpack_from(body, at)[0]
        if flags == _USUAL:
            _, size, uid, gid, mode, atime, mtime = _usual_attributes.unpack_from(body, at)
            return Attributes(size, uid, gid, mode, atime, mtime), at + 32
        return _parse_unusual(body, at + 4, flags)
    except struct.error as error:
        raise ProtocolError(f"attributes are cut off: {error}") from None


def _parse_unusual(body: bytes, at: int, flags: int) -> tuple[Attributes, int]:
    if flags & ~_KNOWN:
        raise ProtocolError(f"attributes have unknown flags: {flags:#x}")
    size = uid = gid = mode = atime = mtime = None
    if flags & _SIZE:
        (size,) = _u64.unpack_from(body, at)
        at += 8
    if flags & _IDS:
        uid, gid = _two_u32.unpack_from(body, at)
        at += 8
    if flags & _MODE:
        (mode,) = _u32.unpack_from(body, at)
        at += 4
    if flags & _TIMES:
        atime, mtime = _two_u32.unpack_from(body, at)
        at += 8
    if flags & _EXTENDED:
        at = _skip_extensions(body, at)
    return Attributes(size, uid, gid, mode, atime, mtime), at


def _skip_extensions(body: bytes, at: int) -> int:
    (count,) = _u32.unpack_from(body, at)
    at += 4
    for _ in range(2 * count):
        _, at = parse_string(body, at)
    return at


def parse_string(body: bytes, at: int = 0) -> tuple[bytes, int]:
    """Return the string at a position, and the position behind it."""
    try:
        end = at + 4 + _u32.unpack_from(body, at)[0]
    except struct.error as error:
        raise ProtocolError(f"a string is cut off: {error}") from None
    if end > len(body):
        raise ProtocolError(f"a string claims {end - at - 4} bytes, {len(body) - at - 4} are there")
    return body[at + 4 : end], end


def parse_u32(body: bytes, at: int = 0) -> int:
    """Return the 32-bit number at a position."""
    try:
        return int(_u32.unpack_from(body, at)[0])
    except struct.error as error:
        raise ProtocolError(f"a number is cut off: {error}") from None


def parse_version(body: bytes) -> tuple[int, dict[str, bytes]]:
    """Return version and extensions of a VERSION packet (its body has no request id)."""
    version, at, extensions = parse_u32(body), 4, {}
    while at < len(body):
        name, at = parse_string(body, at)
        extensions[name.decode("utf-8", "replace")], at = parse_string(body, at)
    return version, extensions


def parse_status(body: bytes) -> Status:
    """Return the code and text of a STATUS packet; old servers leave the text out."""
    code = parse_u32(body)
    text = parse_string(body, 4)[0] if len(body) > 4 else b""
    return Status(code, text.decode("utf-8", "replace"))


def parse_names(body: bytes) -> list[tuple[bytes, Attributes]]:
    """Return names and attributes of a NAME packet; the long form of each name is passed over.

    Directories have many thousand entries: what is usual is parsed without further calls.
    """
    names, at = [], 4
    read_u32, read_usual = _u32.unpack_from, _usual_attributes.unpack_from
    try:
        for _ in range(parse_u32(body)):
            begin = at + 4
            at = begin + read_u32(body, at)[0]
            name = body[begin:at]
            at += 4 + read_u32(body, at)[0]
            flags, size, uid, gid, mode, atime, mtime = read_usual(body, at)
            if flags == _USUAL:
                found = Attributes(size, uid, gid, mode, atime, mtime)
                at += _usual_attributes.size
            else:
                found, at = parse_attributes(body, at)
            names.append((name, found))
    except struct.error:
        return _parse_names_carefully(body)
    return names


def _parse_names_carefully(body: bytes) -> list[tuple[bytes, Attributes]]:
    """Parse names whose last attributes are short, or that are faulty."""
    names, at = [], 4
    for _ in range(parse_u32(body)):
        name, at = parse_string(body, at)
        at += 4 + parse_u32(body, at)
        found, at = parse_attributes(body, at)
        names.append((name, found))
    return names


def parse_limits(body: bytes) -> Limits:
    """Return what a reply to ``limits@openssh.com`` holds."""
    try:
        return Limits(*struct.unpack_from(">QQQQ", body))
    except struct.error as error:
        raise ProtocolError(f"limits are cut off: {error}") from None


def parse_space(body: bytes) -> Space:
    """Return what a reply to ``statvfs@openssh.com`` or ``fstatvfs@openssh.com`` holds."""
    try:
        block, fragment, _, _, available, inodes, _, free_inodes, *_ = _eleven_u64.unpack_from(body)
    except struct.error as error:
        raise ProtocolError(f"file-system statistics are cut off: {error}") from None
    return Space(available * (fragment or block), free_inodes, inodes)


def parse_id_names(body: bytes) -> tuple[list[str], list[str]]:
    """Return user and group names of a reply to ``users-groups-by-id@openssh.com``."""
    users, at = parse_string(body)
    groups, _ = parse_string(body, at)
    return _strings(users), _strings(groups)


def _strings(body: bytes) -> list[str]:
    names, at = [], 0
    while at < len(body):
        name, at = parse_string(body, at)
        names.append(name.decode("utf-8", "replace"))
    return names
