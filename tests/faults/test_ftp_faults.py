"""What happens to FTP when connections are cut, ports run out and disks fill up."""

from __future__ import annotations

import re
import resource
import socket
import threading
import time
from pathlib import Path

import pytest

from services.records import FtpServer
from support.ftp import connect
from support.scripted_ftp import Script, connected
from xenon_adaptors.ftp_protocol import pool
from xenon_py import FileSystem
from xenon_py import exceptions as e
from xenon_py.testing.harness import fresh_name


def failing(verb: str, times: int, reply: str) -> Script:
    """Reply so to the first commands of a kind."""
    left, lock = [times], threading.Lock()

    def script(got: str, argument: str) -> str | None:
        del argument
        with lock:
            if got == verb and left[0]:
                left[0] -= 1
                return reply
        return None

    return script


def test_a_server_that_does_not_greet() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(e.NotConnectedException, match=r"ftp\.tls=implicit"),
    ):
        location = f"127.0.0.1:{silent.getsockname()[1]}"
        FileSystem.create("ftp", location, {"ftp.connection.timeout": "200"})


def test_ports_that_run_out() -> None:
    script = failing("RETR", 3, "425 no port left")
    with connected(script=script) as (_, fs):
        assert b"".join(fs.read_from_file("/f")) == b"0123456789"


def test_ports_that_run_out_at_passive() -> None:
    with connected(script=failing("PASV", 2, "425 PASV: address in use")) as (_, fs):
        assert b"".join(fs.read_from_file("/f")) == b"0123456789"


@pytest.mark.parametrize("reply", ["425 in use", "500 OOPS: vsf_sysutil_bind, maximum number"])
def test_a_server_without_a_port_to_offer(monkeypatch: pytest.MonkeyPatch, reply: str) -> None:
    """vsftpd even ends the session; that is waited out on other connections."""
    monkeypatch.setattr(pool, "_PATIENCE", (0.01,) * 8)
    with connected(script=failing("PASV", 8, reply)) as (_, fs):
        assert b"".join(fs.read_from_file("/f")) == b"0123456789"
    with (
        connected(script=failing("PASV", 99, reply)) as (_, fs),
        pytest.raises(e.NotConnectedException, match="no port left"),
    ):
        b"".join(fs.read_from_file("/f"))


def test_no_more_connections_are_let_in() -> None:
    """One of ours is waited for, as long as there is one."""
    with connected(most=1) as (_, fs):
        stream = fs.open("/f", "rb")
        assert stream.read(3) == b"012"
        looks = [threading.Thread(target=fs.exists, args=("/f",)) for _ in range(3)]
        for look in looks:
            look.start()
        assert stream.read() == b"3456789"
        stream.close()
        for look in looks:
            look.join(10)
            assert not look.is_alive()
        assert fs.exists("/f")


def test_nobody_else_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_FULL_HOUSE", 0.3)
    with connected(most=1) as (_, fs), fs.open("/f", "rb") as stream:
        stream.read(1)
        with pytest.raises(e.NotConnectedException, match="too many"):
            fs.exists("/f")


def test_a_server_that_is_gone_is_told_at_once() -> None:
    """An open file makes no difference: there is no room to wait for."""
    with connected() as (server, fs), fs.open("/f", "rb") as stream:
        stream.read(1)
        server.stop_listening()
        begun = time.monotonic()
        with pytest.raises(e.NotConnectedException, match="refused"):
            fs.exists("/f")
        assert time.monotonic() - begun < 10


@pytest.mark.parametrize("verb", ["STOR", "RETR", "MLSD", "MKD"])
def test_a_login_that_expired(verb: str) -> None:
    with connected(script=failing(verb, 99, "530 Please login with USER and PASS.")) as (_, fs):
        calls = {
            "STOR": lambda: fs.write_to_file("/new", [b"x"]),
            "RETR": lambda: b"".join(fs.read_from_file("/f")),
            "MLSD": lambda: fs.list("/", False),
            "MKD": lambda: fs.create_directory("/new"),
        }
        with pytest.raises(e.AuthenticationException, match="530"):
            calls[verb]()


@pytest.mark.parametrize("reply", ["500 unknown", "502 no", "504 no such parameter"])
def test_permissions_and_times_where_the_server_sets_none(tmp_path: Path, reply: str) -> None:
    def script(verb: str, argument: str) -> str | None:
        del argument
        return reply if verb in {"SITE", "MDTM", "MFMT"} else None

    (tmp_path / "f").write_bytes(b"data")
    with connected(script=script) as (_, fs), FileSystem.create("file") as here:
        with pytest.raises(e.UnsupportedOperationException):
            fs.set_posix_file_permissions("/f", set())
        operation = here.copy(tmp_path / "f", fs, "/new", verify="none", preserve=("mtime",))
        status = operation.wait()
    assert isinstance(status.error, e.UnsupportedOperationException)


def test_ports_that_stay_away() -> None:
    with (
        connected(script=failing("RETR", 99, "425 no port left")) as (_, fs),
        pytest.raises(e.NotConnectedException, match="425"),
    ):
        b"".join(fs.read_from_file("/f"))


