"""What fsspec tells of a path, made of our attributes."""

from __future__ import annotations

import datetime
import functools
import stat
from typing import Any

from xenon_py.model.attributes import PathAttributes, mode_of


def record(name: str, attributes: PathAttributes) -> dict[str, Any]:
    """Return the dictionary of ``info`` and ``ls``; times in seconds, unknown ones left out."""
    kind, bits = _kind(attributes)
    told: dict[str, Any] = {
        "name": name,
        "size": 0 if kind == "directory" else attributes.size,
        "type": kind,
        "islink": attributes.is_symbolic_link,
        "uid": attributes.owner,
        "gid": attributes.group,
    }
    if attributes.permissions:
        told["mode"] = bits | _mode(tuple(attributes.permissions))
    if attributes.last_modified_time:
        told["mtime"] = attributes.last_modified_time / 1000
    if attributes.creation_time:
        told["created"] = attributes.creation_time / 1000
    return told


_mode = functools.lru_cache(512)(mode_of)  # of thousands of entries most have the same


def _kind(attributes: PathAttributes) -> tuple[str, int]:
    if attributes.is_directory:
        return "directory", stat.S_IFDIR
    if attributes.is_symbolic_link:
        return "link", stat.S_IFLNK
    return ("file", stat.S_IFREG) if attributes.is_regular else ("other", 0)


def seconds_to_time(seconds: float | None, what: str) -> datetime.datetime:
    """Return a time as a ``datetime`` in UTC.

    Raises:
        NotImplementedError: it is not known.
    """
    if seconds is None:
        raise NotImplementedError(f"the server does not tell the time of {what}")
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc)
