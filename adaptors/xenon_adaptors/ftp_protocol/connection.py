"""One control connection to an FTP server, and the data connections that it opens.

Text travels as Latin-1, which any byte survives; ``wire`` and ``text`` translate names, which are
UTF-8 by RFC 2640 and may be anything.
"""

from __future__ import annotations

import contextlib
import ftplib
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from xenon_adaptors.ftp_protocol.clients import (
    LAST_WORDS,
    Account,
    NoPassivePortError,
    Secure,
    client_for,
)
from xenon_py.exceptions import (
    AuthenticationException,
    ConnectionLostException,
    InvalidPathException,
    NotConnectedException,
    XenonException,
    XenonTimeoutException,
)
from xenon_py.plugin import tcp
from xenon_py.plugin.trust import tls_advice

_PORT, _IMPLICIT_PORT = 21, 990
_PAUSES = (0.1, 0.3, 1.0, 2.0)  # seconds; the ports for data run out for a while
_ONE_COMMAND_AT_A_TIME = ("Microsoft FTP Service", "MadGoat", "MikroTik")  # lftp(1), auto-sync-mode
_MOST = 512 * 1024 * 1024  # bytes of a listing
_PIECE = 64 * 1024
_LONGEST = 4000  # bytes of a path
_CROWDED = ("maximum number", "too many", "limit")  # they answer 530 as to a wrong password
_FORBIDDEN = frozenset("\r\n\0\xff")

T = TypeVar("T")
Answer = str | ftplib.Error
"""A reply, or the refusal that it is."""


def wire(path: str) -> str:
    """Return a path as it is put into a command.

    Raises:
        InvalidPathException: it holds a line break, which would begin another command, or the
            byte 255 (never part of UTF-8), which begins a command of Telnet; or it is longer
            than servers read (ProFTPD does not even answer).
    """
    line = path.encode("utf-8", "surrogateescape").decode("latin-1")
    if len(line) > _LONGEST:
        raise InvalidPathException.because(
            f"the path is longer than {_LONGEST} bytes: {path[:100]!r}…"
        )
    if not _FORBIDDEN.isdisjoint(line):
        raise InvalidPathException.because(
            f"FTP has no names with line breaks or the byte 255: {path!r}"
        )
    return line


def sendable(path: str) -> str | None:
    """Return a path as it is put into a command; ``None`` for one that is not."""
    try:
        return wire(path)
    except InvalidPathException:
        return None


def text(answer: str) -> str:
    """Return a name of an answer."""
    return answer.encode("latin-1").decode("utf-8", "surrogateescape")


class NoPortError(NotConnectedException):
    """The server has no port for a data connection. Ports of past ones come free in a minute."""


class NobodyThereError(NotConnectedException):
    """Nothing at that address answers; it is not that the server lets no more of us in."""


