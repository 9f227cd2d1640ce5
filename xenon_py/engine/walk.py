"""Walks a tree: without recursion, never through a link."""

from __future__ import annotations

from collections.abc import Iterator

from xenon_py.engine.names import checked_entries
from xenon_py.exceptions import InvalidPathException, NoSuchPathException
from xenon_py.model.path import join
from xenon_py.plugin.filesystem import FileInfo, FileKind, FileSystemAdaptor

MAX_DEPTH = 2048
"""Deeper is no tree but a server that lists a directory inside of itself (PATH_MAX is 4096)."""
MAX_LOCAL_DEPTH = 50_000
"""Likewise for this machine, where trees may be deeper than any path can tell."""


def walk(adaptor: FileSystemAdaptor, root: str) -> Iterator[tuple[str, list[FileInfo]]]:
    """Yield each directory with its entries, in Xenon's order.

    That is: all entries of a directory in the server's order, then each of its subdirectories in
    that order, each with all that is below it. A subdirectory that vanishes meanwhile is left out.

    Args:
        adaptor: perhaps an anchored view.
        root: a directory.

    Yields:
        Path of a directory, and its entries with checked names. The caller may remove entries of
        the yielded list that are directories: those are not entered then.

    Raises:
        InvalidPathException: the server sent a hostile name, or the tree is too deep to be one.
    """
    pending = [(root, 0)]
    while pending:
        directory, depth = pending.pop()
        check_depth(adaptor, depth, root)
        try:
            entries = list(checked_entries(adaptor.scandir(directory), directory))
        except NoSuchPathException:
            if directory == root:
                raise
            continue
        yield directory, entries
        pending.extend(
            (join(directory, entry.name), depth + 1)
            for entry in reversed(entries)
            if entry.kind is FileKind.DIRECTORY
        )


def check_depth(adaptor: FileSystemAdaptor, depth: int, path: str) -> None:
    """Check that a tree is not too deep to be one.

    Args:
        adaptor: whose tree it is.
        depth: directories above the one that is to be entered, within the tree.
        path: that directory, or the root of the tree.

    Raises:
        InvalidPathException: it is.
    """
    most = MAX_LOCAL_DEPTH if adaptor.is_local else MAX_DEPTH
    if depth > most:
        raise InvalidPathException.because(
            f"more than {most} directories inside each other: {path!r}; the server seems to list "
            "a directory as an entry of itself",
            path=path,
        )
