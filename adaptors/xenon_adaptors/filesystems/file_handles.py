"""Directory handles, so that a link swapped into a tree meanwhile leads nowhere.

A path below an anchor is reached component by component with ``O_NOFOLLOW``, and the last
component is used relative to the handle of its directory.
"""

from __future__ import annotations

import os
import resource
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from xenon_py.model.path import is_below, join, parent

MAX_HANDLES = 64
"""Directories kept open at a time, at most, per anchored view."""

_OPEN_FLAGS = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def _most_handles() -> int:
    """Return how many handles a view keeps: few where a process may have few open files."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MAX_HANDLES
    return max(2, min(MAX_HANDLES, soft // 16))


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
        self._most = _most_handles()
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
        """Open a directory, from the nearest one above it that is open already."""
        names: list[str] = []
        handle = self._held(directory)
        while handle is None and directory != root:
            names.append(directory.rsplit("/", 1)[1])
            directory = parent(directory)
            handle = self._held(directory)
        if handle is None:
            handle = self._keep(root, os.open(root, _OPEN_FLAGS))
        while names:
            above, name = handle, names.pop()
            directory = join(directory, name)
            try:
                handle = self._keep(directory, os.open(name, _OPEN_FLAGS, dir_fd=above.fd))
            finally:
                self._release(above)
        return handle

    def _keep(self, directory: str, fd: int) -> _Handle:
        """Make a handle, in use once, of a directory that was just opened."""
        with self._lock:
            other = self._handles.get(directory)
            if other is not None:
                os.close(fd)
                other.users += 1
                return other
            handle = self._handles[directory] = _Handle(fd)
            if len(self._handles) > self._most:
                _drop(self._handles.popitem(last=False)[1])
            return handle

    def _held(self, directory: str) -> _Handle | None:
        """Return the handle of a directory that is open, for one more user."""
        with self._lock:
            handle = self._handles.get(directory)
            if handle is not None:
                self._handles.move_to_end(directory)
                handle.users += 1
            return handle

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
