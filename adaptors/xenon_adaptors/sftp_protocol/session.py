"""One conversation with an SFTP server: requests with ids, answers in any order, many at a time.

Any number of threads may use a session. A request is sent by the thread that makes it; its answer
goes into the mailbox that the thread named, whoever receives it. Nobody is served by polling.
"""

from __future__ import annotations

import itertools
import logging
import struct
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from xenon_adaptors.sftp_protocol import packets as p
from xenon_adaptors.sftp_protocol.framing import Framer
from xenon_adaptors.sftp_protocol.link import ChannelLink
from xenon_py.exceptions import (
    ConnectionLostException,
    IncompatibleVersionException,
    NotConnectedException,
    XenonException,
    XenonTimeoutException,
)

if TYPE_CHECKING:
    import paramiko

T = TypeVar("T")
_log = logging.getLogger("xenon_py.sftp")

DEFAULT_REQUEST = 32768
"""Bytes of data per request that every server takes (draft, section 3)."""
LARGEST_REQUEST = 261120
"""Bytes of data per request that fit OpenSSH's packets; more would not make it faster."""
_ANSWER = 1 << 16  # what an answer without data takes at most, in bytes
_LISTING = 1 << 18
_WATCH = 1.0  # seconds between looks at a session that is silent


_ONE_PIECE = 31 << 10
"""Bytes of data per write that leave a request in one SSH packet, of 32 KiB everywhere."""

_turns: WeakKeyDictionary[paramiko.Transport, threading.Lock] = WeakKeyDictionary()


def _is_robust(transport: paramiko.Transport) -> bool:
    """Tell whether a server may be sent packets in any pieces, over several channels.

    OpenSSH has a process for each channel. ProFTPD's mod_sftp (1.3.8, measured) puts packets
    together in one place for all channels of a connection, and hangs up, or falls silent, when
    pieces mix. Other servers are treated like it.
    """
    return "OpenSSH" in transport.remote_version


def _turn_on(transport: paramiko.Transport) -> threading.Lock:
    """Return the lock under which whole requests are sent, one for all sessions if need be."""
    if _is_robust(transport):
        return threading.Lock()
    return _turns.setdefault(transport, threading.Lock())


class StatusError(Exception):
    """The server answered a request with an error status."""

    def __init__(self, status: p.Status) -> None:
        super().__init__(f"{status.message or 'no reason given'} (SFTP status {status.code})")
        self.code = status.code


class Reply(NamedTuple):
    """An answer; ``kind`` 0 tells that the session ended before it came."""

    request_id: int
    kind: int
    body: bytes


Mailbox = SimpleQueue[Reply]


class Request(NamedTuple):
    """A request to send: its kind, its body in parts, and how long the answer may be at most."""

    kind: int
    body: tuple[bytes | memoryview, ...]
    answer: int = _ANSWER


def read_request(handle: bytes, offset: int, size: int) -> Request:
    """Return a request to read; ``handle`` is encoded as a string."""
    return Request(p.READ, (handle, struct.pack(">QI", offset, size)), size + 64)


def write_request(handle: bytes, offset: int, size: int, *data: bytes | memoryview) -> Request:
    """Return a request to write ``data``, ``size`` bytes in all."""
    return Request(p.WRITE, (handle, struct.pack(">QI", offset, size), *data))


def readdir_request(handle: bytes) -> Request:
    """Return a request for the next entries of a directory."""
    return Request(p.READDIR, (handle,), _LISTING)


