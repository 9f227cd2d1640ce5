"""Servers that do not speak HTTP: what they said instead, found in what HTTP libraries raise."""

from __future__ import annotations

from http.client import BadStatusLine, RemoteDisconnected

_LONGEST = 80


def foreign_greeting(error: BaseException) -> str:
    """Return what a server said instead of HTTP, as the end of a sentence; ``""`` = it is not that.

    Args:
        error: of a library above ``http.client``; those keep its exceptions among their arguments.
    """
    found = _status_line(error, 0)
    if found is None:
        return ""
    said = str(found.args[0]).strip("'\" \r\n") if found.args else ""
    return f"what answers there does not speak HTTP; it says {said[:_LONGEST]!r}"


def _status_line(error: object, depth: int) -> BadStatusLine | None:
    if isinstance(error, BadStatusLine) and not isinstance(error, RemoteDisconnected):
        return error
    if not isinstance(error, BaseException) or depth > 5:
        return None
    inner = [*error.args, getattr(error, "kwargs", {}).get("error"), error.__cause__]
    return next((found for one in inner if (found := _status_line(one, depth + 1))), None)
