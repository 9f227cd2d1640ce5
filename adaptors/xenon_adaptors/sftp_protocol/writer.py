"""Writes a file from start to end without waiting for each answer."""

from __future__ import annotations

from queue import SimpleQueue

from xenon_adaptors.sftp_protocol import packets as p
from xenon_adaptors.sftp_protocol.reader import Explain
from xenon_adaptors.sftp_protocol.session import (
    Mailbox,
    Request,
    SftpSession,
    StatusError,
    write_request,
)
from xenon_py.exceptions import XenonException

_MOST = 64  # requests under way

Buffer = bytes | bytearray | memoryview


class SftpWriter:
    """An open file to write. Nothing is kept but what does not fill a request yet.

    Every answer is looked at. The first error is raised by the next ``write``, or by ``close``.

    Args:
        session: where the file was opened.
        handle: of the file, encoded as a string.
        offset: where to begin, in bytes.
        explain: makes an exception of an error status.
    """

    def __init__(self, session: SftpSession, handle: bytes, offset: int, explain: Explain) -> None:
        self._session = session
        self._handle = handle
        self._offset = offset
        self._explain = explain
        self._mailbox: Mailbox = SimpleQueue()
        self._outstanding = 0
        self._held: list[bytes | memoryview] = []
        self._held_size = 0
        self._error: XenonException | None = None
        self._ended = False

    def write(self, data: Buffer, /) -> int:
        """Take all of ``data``.

        Raises:
            NoSpaceException: the server's disk is full.
            ConnectionLostException: the connection broke.
        """
        self._raise_error()
        view = memoryview(data).cast("B")
        size, at = self._session.write_size, 0
        while self._held_size + len(view) - at >= size:
            take = size - self._held_size
            self._held.append(view[at : at + take])
            self._held_size = size
            self._send_held()
            at += take
        if at < len(view):
            self._held.append(bytes(view[at:]))  # the caller may change it afterwards
            self._held_size += len(view) - at
        return len(view)

    def _send_held(self) -> None:
        request = write_request(self._handle, self._offset, self._held_size, *self._held)
        self._offset += self._held_size
        self._held, self._held_size = [], 0
        self._session.submit((request,), self._mailbox)
        self._outstanding += 1
        while self._outstanding >= _MOST or (self._outstanding and not self._mailbox.empty()):
            self._take_answer()
        self._raise_error()

    def _take_answer(self) -> None:
        reply = self._session.receive(self._mailbox)
        self._outstanding -= 1
        try:
            self._session.expect(p.STATUS, reply)
        except StatusError as error:
            if self._error is None:
                self._error = self._explain(error)
                self._error.__cause__ = error

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Send what is left and wait until the server has confirmed everything."""
        if self._ended:
            return
        self._raise_error()
        if self._held_size:
            self._send_held()
        self._ended = True
        self._session.submit((Request(p.CLOSE, (self._handle,)),), self._mailbox)
        self._outstanding += 1
        while self._outstanding:
            self._take_answer()
        self._raise_error()

    def abort(self) -> None:
        """Give the handle back; what is held is dropped. Never raises."""
        if not self._ended:
            self._ended = True
            self._held, self._held_size = [], 0
            self._session.forget(self._handle)
