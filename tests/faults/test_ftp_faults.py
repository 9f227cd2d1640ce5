"""What happens to FTP when connections are cut, ports run out and disks fill up."""

from __future__ import annotations

import threading

import pytest

from support.scripted_ftp import Script, connected
from xenon_py import exceptions as e


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


def test_ports_that_run_out() -> None:
    script = failing("RETR", 3, "425 no port left")
    with connected(script=script) as (_, fs):
        assert b"".join(fs.read_from_file("/f")) == b"0123456789"


def test_ports_that_run_out_at_passive() -> None:
    with connected(script=failing("PASV", 2, "425 PASV: address in use")) as (_, fs):
        assert b"".join(fs.read_from_file("/f")) == b"0123456789"


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


def test_a_server_that_replaces_nothing() -> None:
    """The old file is removed then, and the new one renamed."""
    left = ["553 exists"]

    def script(verb: str, argument: str) -> str | None:
        del argument
        if verb == "RNTO":
            return left.pop() if left else "250 ok"
        return {"RNFR": "350 ok", "DELE": "250 ok"}.get(verb)

    with connected(script=script) as (server, fs), fs.open("/f", "wb") as stream:
        stream.write(b"new")
    verbs = [line.split()[0] for line in server.commands]
    assert [verb for verb in verbs if verb in {"RNTO", "DELE"}] == ["RNTO", "DELE", "RNTO"]
