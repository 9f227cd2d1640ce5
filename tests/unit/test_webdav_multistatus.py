"""Reading multistatus answers: honest ones of three servers, and hostile ones."""

from __future__ import annotations

from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenon_adaptors.webdav_protocol.addresses import Addresses, decoded, encoded, path_of
from xenon_adaptors.webdav_protocol.multistatus import Member, UnreadableAnswerError, parse

HEAD = b'<?xml version="1.0" encoding="utf-8"?>'
GOOD = b"HTTP/1.1 200 OK"


def response(href: str, properties: str = "", status: str = "HTTP/1.1 200 OK") -> bytes:
    text = (
        f"<D:response><D:href>{escape(href)}</D:href><D:propstat><D:prop>{properties}</D:prop>"
        f"<D:status>{status}</D:status></D:propstat></D:response>"
    )
    return text.encode()


def multistatus(*responses: bytes) -> bytes:
    return HEAD + b'<D:multistatus xmlns:D="DAV:">' + b"".join(responses) + b"</D:multistatus>"


def test_a_directory_and_a_file() -> None:
    date = "<D:getlastmodified>Sat, 21 Nov 2026 12:00:00 GMT</D:getlastmodified>"
    made = "<D:creationdate>2026-11-21T12:00:00Z</D:creationdate>"
    found = parse(
        [
            multistatus(
                response("/dav/", "<D:resourcetype><D:collection/></D:resourcetype>"),
                response("/dav/a", f"<D:getcontentlength>12</D:getcontentlength>{date}{made}"),
            )
        ]
    )
    noon = 1795262400000
    assert found == [
        Member("/dav/", is_collection=True),
        Member("/dav/a", size=12, modified=noon, created=noon),
    ]


def test_properties_with_a_bad_status_do_not_count() -> None:
    answer = response("/a", "<D:getcontentlength>5</D:getcontentlength>", "HTTP/1.1 404 Not Found")
    assert parse([multistatus(answer)]) == [Member("/a")]


def test_the_status_of_a_member() -> None:
    answer = b"<D:response><D:href>/a</D:href><D:status>HTTP/1.1 423 L</D:status></D:response>"
    assert parse([multistatus(answer)])[0].status == 423


def test_other_namespaces_mean_nothing() -> None:
    answer = response("/a", '<X:resourcetype xmlns:X="urn:x"><X:collection/></X:resourcetype>')
    assert not parse([multistatus(answer)])[0].is_collection


def test_an_empty_multistatus() -> None:
    assert parse([multistatus()]) == []


BOMB = b"""<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>"""
EXTERNAL = b"""<!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/passwd">]>"""


@pytest.mark.parametrize(
    "body",
    [
        b'<?xml version="1.0" encoding="no-such-encoding"?><a/>',
        b'<?xml version="1.0" encoding="big5"?><a/>',
        b"",
        b"    ",
        b"<html><body>Please log in</body></html>",
        b"<!DOCTYPE html><html><body>Please log in</body></html>",
        BOMB + multistatus(response("/&b;")).removeprefix(HEAD),
        EXTERNAL + multistatus(response("/a")).removeprefix(HEAD),
        b'<!DOCTYPE m SYSTEM "http://127.0.0.1:1/x">' + multistatus().removeprefix(HEAD),
        multistatus(response("/a"))[:-5],
        multistatus(response("/a")) + b"<more/>",
        multistatus(b"<D:response><D:propstat/></D:response>"),
        multistatus(response("/a", "<D:getcontentlength>many</D:getcontentlength>")),
        multistatus(response("/a", "<D:getcontentlength>-1</D:getcontentlength>")),
        multistatus(response("/a", f"<D:getcontentlength>{'9' * 5000}</D:getcontentlength>")),
        multistatus(response("/a", "", "fine")),
        HEAD + b"<multistatus/>",
        HEAD + b'<D:multistatus xmlns:D="DAV:">' + b"<D:x>" * 200,
        b'{"not": "xml"}',
        multistatus(b"\x00"),
        multistatus(response("/a")).replace(b"/a", b"/\xff"),
    ],
)
def test_what_is_no_multistatus_is_an_error(body: bytes) -> None:
    with pytest.raises(UnreadableAnswerError):
        parse([body])


def test_the_size_is_limited() -> None:
    body = multistatus(*[response(f"/{number}") for number in range(100)])
    with pytest.raises(UnreadableAnswerError, match="longer"):
        parse([body[:500], body[500:]], max_size=1000)


@pytest.mark.parametrize("date", ["yesterday", "0", "Sat, 99 Nov 2026 12:00:00 GMT", "é" * 50])
def test_a_date_that_is_none_is_unknown(date: str) -> None:
    texts = f"<D:getlastmodified>{date}</D:getlastmodified><D:creationdate>{date}</D:creationdate>"
    assert parse([multistatus(response("/a", texts))]) == [Member("/a")]


@given(st.binary(max_size=300), st.integers(0, 400))
def test_garbage_raises_nothing_else(noise: bytes, at: int) -> None:
    body = multistatus(response("/a"), response("/b"))
    for one in (noise, body[:at] + noise + body[at:]):
        try:
            assert isinstance(parse([one]), list)
        except UnreadableAnswerError:
            continue


@given(st.lists(st.integers(1, 40), max_size=20))
def test_pieces_make_no_difference(cuts: list[int]) -> None:
    body = multistatus(response("/größe", "<D:getcontentlength>1</D:getcontentlength>"))
    pieces = []
    rest = body
    for cut in cuts:
        pieces.append(rest[:cut])
        rest = rest[cut:]
    assert parse([*pieces, rest]) == parse([body])


NAMES = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="/\0"), min_size=1)
BYTES = st.binary(min_size=1).map(lambda name: name.replace(b"/", b"_").replace(b"\0", b"_"))


@given(NAMES | BYTES.map(lambda name: name.decode("utf-8", "surrogateescape")))
def test_names_come_back(name: str) -> None:
    path = f"/dav/{name}"
    text = encoded(path)
    assert text.isascii()
    assert not set(text) & set(' ?#"<>\\\n\r')
    assert decoded(text) == path
    assert path_of(text) == path_of(f"http://host:80{text}") == path


def test_directories_end_in_a_slash() -> None:
    addresses = Addresses("http", "host:81")
    assert addresses.url("/a b", directory=True) == "http://host:81/a%20b/"
    assert addresses.url("/a b") == "http://host:81/a%20b"
    assert addresses.url("/", directory=True) == "http://host:81/"


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/a/", "https://host/a/"),
        ("https://host:443/a/", "https://host:443/a/"),
        ("HTTPS://HOST/a/", "https://HOST/a/"),
        ("b", "https://host/b"),
        ("http://host/a/", None),
        ("https://host:8443/a/", None),
        ("https://other/a/", None),
        ("//other/a/", None),
        ("https://host:port/", None),
        ("https://host@other/", None),
        ("file:///etc/passwd", None),
    ],
)
def test_redirects_stay_on_the_server(location: str, expected: str | None) -> None:
    assert Addresses("https", "host").redirected("https://host/a", location) == expected
