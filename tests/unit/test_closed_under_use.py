"""File systems that one thread closes while another is amid a call."""

from __future__ import annotations

import threading

import pytest

from support.scripted_http import connected
from xenon_py import FileSystem
from xenon_py import exceptions as e


def test_fsspec() -> None:
    fs = FileSystem.create("fsspec", location="memory://")
    adaptor = fs._session.adaptor
    fs.close()
    with pytest.raises(e.NotConnectedException, match="was closed"):
        adaptor.lstat("/x")
    with pytest.raises(e.NotConnectedException, match="was closed"):
        adaptor.mkdir("/x")


def test_threads_of_s3() -> None:
    from xenon_adaptors.s3_protocol.threads import Threads

    threads = Threads(1)
    assert threads.submit(pow, 2, 3).result() == 8
    threads.shutdown()
    with pytest.raises(e.NotConnectedException, match="was closed"):
        threads.submit(pow, 2, 3)


def test_a_long_file_on_its_way_by_webdav(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given up at the very moment at which the thread that sends it begins."""
    start = threading.Thread.start
    with connected(lambda _: None) as (server, fs):
        file = fs.open("/dav/long", "wb")

        def start_amid_close(thread: threading.Thread) -> None:
            monkeypatch.setattr(threading.Thread, "start", start)
            fs.close()
            thread.start()

        monkeypatch.setattr(threading.Thread, "start", start_amid_close)
        with pytest.raises(Exception, match="closed"):
            file.write(bytes(3_000_000))
            file.close()
        assert server.sent("PUT") == []
