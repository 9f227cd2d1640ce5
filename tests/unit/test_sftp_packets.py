"""The SFTP codec: what is encoded can be decoded, and garbage raises ProtocolError only."""

import contextlib
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenon_adaptors.sftp_protocol import packets as p
from xenon_adaptors.sftp_protocol.framing import Framer

U32 = st.integers(0, 2**32 - 1)
U64 = st.integers(0, 2**64 - 1)


@st.composite
def attributes(draw: st.DrawFn) -> p.Attributes:
    """Attributes as they can be sent: ids and times in pairs."""
    ids = draw(st.one_of(st.just((None, None)), st.tuples(U32, U32)))
    times = draw(st.one_of(st.just((None, None)), st.tuples(U32, U32)))
    return p.Attributes(
        draw(st.none() | U64), ids[0], ids[1], draw(st.none() | U32), times[0], times[1]
    )


PARSERS: list[Callable[[bytes], object]] = [
    p.parse_attributes,
    p.parse_string,
    p.parse_u32,
    p.parse_version,
    p.parse_status,
    p.parse_names,
    p.parse_limits,
    p.parse_space,
    p.parse_id_names,
]


@given(attributes(), st.binary(max_size=8))
def test_attributes_come_back(value: p.Attributes, behind: bytes) -> None:
    encoded = p.encode_attributes(value)
    assert p.parse_attributes(encoded + behind) == (value, len(encoded))


def test_extended_attributes_are_passed_over() -> None:
    body = p.u32(0x80000004) + p.u32(0o644) + p.u32(1) + p.string(b"type") + p.string(b"data")
    assert p.parse_attributes(body + b"rest") == (p.Attributes(mode=0o644), len(body))


def test_unknown_flags_are_refused() -> None:
    with pytest.raises(p.ProtocolError, match="unknown flags"):
        p.parse_attributes(p.u32(0x10) + bytes(64))


@given(st.lists(st.tuples(st.binary(max_size=40), st.binary(max_size=60), attributes())))
def test_names_come_back(entries: list[tuple[bytes, bytes, p.Attributes]]) -> None:
    parts = [p.string(n) + p.string(long) + p.encode_attributes(a) for n, long, a in entries]
    body = p.u32(len(entries)) + b"".join(parts)
    assert p.parse_names(body) == [(name, value) for name, _, value in entries]


@given(U32, st.text())
def test_status_comes_back(code: int, text: str) -> None:
    message = text.encode("utf-8", "replace")
    body = p.u32(code) + p.string(message) + p.string(b"en")
    assert p.parse_status(body) == (code, message.decode())


def test_old_servers_send_a_status_without_text() -> None:
    assert p.parse_status(p.u32(2)) == (2, "")


@given(U32, st.dictionaries(st.text("abc@.", max_size=9), st.binary(max_size=9)))
def test_version_comes_back(version: int, extensions: dict[str, bytes]) -> None:
    pairs = [p.string(name.encode()) + p.string(data) for name, data in extensions.items()]
    assert p.parse_version(p.u32(version) + b"".join(pairs)) == (version, extensions)


def test_limits_space_and_names_of_ids() -> None:
    assert p.parse_limits(struct.pack(">4Q", 1, 2, 3, 4)) == (1, 2, 3, 4)
    body = struct.pack(">11Q", 512, 4096, 100, 50, 10, 7, 6, 5, 0, 0, 255)
    assert p.parse_space(body) == p.Space(free_bytes=40960, free_inodes=5, total_inodes=7)
    body = p.string(p.string(b"root") + p.string(b"")) + p.string(p.string(b"wheel"))
    assert p.parse_id_names(body) == (["root", ""], ["wheel"])


@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)
@given(body=st.binary(max_size=120))
def test_garbage_raises_protocol_errors_only(parse: Callable[[bytes], object], body: bytes) -> None:
    with contextlib.suppress(p.ProtocolError):
        parse(body)


@pytest.mark.parametrize("size", [0xFFFFFFFF, 100, 5])
def test_a_string_that_claims_too_much(size: int) -> None:
    with pytest.raises(p.ProtocolError, match="claims"):
        p.parse_string(p.u32(size) + b"four")


def test_names_that_claim_to_be_many_cost_nothing() -> None:
    with pytest.raises(p.ProtocolError):
        p.parse_names(p.u32(0xFFFFFFFF))


PACKETS = st.lists(
    st.tuples(st.sampled_from([p.STATUS, p.HANDLE, p.DATA, p.NAME]), U32, st.binary(max_size=99))
)


@given(PACKETS, st.lists(st.integers(1, 40), min_size=1))
def test_packets_come_whole_however_they_are_cut(
    packets: list[tuple[int, int, bytes]], cuts: list[int]
) -> None:
    stream = b"".join(
        p.request(kind, number, p.string(body) if kind == p.DATA else body)
        for kind, number, body in packets
    )
    seen: list[tuple[int, int, bytes]] = []
    framer = Framer(lambda kind, number, body: seen.append((kind, number, body)))
    at = turn = 0
    while at < len(stream):
        size = cuts[turn % len(cuts)]
        framer.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert seen == packets


def test_the_greeting_has_no_id() -> None:
    seen: list[tuple[int, int, bytes]] = []
    framer = Framer(lambda *packet: seen.append(packet))
    body = p.u32(3) + p.string(b"limits@openssh.com") + p.string(b"1")
    framer.feed(p.u32(len(body) + 1) + bytes([p.VERSION]) + body)
    assert seen == [(p.VERSION, 0, body)]


@given(st.lists(st.binary(max_size=300)))
def test_a_stream_of_garbage_raises_protocol_errors_only(chunks: list[bytes]) -> None:
    framer = Framer(lambda *_: None)
    with contextlib.suppress(p.ProtocolError):
        for chunk in chunks:
            framer.feed(chunk)


@pytest.mark.parametrize("length", [0, 4, p.MAX_PACKET + 1, 0xFFFFFFFF])
def test_lengths_that_cannot_be(length: int) -> None:
    with pytest.raises(p.ProtocolError, match="claims"):
        Framer(lambda *_: None).feed(p.u32(length) + bytes(9))


@pytest.mark.parametrize("claimed", [0, 3, 5, 2**32 - 1])
def test_data_whose_length_is_not_that_of_its_packet(claimed: int) -> None:
    with pytest.raises(p.ProtocolError, match="length of the data"):
        Framer(lambda *_: None).feed(p.request(p.DATA, 1, p.u32(claimed), b"four"))
