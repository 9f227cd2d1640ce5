"""A file that is being read: as a stream, or by parts, several of them on their way at a time.

One connection costs both sides the least, and is enough on this machine or in its network. Where
the reader has to wait for it, further parts are fetched ahead into memory, by connections of their
own. All must be of the same version of the object, which its ETag tells: another one is an error,
and so is a body that ends before its length, after a few tries to get the rest.
"""

from __future__ import annotations

import collections
import re
import threading
import time
from collections.abc import Generator, Mapping
from concurrent.futures import Executor, Future
from typing import NamedTuple

from botocore import exceptions as b
from urllib3.exceptions import HTTPError

from xenon_adaptors.s3_protocol.documents import size_of
from xenon_adaptors.s3_protocol.wire import Pieces, Wire, cut_short, refusal
from xenon_py.exceptions import ConnectionLostException, VerificationException, XenonException

PART = 8 * 1024 * 1024
"""Bytes of the first request, by which the connection is judged, and of each fetched ahead."""

STREAM = 64 * 1024 * 1024
"""Bytes of each further request as long as the connection is fast."""

AHEAD = 3
"""Parts that are fetched beside the one that is read: what a reader keeps in memory."""

_FAST = 100e6  # bytes a second; a connection that brings less is to get company
_PATIENCE = 0.05  # seconds of waiting that tell nothing about that
_PIECE = 1024 * 1024
_TRIES = 3
_RANGE = re.compile(r"bytes\s+([0-9]+)-([0-9]+)/([0-9]+)")
_BEYOND = re.compile(r"bytes\s+\*/([0-9]+)")


class Part(NamedTuple):
    """The answer to a request for a part.

    Attributes:
        stream: its bytes.
        start: offset of the first one.
        end: offset behind the last one.
        total: size of the object.
        etag: tells its version.
    """

    stream: Pieces
    start: int
    end: int
    total: int
    etag: str


class Source:
    """An object to read from; every method may be called from several threads."""

    def __init__(self, wire: Wire, key: str) -> None:
        self._wire = wire
        self.key = key
        self.path = f"/{key}"

    def open(self, start: int, end: int, etag: str = "") -> Part | None:
        """Ask for the bytes from ``start`` to before ``end``; ``None`` = it ends before ``start``.

        Args:
            start: offset.
            end: offset; the object may end before.
            etag: the version that it must be.

        Raises:
            VerificationException: it is another version.
        """
        headers = {"range": f"bytes={start}-{end - 1}"}
        if etag:
            headers["if-match"] = etag
        answer = self._wire.send("GET", self.key, headers=headers, stream=True)
        if answer.status == 416 and not etag and self._ends_before(start, answer.headers):
            return None
        if answer.status == 412 or (answer.status == 416 and etag):
            raise self._changed()
        if answer.stream is None:
            raise refusal(answer, self.path)
        found = answer.headers.get("etag", "")
        try:
            if etag and found != etag:
                raise self._changed()
            first, last, total = self._extent(answer.status, answer.headers)
            if not first <= start <= last:
                raise XenonException.because(
                    f"the server sends another part than asked: {self.path!r}", path=self.path
                )
            part = Part(answer.stream, first, last, total, found)
            return self._skipped(part, start)
        except BaseException:
            answer.stream.close()
            raise

    def _ends_before(self, start: int, headers: Mapping[str, str]) -> bool:
        """Tell whether a refusal means that there is nothing at ``start``; Ceph does not say so."""
        if _BEYOND.match(headers.get("content-range", "")):
            return True
        found = self._wire.send("HEAD", self.key)
        length = found.headers.get("content-length", "")
        return found.status == 200 and size_of(length, self.path) <= start

    def _extent(self, status: int, headers: Mapping[str, str]) -> tuple[int, int, int]:
        """Return first offset, offset behind the last, and size of the whole object."""
        match = _RANGE.match(headers.get("content-range", ""))
        if status == 206 and match:
            return int(match[1]), int(match[2]) + 1, int(match[3])
        length = headers.get("content-length", "")
        if status == 200 and length:
            total = size_of(length, self.path)
            return 0, total, total
        raise XenonException.because(
            f"the server does not tell which part it sends: {self.path!r}", path=self.path
        )

    def _skipped(self, part: Part, start: int) -> Part:
        """Pass over what a server that knows no ranges sends before ``start``."""
        left = start - part.start
        while left:
            left -= len(self.read(part.stream, min(left, _PIECE)))
        return part._replace(start=start)

    def read(self, stream: Pieces, size: int) -> bytes:
        """Return some bytes of a body.

        Raises:
            ConnectionLostException: there are none.
        """
        try:
            data = stream.read(size)
        except (HTTPError, b.HTTPClientError, OSError) as error:
            raise cut_short(self.path, error) from error
        if not data:
            raise cut_short(self.path, "the body is shorter than announced")
        return data

    def pieces(
        self, start: int, end: int, etag: str, *, part: Part | None = None
    ) -> Generator[bytes]:
        """Yield the bytes of a part; what a lost connection left out is asked for again."""
        failures = 0
        try:
            while start < end:
                try:
                    part = part or self.open(start, end, etag)
                    if part is None:
                        raise self._changed()
                    piece = self.read(part.stream, min(end - start, _PIECE))
                except ConnectionLostException:
                    failures += 1
                    if failures == _TRIES:
                        raise
                    _close(part)
                    part = None
                    continue
                start += len(piece)
                failures = 0
                if start >= min(end, part.end):
                    _close(part)
                    part = None
                yield piece
        finally:
            _close(part)

    def _changed(self) -> VerificationException:
        return VerificationException.because(
            f"the object was replaced or removed while it was read: {self.path!r}", path=self.path
        )


