"""An S3 server that fails as a test wants: real answers of a server, some of them spoilt."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from support.s3 import connect
from support.scripted_http import Answer, HttpServer, Request, serving

if TYPE_CHECKING:
    from services.records import S3Server
    from xenon_py import FileSystem

Spoil = Callable[[Request], Answer | None]
"""Answers a request in the server's stead; ``None`` = let the server answer."""

Damage = Callable[[Request, Answer], Answer]
"""Changes a real answer."""

_OF_THE_HOP = {"connection", "transfer-encoding", "date", "server", "content-length"}


def operation(request: Request) -> str:
    """Return what a request is for, in S3's words."""
    parts = urlsplit(request.path)
    query = parse_qs(parts.query, keep_blank_values=True)
    is_bucket = parts.path.strip("/").count("/") == 0
    if "uploadId" in query or "uploads" in query:
        names = {"POST": "Complete", "PUT": "UploadPart", "DELETE": "Abort"}
        return "Create" if "uploads" in query else names[request.method]
    if request.method == "GET" and is_bucket:
        return "List"
    if request.method == "POST":
        return "DeleteMany"
    if "x-amz-copy-source" in {name.lower() for name in request.headers}:
        return "Copy"
    return {"GET": "Get", "PUT": "Put", "HEAD": "Head", "DELETE": "Delete"}[request.method]


def error(status: int, code: str) -> Answer:
    """Return an error of S3."""
    body = f"<Error><Code>{code}</Code><Message>as the test wants</Message></Error>"
    return Answer(status, body.encode(), {"Content-Type": "application/xml"})


def times(count: int, what: str, answer: Answer, *, after: int = 0) -> Spoil:
    """Answer so ``count`` times when asked for an operation, letting pass ``after`` at first."""
    seen, lock = [0], threading.Lock()

    def spoil(request: Request) -> Answer | None:
        if operation(request) != what:
            return None
        with lock:
            seen[0] += 1
            return answer if after < seen[0] <= after + count else None

    return spoil


@contextlib.contextmanager
def spoilt(
    server: S3Server,
    bucket: str,
    spoil: Spoil = lambda _: None,
    damage: Damage = lambda _, answer: answer,
    on_the_way: Callable[[Request], Request] = lambda request: request,
    **properties: str,
) -> Iterator[tuple[HttpServer, FileSystem]]:
    """Put a relay before a server, and open a file system through it.

    Args:
        server: the real one.
        bucket: of it.
        spoil: what is not handed on.
        damage: what becomes of the answers.
        on_the_way: what becomes of the requests.
        properties: of the file system.
    """

    def script(request: Request) -> Answer:
        found = spoil(request)
        return damage(request, _asked(server, on_the_way(request))) if found is None else found

    with serving(script) as relay:
        here = _replaced(server, relay.port)
        with connect(here, bucket, **properties) as fs:
            yield relay, fs


def _replaced(server: S3Server, port: int) -> S3Server:
    return dataclasses.replace(server, host="127.0.0.1", port=port)


def _asked(server: S3Server, request: Request) -> Answer:
    """Hand a request on; return the answer."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    with contextlib.closing(connection):
        headers = {
            name: text
            for name, text in request.headers.items()
            if name.lower() not in {"connection", "expect", "content-length"}
        }
        connection.request(request.method, request.path, request.body or None, headers)
        answer = connection.getresponse()
        body = answer.read()
        kept = {name: text for name, text in answer.getheaders() if name.lower() not in _OF_THE_HOP}
        if request.method == "HEAD":
            kept["Content-Length"] = answer.getheader("Content-Length", "0")
        return Answer(answer.status, body, kept)


def sent(relay: HttpServer, what: str) -> int:
    """Return how often an operation was asked for."""
    return sum(operation(one) == what for one in relay.requests)
