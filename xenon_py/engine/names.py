"""Names that servers send are hostile until they were checked here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xenon_py.exceptions import InvalidPathException
from xenon_py.plugin.filesystem import FileInfo
from xenon_py.plugin.temporary import temporary_path

__all__ = ["checked_entries", "checked_name", "temporary_path"]


def checked_name(name: str, directory: str) -> str:
    """Return a name that a server sent, if it can only name an entry of that directory.

    Args:
        name: as the server sent it.
        directory: the directory that was listed, for the message.

    Raises:
        InvalidPathException: it is empty, ``.`` or ``..``, or holds ``/`` or NUL.
    """
    if not name or name in {".", ".."} or "/" in name or "\0" in name:
        raise InvalidPathException.because(
            f"the server lists an entry named {name!r} in {directory!r}, which could lead out of "
            "that directory; nothing is done with this listing",
            path=directory,
        )
    return name


def checked_entries(entries: Iterable[FileInfo], directory: str) -> Iterator[FileInfo]:
    """Yield the entries of a listing, their names checked; ``.`` and ``..`` are dropped."""
    for entry in entries:
        name = entry.name
        if name in {".", ".."}:
            continue
        if not name or "/" in name or "\0" in name:
            checked_name(name, directory)
        yield entry
