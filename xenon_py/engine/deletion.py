"""Deletes: one path, or a tree from its leaves, never through a link."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from xenon_py.engine.operations import require
from xenon_py.engine.walk import walk
from xenon_py.exceptions import (
    DirectoryNotEmptyException,
    InvalidPathException,
    NoSuchPathException,
    XenonException,
)
from xenon_py.model.path import join
from xenon_py.plugin.filesystem import FileKind, FileSystemAdaptor

_log = logging.getLogger(__name__)


def delete(adaptor: FileSystemAdaptor, path: str, *, recursive: bool) -> None:
    """Delete a path; a link itself, never what it leads to.

    Raises:
        NoSuchPathException: there is none.
        DirectoryNotEmptyException: a directory with entries, and not ``recursive``.
        InvalidPathException: the root.
    """
    if path == "/":
        raise InvalidPathException.because("the root directory cannot be deleted", path=path)
    if require(adaptor, path).kind is not FileKind.DIRECTORY:
        adaptor.unlink(path)
    elif recursive:
        delete_tree(adaptor, path)
    else:
        _remove_empty(adaptor, path)


def _remove_empty(adaptor: FileSystemAdaptor, path: str) -> None:
    try:
        adaptor.rmdir(path)
    except DirectoryNotEmptyException as error:
        raise DirectoryNotEmptyException.because(
            f"directory is not empty: {path!r}; recursive=True deletes it with all that is in it",
            path=path,
        ) from error


def delete_tree(adaptor: FileSystemAdaptor, root: str) -> None:
    """Delete a directory with all that is in it. What vanishes meanwhile is no error."""
    if adaptor.removes_trees:
        try:
            return _unless_gone(adaptor.remove_tree, root)
        except XenonException as error:
            _log.info("%r is deleted entry by entry: %s", root, error)
    return _delete_each(adaptor, root)


def _delete_each(adaptor: FileSystemAdaptor, root: str) -> None:
    with adaptor.anchored(root) as view:
        directories: list[str] = []
        for directory, entries in walk(view, root):
            directories.append(directory)
            _unlink_all(
                view,
                [join(directory, e.name) for e in entries if e.kind is not FileKind.DIRECTORY],
            )
        for directory in reversed(directories):
            _unless_gone(view.rmdir, directory)


def _unlink_all(adaptor: FileSystemAdaptor, paths: Sequence[str]) -> None:
    if adaptor.bulk_size <= 0:
        for path in paths:
            _unless_gone(adaptor.unlink, path)
        return
    for start in range(0, len(paths), adaptor.bulk_size):
        for error in adaptor.unlink_many(paths[start : start + adaptor.bulk_size]):
            if error is not None and not isinstance(error, NoSuchPathException):
                raise error


def _unless_gone(remove: Callable[[str], None], path: str) -> None:
    with suppress(NoSuchPathException):
        remove(path)
