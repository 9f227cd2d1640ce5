"""The FTP servers of the tests: plain and TLS log-ins, transfers, and the kind of listing."""

import ftplib
import io
import socket
import ssl
from collections.abc import Iterator

import pytest

from services.records import FtpServer


class SessionFtp(ftplib.FTP_TLS):
    """The data connections take the TLS session of the control connection, as servers demand."""

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int]:
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        assert isinstance(self.sock, ssl.SSLSocket)
        wrapped = self.context.wrap_socket(
            connection, server_hostname=self.host, session=self.sock.session
        )
        return wrapped, size or 0


class ImplicitFtp(SessionFtp):
    """TLS from the first byte."""

    def connect(self, host: str = "", port: int = 0, *_: object, **__: object) -> str:
        self.host = host
        raw = socket.create_connection((host, port), 10)
        self.af = raw.family
        self.sock = self.context.wrap_socket(raw, server_hostname=host)
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()
        return self.welcome


@pytest.fixture(params=["proftpd_ftp", "vsftpd", "pureftpd"])
def server(request: pytest.FixtureRequest) -> FtpServer:
    made = request.getfixturevalue(request.param)
    assert isinstance(made, FtpServer)
    return made


@pytest.fixture(params=["plain", "explicit", "implicit"])
def ftp(request: pytest.FixtureRequest, server: FtpServer) -> Iterator[ftplib.FTP]:
    if request.param == "implicit" and not server.implicit_port:
        pytest.skip("this server has no implicit TLS")
    context = ssl.create_default_context(cafile=str(server.certificate))
    made: ftplib.FTP
    if request.param == "plain":
        made = ftplib.FTP(timeout=10)
    else:
        kind = SessionFtp if request.param == "explicit" else ImplicitFtp
        made = kind(context=context, timeout=10)
    port = server.implicit_port if request.param == "implicit" else server.port
    with made:
        made.connect(server.host, port)
        if isinstance(made, ImplicitFtp):
            ftplib.FTP.login(made, server.user, server.password)
        else:
            made.login(server.user, server.password)
        if isinstance(made, ftplib.FTP_TLS):
            made.prot_p()
        yield made


def test_log_in_and_transfer(ftp: ftplib.FTP, server: FtpServer) -> None:
    assert ftp.pwd() == server.directory
    ftp.storbinary("STOR some-file", io.BytesIO(b"x" * 100_000))
    got = bytearray()
    ftp.retrbinary("RETR some-file", got.extend)
    assert bytes(got) == b"x" * 100_000
    ftp.delete("some-file")


def test_kind_of_listing(ftp: ftplib.FTP, server: FtpServer) -> None:
    if server.machine_listings:
        assert list(ftp.mlsd())
    else:
        with pytest.raises(ftplib.error_perm, match="500"):
            list(ftp.mlsd())


def test_wrong_password(server: FtpServer) -> None:
    with ftplib.FTP(timeout=10) as made:
        made.connect(server.host, server.port)
        with pytest.raises(ftplib.error_perm, match="530"):
            made.login(server.user, "wrong")
