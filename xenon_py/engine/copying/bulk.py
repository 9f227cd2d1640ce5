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
from xenon_py.plugin.filesystem import FileKind, SmallFile

SMALL = 64 * 1024
"""Files up to this size, in bytes, go into bulk calls."""

Expect = Callable[[str, int], None]
"""Is told the path and size of a file whose size is still to be compared."""


class Bulk:
    """Copies batches of files: small ones in bulk calls, the others one by one."""

    def __init__(
        self, route: Route, options: CopyOptions, control: Control, transfer: Transfer
    ) -> None:
        self._route = route
        self._control = control
        self._transfer = transfer
        self._verify = options.verify
        self._reads = route.source.bulk_size
        self._writes = route.destination.bulk_size
        self._useful = not route.on_server and max(self._reads, self._writes) > 0

    @property
    def batch_size(self) -> int:
        """How many files make a useful batch; 0 = there is nothing to be gained."""
        return max(self._reads, self._writes) if self._useful else 0

    def copy(self, items: Sequence[Item], expect: Expect) -> None:
        """Copy files and links.

        Args:
            items: what to copy.
            expect: is told of each file whose size was not compared yet.
        """
        small = []
        for item in items:
            if not self._useful or not _is_small(item):
                self._transfer.copy(item)
            elif self._transfer.is_complete(item):
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

    def _contents(self, items: Sequence[Item]) -> Iterator[tuple[Item, bytes]]:
        """Yield each file with its whole content."""
        size = self._reads or len(items)
        for start in range(0, len(items), size):
            part = items[start : start + size]
            for item, content in zip(part, self._read(part), strict=True):
                self._control.check()
                if isinstance(content, XenonException):
                    raise content
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
        errors = [error for error in results if error is not None]
        for (item, content), failed in zip(contents, results, strict=True):
            if failed is None:
                try:
                    self._written(item, content, expect)
                    done.add(item.target)
                except VerificationException as error:
                    self._route.destination.unlink(item.target)
                    errors.append(error)
        if errors:
            raise errors[0]

    def _small_file(self, item: Item, content: bytes) -> SmallFile:
        mode, mtime = self._transfer.kept(item.info)
        return SmallFile(item.target, content, not item.exclusive, mode, mtime)

    def _written(self, item: Item, content: bytes, expect: Expect) -> None:
        if self._verify == "checksum":
            found = checksum_of(self._route.destination, item.target, self._control)
            require_checksum(found, digest_of(content), item.target)
        elif self._verify == "size":
            expect(item.target, len(content))
        self._control.found(0, len(content) - item.info.size)
        self._control.advance(len(content))
        self._control.copied()


def _is_small(item: Item) -> bool:
    if item.info.kind is not FileKind.FILE or item.info.size > SMALL:
        return False
    return item.existing is None or item.existing.kind is FileKind.FILE
