"""Clients of the standard library that do what servers ask for, and tell more of what they say."""

from __future__ import annotations

import ftplib
import socket
import ssl
from dataclasses import dataclass, field

from xenon_py.exceptions import NotConnectedException

LAST_WORDS = "500 OOPS: vsf_sysutil_bind"
"""What vsftpd says, before it hangs up, where others say 425."""

_MOST_LINES = 100_000  # of a reply


@dataclass(frozen=True)
class Account:
    """Where to connect to, as whom, and how.

    Attributes:
        host, port: of the server; port 0 = the usual one.
        user, password: to log in with.
        tls: ``none``, ``explicit`` or ``implicit``.
        trusted: file of CA certificates, ``""`` = those of the system.
        timeouts: seconds for the connection, and of silence.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: str
    trusted: str
    timeouts: tuple[float, float]


class NoPassivePortError(ftplib.Error):
    """The refusal of a passive port."""


def is_out_of_ports(error: ftplib.Error) -> bool:
    """Tell whether a passive port was refused as there is none; vsftpd hangs up then."""
    return str(error).startswith(("425", LAST_WORDS))


class Plain(ftplib.FTP):
    """Tells when it was the port that the server refused, and opens data connections in steps."""

    def getmultiline(self) -> str:
        """Read a reply, unless it has no end."""
        lines = [self.getline()]
        code = lines[0][:3]
        if lines[0][3:4] == "-":
            while not (lines[-1].startswith(code) and lines[-1][3:4] != "-"):
                if len(lines) > _MOST_LINES:
                    raise ftplib.error_proto(f"the reply {lines[0][:80]!r} has no end")
                lines.append(self.getline())
        return "\n".join(lines)

    def makepasv(self) -> tuple[str, int]:
        """Ask for a port for data."""
        try:
            return super().makepasv()
        except (ftplib.error_temp, ftplib.error_perm) as error:
            if is_out_of_ports(error):
                raise NoPassivePortError(*error.args) from error
            raise

    @property
    def passive_command(self) -> str:
        """What asks for a port for data."""
        return "PASV" if self.af == socket.AF_INET else "EPSV"

    def connect_data(self, reply: str) -> socket.socket:
        """Connect to the port that a reply tells; the address in it is ignored."""
        assert self.sock is not None
        host, _, *more = self.sock.getpeername()
        ipv4 = self.af == socket.AF_INET
        told = ftplib.parse227(reply) if ipv4 else ftplib.parse229(reply, (host, 0))
        data = socket.socket(self.af)
        try:
            data.settimeout(self.timeout)
            data.connect((host, told[1], *more))
        except BaseException:
            data.close()
            raise
        return data

    def secured(self, raw: socket.socket) -> socket.socket:
        """Return a data connection as it is used, once the transfer has begun."""
        return raw


class Secure(Plain, ftplib.FTP_TLS):
    """FTPS whose data connections take up the TLS session of the control connection.

    Servers demand that, as it shows that both belong together.
    """

    implicit = False
    _session: ssl.SSLSession | None = None

    def connect(  # type: ignore[override]
        self, host: str, port: int, timeout: float
    ) -> str:
        """Connect; with TLS from the first byte, where that is asked for."""
        if not self.implicit:
            return ftplib.FTP_TLS.connect(self, host, port, timeout)
        self.host, self.timeout = host, timeout
        raw = socket.create_connection((host, port), timeout)
        try:
            self.sock = self.context.wrap_socket(raw, server_hostname=host)
        except BaseException:
            raw.close()
            raise
        self.af = self.sock.family
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()
        return self.welcome

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int]:
        """Begin a transfer."""
        raw, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        return self.secured(raw), size or 0

    def secured(self, raw: socket.socket) -> socket.socket:
        """Return a data connection with TLS over it."""
        try:
            if self._session is None and isinstance(self.sock, ssl.SSLSocket):
                self._session = self.sock.session  # each look leaks 5 KB (measured, CPython 3.11)
            return self.context.wrap_socket(raw, server_hostname=self.host, session=self._session)
        except BaseException:
            raw.close()
            raise


def client_for(account: Account) -> Plain:
    """Return a client that is not connected yet."""
    if account.tls == "none":
        return Plain(encoding="latin-1")
    try:
        context = ssl.create_default_context(cafile=account.trusted or None)
    except OSError as error:
        raise NotConnectedException.because(
            f"the CA certificates in {account.trusted!r} cannot be used: {error}"
        ) from error
    client = Secure(context=context, encoding="latin-1")
    client.implicit = account.tls == "implicit"
    return client