@pytest.mark.parametrize("reply", ["", "421 closing"])
def test_looks_are_done_again_on_another_connection(reply: str) -> None:
    with connected(script=failing("MLST", 1, reply)) as (_, fs):
        assert fs.exists("/f")


@pytest.mark.parametrize("reply", ["", "421 closing"])
def test_changes_are_not_done_again(reply: str) -> None:
    with (
        connected(script=failing("MKD", 1, reply)) as (server, fs),
        pytest.raises(e.ConnectionLostException),
    ):
        fs.create_directory("/new")
    assert len([line for line in server.commands if line.startswith("MKD")]) == 1


def test_a_connection_that_was_closed_while_idle() -> None:
    with connected(script=failing("MKD", 1, "421 gone")) as (_, fs):
        with pytest.raises(e.ConnectionLostException):
            fs.create_directory("/new")
        assert fs.exists("/f")  # on a fresh connection


@pytest.mark.parametrize("last", ["426 cut", "451 read error"])
def test_a_read_that_is_cut_is_an_error(last: str) -> None:
    with connected(cut=5, last=last) as (_, fs), pytest.raises(e.XenonException):
        b"".join(fs.read_from_file("/f"))


@pytest.mark.parametrize(
    "last", ["452 no space", "552 over quota", "451 No space left on device", "550 Quota exceeded"]
)
@pytest.mark.parametrize("size", [10, 30_000_000])
def test_a_full_disk(last: str, size: int) -> None:
    with (
        connected(last=last, cut=5) as (_, fs),
        pytest.raises(e.NoSpaceException),
    ):
        fs.write_to_file("/new", [bytes(size)])


def test_a_file_that_was_not_confirmed_is_not_published() -> None:
    with connected(last="451 lost") as (server, fs):
        with pytest.raises(e.XenonException):
            fs.write_to_file("/new", [b"data"])
        assert not [line for line in server.commands if line.startswith("RNTO")]
        assert [line for line in server.commands if line.startswith("DELE /.new.")]


class ReplacesNothing:
    """Plays a server that does not rename over a file, and refuses the renames of ``refused``."""

    def __init__(self, *refused: int) -> None:
        self.names = {"/", "/f"}
        self._refused = refused
        self._renames = 0
        self._source = ""

    def __call__(self, verb: str, argument: str) -> str | None:
        if verb == "STOR":
            self.names.add(argument)
        elif verb == "MLST" and argument in self.names:
            return f"250-\r\n type={'dir' if argument == '/' else 'file'}; x\r\n250 End"
        elif verb == "MLST":
            return "550 none"
        elif verb == "RNFR":
            self._source = argument
            return "350 ok"
        elif verb == "RNTO":
            return self._rename(argument)
        elif verb == "DELE":
            self.names.remove(argument)
            return "250 ok"
        return None

    def _rename(self, target: str) -> str:
        self._renames += 1
        if target in self.names or self._renames in self._refused:
            return "553 exists"
        self.names = self.names - {self._source} | {target}
        return "250 ok"


def _names(commands: list[str]) -> list[str]:
    """Return renames and deletions, without what is random in their names."""
    lines = [re.sub(r"\.[0-9a-f]{12}\.", ".", line) for line in commands]
    return [line for line in lines if line.startswith(("RNFR", "RNTO", "DELE"))]


def test_a_server_that_replaces_nothing() -> None:
    """The old file is set aside then, and removed when the new one is in its place."""
    script = ReplacesNothing()
    with connected(script=script) as (server, fs), fs.open("/f", "wb") as stream:
        stream.write(b"new")
    assert script.names == {"/", "/f"}
    assert _names(server.commands) == [
        *("RNFR /.f.part", "RNTO /f"),
        *("RNFR /f", "RNTO /.f.old"),
        *("RNFR /.f.part", "RNTO /f"),
        "DELE /.f.old",
    ]


@pytest.mark.parametrize("refused", [2, 3])
def test_a_server_that_replaces_nothing_and_refuses_even_more(refused: int) -> None:
    script = ReplacesNothing(refused)
    with connected(script=script) as (server, fs):
        stream = fs.open("/f", "wb")
        with pytest.raises(e.PermissionDeniedException):
            stream.close()
    assert script.names == {"/", "/f"}
    assert "DELE /.f.old" not in _names(server.commands)


def test_an_old_file_that_cannot_be_put_back_is_named() -> None:
    script = ReplacesNothing(3, 4)
    with connected(script=script) as (_, fs):
        stream = fs.open("/f", "wb")
        with pytest.raises(e.PermissionDeniedException, match=r"is now at '/\.f\.\w+\.old'"):
            stream.close()
    assert len([name for name in script.names if name.endswith(".old")]) == 1


def test_data_connections_by_tls_keep_no_memory(vsftpd: FtpServer) -> None:
    """CPython loses 5 KB each time that it is asked for the session of a TLS connection."""
    with connect(vsftpd, "explicit") as fs:
        path = fs.get_working_directory() / fresh_name()
        fs.write_to_file(path, [b"x"])
        for _ in range(20):
            b"".join(fs.read_from_file(path))
        before = _resident()
        for _ in range(200):
            b"".join(fs.read_from_file(path))
        assert _resident() - before < 600_000
        fs.delete(path)


def _resident() -> int:
    """Memory of this process in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
