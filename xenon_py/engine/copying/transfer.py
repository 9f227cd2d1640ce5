"""Copies one file or link; what the threads of a copy do, many times."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from contextlib import closing
from typing import NamedTuple

from xenon_py.engine.copying.control import Control, Counter
from xenon_py.engine.copying.making import Making
from xenon_py.engine.copying.options import CopyOptions
from xenon_py.engine.copying.route import Item, Route
from xenon_py.engine.copying.stream import move
from xenon_py.engine.copying.verify import (
    checksum_of,
    digest_of,
    require_checksum,
    require_size,
    require_whole_source,
    same_time,
)
from xenon_py.exceptions import ConnectionLostException, UnsupportedOperationException
from xenon_py.plugin.filesystem import FileInfo, FileKind, WriteMode, WriteStream
from xenon_py.plugin.one_by_one import ONLY_OWNER, is_private

_RETRIES = 2
_RETRY_PAUSE = 0.2
_log = logging.getLogger(__name__)


class Filled(NamedTuple):
    """What went to the destination: bytes, and their checksum where it is known."""

    size: int
    checksum: str | None = None


class Transfer:
    """Copies single files and links along a route, by the options of one copy."""

    def __init__(self, route: Route, options: CopyOptions, control: Control) -> None:
        self._route = route
        self._control = control
        self._on_server = route.on_server
        self._verifies = options.verify != "none"
        self._with_checksum = options.verify == "checksum"
        self._with_mode = "mode" in options.preserve
        self._with_times = "mtime" in options.preserve

    def copy(self, item: Item) -> None:
        """Copy one file or link, unless it is there already.

        After a lost connection it is tried again, from the beginning and under a fresh temporary
        name, up to two times.
        """
        self._control.check()
        if self.is_complete(item):
            self.skip(item)
        elif item.info.kind is FileKind.LINK:
            self._with_retries(self._link, item)
        else:
            self._with_retries(self._file, item)

    def is_complete(self, item: Item) -> bool:
        """Tell whether the target is the same already, so that it need not be copied.

        With ``verify="checksum"`` that takes equal sizes and checksums; else, with modification
        times preserved, equal sizes and times; else nothing is taken for complete. Links are the
        same when their texts are, under the same options.
        """
        existing, info = item.existing, item.info
        if existing is None or existing.kind is not info.kind:
            return False
        if not (self._with_checksum or self._with_times):
            return False
        here, there = self._route.source, self._route.destination
        if info.kind is FileKind.LINK:
            return here.readlink(item.source) == there.readlink(item.target)
        if existing.size != info.size:
            return False
        if self._with_checksum:
            ours = checksum_of(here, item.source, self._control)
            return ours == checksum_of(there, item.target, self._control)
        return same_time(self._route, info, existing)

    def skip(self, item: Item) -> None:
        """Count a complete file; mode and time are still brought in line where preserved."""
        is_file = item.info.kind is FileKind.FILE
        self._control.skipped(item.info.size if is_file else 0)
        existing = item.existing
        if not is_file or existing is None:
            return
        if existing.mode != item.info.mode or not same_time(self._route, item.info, existing):
            self.preserve(item.target, item.info)

    def preserve(self, path: str, info: FileInfo) -> None:
        """Give a file or directory the mode and time of its source, as far as was asked for."""
        if self._with_mode and info.mode is not None:
            self._route.destination.chmod(path, info.mode & 0o777)
        if self._with_times and info.mtime:
            self._route.destination.set_times(path, info.mtime, info.atime or None)

    def kept(self, info: FileInfo) -> tuple[int | None, int | None]:
        """Return mode and modification time that a copy of ``info`` is to have."""
        mode = info.mode & 0o777 if self._with_mode and info.mode is not None else None
        return mode, (info.mtime if self._with_times and info.mtime else None)

    def can_retry(self) -> bool:
        """Tell whether both connections are usable, or can be made again."""
        return self._route.source.is_open() and self._route.destination.is_open()

    def put(self, item: Item, content: bytes) -> None:
        """Copy a file whose content was read already."""

        def fill(making: Making, counter: Counter) -> Filled:
            writer = self._open(item, making)
            with _Aborting(writer):
                self.check_source(item, len(content))
                writer.write(content)
                counter.add(len(content))
            writer.close()
            return Filled(len(content), digest_of(content) if self._with_checksum else None)

        self._make(item, fill, Counter(self._control))

    def check_source(self, item: Item, read: int) -> None:
        """Check that ``read`` bytes are the whole of the source, if anything is verified."""
        if self._verifies:
            require_whole_source(self._route.source, item, read)

    def _with_retries(self, work: Callable[[Item, Counter], None], item: Item) -> None:
        for attempt in range(_RETRIES + 1):
            counter = Counter(self._control)
            try:
                return work(item, counter)
            except ConnectionLostException as error:
                counter.take_back()
                if attempt == _RETRIES or not self.can_retry():
                    raise
                _log.info("%r is copied again, as the connection was lost: %s", item.source, error)
                self._control.pause(_RETRY_PAUSE * (attempt + 1))
        return None

    def _link(self, item: Item, counter: Counter) -> None:
        del counter  # links have no bytes that count
        text = self._route.source.readlink(item.source)
        making = Making.of_link(self._route, item)
        try:
            making.clear(keep_file=False)
            self._route.destination.symlink(making.place, text)
            making.publish()
        except BaseException:
            making.discard()
            raise
        self._control.copied()

    def _file(self, item: Item, counter: Counter) -> None:
        def fill(making: Making, counter: Counter) -> Filled:
            if self._on_server:
                try:
                    return self._fill_on_server(item, making, counter)
                except UnsupportedOperationException as error:
                    _log.debug("%r goes through this process: %s", item.source, error)
                    counter.take_back()
            return self._fill_through(item, making, counter)

        self._make(item, fill, counter)

    def _make(
        self, item: Item, fill: Callable[[Making, Counter], Filled], counter: Counter
    ) -> None:
        making = Making.of_file(self._route, item)
        try:
            filled = fill(making, counter)
            making.written()
            self._compare(item, making.place, filled)
            self.preserve(making.place, item.info)
            self._control.check()
            making.publish()
        except BaseException:
            making.discard()
            raise
        if filled.size != item.info.size:
            self._control.found(0, filled.size - item.info.size)
        self._control.copied()

    def _fill_on_server(self, item: Item, making: Making, counter: Counter) -> Filled:
        making.clear(keep_file=True)
        self._route.destination.copy_file(item.source, making.place, counter.add)
        making.written()
        self.check_source(item, counter.total)
        return Filled(counter.total)

    def _fill_through(self, item: Item, making: Making, counter: Counter) -> Filled:
        digest = hashlib.sha256() if self._with_checksum else None
        with closing(self._route.source.open_read(item.source)) as reader:
            writer = self._open(item, making)

            def take(part: bytes) -> None:
                if digest is not None:
                    digest.update(part)
                writer.write(part)
                counter.add(len(part))

            local = self._route.source.is_local or self._route.destination.is_local
            ahead = digest is not None or not local
            with _Aborting(writer):
                piece = self._route.destination.piece_size
                move(reader, take, item.info.size, self._control, ahead=ahead, piece=piece)
                self.check_source(item, counter.total)
            writer.close()
        return Filled(counter.total, digest.hexdigest() if digest is not None else None)

    def _open(self, item: Item, making: Making) -> WriteStream:
        """Begin the file; what is to be private is so before there is any content."""
        making.clear(keep_file=True)
        there = self._route.destination
        write_mode = making.write_mode
        mode, _ = self.kept(item.info)
        if is_private(mode) and not there.description.writes_atomically:
            there.open_write(making.place, write_mode, 0).close()
            making.opened()
            there.chmod(making.place, ONLY_OWNER)
            write_mode = WriteMode.TRUNCATE
        writer = there.open_write(making.place, write_mode, item.info.size)
        making.opened()
        return writer

    def _compare(self, item: Item, place: str, filled: Filled) -> None:
        """Verify what was written, as far as was asked for."""
        if not self._verifies:
            return
        there = self._route.destination
        require_size(there.lstat(place), filled.size, item.target)
        if self._with_checksum:
            expected = filled.checksum or checksum_of(
                self._route.source, item.source, self._control
            )
            require_checksum(checksum_of(there, place, self._control), expected, item.target)


class _Aborting:
    """Aborts a write stream when its ``with`` block ends in an exception."""

    __slots__ = ("_writer",)

    def __init__(self, writer: WriteStream) -> None:
        self._writer = writer

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        if kind is not None:
            self._writer.abort()
