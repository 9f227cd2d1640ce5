"""File systems that one thread closes while another is amid a call."""

from __future__ import annotations

import pytest

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
