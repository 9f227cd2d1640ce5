"""What fsspec tells of a path, made of our attributes."""

from __future__ import annotations

import datetime
import stat
from collections.abc import Iterable
from typing import Any

from xenon_py.model.attributes import PathAttributes, mode_of
from xenon_py.plugin.filesystem import FileInfo, FileKind

_KINDS = {
    FileKind.FILE: ("file", stat.S_IFREG),
    FileKind.DIRECTORY: ("directory", stat.S_IFDIR),
    FileKind.LINK: ("link", stat.S_IFLNK),
    FileKind.OTHER: ("other", 0),
}


def record(name: str, attributes: PathAttributes) -> dict[str, Any]:
    """Return the dictionary of ``info``; times in seconds, unknown ones left out."""
    kind, bits = _kind(attributes), attributes.permissions
    told = _common(kind, mode_of(bits) if bits else None, attributes.owner, attributes.group)
    size = 0 if attributes.is_directory else attributes.size
    return _filled(told, name, size, attributes.last_modified_time, attributes.creation_time)


def records(directory: str, entries: Iterable[FileInfo]) -> list[dict[str, Any]]:
    """Return the dictionaries of a listing; written for speed, as there may be many thousand.

    Args:
        directory: absolute, without a slash at its end.
        entries: their names were checked.
    """
    found = []
    last: tuple[object, ...] = ()
    common: dict[str, Any] = {}
    start = directory + "/"
    for name, kind, size, mode, mtime, _, ctime, owner, group, _, _, _ in entries:
        key = (kind, mode, owner, group)
        if key != last:  # neighbours mostly have these in common
            last, common = key, _common(kind, mode or None, owner, group)
        told_size = 0 if kind is FileKind.DIRECTORY else size
        found.append(_filled(common.copy(), start + name, told_size, mtime, ctime))
    return found


def _common(kind: FileKind, mode: int | None, owner: str, group: str) -> dict[str, Any]:
    """Return what many entries have in common, with the places of the first others."""
    name, bits = _KINDS[kind]
    told = {
        "name": "",
        "size": 0,
        "type": name,
        "islink": kind is FileKind.LINK,
        "uid": owner,
        "gid": group,
    }
    if mode is not None:
        told["mode"] = bits | mode
    return told


def _filled(told: dict[str, Any], name: str, size: int, mtime: int, ctime: int) -> dict[str, Any]:
    told["name"] = name
    told["size"] = size
    if mtime:
        told["mtime"] = mtime / 1000
    if ctime:
        told["created"] = ctime / 1000
    return told


def _kind(attributes: PathAttributes) -> FileKind:
    if attributes.is_directory:
        return FileKind.DIRECTORY
    if attributes.is_symbolic_link:
        return FileKind.LINK
    return FileKind.FILE if attributes.is_regular else FileKind.OTHER


def seconds_to_time(seconds: float | None, what: str) -> datetime.datetime:
    """Return a time as a ``datetime`` in UTC.

    Raises:
        NotImplementedError: it is not known.
    """
    if seconds is None:
        raise NotImplementedError(f"the server does not tell the time of {what}")
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc)
