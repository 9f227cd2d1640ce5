"""Names that servers send are hostile until they were checked here; and names of our own."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator

from xenon_py.exceptions import InvalidPathException
from xenon_py.model.path import join, parent
from xenon_py.plugin.filesystem import FileInfo

MAX_NAME_BYTES = 255


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


def temporary_path(path: str) -> str:
    """Return an unused-looking path beside ``path`` for a file in the making.

    It is ``.<name>.<random>.part``; a long name is shortened, so that 255 bytes are enough.
    """
    suffix = f".{secrets.token_hex(6)}.part"
    name = path.rsplit("/", 1)[1]
    while len(name.encode("utf-8", "surrogateescape")) + len(suffix) + 1 > MAX_NAME_BYTES:
        name = name[:-1]
    return join(parent(path), f".{name}{suffix}")
