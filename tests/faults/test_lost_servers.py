"""Real FTP and WebDAV servers that restart, and connections to them that are cut."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.fixtures import Services
from services.proftpd import ProftpdFtpService
from services.proxy import Proxy
from services.webdav import ApacheService
from support import ftp, webdav
from xenon_py import CopyStatus, FileSystem
from xenon_py import exceptions as e

MB = 1_000_000


class OwnApache(ApacheService):
    """One that may be stopped."""

    name = "apache-own"
    offset = None  # type: ignore[assignment]


class OwnProftpd(ProftpdFtpService):
    """One that may be stopped."""

    name = "proftpd-own"
    offset = None  # type: ignore[assignment]


def connect(server: Any, **changes: Any) -> FileSystem:
    server = dataclasses.replace(server, **changes)
    return webdav.connect(server, server.basic) if hasattr(server, "basic") else ftp.connect(server)


@pytest.fixture(params=[OwnApache, OwnProftpd], ids=["webdav", "ftp"])
def own(request: pytest.FixtureRequest, services: Services) -> Iterator[tuple[Any, FileSystem]]:
    services.require_native()
    service = request.param()
    with contextlib.ExitStack() as stack:
        server = services.enter(stack, service.use)
        with connect(server) as fs:
            yield service, fs


def test_a_server_that_restarts(own: tuple[Any, FileSystem]) -> None:
    service, fs = own
    path = fs.get_working_directory() / f"kept-{uuid.uuid4().hex}"
    fs.write_to_file(path, [b"before"])
    service.stop()
    with pytest.raises(e.NotConnectedException):
        fs.exists(path)
    service.start()
    assert b"".join(fs.read_from_file(path)) == b"before"
    fs.delete(path)


def test_a_server_that_stops_amid_a_file(own: tuple[Any, FileSystem]) -> None:
    service, fs = own
    target = fs.get_working_directory() / f"half-{uuid.uuid4().hex}"

    def pieces() -> Iterator[bytes]:
        for number in range(30):
            if number == 5:
                service.stop()
            yield bytes(MB)

    with pytest.raises(e.NotConnectedException):
        fs.write_to_file(target, pieces())
    service.start()
    assert not fs.exists(target)


@pytest.mark.parametrize("name", ["apache", "proftpd_ftp"])
def test_idle_connections_that_were_cut(request: pytest.FixtureRequest, name: str) -> None:
    server = request.getfixturevalue(name)
    with Proxy(server.port) as proxy, connect(server, port=proxy.port) as fs:
        path = fs.get_working_directory() / "after-the-cut"
        for number in range(3):
            proxy.cut()
            fs.create_directory(path)  # no look, which could be repeated, but a change
            proxy.cut()
            fs.delete(path)
            assert proxy.accepted > number


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("name", ["apache", "proftpd_ftp"])
def test_a_cut_amid_a_copy(
    request: pytest.FixtureRequest, tmp_path: Path, name: str, direction: str
) -> None:
    """The file is copied again from its beginning, and is whole."""
    server = request.getfixturevalue(name)
    with (tmp_path / "big").open("wb") as stream:
        stream.write(b"begin" * MB)
        stream.truncate((30 if name == "apache" else 150) * MB)  # some time, by what each needs
    cut = threading.Event()
    with (
        Proxy(server.port) as proxy,
        connect(server, port=proxy.port) as fs,
        FileSystem.create("file") as local,
    ):
        near, far = tmp_path / "big", fs.get_working_directory() / f"cut-{uuid.uuid4().hex}"

        def once(status: CopyStatus) -> None:
            if status.bytes_copied > MB and not cut.is_set():
                cut.set()
                proxy.cut()

        if direction == "up":
            status = local.copy(near, fs, far, verify="checksum", on_progress=once).wait(60_000)
        else:
            well(local.copy(near, fs, far).wait(60_000))
            copied = fs.copy(far, local, tmp_path / "copy", verify="checksum", on_progress=once)
            status = copied.wait(60_000)
        well(status)
        fs.delete(far)
    assert cut.is_set()


def well(status: CopyStatus) -> None:
    assert status.done
    assert status.error is None


@pytest.mark.parametrize("name", ["apache", "proftpd_ftp"])
def test_closing_amid_transfers(request: pytest.FixtureRequest, tmp_path: Path, name: str) -> None:
    """Nothing hangs, and nothing partial is left under its name."""
    server = request.getfixturevalue(name)
    (tmp_path / "big").write_bytes(bytes(50 * MB))
    with FileSystem.create("file") as local:
        fs = connect(server)
        target = fs.get_working_directory() / "closed"
        fs.write_to_file(target, [bytes(5 * MB)])
        stream = fs.open(target, "rb")
        stream.read(10)
        operation = fs.copy(target, local, tmp_path / "copy")
        fs.close()
        status = operation.wait(30_000)
        assert status.done
        with contextlib.suppress(e.XenonException, ValueError):
            stream.close()
    with connect(server) as again:
        assert again.get_attributes(target).size == 5 * MB
        again.delete(target)
