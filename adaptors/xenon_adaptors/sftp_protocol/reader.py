"""Reads a file from start to end with requests under way ahead of the reader."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue

from xenon_adaptors.sftp_protocol import packets as p
from xenon_adaptors.sftp_protocol.session import (
    Mailbox,
    Reply,
    Request,
    SftpSession,
    StatusError,
    read_request,
)
from xenon_py.exceptions import EndOfFileException, XenonException

_FIRST = 1 << 16  # bytes of each of the first requests: a small file or a few lines cost no more
_BEGIN, _MOST = 2, 64  # pieces asked for ahead, at first and at most
_LEAST_PIECE = 4096

Explain = Callable[[StatusError], XenonException]


class SftpReader:
    """An open file to read. At most 64 pieces (16 MiB) are asked for or kept.

    Answers may come in any order and may be shorter than asked. The file ends where the server says
    so, but not before the size that it told at the beginning: that is an error.

    Args:
        session: where the file was opened.
        handle: of the file, encoded as a string.
        offset: where to begin, in bytes.
        explain: makes an exception of an error status.

    Attributes:
        attributes: what the server told of the file at the beginning.
    """

    def __init__(self, session: SftpSession, handle: bytes, offset: int, explain: Explain) -> None:
        self._session = session
        self._handle = handle
        self._explain = explain
        self._closed = False
        self._mailbox: Mailbox = SimpleQueue()
        self._pending: dict[int, tuple[int, int]] = {}  # id -> offset, size
        self._ready: dict[int, bytes] = {}  # offset -> data
        self._front, self._front_at = b"", 0
        self._next = self._asked = offset
        self._ahead, self._piece = _BEGIN, min(_FIRST, session.read_size)
        self._probed = False  # whether something behind the known end was asked for
        self._end: int | None = None  # least offset at which the server said: end of file
        try:
            self.attributes = self._begin()
        except BaseException:
            self.close()
            raise
        self._told = self._size = self.attributes.size or 0
        self._piece = session.read_size

    def _begin(self) -> p.Attributes:
        """Ask for the attributes and the first pieces at once; return the attributes."""
        pieces = [(self._next + i * self._piece, self._piece) for i in range(_BEGIN)]
        requests = [read_request(self._handle, at, size) for at, size in pieces]
        ids = self._session.submit([Request(p.FSTAT, (self._handle,)), *requests], self._mailbox)
        self._pending.update(zip(ids[1:], pieces, strict=True))
        self._asked += _BEGIN * self._piece
        early = []
        while (reply := self._session.receive(self._mailbox)).request_id != ids[0]:
            early.append(reply)
        for one in early:  # whether they are right, the attributes tell: it may be no file
            self._mailbox.put(one)
        try:
            body = self._session.expect(p.ATTRS, reply)
        except StatusError as error:
            raise self._explain(error) from error
        return self._session.parsed(p.parse_attributes, body)[0]

    def read(self, size: int, /) -> bytes:
        """Return 1 to ``size`` bytes, ``b""`` at the end of the file.

        Raises:
            EndOfFileException: the file ended before its size.
            ConnectionLostException: the connection broke.
        """
        if size <= 0:
            return b""
        while not self._front:
            data = self._ready.pop(self._next, b"")
            if data:
                self._front, self._front_at = data, 0
                self._next += len(data)
                self._ahead = min(self._ahead + 1, _MOST)
                self._ask_ahead()
            elif self._at_end():
                return b""
            else:
                self._ask_next()
                self._take(self._receive())
        return self._from_front(size)

    def _receive(self) -> Reply:
        reply = self._session.receive(self._mailbox)
        if self._closed:
            raise XenonException.because("the file was closed while it was read")
        return reply

    def _from_front(self, size: int) -> bytes:
        front, at = self._front, self._front_at
        if at == 0 and len(front) <= size:
            self._front = b""
            return front
        self._front_at = at + size
        if self._front_at >= len(front):
            self._front = b""
        return front[at : at + size]

    def _at_end(self) -> bool:
        if self._end is None:
            return False
        if self._next == self._told and self._told:  # a probe behind it told that this is the end
            return True
        if self._next < self._end:
            return False
        if self._next < self._told:
            raise EndOfFileException.because(
                f"the file ended after {self._next} of its {self._told} bytes: it was cut meanwhile"
            )
        return True

    def _take(self, reply: Reply) -> None:
        """Put an answer to a read where it belongs."""
        at, size = self._pending.pop(reply.request_id)
        try:
            data = self._session.expect(p.DATA, reply)
        except StatusError as error:
            if error.code != p.EOF:
                raise self._explain(error) from error
            data = b""
        if not data:
            self._end = at if self._end is None else min(at, self._end)
            return
        if len(data) > size:
            raise self._session.broken("the server sent more data than it was asked for")
        self._ready[at] = data
        end = at + len(data)
        if end > self._size:
            self._size, self._probed = end, False
        if len(data) < size and end != self._told:
            self._piece = max(len(data), _LEAST_PIECE)
            self._send([(end, size - len(data))])

    def _ask_ahead(self) -> None:
        """Ask for as many further pieces as may be under way."""
        pieces: list[tuple[int, int]] = []
        room = self._ahead - len(self._pending) - len(self._ready)
        while len(pieces) < room and self._end is None:
            if self._asked >= self._size:
                if self._probed:
                    break
                self._probed = True
            pieces.append((self._asked, self._piece))
            self._asked += self._piece
        if pieces:
            self._send(pieces)

    def _ask_next(self) -> None:
        """See to it that the next piece is asked for, whatever short answers there were."""
        if any(at == self._next for at, _ in self._pending.values()):
            return
        behind = [at for at, _ in self._pending.values()] + list(self._ready)
        limit = min((at for at in behind if at > self._next), default=self._next + self._piece)
        self._send([(self._next, min(self._piece, limit - self._next))])
        self._asked = max(self._asked, self._next + self._piece)

    def _send(self, pieces: list[tuple[int, int]]) -> None:
        requests = [read_request(self._handle, at, size) for at, size in pieces]
        ids = self._session.submit(requests, self._mailbox)
        self._pending.update(zip(ids, pieces, strict=True))

    def close(self) -> None:
        """Release the handle; what is still under way is dropped when it comes.

        A thread that waits in ``read`` meanwhile is woken by an exception.
        """
        if not self._closed:
            self._closed = True
            self._front, self._ready = b"", {}
            self._mailbox.put(Reply(0, 0, b""))
            self._session.forget(self._handle)
