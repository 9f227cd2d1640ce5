"""SFTP servers that lie, garble, or say nothing: every call ends in an exception of ours, soon."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from pathlib import Path

import paramiko
import pytest

from support.paramiko_server import scripted_server
from support.scripted_sftp import Answer, answering, greet, received, requests, status, usual
from support.sftp import connect
from xenon_adaptors.sftp_protocol import packets as p
from xenon_py import FileSystem
from xenon_py import exceptions as e
from xenon_py.model.path import Path as XenonPath

Handler = Callable[[paramiko.Channel], None]
FILE = p.encode_attributes(p.Attributes(100_000, 0, 0, 0o100644, 1, 1))
MARK = 0xDEAD


def greeting(data: bytes) -> Handler:
    """A server that sends this instead of a greeting."""

    def handle(channel: paramiko.Channel) -> None:
        received(channel, 9)
        channel.sendall(data)
        received(channel, 1)

    return handle


@pytest.mark.parametrize("fast", ["true", "false"])
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"SSH-2.0-I am no SFTP server, but a login banner\r\n", e.ConnectionLostException),
        (struct.pack(">IBI", 0xFFFFFFFF, p.VERSION, 3), e.ConnectionLostException),
        (struct.pack(">IBI", 0, p.VERSION, 3), e.ConnectionLostException),
        (struct.pack(">IBI", 9, p.VERSION, 3) + p.u32(99), e.ConnectionLostException),
        (struct.pack(">IBI", 5, p.STATUS, 3), e.ConnectionLostException),
        (struct.pack(">IBI", 5, p.VERSION, 6), e.IncompatibleVersionException),
        (struct.pack(">IB", 5, p.VERSION), e.XenonTimeoutException),
        (b"", e.XenonTimeoutException),
    ],
)
def test_greetings_that_are_none(data: bytes, expected: type[e.XenonException], fast: str) -> None:
    begun = time.monotonic()
    with scripted_server(greeting(data)) as server, pytest.raises(expected):
        connect(server, "", silence__timeout="1000", fastPath=fast)
    assert time.monotonic() - begun < 15


def test_a_server_that_hangs_up_instead_of_a_greeting() -> None:
    def handle(channel: paramiko.Channel) -> None:
        received(channel, 9)
        channel.close()

    with scripted_server(handle) as server, pytest.raises(e.ConnectionLostException):
        connect(server, "")


def misbehaving(on: int, misbehave: Callable[[paramiko.Channel, int], object]) -> Handler:
    """A server that does this, with the id, when a request of kind ``on`` comes."""

    def handle(channel: paramiko.Channel) -> None:
        greet(channel)
        for kind, request_id, body in requests(channel):
            if kind == on:
                misbehave(channel, request_id)
            else:
                answer = usual(kind, body)
                channel.sendall(p.request(answer[0], request_id, answer[1]))

    return handle


def sends(*packets: bytes) -> Callable[[paramiko.Channel, int], object]:
    return lambda channel, _: channel.sendall(b"".join(packets))


def answers(kind: int, body: bytes) -> Callable[[paramiko.Channel, int], object]:
    return lambda channel, number: channel.sendall(p.request(kind, number, body))


LOST = e.ConnectionLostException
LIES = {
    "another-id": (sends(p.request(p.ATTRS, MARK, FILE)), LOST),
    "another-kind": (answers(p.HANDLE, p.string(b"h")), LOST),
    "unknown-kind": (answers(77, b""), LOST),
    "ok-instead-of-attributes": (answers(*status(p.OK)), LOST),
    "cut-off-attributes": (answers(p.ATTRS, FILE[:-1]), LOST),
    "unknown-attributes": (answers(p.ATTRS, p.u32(0x70) + bytes(50)), LOST),
    "a-status-without-code": (answers(p.STATUS, b""), LOST),
    "huge-length": (sends(struct.pack(">IBI", 0x7FFFFFFF, p.ATTRS, 1)), LOST),
    "garbage": (sends(bytes(range(255, -1, -1)) * 40), LOST),
    "hangs-up": (lambda channel, _: channel.close(), LOST),
    "half-an-answer": (sends(p.u32(100)), e.XenonTimeoutException),
    "silence": (lambda *_: None, e.XenonTimeoutException),
    "the-greeting-again": (sends(struct.pack(">IBI", 5, p.VERSION, 3)), LOST),
}


@pytest.mark.parametrize("fast", ["true", "false"])
@pytest.mark.parametrize("lie", LIES)
def test_lies_about_a_path(lie: str, fast: str) -> None:
    misbehave, expected = LIES[lie]
    with scripted_server(misbehaving(p.LSTAT, misbehave)) as server:
        fs = connect(server, "", silence__timeout="1000", fastPath=fast)
        begun = time.monotonic()
        with fs, pytest.raises(expected):
            fs.get_attributes("/x")
        assert time.monotonic() - begun < 15


EVIL = [b"../evil", b"..", b"a/b", b"/etc/passwd", b"", b"nul\0byte"]


def listing_of(name: bytes) -> Handler:
    """A server whose every directory holds one file of this name (and, as it must, ``.``)."""
    told = [False]

    def answer(kind: int, body: bytes) -> Answer | None:
        if kind == p.OPENDIR:
            told[0] = False
        if kind == p.READDIR and not told[0]:
            told[0] = True
            entries = [p.string(n) + p.string(b"") + FILE for n in (b".", name)]
            return p.NAME, p.u32(2) + b"".join(entries)
        return None

    return answering(answer)


@pytest.mark.parametrize("name", [name for name in EVIL if name != b".."])
def test_names_that_lead_out_of_a_listing_are_refused(name: bytes, tmp_path: Path) -> None:
    target = tmp_path / "target"
    with scripted_server(listing_of(name)) as server, connect(server, "") as fs:
        with pytest.raises(e.InvalidPathException):
            fs.list("/d", False)
        with FileSystem.create("file") as here:
            copy = fs.copy("/d", here, XenonPath(str(target)), recursive=True)
            assert isinstance(copy.wait(30_000).error, e.InvalidPathException)
        with pytest.raises(e.InvalidPathException):
            fs.delete("/d", recursive=True)
    assert [path.name for path in tmp_path.iterdir()] in ([], ["target"])


def test_a_listing_that_never_says_more_ends() -> None:
    def answer(kind: int, body: bytes) -> Answer | None:
        return (p.NAME, p.u32(0)) if kind == p.READDIR else None

    with scripted_server(answering(answer)) as server, connect(server, "") as fs:
        assert list(fs.list("/d", False)) == []


def test_a_listing_that_claims_four_thousand_million_entries() -> None:
    def answer(kind: int, body: bytes) -> Answer | None:
        return (p.NAME, p.u32(0xFFFFFFFF)) if kind == p.READDIR else None

    with (
        scripted_server(answering(answer)) as server,
        connect(server, "") as fs,
        pytest.raises(e.ConnectionLostException),
    ):
        fs.list("/d", False)


def reading(content: bytes, read: Callable[[int, int], Answer | None]) -> Handler:
    """A server with a file of this content, whose READs are answered by ``read(offset, size)``."""
    attributes = p.encode_attributes(p.Attributes(len(content), 0, 0, 0o100644, 1, 1))

    def answer(kind: int, body: bytes) -> Answer | None:
        if kind in {p.LSTAT, p.FSTAT}:
            return p.ATTRS, attributes
        if kind != p.READ:
            return None
        _, at = p.parse_string(body)
        return read(*struct.unpack_from(">QI", body, at))

    return answering(answer)


def data(content: bytes) -> Answer:
    return (p.DATA, p.string(content)) if content else status(p.EOF)


def test_more_data_than_asked_for() -> None:
    server = reading(bytes(10**5), lambda offset, size: data(bytes(size + 1)))
    with (
        scripted_server(server) as record,
        connect(record, "") as fs,
        pytest.raises(e.ConnectionLostException, match="more data"),
    ):
        b"".join(fs.read_from_file("/f"))


def test_a_file_that_ends_before_its_size() -> None:
    content = bytes(10**5)
    server = reading(content, lambda offset, size: data(content[offset : min(offset + size, 500)]))
    with (
        scripted_server(server) as record,
        connect(record, "") as fs,
        pytest.raises(e.EndOfFileException),
    ):
        b"".join(fs.read_from_file("/f"))


@pytest.mark.parametrize("fast", ["true", "false"])
@pytest.mark.parametrize("most", [1, 7, 1000, 40_000])
def test_short_answers_are_asked_for_again(most: int, fast: str) -> None:
    size = 300 if most == 1 else 90_000
    content = bytes(i * i % 251 for i in range(size))
    server = reading(content, lambda offset, size: data(content[offset : offset + min(size, most)]))
    with scripted_server(server) as record, connect(record, "", fastPath=fast) as fs:
        assert b"".join(fs.read_from_file("/f")) == content


def test_answers_in_any_order() -> None:
    content = bytes(i * i % 251 for i in range(700_000))
    attributes = p.encode_attributes(p.Attributes(len(content), 0, 0, 0o100644, 1, 1))

    def handle(channel: paramiko.Channel) -> None:
        greet(channel)
        held: list[bytes] = []
        for kind, number, body in requests(channel):
            if kind == p.READ:
                _, at = p.parse_string(body)
                offset, size = struct.unpack_from(">QI", body, at)
                answer = data(content[offset : offset + size])
                held.append(p.request(answer[0], number, answer[1]))
                if len(held) >= 2 or offset + size > len(content):
                    channel.sendall(b"".join(reversed(held)))
                    held = []
                continue
            answer = (p.ATTRS, attributes) if kind in {p.LSTAT, p.FSTAT} else usual(kind, body)
            channel.sendall(p.request(answer[0], number, answer[1]))

    with scripted_server(handle) as record, connect(record, "") as fs:
        assert b"".join(fs.read_from_file("/f")) == content


def test_a_refused_write_is_an_error_and_nothing_is_renamed() -> None:
    seen: list[int] = []

    def answer(kind: int, body: bytes) -> Answer | None:
        seen.append(kind)
        if kind == p.LSTAT and b"new" in body:
            return status(p.NO_SUCH_FILE)
        return status(p.FAILURE) if kind == p.WRITE else None

    with (
        scripted_server(answering(answer)) as record,
        connect(record, "") as fs,
        pytest.raises(e.XenonException, match="SFTP status 4"),
    ):
        fs.write_to_file("/new", [bytes(100_000)])
    assert p.RENAME not in seen
    assert p.REMOVE in seen
