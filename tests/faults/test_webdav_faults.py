"""What happens to WebDAV when answers are cut, or come only at the third try."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from support.scripted_http import Answer, Request, Script, connected, directory
from xenon_py import FileSystem
from xenon_py import exceptions as e

OLD = directory("/x", "/dav/old").body.partition(b"</response>")[2]


def failing(method: str, times: int, answer: Answer) -> Script:
    """Answer so the first times that ``/dav/old`` or something new is meant."""
    left, lock = [times], threading.Lock()

    def script(request: Request) -> Answer | None:
        if request.path in {"/dav", "/dav/"}:
            return None
        with lock:
            if request.method == method and left[0]:
                left[0] -= 1
                return answer
        if request.method == "PROPFIND" and request.path == "/dav/old":
            return Answer(207, b'<multistatus xmlns="DAV:">' + OLD)
        return None

    return script


@pytest.mark.parametrize("status", [423, 429, 500, 502, 503, 504, None])
def test_reads_are_tried_again(status: int | None) -> None:
    with connected(failing("GET", 2, Answer(status))) as (server, fs):
        assert b"".join(fs.read_from_file("/dav/old")) == b"0123456789"
    assert len(server.sent("GET")) == 3


@pytest.mark.parametrize("status", [429, 503])
def test_a_refused_small_file_is_sent_again(status: int) -> None:
    with connected(failing("PUT", 2, Answer(status))) as (server, fs):
        fs.write_to_file("/dav/new", [b"data"])
    assert [one.body for one in server.sent("PUT")] == [b"data"] * 3


def test_a_new_file_is_not_sent_again_when_its_fate_is_unknown() -> None:
    with (
        connected(failing("PUT", 1, Answer(None))) as (server, fs),
        pytest.raises(e.ConnectionLostException),
    ):
        fs.write_to_file("/dav/new", [b"data"])
    assert len(server.sent("PUT")) == 1


@pytest.mark.parametrize("status", [503, 502, None])
def test_a_rename_is_not_tried_again(status: int | None) -> None:
    with (
        connected(failing("MOVE", 1, Answer(status))) as (server, fs),
        pytest.raises(e.XenonException),
    ):
        fs.rename("/dav/old", "/dav/new")
    assert len(server.sent("MOVE")) == 1


def test_it_is_not_tried_for_ever() -> None:
    with connected(failing("GET", 99, Answer(503))) as (server, fs):
        with pytest.raises(e.XenonException):
            b"".join(fs.read_from_file("/dav/old"))
        assert len(server.sent("GET")) == 4


def test_the_server_says_when_to_come_again() -> None:
    answer = Answer(503, b"", {"Retry-After": "1"})
    with connected(failing("GET", 1, answer)) as (_, fs):
        assert b"".join(fs.read_from_file("/dav/old")) == b"0123456789"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "MKCOL", "MOVE"])
def test_an_error_of_the_server_is_not_tried_again(method: str) -> None:
    with (
        connected(failing(method, 9, Answer(500))) as (server, fs),
        pytest.raises(e.XenonException),
    ):
        {
            "PUT": lambda: fs.write_to_file("/dav/new", [b"data"]),
            "DELETE": lambda: fs.delete("/dav/old"),
            "MKCOL": lambda: fs.create_directory("/dav/new"),
            "MOVE": lambda: fs.rename("/dav/old", "/dav/new"),
        }[method]()
    assert len(server.sent(method)) == 1


@pytest.mark.parametrize("scheme", ['Basic realm="r"', 'Digest realm="r", nonce="n", qop="auth"'])
def test_credentials_that_expire_amid_a_copy(tmp_path: Path, scheme: str) -> None:
    """It is told as such and not tried for ever; what was not stored is not there."""
    for number in range(40):
        (tmp_path / f"{number:02}").write_bytes(b"data")
    stored: list[str] = []

    def script(request: Request) -> Answer | None:
        if "Authorization" not in request.headers or len(stored) >= 10:
            return Answer(401, b"", {"WWW-Authenticate": scheme})
        if request.method == "PUT":
            stored.append(request.path)
        return None

    with connected(script) as (server, fs), FileSystem.create("file") as local:
        status = local.copy(tmp_path, fs, "/dav/tree", recursive=True).wait(60_000)
    assert isinstance(status.error, e.AuthenticationException)
    assert 10 <= len(stored) < 20
    assert len(server.requests) < 60


def test_a_digest_that_grows_old_amid_a_copy(tmp_path: Path) -> None:
    """A server may ask anew with another nonce at any request: nothing is stored empty."""
    for number in range(20):
        (tmp_path / f"{number:02}").write_bytes(b"data")
    (tmp_path / "long").write_bytes(bytes(3_000_000))
    stored: dict[str, int] = {}
    made: list[str] = []
    nonces, lock = [0], threading.Lock()

    def script(request: Request) -> Answer | None:
        with lock:
            if f'nonce="{nonces[0]}"' not in request.headers.get("Authorization", ""):
                asked = f'Digest realm="r", nonce="{nonces[0]}", qop="auth", stale=true'
                return Answer(401, b"", {"WWW-Authenticate": asked})
            if request.method == "PUT":
                stored[request.path] = len(request.body)
                nonces[0] += len(stored) % 5 == 0
            if request.method == "MKCOL":
                made.append(request.path.rstrip("/"))
            look = request.method == "PROPFIND" and request.path.rstrip("/") in made
            return directory(request.path) if look else None

    options: dict[str, Any] = {"recursive": True, "parallel": 1, "verify": "none"}
    with connected(script) as (_, fs), FileSystem.create("file") as local:
        status = local.copy(tmp_path, fs, "/dav/tree", **options).wait(60_000)
    assert status.error is None
    assert sorted(stored.values()) == [4] * 20 + [3_000_000]


def test_a_read_that_is_cut_is_an_error() -> None:
    with (
        connected(failing("GET", 9, Answer(200, b"0123456789", cut=5))) as (_, fs),
        pytest.raises(e.ConnectionLostException),
    ):
        b"".join(fs.read_from_file("/dav/old"))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (403, e.PermissionDeniedException),
        (413, e.NoSpaceException),
        (507, e.NoSpaceException),
        (412, e.PathAlreadyExistsException),
        (500, e.XenonException),
    ],
)
@pytest.mark.parametrize("size", [10, 3_000_000])
def test_a_refused_file(status: int, expected: type[e.XenonException], size: int) -> None:
    with (
        connected(failing("PUT", 9, Answer(status))) as (_, fs),
        pytest.raises(expected) as caught,
    ):
        fs.write_to_file("/dav/new", [bytes(size)])
    assert type(caught.value) is expected


def test_a_server_that_hangs_up_while_a_long_file_is_sent() -> None:
    with (
        connected(failing("PUT", 9, Answer(None))) as (_, fs),
        pytest.raises(e.NotConnectedException),
    ):
        fs.write_to_file("/dav/new", [bytes(1_000_000)] * 20)


def test_a_server_that_knows_no_ranges() -> None:
    def script(request: Request) -> Answer | None:
        return failing("GET", 0, Answer(200))(request)

    with connected(script) as (_, fs), fs.open("/dav/old", "rb") as stream:
        stream.seek(7)
        assert stream.read() == b"789"


@pytest.mark.parametrize("range_", ["bytes 3-5/10", "bytes 0-2/10", "lines 0-2", ""])
def test_a_server_that_sends_another_range(range_: str) -> None:
    answer = Answer(206, b"345", {"Content-Range": range_})
    with (
        connected(failing("GET", 9, answer)) as (_, fs),
        pytest.raises(e.XenonException, match="part of the file"),
    ):
        b"".join(fs.read_from_file("/dav/old"))


def test_a_delete_that_was_done_in_part() -> None:
    text = b"<response><href>/dav/old</href><status>HTTP/1.1 423 Locked</status></response>"
    answer = Answer(207, b'<multistatus xmlns="DAV:">' + text + b"</multistatus>")
    with (
        connected(failing("DELETE", 9, answer)) as (_, fs),
        pytest.raises(e.PermissionDeniedException, match="locked"),
    ):
        fs.delete("/dav/old")


def test_interim_answers_are_passed_over() -> None:
    """Else the true answer, which comes later, would be taken for that to the next request."""

    def slowly(request: Request) -> Answer | None:
        if request.method == "MKCOL":
            return Answer(201, b"", {}, interim=(102, 103, 102))
        return None

    with connected(slowly) as (server, fs):
        for number in range(3):
            fs.create_directory(f"/dav/{number}")
            assert not fs.exists("/dav/none")
    assert len(server.sent("MKCOL")) == 3
