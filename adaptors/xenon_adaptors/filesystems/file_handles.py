"""Directory handles, so that a link swapped into a tree meanwhile leads nowhere.

A path below an anchor is reached component by component with ``O_NOFOLLOW``, and the last
component is used relative to the handle of its directory.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from xenon_py.model.path import is_below, parent

MAX_HANDLES = 64
"""Directories kept open at a time, per anchored view."""

_OPEN_FLAGS = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class _Handle:
    """An open directory: how many use it now, and whether it is still kept for the next."""

    __slots__ = ("fd", "kept", "users")

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.users = 1
        self.kept = True


class DirectoryHandles:
    """Gives, for a path, a directory handle and the name below it. May be used by many threads.

    Args:
        roots: the anchors, absolute; the way to them is taken as it is.
    """

    def __init__(self, roots: tuple[str, ...]) -> None:
        self.roots = roots
        self._lock = threading.Lock()
        self._handles: OrderedDict[str, _Handle] = OrderedDict()

    @contextmanager
    def at(self, path: str) -> Iterator[tuple[int | None, str]]:
        """Yield the handle of the path's directory and its last name; raises ``OSError``.

        A path that is not below an anchor comes as it is, without a handle.
        """
        root = next((r for r in self.roots if path != r and is_below(path, r)), None)
        if root is None:
            yield None, path
            return
        handle = self._acquire(parent(path), root)
        try:
            yield handle.fd, path.rsplit("/", 1)[1]
        finally:
            self._release(handle)

    def close(self) -> None:
        """Close all handles that nobody uses now; the others when they are released."""
        with self._lock:
            while self._handles:
                _drop(self._handles.popitem()[1])

    def _acquire(self, directory: str, root: str) -> _Handle:
        with self._lock:
            handle = self._handles.get(directory)
            if handle is not None:
                self._handles.move_to_end(directory)
                handle.users += 1
                return handle
        fd = self._open(directory, root)
        with self._lock:
            other = self._handles.get(directory)
            if other is not None:
                os.close(fd)
                other.users += 1
                return other
            handle = self._handles[directory] = _Handle(fd)
            if len(self._handles) > MAX_HANDLES:
                _drop(self._handles.popitem(last=False)[1])
            return handle

    def _open(self, directory: str, root: str) -> int:
        if directory == root:
            return os.open(root, _OPEN_FLAGS)
        above = self._acquire(parent(directory), root)
        try:
            return os.open(directory.rsplit("/", 1)[1], _OPEN_FLAGS, dir_fd=above.fd)
        finally:
            self._release(above)

    def _release(self, handle: _Handle) -> None:
        with self._lock:
            handle.users -= 1
            if not handle.users and not handle.kept:
                os.close(handle.fd)


def _drop(handle: _Handle) -> None:
    """Keep a handle no longer: close it now, or let its last user do that."""
    handle.kept = False
    if not handle.users:
        os.close(handle.fd)
