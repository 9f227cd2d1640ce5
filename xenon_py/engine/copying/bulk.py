"""Copies many small files at once, where an adaptor has the means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from xenon_py.engine.copying.control import Control
from xenon_py.engine.copying.options import CopyOptions
from xenon_py.engine.copying.route import Item, Route
from xenon_py.engine.copying.transfer import Transfer
from xenon_py.engine.copying.verify import checksum_of, digest_of, require_checksum
from xenon_py.exceptions import (
    ConnectionLostException,
    VerificationException,
    XenonException,
)
from xenon_py.plugin.filesystem import FileInfo, FileKind, SmallFile

SMALL = 64 * 1024
"""Files up to this size, in bytes, go into bulk calls."""

Expect = Callable[[Sequence[tuple[str, int]]], None]
"""Is told the paths and sizes of files whose size is still to be compared."""

_Content = tuple[Item, bytes]


class Bulk:
    """Copies batches of files: small ones in bulk calls, the others one by one.

    Attributes:
        batch_size: how many files make a useful batch; 0 = there is nothing to be gained.
    """

    def __init__(
        self, route: Route, options: CopyOptions, control: Control, transfer: Transfer
    ) -> None:
        self._route = route
        self._control = control
        self._transfer = transfer
        self._verify = options.verify
        self._reads = route.source.bulk_size
        self._writes = route.destination.bulk_size
        local = route.source.is_local and route.destination.is_local
        self._useful = max(self._reads, self._writes) > 0 and (local or not route.on_server)
        self._quick = self._useful and local
        self.batch_size = max(self._reads, self._writes) if self._useful else 0

    def is_quick(self, info: FileInfo) -> bool:
        """Tell whether a file takes so little time that another thread is no help.

        On one machine that is so for small files: threads would mostly wait for each other, as
        Python lets one at a time run between the system calls.
        """
        return self._quick and info.kind is FileKind.FILE and info.size <= SMALL

    def copy(self, items: Sequence[Item], expect: Expect) -> None:
        """Copy files and links.

        Args:
            items: what to copy.
            expect: is told of the files whose size was not compared yet.
        """
        small = []
        for item in items:
            if not self._useful or not _is_small(item):
                self._transfer.copy(item)
            elif item.existing is not None and self._transfer.is_complete(item):
                self._transfer.skip(item)
            else:
                small.append(item)
        if small:
            self._copy_small(small, expect)

    def _copy_small(self, items: Sequence[Item], expect: Expect) -> None:
        """Copy in bulk; what a lost connection left undone is copied one by one."""
        done: set[str] = set()
        try:
            if self._writes:
                for start in range(0, len(items), self._writes):
                    self._write(items[start : start + self._writes], done, expect)
            else:
                for item, content in self._contents(items):
                    self._transfer.put(item, content)
                    done.add(item.target)
        except ConnectionLostException:
            if not self._transfer.can_retry():
                raise
            for item in items:
                if item.target not in done:
                    self._transfer.copy(item._replace(exclusive=False))

    def _contents(self, items: Sequence[Item]) -> Iterator[_Content]:
        """Yield each file with its whole content."""
        size = self._reads or len(items)
        for start in range(0, len(items), size):
            part = items[start : start + size]
            self._control.check()
            for item, content in zip(part, self._read(part), strict=True):
                if isinstance(content, XenonException):
                    raise content
                if len(content) != item.info.size:
                    self._transfer.check_source(item, len(content))
                yield item, content

    def _read(self, items: Sequence[Item]) -> Iterator[bytes | XenonException]:
        source = self._route.source
        if self._reads:
            return source.read_files([(item.source, item.info.size) for item in items])
        return (self._read_one(item.source) for item in items)

    def _read_one(self, path: str) -> bytes:
        with closing(self._route.source.open_read(path)) as stream:
            parts = []
            while part := stream.read(SMALL + 1):
                self._control.check()
                parts.append(part)
        return b"".join(parts)

    def _write(self, items: Sequence[Item], done: set[str], expect: Expect) -> None:
        contents = list(self._contents(items))
        files = [self._small_file(item, content) for item, content in contents]
        results = self._route.destination.write_files(files)
        stored = [one for one, error in zip(contents, results, strict=True) if error is None]
        errors = [error for error in results if error is not None]
        if self._verify == "checksum":
            stored = self._equal_ones(stored, errors)
        elif self._verify == "size":
            expect([(item.target, len(content)) for item, content in stored])
        self._count(stored)
        done.update(item.target for item, _ in stored)
        if errors:
            raise errors[0]

    def _small_file(self, item: Item, content: bytes) -> SmallFile:
        mode, mtime = self._transfer.kept(item.info)
        return SmallFile(item.target, content, not item.exclusive, mode, mtime)

    def _equal_ones(
        self, stored: Sequence[_Content], errors: list[XenonException]
    ) -> list[_Content]:
        """Compare written files by their checksums; wrong ones are removed and noted.

        What was not compared, as the copy was stopped meanwhile, is removed as well.
        """
        there = self._route.destination
        waiting = list(reversed(stored))
        equal = []
        try:
            while waiting:
                item, content = waiting[-1]
                found = checksum_of(there, item.target, self._control)
                try:
                    require_checksum(found, digest_of(content), item.target)
                    equal.append(waiting.pop())
                except VerificationException as error:
                    there.unlink(waiting.pop()[0].target)
                    errors.append(error)
        except BaseException:
            for item, _ in waiting:
                there.unlink(item.target)
            raise
        return equal

    def _count(self, stored: Sequence[_Content]) -> None:
        size = sum(len(content) for _, content in stored)
        self._control.found(0, size - sum(item.info.size for item, _ in stored))
        self._control.advance(size)
        self._control.copied(len(stored))


def _is_small(item: Item) -> bool:
    if item.info.kind is not FileKind.FILE or item.info.size > SMALL:
        return False
    return item.existing is None or item.existing.kind is FileKind.FILE
