"""Copies a list of files, each to a path of its own; links are followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xenon_py.engine.copying.bulk import Bulk
from xenon_py.engine.copying.checks import refuse_kind
from xenon_py.engine.copying.control import Control
from xenon_py.engine.copying.options import CopyOptions
from xenon_py.engine.copying.route import Item, Route
from xenon_py.engine.copying.transfer import Transfer
from xenon_py.engine.copying.verify import require_size
from xenon_py.engine.copying.workers import Workers
from xenon_py.engine.operations import resolved, without_parent
from xenon_py.exceptions import (
    InvalidPathException,
    NoSuchPathException,
    PathAlreadyExistsException,
    XenonException,
)
from xenon_py.model.copying import CopyMode
from xenon_py.plugin.filesystem import FileInfo, FileKind, FileSystemAdaptor

_MAX_BATCH = 64

Pair = tuple[str, str]
Found = FileInfo | XenonException


class Listed:
    """Copies the files of a list.

    Args:
        route: between the file systems.
        options: of the copy.
        control: of the copy.
        idle: is called now and then by the thread that calls ``copy``.
    """

    def __init__(
        self, route: Route, options: CopyOptions, control: Control, idle: Callable[[], None]
    ) -> None:
        self._route = route
        self._options = options
        self._control = control
        self._bulk = Bulk(route, options, control, Transfer(route, options, control))
        self._threads = route.threads(options.parallel)
        self._workers = Workers(self._threads, self._copy_some, control, idle)

    def copy(self, pairs: Sequence[Pair]) -> None:
        """Copy each source to its target, both absolute; the targets' parents are there.

        A directory is only made, without what is in it.
        """
        self._control.found(len(pairs), 0)
        share = -(-len(pairs) // self._threads) or 1  # few files are spread over the threads
        size = min(self._bulk.batch_size or 1, _MAX_BATCH, share)
        with self._workers:
            for start in range(0, len(pairs), size):
                self._workers.put(pairs[start : start + size])

    def _copy_some(self, pairs: Sequence[Pair]) -> None:
        here = self._route.source.lstat_many([source for source, _ in pairs])
        there = self._route.destination.lstat_many([target for _, target in pairs])
        for directory in without_parent(self._route.destination, [target for _, target in pairs]):
            raise NoSuchPathException.because(
                f"the directory {directory!r} of the destination does not exist", path=directory
            )
        items = []
        for pair, info, existing in zip(pairs, here, there, strict=True):
            item = self._item(pair, info, existing)
            if item is not None:
                items.append(item)
        self._control.found(0, sum(item.info.size for item in items))
        self._bulk.copy(items, self._compare)

    def _item(self, pair: Pair, found: Found, existing: Found) -> Item | None:
        """Return what is to be copied, or ``None`` where nothing is left to do.

        Raises:
            NoSuchPathException: there is no source, or a link that leads nowhere.
            PathAlreadyExistsException: there is a target, and the mode is CREATE.
            InvalidPathException: source and target are one, or of different kinds.
        """
        source, target = pair
        if self._route.same and source == target:
            raise InvalidPathException.because(
                f"{source!r} cannot be copied onto itself", path=source
            )
        source, info = _followed(self._route.source, source, _known(found))
        refuse_kind(self._route, source, info)
        there = None if isinstance(existing, NoSuchPathException) else _known(existing)
        if info.kind is FileKind.DIRECTORY:
            self._make(target, there)
            return None
        if there is None:
            return Item(source, target, info, exclusive=self._options.mode is not CopyMode.REPLACE)
        if self._options.mode is CopyMode.IGNORE:
            self._control.skipped(0)
            return None
        if self._options.mode is CopyMode.CREATE:
            raise _exists(target)
        if there.kind is FileKind.DIRECTORY:
            raise InvalidPathException.because(
                f"the directory {target!r} cannot be replaced by the file {source!r}", path=target
            )
        return Item(source, target, info, there, exclusive=False)

    def _make(self, target: str, existing: FileInfo | None) -> None:
        """Make a directory; one that is there, or that a link leads to, is fine."""
        there = self._route.destination
        if existing is None:
            try:
                there.mkdir(target)
            except PathAlreadyExistsException:
                existing = there.lstat(target)
        if existing is not None:
            _, info = _followed(there, target, existing)
            if info.kind is not FileKind.DIRECTORY:
                raise _exists(target)
        self._control.copied()

    def _compare(self, written: Sequence[tuple[str, int]]) -> None:
        """Compare the sizes of files that were written in bulk."""
        found = self._route.destination.lstat_many([path for path, _ in written])
        for (path, size), info in zip(written, found, strict=True):
            require_size(_known(info), size, path)


def _known(found: Found) -> FileInfo:
    if isinstance(found, XenonException):
        raise found
    return found


def _followed(adaptor: FileSystemAdaptor, path: str, info: FileInfo) -> tuple[str, FileInfo]:
    """Return what a path leads to through links at its end, and what is known of that.

    Raises:
        NoSuchPathException: nothing.
    """
    if info.kind is not FileKind.LINK or not adaptor.description.can_read_symboliclinks:
        return path, info
    place, found = resolved(adaptor, path)
    if found is None:
        raise NoSuchPathException.because(f"the link leads nowhere: {path!r}", path=path)
    return place, found


def _exists(path: str) -> PathAlreadyExistsException:
    return PathAlreadyExistsException.because(f"the destination {path!r} exists already", path=path)
