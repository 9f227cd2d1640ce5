"""FTP servers that let in few connections at a time."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator

import pytest

from services.fixtures import Services
from services.proftpd import ProftpdFtpService
from services.records import FtpServer
from support.ftp import connect
from support.scripted_ftp import connected
from xenon_adaptors.ftp_protocol import pool
from xenon_py import FileSystem
from xenon_py import exceptions as e

_SIZE = 200_000  # too large for the bulk forms


class CrowdedProftpd(ProftpdFtpService):
    """Two connections of a user at a time."""

    name = "proftpd-crowded"
    offset = None  # type: ignore[assignment]

    def configuration(self, port: int) -> str:
        return super().configuration(port) + "MaxClientsPerUser 2\n"


@pytest.fixture(scope="module")
def server(services: Services) -> Iterator[FtpServer]:
    services.require_native()
    yield from services.use(lambda _: CrowdedProftpd().use())


@pytest.fixture
def fs(server: FtpServer) -> Iterator[FileSystem]:
    with connect(server) as fs:
        yield fs


def test_a_copy_from_the_server_to_itself(fs: FileSystem) -> None:
    """Four threads read, of two connections, and each wants to write what it reads."""
    top = f"{fs.get_working_directory()}/crowded-{uuid.uuid4().hex}"
    fs.create_directories(f"{top}/from")
    for number in range(8):
        fs.write_to_file(f"{top}/from/{number}", [bytes([number]) * _SIZE])
    status = fs.copy(f"{top}/from", fs, f"{top}/to", recursive=True).wait(60_000)
    assert status.error is None
    for number in range(8):
        assert b"".join(fs.read_from_file(f"{top}/to/{number}")) == bytes([number]) * _SIZE
    fs.delete(top, recursive=True)


def test_a_third_connection_is_no_wrong_password(fs: FileSystem, server: FtpServer) -> None:
    with connect(server) as other:
        assert other.exists(other.get_working_directory())
        with pytest.raises(e.NotConnectedException, match="no more connections") as caught:
            connect(server)
    assert not isinstance(caught.value, e.AuthenticationException)


def test_it_is_waited_as_long_as_data_move(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another transfer may take hours; what waits for its connection is not refused meanwhile."""
    monkeypatch.setattr(pool, "_FULL_HOUSE", 0.5)
    found: list[int] = []
    with connected(most=1, content=bytes(2_000_000)) as (_, fs):
        with fs.open("/f") as reader:
            look = threading.Thread(target=lambda: found.append(len(fs.list("/", False))))
            look.start()
            for _ in range(15):
                reader.read(100_000)
                time.sleep(0.1)
            assert not found
        look.join(10)
    assert found == [1]
