"""Connections that wait to be used again send signs of life, so that no firewall forgets them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support import scripted_ftp, scripted_http
from support.scripted_http import Answer, Request
from xenon_py import FileSystem, PasswordCredential

_TABLE = Path("/proc/net/tcp")
_KEEP_ALIVE = "02"  # proc(5): the timer that is running


@contextmanager
def _s3() -> Iterator[tuple[scripted_http.HttpServer, FileSystem]]:
    def script(request: Request) -> Answer:
        del request
        return Answer(200, b"<ListBucketResult></ListBucketResult>")

    with (
        scripted_http.serving(script) as server,
        FileSystem.create(
            "s3",
            location=f"http://127.0.0.1:{server.port}/bucket",
            password_credential=PasswordCredential(username="key", password="secret"),
        ) as fs,
    ):
        yield server, fs


_SERVERS = {
    "ftp": scripted_ftp.connected,
    "webdav": lambda: scripted_http.connected(lambda _: None),
    "s3": _s3,
}


def _timers(port: int) -> list[str]:
    """The timers of the connections of this machine to a port."""
    rows = [line.split() for line in _TABLE.read_text().splitlines()[1:]]
    return [row[5][:2] for row in rows if int(row[2].partition(":")[2], 16) == port]


@pytest.mark.skipif(not _TABLE.exists(), reason="the system shows no timers of connections")
@pytest.mark.parametrize("adaptor", _SERVERS)
def test_an_idle_connection(adaptor: str) -> None:
    with _SERVERS[adaptor]() as (server, _):
        assert _timers(server.port) == [_KEEP_ALIVE]
