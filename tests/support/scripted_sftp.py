"""The server's side of SFTP, for servers that misbehave on purpose."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import paramiko

from xenon_adaptors.sftp_protocol import packets as p

Answer = tuple[int, bytes]
Answers = Callable[[int, bytes], Answer | None]
"""Takes kind and body of a request; returns kind and body of the answer, or ``None`` for none."""

DIRECTORY = p.encode_attributes(p.Attributes(4096, 0, 0, 0o40755, 1, 1))


def received(channel: paramiko.Channel, size: int) -> bytes:
    """Return exactly so many bytes.

    Raises:
        EOFError: the client hung up.
    """
    data = b""
    while len(data) < size:
        more = channel.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def requests(channel: paramiko.Channel) -> Iterator[tuple[int, int, bytes]]:
    """Yield kind, id and body of each request that comes."""
    while True:
        length, kind, request_id = struct.unpack(">IBI", received(channel, 9))
        yield kind, request_id, received(channel, length - 5)


def greet(channel: paramiko.Channel, version: int = 3) -> None:
    """Take the greeting of the client and answer it, without any extension."""
    received(channel, 9)
    channel.sendall(struct.pack(">IBI", 5, p.VERSION, version))


def usual(kind: int, body: bytes) -> Answer:
    """Answer as a server whose only file system is an empty directory, and has an open handle."""
    del body
    if kind in {p.LSTAT, p.STAT, p.FSTAT}:
        return p.ATTRS, DIRECTORY
    if kind == p.REALPATH:
        return p.NAME, p.u32(1) + p.string(b"/") + p.string(b"/") + p.u32(0)
    if kind in {p.OPEN, p.OPENDIR}:
        return p.HANDLE, p.string(b"h")
    return status(p.EOF if kind in {p.READ, p.READDIR} else p.OK)


def status(code: int, text: bytes = b"scripted") -> Answer:
    """Return a STATUS."""
    return p.STATUS, p.u32(code) + p.string(text) + p.string(b"")


def answering(answers: Answers) -> Callable[[paramiko.Channel], None]:
    """Return a handler that greets, and answers each request; what ``answers`` leaves, as usual."""

    def handle(channel: paramiko.Channel) -> None:
        greet(channel)
        for kind, request_id, body in requests(channel):
            answer = answers(kind, body)
            if answer is None:
                answer = usual(kind, body)
            channel.sendall(p.request(answer[0], request_id, answer[1]))

    return handle
