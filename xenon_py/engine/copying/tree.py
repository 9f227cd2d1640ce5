"""Copies a directory: one thread walks and makes the directories, others copy what is in them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from xenon_py.engine.copying.bulk import Bulk
from xenon_py.engine.copying.checks import refuse_kind
from xenon_py.engine.copying.control import Control
from xenon_py.engine.copying.options import CopyOptions
from xenon_py.engine.copying.route import Item, Route
from xenon_py.engine.copying.transfer import Transfer
from xenon_py.engine.copying.verify import require_size
from xenon_py.engine.copying.workers import Workers
from xenon_py.engine.names import checked_entries
from xenon_py.engine.walk import check_depth
from xenon_py.exceptions import (
    PathAlreadyExistsException,
    VerificationException,
)
from xenon_py.model.path import join
from xenon_py.plugin.filesystem import FileInfo, FileKind, FileSystemAdaptor

MAX_BATCH = 32

_FEW = 4
_BATCH_BYTES = 1024 * 1024


class Folder:
    """One directory of the tree. It is finished when all that is in it is.

    Attributes:
        item: the directory at both ends.
        above: the directory that it lies in, or ``None`` for the root of the copy.
        depth: number of directories above it in the tree.
    """

    def __init__(self, item: Item, above: Folder | None = None) -> None:
        self.item = item
        self.above = above
        self.depth: int = 0 if above is None else above.depth + 1
        self._lock = threading.Lock()
        self._pending = 1
        self._expected: dict[str, int] = {}
        if above is not None:
            above.hold()

    @property
    def merges(self) -> bool:
        """Whether the destination has this directory already."""
        existing = self.item.existing
        return existing is not None and existing.kind is FileKind.DIRECTORY

    def hold(self) -> None:
        """Note that one more part of it is under way."""
        with self._lock:
            self._pending += 1

    def release(self) -> bool:
        """Note that a part is done; tell whether that was the last one."""
        with self._lock:
            self._pending -= 1
            return self._pending == 0

    def expect(self, files: Sequence[tuple[str, int]]) -> None:
        """Note paths and sizes of files, to be compared at the end."""
        with self._lock:
            self._expected.update((path.rsplit("/", 1)[1], size) for path, size in files)

    def compare(self, there: FileSystemAdaptor) -> None:
        """Compare the sizes of the files that were noted; wrong files are removed.

        Raises:
            VerificationException: one is missing, or has another size.
        """
        target = self.item.target
        missing = FileInfo("", FileKind.FILE, size=-1)
        if len(self._expected) < _FEW:
            found = {name: there.lstat(join(target, name)) for name in self._expected}
        else:
            entries = checked_entries(there.scandir(target), target)
            found = {entry.name: entry for entry in entries if entry.name in self._expected}
        wrong = []
        for name, size in self._expected.items():
            try:
                require_size(found.get(name, missing), size, join(target, name))
            except VerificationException as error:
                wrong.append(error)
                if name in found:
                    there.unlink(join(target, name))
        if wrong:
            raise wrong[0]


class Batch(NamedTuple):
    """Some files and links of one directory."""

    folder: Folder
    items: list[Item]


class _Heap:
    """Files and links of one directory that wait until they make a batch.

    Attributes:
        items: what waits.
        size: bytes of the files in it.
        worked_off_by: takes a batch.
    """

    def __init__(self, worked_off_by: Callable[[Batch], None]) -> None:
        self.items: list[Item] = []
        self.size = 0
        self.worked_off_by = worked_off_by

    def add(self, item: Item) -> None:
        """Put a file or link on the heap."""
        self.items.append(item)
        if item.info.kind is FileKind.FILE:
            self.size += item.info.size

    def take(self) -> tuple[list[Item], int]:
        """Take all that waits, and its size in bytes."""
        taken = self.items, self.size
        self.items, self.size = [], 0
        return taken


class Tree:
    """Copies one directory with all that is in it.

    Args:
        route: between the file systems; the anchored one.
        options: of the copy.
        control: of the copy.
        idle: is called now and then by the thread that calls ``copy``.
    """

    def __init__(
        self, route: Route, options: CopyOptions, control: Control, idle: Callable[[], None]
    ) -> None:
        self._route = route
        self._control = control
        self._transfer = Transfer(route, options, control)
        self._bulk = Bulk(route, options, control, self._transfer)
        self._threads = route.threads(options.parallel)
        self._workers = Workers(self._threads, self._copy_batch, control, idle)
        self._files = 0

    def copy(self, item: Item) -> None:
        """Copy the directory; the target was made already, or is merged with."""
        with self._workers:
            self._walk(Folder(item))

    def _walk(self, root: Folder) -> None:
        pending = [root]
        while pending:
            folder = pending.pop()
            self._control.check()
            self._make(folder)
            pending.extend(reversed(self._scan(folder)))
            self._done(folder)

    def _make(self, folder: Folder) -> None:
        """Make a directory of the destination; what is no directory there is removed first."""
        if folder.above is None or folder.merges:
            return
        there, target = self._route.destination, folder.item.target
        if folder.item.existing is not None:
            there.unlink(target)
        try:
            there.mkdir(target)
        except PathAlreadyExistsException:
            if there.lstat(target).kind is not FileKind.DIRECTORY:
                raise

    def _scan(self, folder: Folder) -> list[Folder]:
        """Have the files of a directory copied; return its subdirectories."""
        present = self._present(folder)
        subfolders = []
        quick, others = _Heap(self._workers.do), _Heap(self._workers.put)
        here, there = folder.item.source, folder.item.target
        for info in checked_entries(self._route.source.scandir(here), here):
            name = info.name
            item = Item(join(here, name), join(there, name), info, present.get(name), False)
            if info.kind is FileKind.DIRECTORY:
                subfolders.append(self._subfolder(item, folder))
                continue
            if info.kind is not FileKind.FILE:
                refuse_kind(self._route, item.source, info)
            heap = quick if self._bulk.is_quick(info) else others
            heap.add(item)
            if heap.size >= _BATCH_BYTES or len(heap.items) >= self._batch_size():
                self._hand_over(folder, heap)
        self._hand_over(folder, quick)
        self._hand_over(folder, others)
        return subfolders

    def _present(self, folder: Folder) -> dict[str, FileInfo]:
        """Return what is in a directory of the destination that was there before."""
        if not folder.merges:
            return {}
        target = folder.item.target
        entries = checked_entries(self._route.destination.scandir(target), target)
        return {entry.name: entry for entry in entries}

    def _subfolder(self, item: Item, above: Folder) -> Folder:
        check_depth(self._route.source, above.depth + 1, item.source)
        return Folder(item, above)

    def _batch_size(self) -> int:
        """Few files are spread over the threads; of many, several go at a time."""
        if self._bulk.batch_size:
            return self._bulk.batch_size
        return min(MAX_BATCH, 1 + self._files // (4 * self._threads))

    def _hand_over(self, folder: Folder, heap: _Heap) -> None:
        if not heap.items:
            return
        items, size = heap.take()
        self._files += len(items)
        self._control.found(len(items), size)
        folder.hold()
        heap.worked_off_by(Batch(folder, items))

    def _copy_batch(self, batch: Batch) -> None:
        self._bulk.copy(batch.items, batch.folder.expect)
        self._done(batch.folder)

    def _done(self, folder: Folder | None) -> None:
        """Finish a directory, and those above it, when nothing of it is under way any more."""
        while folder is not None and folder.release():
            folder.compare(self._route.destination)
            self._transfer.preserve(folder.item.target, folder.item.info)
            folder = folder.above
