"""Paths and attributes, from fsspec's ways of telling them to the contract's."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping
from typing import Any

from xenon_adaptors.fsspec_protocol.opening import Backend
from xenon_py.exceptions import XenonException
from xenon_py.model.path import Path, normalise
from xenon_py.plugin.filesystem import FileInfo, FileKind

_KINDS = {"file": FileKind.FILE, "directory": FileKind.DIRECTORY, "link": FileKind.LINK}
# In order of preference. Where only the creation is told, files are replaced, never changed.
_CHANGED = ("mtime", "modified", "LastModified", "last_modified", "updated", "modify", "created")
_READ = ("atime", "time")
_MADE = ("created", "creation_time", "CreationTime")


class Places:
    """Translates between absolute paths of the contract and the names of one implementation.

    Some write them with a slash in front, some without, and some (http) as whole URLs.

    Args:
        backend: the file system.
        start: what the location leads to, as the backend writes it.
    """

    def __init__(self, backend: Backend, start: str) -> None:
        self._backend = backend
        protocol = backend.protocol if isinstance(backend.protocol, str) else backend.protocol[0]
        probe = backend._strip_protocol(f"{protocol}://x/y/z")  # noqa: SLF001  # purely textual
        web = re.match(r"[a-z0-9+.-]+://[^/]*", start)
        self.is_web = bool(web) and "://" in probe
        self._prefix = web.group() if web and self.is_web else ""
        self._slash = probe.startswith("/") or self.is_web
        self.start = normalise(Path("/" + start[len(self._prefix) :].lstrip("/")), "/")

    def name(self, path: str) -> str:
        """Return the backend's name of a path."""
        return self._prefix + (path if self._slash else path[1:])

    def entry(self, directory: str, told: str) -> str:
        """Return the last name of a listed entry; ``""`` if it is the directory itself.

        It is not cut to be one name: the core has to see, and refuse, ``../x``.

        Raises:
            XenonException: the entry is of another directory.
        """
        top = self.name(directory).strip("/")
        inside = told.strip("/")
        if inside == top:
            return ""
        if top and not inside.startswith(top + "/"):
            raise XenonException.because(
                f"the listing of {directory!r} holds {told!r}, which is not in it", path=directory
            )
        return inside[len(top) + 1 :] if top else inside


def file_info(name: str, told: Mapping[str, Any], *, with_mode: bool) -> FileInfo:
    """Return what an implementation tells of one path.

    Args:
        name: the last name.
        told: fsspec's record.
        with_mode: whether permission bits in it are those of the file.
    """
    kind = _KINDS.get(str(told.get("type")), FileKind.OTHER)
    if told.get("islink"):
        kind = FileKind.LINK
    mode = told.get("mode")
    return FileInfo(
        name,
        kind,
        int(told.get("size") or 0) if kind is FileKind.FILE else 0,
        mode & 0o7777 if with_mode and isinstance(mode, int) else None,
        _first_time(told, _CHANGED),
        _first_time(told, _READ),
        _first_time(told, _MADE),
        _text(told.get("uid")),
        _text(told.get("gid")),
        readable=None if with_mode else True,
        writable=None if with_mode else True,
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _first_time(told: Mapping[str, Any], names: tuple[str, ...]) -> int:
    return next((found for name in names if (found := milliseconds(told.get(name)))), 0)


def milliseconds(value: object) -> int:
    """Return a time as ms since 1970 UTC; 0 for what is none, or is in no form known here."""
    if isinstance(value, datetime.datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)
        return round(aware.timestamp() * 1000)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return round(value * 1000) if math.isfinite(value) else 0
    if isinstance(value, str):
        return _of_text(value.strip())
    return 0


def _of_text(text: str) -> int:
    if re.fullmatch(r"[0-9]{14}(\.[0-9]+)?", text):  # of FTP
        text = f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:14]}"
    try:
        return milliseconds(datetime.datetime.fromisoformat(re.sub(r"Z$", "+00:00", text)))
    except ValueError:
        return 0
