"""A forked child uses the file systems that it inherits, beside its parent, on real servers."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Callable, Iterator

import pytest

from support import ftp, webdav
from support.ends import ENDS
from xenon_py import FileSystem

_ROUNDS = 10
_CONNECT: dict[str, tuple[str, Callable[..., FileSystem]]] = {
    **{
        name: (ENDS[name][0], lambda server, name=name: ENDS[name][1](server).connect())
        for name in ("sftp", "ftp", "webdav", "s3")
    },
    "ftps": ("vsftpd", lambda server: ftp.connect(server, "explicit")),
    "digest": ("apache", lambda server: webdav.connect(server, server.digest, tls=True)),
}


@pytest.fixture(params=_CONNECT)
def fs(request: pytest.FixtureRequest) -> Iterator[FileSystem]:
    fixture, connect = _CONNECT[request.param]
    with connect(request.getfixturevalue(fixture)) as fs:
        yield fs


def _use(fs: FileSystem, top: str, whose: str) -> None:
    for number in range(_ROUNDS):
        data = f"{whose} {number}".encode()
        fs.write_to_file(f"{top}/{whose}-{number}", [data])
        assert b"".join(fs.read_from_file(f"{top}/{whose}-{number}")) == data


def test_both_go_on(fs: FileSystem) -> None:
    top = f"{fs.get_working_directory()}/fork-{uuid.uuid4().hex}"
    fs.create_directory(top)
    child = os.fork()
    if not child:
        signal.alarm(60)  # a child that waits for ever fails, too
        try:
            _use(fs, top, "child")
            fs.close()
            os._exit(0)
        finally:
            os._exit(1)
    _use(fs, top, "parent")
    assert os.waitpid(child, 0)[1] == 0
    assert len(fs.list(top, False)) == 2 * _ROUNDS
    fs.delete(top, recursive=True)
