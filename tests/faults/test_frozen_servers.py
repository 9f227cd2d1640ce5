"""Servers that fall silent amid a download: a cancel does not wait for them."""

from __future__ import annotations

import dataclasses
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from services.proxy import Proxy
from services.records import DavServer
from support.ends import ENDS, End
from xenon_py import CopyStatus, FileSystem
from xenon_py.model.copying import CopyErrorType

MB = 1_000_000
LARGE = 40 * MB
PATIENCE = 5.0
"""Seconds: a second for the read to end, another for it to notice that its stream was closed."""


def encrypted(server: DavServer) -> End:
    location = f"https://{server.host}:{server.tls_port}{server.basic}"
    properties = {"webdav.caFile": str(server.certificate)}
    return End("webdav", location, properties, server.user, server.password)


def through(end: End, port: int) -> Callable[[int], End]:
    """Return what makes the same end at another port."""
    assert end.location is not None
    before, after = end.location.split(f":{port}", 1)
    return lambda other: dataclasses.replace(end, location=f"{before}:{other}{after}")


@pytest.mark.parametrize("near", [True, False], ids=["near", "far"])
@pytest.mark.parametrize("name", ["sftp", "webdav", "webdav-tls", "s3"])
def test_a_cancel_amid_silence(
    request: pytest.FixtureRequest, tmp_path: Path, name: str, near: bool
) -> None:
    """To this machine a file goes one way through the copy engine, to another one another way."""
    fixture, make = ("apache", encrypted) if name == "webdav-tls" else ENDS[name]
    server = request.getfixturevalue(fixture)
    end, port = make(server), server.tls_port if name == "webdav-tls" else server.port
    with (tmp_path / "large").open("wb") as stream:
        stream.truncate(LARGE)
    silent = threading.Event()
    with (
        Proxy(port, rate=20 * MB) as proxy,
        FileSystem.create("file") as local,
        end.connect() as fs,
        through(end, port)(proxy.port).connect() as frozen,
    ):
        path = fs.get_working_directory() / f"frozen-{uuid.uuid4().hex}"
        assert local.copy(tmp_path / "large", fs, path).wait(120_000).error is None
        before = set(threading.enumerate())

        def freeze(status: CopyStatus) -> None:
            if status.bytes_copied and not silent.is_set():
                silent.set()
                proxy.freeze()

        there, target = (local, tmp_path / "copy") if near else (fs, f"{path}-copy")
        operation = frozen.copy(path, there, target, on_progress=freeze)
        assert silent.wait(30)
        time.sleep(0.5)  # what had arrived is read, and the next read waits
        begun = time.monotonic()
        status = frozen.cancel(operation)
        took = time.monotonic() - begun
        proxy.thaw()
        assert (status.error_type, took < PATIENCE) == (CopyErrorType.CANCELLED, True), took
        assert not there.exists(target)
        fs.delete(path)
        for thread in set(threading.enumerate()) - before:
            if thread.name.startswith("xenon-copy"):
                thread.join(10)
                assert not thread.is_alive(), thread
