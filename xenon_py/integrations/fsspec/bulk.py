"""Many files at once: fsspec works out which path goes where, and one copy moves them all."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from fsspec.callbacks import DEFAULT_CALLBACK, Callback
from fsspec.spec import AbstractFileSystem
from fsspec.utils import isfilelike

from xenon_py.filesystem import FileSystem
from xenon_py.integrations.fsspec.content import Content
from xenon_py.integrations.fsspec.copies import finish, this_machine
from xenon_py.model.copying import CopyMode, CopyStatus

Pair = tuple[Any, Any]


class _Planner:
    """Stands for a file system in fsspec's own ``get``, ``put`` and ``copy``: only notes pairs."""

    def __init__(self, fs: Content) -> None:
        self._fs = fs
        self._known: dict[str, dict[str, Any]] = {}
        self.pairs: list[Pair] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fs, name)

    def expand_path(
        self, path: Any, recursive: bool = False, maxdepth: int | None = None, **kwargs: Any
    ) -> list[str]:
        """Return the paths, and note what they are."""
        found = self._fs.expanded(path, recursive, maxdepth)
        self._known |= found
        return sorted(found)

    def isdir(self, path: str) -> bool:
        """Tell whether it is a directory; asks only where that is not known yet."""
        known = self._known.get(path)
        return known["type"] == "directory" if known else self._fs.isdir(path)

    def get_file(self, source: Any, target: Any, **kwargs: Any) -> None:
        """Note a pair."""
        self.pairs.append((source, target))

    put_file = cp_file = get_file


class Bulk(Content):
    """The calls of fsspec that copy several files."""

    def get(
        self,
        rpath: Any,
        lpath: Any,
        recursive: bool = False,
        callback: Any = DEFAULT_CALLBACK,
        maxdepth: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Copy files to this machine, many at a time; the callback counts them."""
        plan = _Planner(self)
        AbstractFileSystem.get(plan, rpath, lpath, recursive, maxdepth=maxdepth, **kwargs)
        if _go_singly(plan.pairs, callback):
            _one_by_one(plan.pairs, self.get_file, callback, kwargs)
            return
        pairs = [(self._strip_protocol(one), os.path.abspath(two)) for one, two in plan.pairs]
        for directory in {os.path.dirname(target) for _, target in pairs}:
            os.makedirs(directory, exist_ok=True)
        _copied(self.files, pairs, this_machine(), CopyMode.REPLACE, callback)

    def put(
        self,
        lpath: Any,
        rpath: Any,
        recursive: bool = False,
        callback: Any = DEFAULT_CALLBACK,
        maxdepth: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Copy files from this machine, likewise."""
        plan = _Planner(self)
        AbstractFileSystem.put(plan, lpath, rpath, recursive, maxdepth=maxdepth, **kwargs)
        if _go_singly(plan.pairs, callback):
            _one_by_one(plan.pairs, self.put_file, callback, kwargs)
            return
        pairs = [(os.path.abspath(one), self._strip_protocol(two)) for one, two in plan.pairs]
        self._make_parents(target for _, target in pairs)
        mode = CopyMode.CREATE if kwargs.get("mode") == "create" else CopyMode.REPLACE
        _copied(this_machine(), pairs, self.files, mode, callback)

    def copy(
        self,
        path1: Any,
        path2: Any,
        recursive: bool = False,
        maxdepth: int | None = None,
        on_error: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Copy files within this place, on the server where it can."""
        plan = _Planner(self)
        AbstractFileSystem.copy(plan, path1, path2, recursive, maxdepth=maxdepth, **kwargs)
        passes_over = on_error == "ignore" or (on_error is None and recursive)
        try:
            self._copy_all(plan.pairs)
        except FileNotFoundError:
            if not passes_over:
                raise
            for source, target in plan.pairs:  # what is gone meanwhile is left out
                with suppress(FileNotFoundError):
                    self.cp_file(source, target)

    def _copy_all(self, pairs: Sequence[Pair]) -> None:
        if len(pairs) == 1:
            self.cp_file(*pairs[0])
            return
        pairs = [(self._strip_protocol(one), self._strip_protocol(two)) for one, two in pairs]
        self._make_parents(target for _, target in pairs)
        _copied(self.files, pairs, self.files, CopyMode.REPLACE, DEFAULT_CALLBACK)


def _go_singly(pairs: Sequence[Pair], callback: Any) -> bool:
    """Tell whether files are copied one by one.

    That is so for a callback that watches each file by another of its own, and for open files.
    """
    kind = type(callback)
    own = (getattr(kind, "branched", None), getattr(kind, "branch", None))
    watches = own != (Callback.branched, Callback.branch)
    return len(pairs) < 2 or watches or any(isfilelike(target) for _, target in pairs)


def _one_by_one(
    pairs: Sequence[Pair], copy_one: Callable[..., None], callback: Any, more: dict[str, Any]
) -> None:
    callback.set_size(len(pairs))
    for source, target in callback.wrap(pairs):
        with callback.branched(source, target) as child:
            copy_one(source, target, callback=child, **more)


def _copied(
    source: FileSystem, pairs: Sequence[Pair], target: FileSystem, mode: CopyMode, callback: Any
) -> None:
    """Copy many files, and tell a callback of fsspec how many are done.

    Raises:
        XenonException: as the first of them did that failed.
    """
    callback.set_size(len(pairs))
    told = 0

    def tell(status: CopyStatus) -> None:
        nonlocal told
        if status.files_copied > told:
            callback.relative_update(status.files_copied - told)
            told = status.files_copied

    finish(source.copy_files(pairs, target, mode), tell)
