"""FTP servers that lie or undercut TLS: nothing is believed, nothing goes out in clear."""

from __future__ import annotations

import ssl

import pytest

from services.records import FtpServer
from support.ftp import connect
from support.scripted_ftp import SECRET, connected, serving
from support.scripted_ftp import connect as connect_to_script
from xenon_py import FileSystem, PasswordCredential
from xenon_py import exceptions as e

NO_FACTS = {"FEAT": "211-Features:\r\n SIZE\r\n211 End", "MLST": "500 unknown"}


def without_facts(verb: str, argument: str) -> str | None:
    del argument
    return NO_FACTS.get(verb)


@pytest.mark.parametrize("host", ["10,0,0,1", "127,0,0,2", "8,8,8,8"])
def test_the_address_of_pasv_is_ignored(host: str) -> None:
    with connected(passive=f"227 ok ({host},{{}})") as (_, fs):
        assert b"".join(fs.read_from_file("/f")) == b"0123456789"


@pytest.mark.parametrize("name", ["../evil", "a/b", "..//x", "/etc/passwd", "a\0b"])
def test_names_that_lead_out_are_refused(name: str) -> None:
    facts = f"type=file;size=1; {name}\r\n".encode()
    unix = f"-rw-r--r-- 1 u g 1 Jan  1  2020 {name}\r\n".encode()
    windows = f"01-02-20  14:05    12 {name}\r\n".encode()
    with connected(listing=facts) as (_, fs), pytest.raises(e.InvalidPathException):
        fs.list("/", False)
    for listing in (unix, windows):
        with (
            connected(script=without_facts, listing=listing) as (_, fs),
            pytest.raises(e.InvalidPathException),
        ):
            fs.list("/", False)


@pytest.mark.parametrize(
    "listing", [b"<html>log in</html>\r\n", b"\xff\xfe\r\n", b"type=file;\r\n"]
)
@pytest.mark.parametrize("facts", [True, False])
def test_an_unreadable_listing_is_no_empty_directory(listing: bytes, facts: bool) -> None:
    arguments: dict[str, object] = {} if facts else {"script": without_facts}
    with (
        connected(listing=listing, **arguments) as (_, fs),
        pytest.raises(e.XenonException, match="cannot be read"),
    ):
        fs.list("/", False)


@pytest.mark.parametrize("bad", ["a\r\nDELE b", "a\nb", "a\rb", "a\udcff"])
def test_no_command_hides_in_a_path(bad: str) -> None:
    with connected() as (server, fs):
        calls = (
            lambda: fs.create_directory(f"/{bad}"),
            lambda: fs.write_to_file(f"/{bad}", [b"x"]),
            lambda: fs.rename("/f", f"/{bad}"),
            lambda: fs.delete(f"/{bad}"),
            lambda: list(fs.read_from_file(f"/{bad}")),
        )
        for call in calls:
            with pytest.raises(e.InvalidPathException):
                call()
        assert not [line for line in server.commands if "DELE" in line or "RNFR" in line]


def test_no_command_hides_in_a_password() -> None:
    with serving() as server, pytest.raises(e.XenonException):
        FileSystem.create(
            "ftp",
            location=f"127.0.0.1:{server.port}",
            password_credential=PasswordCredential(username="u", password="a\r\nDELE f"),
        )
    assert not [line for line in server.commands if "DELE" in line]


@pytest.mark.parametrize("reply", ["502 no TLS", "530 no", "234 go ahead, in clear"])
def test_a_server_without_tls_gets_no_password(reply: str) -> None:
    def script(verb: str, argument: str) -> str | None:
        del argument
        return reply if verb == "AUTH" else None

    with (
        serving(script=script) as server,
        pytest.raises(e.NotConnectedException, match="TLS"),
    ):
        connect_to_script(server, **{"tls": "explicit", "connection.timeout": "2000"})
    assert not [line for line in server.commands if line.startswith(("USER", "PASS"))]


@pytest.mark.parametrize("server_name", ["proftpd_ftp", "vsftpd"])
@pytest.mark.parametrize("tls", ["explicit", "implicit"])
def test_wrong_certificate(request: pytest.FixtureRequest, server_name: str, tls: str) -> None:
    server: FtpServer = request.getfixturevalue(server_name)
    with pytest.raises(e.NotConnectedException, match="TLS"):
        connect(server, tls, caFile="")


def test_refused_encryption_of_data_is_fatal(
    proftpd_ftp: FtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ftplib

    def refuse(self: ftplib.FTP_TLS) -> str:
        del self
        raise ftplib.error_perm("536 no PROT P")

    monkeypatch.setattr(ftplib.FTP_TLS, "prot_p", refuse)
    with pytest.raises(e.NotConnectedException, match="536"):
        connect(proftpd_ftp, "explicit")


def test_data_are_encrypted_on_every_connection(
    proftpd_ftp: FtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xenon_adaptors.ftp_protocol import connection

    kinds = []
    original = connection.Connection.transfer

    def transfer(self: connection.Connection, *arguments: str) -> object:
        data = original(self, *arguments)  # type: ignore[arg-type]
        kinds.append(type(data))
        return data

    monkeypatch.setattr(connection.Connection, "transfer", transfer)
    with connect(proftpd_ftp, "explicit") as fs:
        path = fs.get_working_directory() / "encrypted"
        fs.write_to_file(path, [b"x"])
        streams = [fs.open(path, "rb") for _ in range(3)]  # a connection each
        assert [stream.read() for stream in streams] == [b"x"] * 3
        for stream in streams:
            stream.close()
        fs.delete(path)
    assert len(kinds) >= 4
    assert set(kinds) == {ssl.SSLSocket}


def test_wrong_password_never_shows(
    proftpd_ftp: FtpServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    with pytest.raises(e.AuthenticationException) as caught:
        FileSystem.create(
            "ftp",
            location=f"127.0.0.1:{proftpd_ftp.port}",
            password_credential=PasswordCredential(username=proftpd_ftp.user, password=SECRET),
        )
    assert SECRET not in caplog.text + repr(caught.value) + str(caught.value.__context__)


def test_nobody_there() -> None:
    with pytest.raises(e.NotConnectedException):
        FileSystem.create("ftp", location="127.0.0.1:1")


def test_an_unknown_kind_of_tls(proftpd_ftp: FtpServer) -> None:
    with pytest.raises(e.InvalidPropertyException, match="one of none, explicit, implicit"):
        connect(proftpd_ftp, "sometimes")


def test_a_reply_without_end() -> None:
    reply = "211-Features:\r\n" + "\r\n".join(["211- more"] * 150_000)
    with (
        serving(script=lambda verb, _: reply if verb == "FEAT" else None) as server,
        pytest.raises(e.NotConnectedException, match="no end"),
    ):
        connect_to_script(server)
