"""Cuts the byte stream from a server into packets, with one copy of the data at most."""

from __future__ import annotations

import struct
from collections.abc import Callable

from xenon_adaptors.sftp_protocol.packets import DATA, MAX_PACKET, VERSION, ProtocolError

_head = struct.Struct(">IBI")

OnPacket = Callable[[int, int, bytes], None]
"""Takes kind, request id and body of a packet: of DATA the body is the data alone, of VERSION there
is no id (0)."""


class Framer:
    """Takes bytes as they come and hands each packet on when it is complete.

    Not for several threads at once.
    """

    def __init__(self, on_packet: OnPacket) -> None:
        self._on_packet = on_packet
        self._pieces: list[bytes | memoryview] = []
        self._missing = 0  # bytes that the packet in work still lacks
        self._kind = 0
        self._id = 0
        self._start = b""  # less than a head

    def feed(self, data: bytes) -> None:
        """Take what arrived.

        Raises:
            ProtocolError: it is no SFTP; nothing more may be fed.
        """
        if len(data) < self._missing:
            self._pieces.append(data)
            self._missing -= len(data)
            return
        view, at = memoryview(data), 0
        if self._missing:
            at = self._missing
            self._pieces.append(view[:at])
            self._finish()
        if self._start:
            view, at = memoryview(self._start + bytes(view[at:])), 0
            self._start = b""
        while len(view) - at >= _head.size:
            at = self._begin(view, at)
        if not self._missing:
            self._start = bytes(view[at:])

    def _begin(self, view: memoryview, at: int) -> int:
        """Take the packet at a position, or as much of it as is there; return what follows."""
        length: int
        length, self._kind, self._id = _head.unpack_from(view, at)
        if not 5 <= length <= MAX_PACKET:
            raise ProtocolError(f"a packet claims {length} bytes")
        begin, end = at + _head.size, at + 4 + length
        if self._kind == VERSION:
            begin, self._id = at + 5, 0
        self._pieces.append(view[begin:end])
        if end > len(view):
            self._missing = end - len(view)
            return len(view)
        self._finish()
        return end

    def _finish(self) -> None:
        pieces, self._pieces, self._missing = self._pieces, [], 0
        if self._kind == DATA:
            self._strip_length(pieces)
        self._on_packet(self._kind, self._id, b"".join(pieces))

    def _strip_length(self, pieces: list[bytes | memoryview]) -> None:
        """Take the length word off the pieces of a DATA packet, without joining them first."""
        size, word = sum(map(len, pieces)), b""
        while pieces and len(word) < 4:
            need = 4 - len(word)
            word += bytes(pieces[0][:need])
            pieces[0] = pieces[0][need:]
            if not pieces[0]:
                del pieces[0]
        if len(word) < 4 or int.from_bytes(word, "big") != size - 4:
            raise ProtocolError("the length of the data is not that of its packet")