class SftpSession:
    """A started SFTP subsystem.

    Args:
        channel: an open session channel on which nothing was started yet.
        release: closes the channel; called once or more.
        fast: whether the fast path of the link may be used.
        patience: seconds without a sign of life after which a session that owes an answer is
            given up.
        host: for messages.

    Attributes:
        extensions: names and data of what the server offers.
        read_size, write_size: most bytes of data per request.
        fast: whether the fast path is in use.
        robust: whether further sessions on the same connection are a good idea.

    Raises:
        ConnectionLostException: the channel broke, or what came is no SFTP.
        IncompatibleVersionException: the server does not speak version 3.
        XenonTimeoutException: it does not answer.
    """

    def __init__(
        self,
        channel: paramiko.Channel,
        release: Callable[[], object],
        *,
        fast: bool,
        patience: float,
        host: str = "",
    ) -> None:
        self._release = release
        self._host = host
        self._patience = patience
        self._framer = Framer(self._deliver)
        self._waiting: dict[int, tuple[Mailbox | None, int]] = {}
        self._ids = itertools.count(1)
        self.robust = _is_robust(channel.get_transport())
        self._turn = _turn_on(channel.get_transport())
        self._error: XenonException | None = None
        self._greeted = False
        self._hello: SimpleQueue[bytes] = SimpleQueue()
        self._received = self._promised = self._settled = 0
        self._heard = time.monotonic()
        self._link = ChannelLink(channel, self._take, self._end, fast=fast, patience=patience)
        try:
            self._start(channel)
            with self._turn:
                self._link.send(p.init())
            self.extensions = self._version()
            self.read_size, self.write_size = self._sizes()
        except BaseException:
            self._release()
            raise
        self.fast = self._link.fast

    # what arrives: one thread at a time, paramiko's or the pump

    def _take(self, data: bytes) -> None:
        """Take bytes from the server. Nothing may be raised into the thread that brings them."""
        if self._error is not None:
            return
        self._received += len(data)
        self._heard = time.monotonic()
        try:
            self._framer.feed(data)
        except p.ProtocolError as error:
            self._fail(f"the server sent what is no SFTP: {error}")

    def _deliver(self, kind: int, request_id: int, body: bytes) -> None:
        if kind == p.VERSION and not self._greeted:
            self._greeted = True
            self._hello.put(body)
            return
        found = self._waiting.pop(request_id, None)
        if found is None:
            raise p.ProtocolError(f"an answer to request {request_id}, which was not made")
        mailbox, answer = found
        self._settled += answer
        if mailbox is not None:
            mailbox.put(Reply(request_id, kind, body))

    def _end(self) -> None:
        self._fail("the connection to the server broke")

    def _fail(self, reason: str, kind: type[XenonException] = ConnectionLostException) -> None:
        """Give the session up and tell everybody who waits; the first reason is the one."""
        if self._error is None:
            self._error = kind.because(reason, host=self._host)
            _log.debug("SFTP session with %s ended: %s", self._host, reason)
        self._hello.put(b"")
        while self._waiting:
            try:
                request_id, (mailbox, _) = self._waiting.popitem()
            except KeyError:  # another thread took the last one
                break
            if mailbox is not None:
                mailbox.put(Reply(request_id, 0, b""))

    # the beginning

    def _start(self, channel: paramiko.Channel) -> None:
        import paramiko

        try:
            channel.invoke_subsystem("sftp")
        except (paramiko.SSHException, OSError, EOFError) as error:
            if channel.get_transport().is_active():
                raise NotConnectedException.because(
                    "the server lets the user in, but offers no SFTP", host=self._host
                ) from error
            raise self.broken("the connection to the server broke") from error

    def _version(self) -> dict[str, bytes]:
        body = self._first_packet()
        try:
            version, extensions = p.parse_version(body)
        except p.ProtocolError as error:
            raise self.broken(f"the server's greeting is no SFTP: {error}") from error
        if version != 3:
            raise IncompatibleVersionException.because(
                f"the server speaks version {version} of SFTP, not 3", host=self._host
            )
        return extensions

    def _first_packet(self) -> bytes:
        end = time.monotonic() + self._patience
        while True:
            try:
                body = self._hello.get(timeout=0.05)
            except Empty:
                self._link.check()
                if time.monotonic() > end:
                    raise self._too_late() from None
                continue
            if not body:
                raise self.broken("")
            return body

    def _sizes(self) -> tuple[int, int]:
        if "limits@openssh.com" not in self.extensions:
            return DEFAULT_REQUEST, DEFAULT_REQUEST if self.robust else _ONE_PIECE
        limits = p.parse_limits(self.extended("limits@openssh.com"))
        return (
            min(limits.read or LARGEST_REQUEST, LARGEST_REQUEST),
            min(limits.write or LARGEST_REQUEST, LARGEST_REQUEST),
        )

    # requests

    def submit(self, requests: Sequence[Request], mailbox: Mailbox | None) -> list[int]:
        """Send requests in one go; their answers will go into ``mailbox`` (``None``: nowhere).

        Returns:
            the ids by which to know the answers.

        Raises:
            ConnectionLostException: the session ended.
        """
        with self._turn:
            self._raise_if_ended()
            if not self._waiting:  # only a session that owes an answer can be silent
                self._heard = time.monotonic()
            ids, parts = [], []
            for kind, body, answer in requests:
                request_id = next(self._ids) & 0xFFFFFFFF
                self._waiting[request_id] = (mailbox, answer)
                self._promised += answer
                parts.append(p.request(kind, request_id, *body))
                ids.append(request_id)
            try:
                self._make_room()
                for part in [b"".join(parts)] if self.robust else parts:
                    self._link.send(part)
            except TimeoutError:
                raise self._too_late() from None
            except (OSError, EOFError) as error:
                raise self.broken(f"sending to the server failed: {error}") from error
        if self._error is not None:  # it may have ended before the ids were noted
            self._fail("")
        return ids

    def _make_room(self) -> None:
        settled = self._settled  # before the bytes: then the room is never overrated
        self._link.make_room(self._received, self._promised - settled)

    def receive(self, mailbox: Mailbox) -> Reply:
        """Wait for an answer.

        Raises:
            ConnectionLostException: the session ended.
            XenonTimeoutException: the server was silent for too long; the session is given up.
        """
        while True:
            try:
                reply = mailbox.get(timeout=_WATCH)
            except Empty:
                if time.monotonic() - self._heard > self._patience:
                    raise self._too_late() from None
                continue
            if not reply.kind:
                self._raise_if_ended()
            return reply

    def call(self, kind: int, *body: bytes, answer: int = _ANSWER) -> Reply:
        """Send one request and wait for its answer."""
        mailbox: Mailbox = SimpleQueue()
        self.submit((Request(kind, body, answer),), mailbox)
        return self.receive(mailbox)

    def expect(self, expected: int, reply: Reply) -> bytes:
        """Return the body of an answer of the expected kind.

        Raises:
            StatusError: it is a status instead, other than OK.
            ConnectionLostException: it is neither; the session is given up.
        """
        if reply.kind == expected and expected != p.STATUS:
            return reply.body
        if reply.kind == p.STATUS:
            status = self.parsed(p.parse_status, reply.body)
            if status.code != p.OK:
                raise StatusError(status)
            if expected == p.STATUS:
                return b""
        raise self.broken(f"the server answered with a packet of kind {reply.kind}")

    def parsed(self, parse: Callable[[bytes], T], body: bytes) -> T:
        """Return what ``parse`` makes of the body of an answer.

        Raises:
            ConnectionLostException: nothing; the session is given up.
        """
        try:
            return parse(body)
        except p.ProtocolError as error:
            raise self.broken(f"the server sent what is no SFTP: {error}") from error

    def extended(self, name: str, *body: bytes) -> bytes:
        """Make an extended request that is answered by data; return these."""
        return self.expect(p.EXTENDED_REPLY, self.call(p.EXTENDED, p.extended(name, *body)))

    def command(self, kind: int, *body: bytes) -> None:
        """Make a request that is answered by a status.

        Raises:
            StatusError: the status is not OK.
        """
        self.expect(p.STATUS, self.call(kind, *body))

    def open(self, kind: int, *body: bytes) -> bytes:
        """Open a file or directory; return its handle, encoded as a string."""
        return self.handle(self.call(kind, *body))

    def handle(self, reply: Reply) -> bytes:
        """Return the handle in an answer, encoded as a string."""
        return p.string(self.parsed(p.parse_string, self.expect(p.HANDLE, reply))[0])

    def forget(self, handle: bytes) -> None:
        """Close a handle without waiting for the answer. Never raises."""
        try:
            self.submit((Request(p.CLOSE, (handle,)),), None)
        except XenonException as error:
            _log.debug("a handle was not closed: %s", error)

    # the end

    @property
    def load(self) -> int:
        """How many requests are not answered yet."""
        return len(self._waiting)

    @property
    def is_open(self) -> bool:
        """Whether the session can be used."""
        return self._error is None

    def close(self) -> None:
        """End the session; whoever waits for an answer is told."""
        self._fail("the SFTP session was closed")
        self._release()

    def _raise_if_ended(self) -> None:
        if self._error is not None:
            raise type(self._error).because(self._error.msg, host=self._host)

    def broken(self, reason: str) -> XenonException:
        """Give the session up and return the exception that says why it ended."""
        self._fail(reason)
        self._release()
        assert self._error is not None
        return ConnectionLostException.because(self._error.msg, host=self._host)

    def _too_late(self) -> XenonException:
        reason = f"the server was silent for {self._patience:g} s"
        self._fail(reason, XenonTimeoutException)
        # In a thread of its own: it sends, and that blocks while the network is frozen.
        threading.Thread(target=self._release, name="xenon-sftp-close", daemon=True).start()
        return XenonTimeoutException.because(reason, host=self._host)