class S3Reader:
    """Reads one object in order.

    Args:
        source: the object.
        offset: where to begin.
        executor: fetches further parts.
    """

    def __init__(self, source: Source, offset: int, executor: Executor) -> None:
        self._source = source
        self._executor = executor
        self._ahead: collections.deque[Future[list[bytes]]] = collections.deque()
        self._waiting: collections.deque[bytes] = collections.deque()
        self._used = 0  # bytes of the first waiting piece
        self._closed = threading.Event()
        self._busy = threading.Lock()
        self._first = first = source.open(offset, offset + PART)
        self._total = first.total if first else 0
        self._next = first.end if first else 0  # offset from which nothing is asked for yet
        self._etag = first.etag if first else ""
        self._stream = source.pieces(offset, self._next, self._etag, part=first)
        self._arrived = 0  # bytes of the stream
        self._waited = 0.0  # seconds for them

    def read(self, size: int, /) -> bytes:
        """Return 1 to ``size`` bytes, ``b""`` only at the end.

        Raises:
            ConnectionLostException: the rest cannot be had.
            VerificationException: the object changed meanwhile.
        """
        with self._busy:
            try:
                return self._read(size)
            finally:
                if self._closed.is_set():
                    self._release()

    def _read(self, size: int) -> bytes:
        if not self._waiting and not self._refill():
            return b""
        piece = self._waiting[0]
        if not self._used and len(piece) <= size:
            return self._waiting.popleft()
        found = piece[self._used : self._used + size]
        self._used += len(found)
        if self._used == len(piece):
            self._waiting.popleft()
            self._used = 0
        return found

    def _refill(self) -> bool:
        """Get the next pieces; tell whether there are any."""
        if self._closed.is_set():
            return False
        if self._waited > _PATIENCE + self._arrived / _FAST:
            self._fetch_ahead()
        if piece := self._streamed():
            self._waiting.append(piece)
        elif self._ahead:
            self._waiting.extend(self._ahead.popleft().result())
            self._fetch_ahead()
        return bool(self._waiting)

    def _streamed(self) -> bytes | None:
        """Return the next piece of the stream, which goes on where nothing is fetched ahead."""
        begun = time.monotonic()
        piece = next(self._stream, None)
        if piece is None and self._next < self._total and not self._ahead:
            start, self._next = self._next, min(self._next + STREAM, self._total)
            self._stream = self._source.pieces(start, self._next, self._etag)
            self._arrived, self._waited = 0, 0.0
            piece = next(self._stream)
        self._arrived += len(piece or b"")
        self._waited += time.monotonic() - begun
        return piece

    def _fetch_ahead(self) -> None:
        while self._next < self._total and len(self._ahead) < AHEAD and not self._closed.is_set():
            start, self._next = self._next, min(self._next + PART, self._total)
            self._ahead.append(self._executor.submit(self._fetch, start, self._next))

    def _fetch(self, start: int, end: int) -> list[bytes]:
        found = []
        for piece in self._source.pieces(start, end, self._etag):
            if self._closed.is_set():
                return []
            found.append(piece)
        return found

    def close(self) -> None:
        """Stop fetching. A read that another thread is in ends first."""
        self._closed.set()
        for one in self._ahead:
            one.cancel()
        if self._busy.acquire(blocking=False):
            try:
                self._release()
            finally:
                self._busy.release()

    def _release(self) -> None:
        self._waiting.clear()
        self._ahead.clear()
        self._stream.close()
        _close(self._first)  # by itself, as a generator that was not begun closes nothing


def read_whole(wire: Wire, key: str, size: int) -> bytes:
    """Return a small object, by one request.

    Raises:
        VerificationException: it has become much larger than ``size`` bytes.
        XenonException: the server does not tell its size.
    """
    answer = wire.send("GET", key, stream=True)
    if answer.stream is None:
        raise refusal(answer, f"/{key}")
    source = Source(wire, key)
    try:
        length = size_of(answer.headers.get("content-length", ""), source.path)
        if length > 2 * size + PART:
            raise VerificationException.because(
                f"the object has {length} bytes, no longer {size}: '/{key}'", path=f"/{key}"
            )
        parts = [source.read(answer.stream, length) if length else answer.stream.read(1)]
        while (left := length - sum(map(len, parts))) > 0:
            parts.append(source.read(answer.stream, left))
    finally:
        answer.stream.close()
    return b"".join(parts)


def _close(part: Part | None) -> None:
    """Close what is left of a part."""
    if part is not None:
        part.stream.close()
