"""WebDAV servers that lie, redirect, bomb or undercut: nothing is believed, no secret leaks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.records import DavServer
from support.scripted_http import (
    SECRET,
    Answer,
    Request,
    Script,
    connected,
    directory,
    serving,
)
from support.webdav import connect
from xenon_py import FileSystem, PasswordCredential
from xenon_py import exceptions as e

WRITES: dict[str, Callable[[FileSystem], object]] = {
    "PUT": lambda fs: fs.write_to_file("/dav/new", [b"data"]),
    "MKCOL": lambda fs: fs.create_directory("/dav/new"),
    "DELETE": lambda fs: fs.delete("/dav/old"),
    "MOVE": lambda fs: fs.rename("/dav/old", "/dav/new"),
}


def with_old_file(request: Request) -> Answer | None:
    """A collection that holds one file."""
    if request.method == "PROPFIND" and request.path == "/dav/old":
        text = directory("/x", "/dav/old").body.partition(b"</response>")[2]
        return Answer(207, b'<multistatus xmlns="DAV:">' + text)
    return None


def answering(method: str, answer: Answer) -> Script:
    return lambda request: answer if request.method == method else with_old_file(request)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("to", ["same", "other"])
def test_a_redirected_write_is_no_success(method: str, status: int, to: str) -> None:
    with serving(lambda _: None) as other:
        target = "/dav/elsewhere" if to == "same" else f"http://127.0.0.1:{other.port}/dav/x"
        script = answering(method, Answer(status, b"", {"Location": target}))
        with connected(script) as (server, fs), pytest.raises(e.XenonException):
            WRITES[method](fs)
        assert len(server.sent(method)) == 1
        assert "GET" not in {one.method for one in server.requests}
        assert other.requests == []


@pytest.mark.parametrize("method", ["GET", "PROPFIND"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_reads_are_not_redirected_to_another_server(method: str, status: int) -> None:
    with serving(lambda _: None) as other:
        location = f"http://127.0.0.1:{other.port}/dav/old"

        def script(request: Request) -> Answer | None:
            if request.method == method and request.path == "/dav/old":
                return Answer(status, b"", {"Location": location})
            return with_old_file(request)

        with connected(script) as (_, fs), pytest.raises(e.XenonException):
            b"".join(fs.read_from_file("/dav/old"))
        assert other.requests == []


def test_reads_are_redirected_within_the_server() -> None:
    def script(request: Request) -> Answer | None:
        if request.method == "GET" and request.path == "/dav/old":
            return Answer(302, b"", {"Location": "/dav/store/old"})
        return with_old_file(request)

    with connected(script) as (_, fs):
        assert b"".join(fs.read_from_file("/dav/old")) == b"0123456789"


def test_redirects_without_end() -> None:
    def script(request: Request) -> Answer | None:
        if request.method == "PROPFIND" and request.path not in {"/dav", "/dav/"}:
            return Answer(302, b"", {"Location": request.path + "x"})
        return None

    with connected(script) as (_, fs), pytest.raises(e.XenonException):
        fs.exists("/dav/old")


LOGIN = b"<!DOCTYPE html><html><body><form>Please log in</form></body></html>"
BOMB = b'<!DOCTYPE m [<!ENTITY a "0123456789"><!ENTITY b "&a;&a;&a;">]><m>&b;</m>'


@pytest.mark.parametrize("status", [200, 207])
@pytest.mark.parametrize("body", [LOGIN, BOMB, b"", directory("/dav/").body[:-9]])
def test_an_unreadable_listing_is_no_empty_directory(status: int, body: bytes) -> None:
    def script(request: Request) -> Answer | None:
        if request.method == "PROPFIND" and request.headers["Depth"] == "1":
            return Answer(status, body)
        return None

    with connected(script) as (_, fs), pytest.raises(e.XenonException):
        fs.list("/dav", False)


@pytest.mark.parametrize(
    "href",
    ["/dav/..%2Fevil", "/dav/..", "/dav/%2e%2e", "/dav/a%00b", "/etc/passwd", "/dav/x/../../y"],
)
def test_names_that_lead_out_are_refused(href: str) -> None:
    def script(request: Request) -> Answer | None:
        if request.method == "PROPFIND" and request.headers["Depth"] == "1":
            return directory("/dav/", href)
        return None

    with connected(script) as (_, fs):
        try:
            assert fs.list("/dav", False) == []  # "." and ".." themselves are left out
        except e.InvalidPathException:
            return
        assert href in {"/dav/..", "/dav/%2e%2e"}


def test_the_password_is_not_sent_unasked_and_never_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    with (
        connected(answering("PUT", Answer(401, b"", {"WWW-Authenticate": "Negotiate"}))) as (
            server,
            fs,
        ),
        pytest.raises(e.AuthenticationException) as caught,
    ):
        fs.write_to_file("/dav/new", [b"x"])
    assert all("Authorization" not in one.headers for one in server.requests)
    assert SECRET not in caplog.text + repr(caught.value)


def test_a_long_upload_is_never_half_stored_because_of_a_challenge() -> None:
    """A body that can be sent once only is preceded by a request that brings the challenge."""
    challenge = {"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth"'}

    def script(request: Request) -> Answer | None:
        if "Authorization" not in request.headers:
            return Answer(401, b"", challenge)
        return None

    data = bytes(3_000_000)
    with connected(script) as (server, fs):
        fs.write_to_file("/dav/new", [data])
    assert [len(one.body) for one in server.sent("PUT")] == [len(data)]


def _reading_is_free(request: Request) -> Answer | None:
    if request.method in {"PROPFIND", "GET"} or "Authorization" in request.headers:
        return None
    return Answer(401, b"", {"WWW-Authenticate": 'Basic realm="r"'})


def test_a_long_upload_to_a_server_that_lets_everybody_read() -> None:
    data = bytes(3_000_000)
    with connected(_reading_is_free) as (server, fs):
        fs.write_to_file("/dav/new", [data])
    assert [len(one.body) for one in server.sent("PUT")] == [len(data)]


def test_first_writes_of_many_threads_to_a_server_that_lets_everybody_read() -> None:
    """All of them are refused before one has learnt how to log in."""
    refused = threading.Barrier(4)

    def script(request: Request) -> Answer | None:
        answer = _reading_is_free(request)
        if answer is not None:
            refused.wait(10)
        return answer

    with connected(script) as (_, fs), ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: fs.write_to_file(f"/dav/{number}", [b"x"]), range(4)))


@pytest.mark.parametrize("method", WRITES)
def test_a_login_page_is_no_success(method: str) -> None:
    page = Answer(200, b"<html>Please log in</html>", {"Content-Type": "text/html; charset=utf-8"})
    with (
        connected(answering(method, page)) as (_, fs),
        pytest.raises(e.XenonException, match="web page"),
    ):
        WRITES[method](fs)


@pytest.mark.parametrize("location", ["http://[::1", "//[x/", "http://h:99999/"])
@pytest.mark.parametrize("depth", [0, 1])
def test_a_redirect_to_what_is_no_url(depth: int, location: str) -> None:
    def script(request: Request) -> Answer | None:
        is_start = request.path.rstrip("/") == "/dav"
        is_meant = request.headers.get("Depth") == str(depth) and is_start == (depth == 1)
        return Answer(302, b"", {"Location": location}) if is_meant else None

    with connected(script) as (_, fs), pytest.raises(e.XenonException):
        fs.open("/dav/f", "rb") if depth == 0 else fs.list("/dav", False)


def test_a_range_of_endless_numbers() -> None:
    answer = Answer(206, b"0123", {"Content-Range": f"bytes 0-3/{'9' * 5000}"})
    with connected(answering("GET", answer)) as (_, fs), pytest.raises(e.XenonException):
        b"".join(fs.read_from_file("/dav/old"))


def test_wrong_certificate(apache: DavServer) -> None:
    with pytest.raises(e.NotConnectedException, match="TLS"):
        connect(apache, apache.basic, tls=True, caFile="")


@pytest.mark.parametrize("path", ["basic", "digest"])
def test_wrong_password(apache: DavServer, path: str) -> None:
    with pytest.raises(e.AuthenticationException):
        FileSystem.create(
            "webdav",
            location=f"http://127.0.0.1:{apache.port}{getattr(apache, path)}",
            password_credential=PasswordCredential(username=apache.user, password="wrong"),
        )


def test_no_password(apache: DavServer) -> None:
    with pytest.raises(e.AuthenticationException, match="PasswordCredential"):
        FileSystem.create("webdav", location=f"http://127.0.0.1:{apache.port}{apache.basic}")


def test_nobody_there() -> None:
    begun = time.monotonic()
    with pytest.raises(e.NotConnectedException):
        FileSystem.create("webdav", location="http://127.0.0.1:1/dav")
    assert time.monotonic() - begun < 10
