"""Locations that lead to servers of another kind: what was found, and what was expected."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from xenon_py import FileSystem, PasswordCredential
from xenon_py.exceptions import InvalidLocationException, NotConnectedException

CREDENTIAL = PasswordCredential(username="u", password="p")
LOCATIONS = {"webdav": "http://127.0.0.1:{}/docs", "s3": "http://127.0.0.1:{}/docs"}


class _Quiet(SimpleHTTPRequestHandler):
    """Knows GET and HEAD only; 501 for the rest, 404 as a web page."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        del format, args


class _Friendly(BaseHTTPRequestHandler):
    """Greets whoever comes, whatever is asked, with a web page."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        del format, args

    def _greet(self) -> None:
        page = b"<html><body>Welcome</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page)

    do_GET = do_HEAD = do_PROPFIND = _greet  # noqa: N815


@contextmanager
def _web(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def _greeting(text: bytes, *, hang_up: bool = False) -> Iterator[tuple[int, list[socket.socket]]]:
    """Serve a protocol in which the server speaks first; yield the port, and who has come."""
    held: list[socket.socket] = []

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            held.append(client)
            client.sendall(text)
            if hang_up:
                client.shutdown(socket.SHUT_WR)

    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve, args=(listener,))
    thread.start()
    try:
        yield listener.getsockname()[1], held
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for client in held:
            client.close()


@pytest.mark.parametrize("adaptor", sorted(LOCATIONS))
@pytest.mark.parametrize("handler", [_Quiet, _Friendly], ids=["plain", "friendly"])
def test_a_web_server_is_told_as_one(adaptor: str, handler: type[BaseHTTPRequestHandler]) -> None:
    with _web(handler) as port, pytest.raises(InvalidLocationException) as caught:
        location = LOCATIONS[adaptor].format(port)
        FileSystem.create(adaptor, location=location, password_credential=CREDENTIAL)
    told = str(caught.value)
    assert f"127.0.0.1:{port}" in told
    assert "is the location right?" in told
    assert "status" in told
    assert {"webdav": "PROPFIND", "s3": "XML"}[adaptor] in told


@pytest.mark.parametrize("adaptor", sorted(LOCATIONS))
@pytest.mark.parametrize("said", ["SSH-2.0-OpenSSH_9.2", "220 ready"])
def test_a_server_that_speaks_no_http_is_told_at_once(adaptor: str, said: str) -> None:
    with _greeting(f"{said}\r\n".encode()) as (port, came):
        location = LOCATIONS[adaptor].format(port)
        with pytest.raises(NotConnectedException, match="does not speak HTTP") as caught:
            FileSystem.create(adaptor, location=location, password_credential=CREDENTIAL)
        assert len(came) == 1  # it was not tried again
    assert said in str(caught.value)


@pytest.mark.parametrize("said", ["HTTP/1.0 400 Bad request", "220 ready"])
def test_a_server_that_speaks_no_ssh_is_told_at_once(said: str) -> None:
    with _greeting(f"{said}\r\n".encode(), hang_up=True) as (port, came):
        with pytest.raises(NotConnectedException, match="not answer as an SSH server") as caught:
            FileSystem.create("sftp", f"127.0.0.1:{port}", password_credential=CREDENTIAL)
        assert len(came) == 1  # it was not tried again
    assert said in str(caught.value)


def test_an_s3_object_may_be_a_web_page() -> None:
    """Only listings tell what a server is: what objects hold is theirs."""

    class Bucket(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            del format, args

        def do_GET(self) -> None:
            listing = b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'
            is_listing = "list-type=2" in self.path
            body = listing if is_listing else b"<html></html>"
            self.send_response(200)
            self.send_header("Content-Type", "application/xml" if is_listing else "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", '"x"')  # as S3 has it with every object
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815

    with _web(Bucket) as port:
        location = LOCATIONS["s3"].format(port)
        opened = FileSystem.create("s3", location=location, password_credential=CREDENTIAL)
        with closing(opened) as fs:
            assert b"".join(fs.read_from_file("index.html")) == b"<html></html>"
