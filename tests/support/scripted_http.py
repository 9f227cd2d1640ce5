"""An HTTP server in this process whose answers a test scripts."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from xenon_py import FileSystem, PasswordCredential

SECRET = "S3cret-sentinel"
DIRECTORY = (
    '<multistatus xmlns="DAV:"><response><href>{}</href><propstat><prop><resourcetype>'
    "<collection/></resourcetype></prop><status>HTTP/1.1 200 OK</status></propstat></response>{}"
    "</multistatus>"
)
ENTRY = (
    "<response><href>{}</href><propstat><prop><resourcetype/><getcontentlength>{}"
    "</getcontentlength></prop><status>HTTP/1.1 200 OK</status></propstat></response>"
)


class Request(NamedTuple):
    """What came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """What is sent; ``None`` as status hangs up."""

    status: int | None
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None  # hang up after so many bytes of the body
    interim: tuple[int, ...] = ()  # what is sent before, 0.1 s later each


Script = Callable[[Request], Answer | None]
"""Answers a request; ``None`` = as an empty collection that takes everything."""


def directory(path: str, *entries: str) -> Answer:
    """A collection with entries (hrefs, 10 bytes each)."""
    text = DIRECTORY.format(path, "".join(ENTRY.format(one, 10) for one in entries))
    return Answer(207, text.encode(), {"Content-Type": "application/xml"})


def usual(request: Request) -> Answer:
    """What ``None`` stands for."""
    if request.method == "PROPFIND":
        return directory(request.path) if request.path in {"/dav", "/dav/"} else Answer(404)
    return Answer(200, b"0123456789") if request.method == "GET" else Answer(201)


class HttpServer:
    """The server, and what came to it."""

    def __init__(self, script: Script) -> None:
        self.requests: list[Request] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                try:
                    body = self._body()
                except EOFError:  # the client gave up
                    self.close_connection = True
                    return
                request = Request(self.command, self.path, dict(self.headers), body)
                outer.requests.append(request)
                self._answer(script(request) or usual(request))

            def __getattr__(self, name: str) -> object:
                if name.startswith("do_"):
                    return self.handle_any
                raise AttributeError(name)

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length", 0)))
                data = b""
                while size := int(self._line(), 16):
                    data += self.rfile.read(size)
                    self._line()
                self.rfile.readline()
                return data

            def _line(self) -> bytes:
                line = self.rfile.readline()
                if not line:
                    raise EOFError("the body has no end")
                return line

            def _answer(self, answer: Answer) -> None:
                self.close_connection = answer.status is None or answer.cut is not None
                if answer.status is None:
                    return
                for status in answer.interim:
                    self.wfile.write(f"HTTP/1.1 {status} Soon\r\nX-Wait: 1\r\n\r\n".encode())
                    time.sleep(0.1)
                self.send_response(answer.status)
                for name, text in answer.headers.items():
                    self.send_header(name, text)
                if answer.status != 204 and "Content-Length" not in answer.headers:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer.body[: answer.cut])

            def log_message(self, *arguments: object) -> None:
                del arguments

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def sent(self, method: str) -> list[Request]:
        """The requests of a method."""
        return [one for one in self.requests if one.method == method]


@contextlib.contextmanager
def serving(script: Script) -> Iterator[HttpServer]:
    """Run a server."""
    server = HttpServer(script)
    try:
        yield server
    finally:
        server.close()


@contextlib.contextmanager
def connected(script: Script) -> Iterator[tuple[HttpServer, FileSystem]]:
    """Run a server with a collection ``/dav``, and a file system on it."""
    with (
        serving(script) as server,
        FileSystem.create(
            "webdav",
            location=f"http://127.0.0.1:{server.port}/dav",
            password_credential=PasswordCredential(username="user", password=SECRET),
        ) as fs,
    ):
        yield server, fs