class Connection:
    """A logged-in control connection, in binary mode. For one thread at a time.

    Replies that refuse something are raised as ``ftplib.error_perm`` or ``error_temp``; after
    anything else that is raised the connection is of no more use.
    """

    def __init__(self, account: Account) -> None:
        self._host = f"{account.host}:{account.port}" if account.port else account.host
        self.broken = False
        self._ftp = client_for(account)
        try:
            with self.translated():
                self._begin(account)
        except BaseException:
            self.drop()
            raise

    def _begin(self, account: Account) -> None:
        ftp = self._ftp
        usual = _IMPLICIT_PORT if account.tls == "implicit" else _PORT
        try:
            ftp.connect(account.host, account.port or usual, account.timeouts[0])
        except ssl.SSLError as error:
            raise self._no_tls(error) from error
        except (OSError, EOFError) as error:
            raise self._not_connected(error) from error
        self._log_in(account)
        ftp.voidcmd("TYPE I")
        self.features = self._features()
        if "UTF8" in self.features:
            with contextlib.suppress(ftplib.error_perm, ftplib.error_temp):
                ftp.sendcmd("OPTS UTF8 ON")
        welcome = ftp.getwelcome() or ""
        self._at_once = not any(words in welcome for words in _ONE_COMMAND_AT_A_TIME)
        silence = account.timeouts[1]
        ftp.timeout = silence
        if ftp.sock is not None:
            ftp.sock.settimeout(silence)
            tcp.set_options(ftp.sock)

    def _log_in(self, account: Account) -> None:
        ftp = self._ftp
        try:
            if isinstance(ftp, Secure) and not ftp.implicit:
                ftp.auth()
        except ftplib.all_errors as error:  # SSLError is one of them
            raise self._no_tls(error) from error
        try:
            ftplib.FTP.login(ftp, wire(account.user), wire(account.password))
        except ftplib.error_perm as error:
            reply = text(str(error))
            if any(words in reply.lower() for words in _CROWDED):
                raise NotConnectedException.because(
                    f"the server lets in no more connections: {reply}", host=self._host
                ) from None
            raise AuthenticationException.because(
                f"the server refuses user and password: {reply}", host=self._host
            ) from None
        if isinstance(ftp, Secure):
            try:
                ftp.prot_p()
            except (ftplib.error_perm, ftplib.error_temp) as error:
                raise self._no_tls(error) from error

    def _not_connected(self, error: OSError | EOFError) -> NotConnectedException:
        reason = str(error) or "it hung up"
        if isinstance(error, TimeoutError) and self._ftp.sock is not None:
            reason = "no greeting of an FTP server came; with TLS from the first byte it is silent"
            reason += ", too: ftp.tls=implicit"
        hung_up = isinstance(error, (EOFError, ConnectionResetError, BrokenPipeError))
        kind = NotConnectedException if hung_up else NobodyThereError
        return kind.because(f"cannot connect to {self._host}: {reason}", host=self._host)

    def _no_tls(self, error: BaseException) -> NotConnectedException:
        return NotConnectedException.because(
            f"no trustworthy TLS connection to {self._host}: {error}"
            + tls_advice(error, "ftp.caFile"),
            host=self._host,
        )

    def _features(self) -> set[str]:
        """Return the first words of the features, in capitals (RFC 2389)."""
        try:
            lines = self._ftp.sendcmd("FEAT").split("\n")[1:-1]
        except (ftplib.error_perm, ftplib.error_temp):
            return set()
        return {line.split()[0].upper() for line in lines if line.split()}

    @contextlib.contextmanager
    def translated(self) -> Iterator[None]:
        """Turn what breaks the connection into our exceptions; refusals pass."""
        try:
            yield
        except ftplib.error_temp as error:
            if not str(error).startswith("421"):
                raise
            self.broken = True
            raise self._lost(error) from error
        except (ftplib.error_perm, XenonException):
            raise
        except TimeoutError as error:
            self.broken = True
            raise XenonTimeoutException.because(
                "the server was silent for too long", host=self._host
            ) from error
        except (OSError, EOFError, ftplib.Error, UnicodeError) as error:
            self.broken = True
            raise self._lost(error) from error
        except BaseException:
            self.broken = True  # an answer may be on its way that nobody waits for
            raise

    def _lost(self, error: BaseException) -> ConnectionLostException:
        reason = text(str(error)) if isinstance(error, ftplib.Error) else str(error)
        return ConnectionLostException.because(
            f"the connection was lost: {reason or 'the server hung up'}", host=self._host
        )

    def command(self, verb: str, path: str = "") -> str:
        """Send a command; return the whole answer."""
        with self.translated():
            return self._ftp.sendcmd(f"{verb} {wire(path)}" if path else verb)

    @property
    def passive(self) -> str:
        """The command that asks for a port for data."""
        return self._ftp.passive_command

    def exchange(self, *lines: str, pending: int = 0) -> list[Answer]:
        """Send commands, all at once where the server bears that; return their answers.

        Not to be called while data move: ProFTPD reads and does what comes meanwhile.

        Args:
            lines: the commands.
            pending: answers to earlier commands that are to come before.
        """
        with self.translated():
            if self._at_once:
                return self._exchange(lines, pending)
            answers = self._exchange((), pending)
            return answers + [one for line in lines for one in self._exchange((line,), 0)]

    def _exchange(self, lines: Sequence[str], pending: int) -> list[Answer]:
        ftp = self._ftp
        if lines and ftp.sock is not None:
            ftp.sock.sendall("".join(f"{line}\r\n" for line in lines).encode("latin-1"))
        return [self._answer() for _ in range(pending + len(lines))]

    def _answer(self) -> Answer:
        try:
            return self._ftp.getresp()
        except (ftplib.error_perm, ftplib.error_temp) as refusal:
            if str(refusal).startswith("421"):
                raise
            return refusal

    def open_transfer(self, port: Answer, verb: str, place: str) -> socket.socket | None:
        """Begin a transfer through a port that was asked for; ``None`` if anything is refused.

        Args:
            port: the answer to ``passive``.
            verb: of the command.
            place: the path as it is sent.
        """
        if isinstance(port, ftplib.Error):
            self.broken = self.broken or str(port).startswith(LAST_WORDS)
            return None
        with self.translated():
            data = self._ftp.connect_data(port)
            try:
                (answer,) = self.exchange(f"{verb} {place}")
                if not isinstance(answer, ftplib.Error):
                    return self._ftp.secured(data)
            except BaseException:
                data.close()
                raise
        data.close()
        return None

    def transfer(self, verb: str, path: str, offset: int = 0) -> socket.socket:
        """Begin a transfer; return its data connection. ``finish`` must follow.

        When the server cannot open it (425), it is tried again for some seconds.

        Raises:
            NoPortError: the server has no port to offer.
        """
        line = f"{verb} {wire(path)}" if path else verb
        for pause in (*_PAUSES, None):
            with self.translated():
                try:
                    return self._ftp.transfercmd(line, offset or None)
                except NoPassivePortError as error:
                    self.broken = str(error).startswith(LAST_WORDS)
                    raise NoPortError.because(
                        f"the server has no port left for data: {error}", host=self._host
                    ) from error
                except ftplib.error_temp as error:
                    if pause is None or not str(error).startswith("425"):
                        raise
                    time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def finish(self, data: socket.socket) -> str:
        """End a transfer: close its data connection, and return the final reply."""
        with self.translated(), data:
            self.end(data)
            return self._ftp.voidresp()

    def end(self, data: socket.socket) -> None:
        """Tell the server that nothing more comes; TLS's farewell tells the end from a cut.

        The server's farewell is not waited for: its system keeps that back until ours confirms
        what came before, which it does after 40 ms (measured with ProFTPD and pure-ftpd).
        """
        if not isinstance(data, ssl.SSLSocket):
            data.close()
            return
        data.settimeout(0)
        with contextlib.suppress(OSError, ValueError):  # wanting to read: our farewell is sent
            while True:
                try:
                    data.unwrap()
                    break
                except ssl.SSLWantWriteError:
                    select.select([], [data], [], self._ftp.timeout)
        with contextlib.suppress(OSError):
            data.shutdown(socket.SHUT_WR)

    def listing(self, verb: str, parse: Callable[[str], T | None]) -> tuple[list[T], str]:
        """Return what ``parse`` makes of the lines of a listing, and the final reply.

        Lines are parsed while the server makes the next ones. ``None`` is left out.
        """
        data = self.transfer(verb, "")
        found: list[T] = []
        try:
            for line in self._lines(data):
                one = parse(line)
                if one is not None:
                    found.append(one)
        except BaseException:
            self.broken = True
            data.close()
            raise
        return found, self.finish(data)

    def _lines(self, data: socket.socket) -> Iterator[str]:
        """Yield the lines that come, without their ends; empty ones are left out."""
        rest, size = b"", 0
        while True:
            with self.translated():
                piece = data.recv(_PIECE)
            size += len(piece)
            if size > _MOST:
                raise ConnectionLostException.because("the listing has no end")
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole if piece else [rest]:
                text_ = line.decode("utf-8", "surrogateescape").removesuffix("\r")
                if text_:
                    yield text_
            if not piece:
                return

    def usable(self) -> bool:
        """Tell whether the connection is idle: anything to read now is a farewell."""
        sock = self._ftp.sock
        if self.broken or sock is None:
            return False
        return not select.select([sock], [], [], 0)[0]

    def quit(self) -> None:
        """Say good-bye and close."""
        with contextlib.suppress(*ftplib.all_errors):
            if not self.broken and self._ftp.sock is not None:
                self._ftp.sock.settimeout(2)
                self._ftp.sendcmd("QUIT")
        self.drop()

    def drop(self) -> None:
        """Close without a word."""
        self.broken = True
        with contextlib.suppress(OSError):
            self._ftp.close()


Opener = Callable[[], Connection]
