"""Which host keys are known, and what that means for the one that a server shows.

The files are those of sshd(8), section SSH_KNOWN_HOSTS FILE FORMAT: plain and hashed names,
``[host]:port``, lists with wildcards and negation, ``@revoked`` and ``@cert-authority``.
Nothing here talks to a network; keys are blobs as they travel (RFC 4253, section 6.6).
"""

from __future__ import annotations

import base64
import binascii
import enum
import fnmatch
import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class KnownKey:
    """One line of a known_hosts file.

    Attributes:
        marker: ``""``, ``revoked`` or ``cert-authority``.
        names: the first field: host patterns, or one hashed name.
        key_type: e.g. ``ssh-ed25519``.
        blob: the key.
        where: file and line, for messages.
    """

    marker: str
    names: str
    key_type: str
    blob: bytes
    where: str = ""

    def matches(self, name: str) -> bool:
        """Tell whether the line is about ``name`` (a host, or ``[host]:port``)."""
        return matches_names(self.names, name)


class Verdict(enum.Enum):
    """What is known about a key that a server shows."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    CHANGED = "changed"
    REVOKED = "revoked"


@dataclass(frozen=True)
class Finding:
    """A verdict, and the lines that led to it."""

    verdict: Verdict
    lines: tuple[KnownKey, ...] = ()


def host_name(host: str, port: int) -> str:
    """Return the name under which a server is known: ``host``, or ``[host]:port``."""
    host = host.lower()
    return host if port in (0, 22) else f"[{host}]:{port}"


def fingerprint(blob: bytes) -> str:
    """Return the fingerprint of a key as OpenSSH shows it, e.g. ``SHA256:…``."""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode()
    return f"SHA256:{digest.rstrip('=')}"


def blob_type(blob: bytes) -> str:
    """Return the type that a key blob names in itself; ``""`` when it is none."""
    size = int.from_bytes(blob[:4], "big")
    name = blob[4 : 4 + size]
    return name.decode("ascii", "replace") if len(blob) >= 4 and len(name) == size else ""


def matches_names(names: str, name: str) -> bool:
    """Tell whether the first field of a line covers ``name``."""
    if names.startswith("|1|"):
        return _matches_hash(names, name)
    found = False
    for pattern in names.split(","):
        if pattern.startswith("!"):
            if _matches_pattern(pattern[1:], name):
                return False
        elif _matches_pattern(pattern, name):
            found = True
    return found


def _matches_hash(field: str, name: str) -> bool:
    parts = field.split("|")
    if len(parts) != 4:
        return False
    try:
        salt, digest = base64.b64decode(parts[2]), base64.b64decode(parts[3])
    except binascii.Error:
        return False
    return hmac.compare_digest(hmac.new(salt, name.encode(), hashlib.sha1).digest(), digest)


def _matches_pattern(pattern: str, name: str) -> bool:
    """Match with ``*`` and ``?`` only: brackets are literal, as in ``[host]:port``."""
    literal = pattern.lower().replace("[", "[[]")
    return fnmatch.fnmatchcase(name.lower(), literal)


_LINE = re.compile(r"(?:@(\S+)\s+)?(\S+)\s+([A-Za-z0-9@._-]+)\s+([A-Za-z0-9+/]+=*)(?:\s.*)?")


def parse_line(line: str, where: str = "") -> KnownKey | None:
    """Return what a line says; ``None`` for comments, blanks and lines that say nothing usable."""
    text = line.strip()
    if not text or text.startswith("#"):
        return None
    match = _LINE.fullmatch(text)
    if not match:
        return None
    marker, names, key_type, encoded = match.groups()
    if marker not in (None, "revoked", "cert-authority"):
        return None
    try:
        blob = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return None
    if blob_type(blob) != key_type:
        return None
    return KnownKey(marker or "", names, key_type, blob, where)


def parse_known_hosts(text: str, file: str = "") -> list[KnownKey]:
    """Return the usable lines of a known_hosts file; a bad line hurts no other."""
    parsed = (parse_line(line, f"{file}:{n}") for n, line in enumerate(text.splitlines(), 1))
    return [known for known in parsed if known is not None]


def read_known_hosts(files: Iterable[str]) -> list[KnownKey]:
    """Return the lines of several files; files that are missing are skipped."""
    known: list[KnownKey] = []
    for name in files:
        try:
            text = Path(name).read_text("utf-8", "surrogateescape")
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue
        known += parse_known_hosts(text, name)
    return known


def judge(known: Sequence[KnownKey], name: str, blob: bytes) -> Finding:
    """Judge a plain key that a server known as ``name`` shows.

    A key of another type than the known ones counts as changed: the types that are known are asked
    for first, so an honest server would have shown one of them.
    """
    about = [line for line in known if line.matches(name)]
    revoked = tuple(x for x in about if x.marker == "revoked" and x.blob == blob)
    if revoked:
        return Finding(Verdict.REVOKED, revoked)
    plain = tuple(x for x in about if not x.marker)
    same = tuple(x for x in plain if x.blob == blob)
    if same:
        return Finding(Verdict.KNOWN, same)
    return Finding(Verdict.CHANGED if plain else Verdict.UNKNOWN, plain)


def authorities(known: Sequence[KnownKey], name: str) -> list[KnownKey]:
    """Return the certificate authorities that may vouch for ``name``, revoked ones left out."""
    about = [line for line in known if line.matches(name)]
    revoked = {x.blob for x in about if x.marker == "revoked"}
    return [x for x in about if x.marker == "cert-authority" and x.blob not in revoked]


_SIGNATURES = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}


def preferred_algorithms(
    known: Sequence[KnownKey], name: str, supported: Sequence[str]
) -> tuple[str, ...]:
    """Return the host-key algorithms to ask for, best first.

    Certificates come first where an authority is known, then the types of which a key is known,
    then the rest: so a server is asked for a key that can be recognised.

    Args:
        known: lines of the known_hosts files.
        name: of the server.
        supported: plain algorithms that can be verified, e.g. ``rsa-sha2-512``.
    """
    certificates = tuple(f"{algorithm}-cert-v01@openssh.com" for algorithm in supported)
    types = [x.key_type for x in known if not x.marker and x.matches(name)]
    wanted = [a for kind in types for a in _SIGNATURES.get(kind, (kind,)) if a in supported]
    first = (*certificates, *wanted) if authorities(known, name) else (*wanted,)
    return tuple(dict.fromkeys((*first, *supported)))


def append_known_host(file: str, name: str, key_type: str, blob: bytes, *, hashed: bool) -> None:
    """Append a key to a known_hosts file, in one write; the file and ``~/.ssh`` are made private.

    Raises:
        OSError: the file cannot be written.
    """
    directory = os.path.dirname(file)
    if directory:
        os.makedirs(directory, mode=0o700, exist_ok=True)
    line = f"{hash_name(name) if hashed else name} {key_type} {base64.b64encode(blob).decode()}\n"
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+b") as stream:
        size = stream.seek(0, os.SEEK_END)
        if size:
            stream.seek(size - 1)
            line = line if stream.read(1) == b"\n" else "\n" + line
        stream.seek(0, os.SEEK_END)
        stream.write(line.encode())


def hash_name(name: str, salt: bytes | None = None) -> str:
    """Return a name as HashKnownHosts stores it."""
    salt = os.urandom(20) if salt is None else salt
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"
