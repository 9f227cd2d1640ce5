"""Session channels over one or more connections to the same server, never more than it allows.

sshd allows ``MaxSessions`` sessions on a connection, 10 by default, and tells nobody: it refuses
the next one. So the limit is learnt from refusals. Who finds no free channel waits in line; when
nothing is freed, because all channels are held for long, a further connection is made.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

import paramiko

from xenon_py.exceptions import ConnectionLostException, NotConnectedException
from xenon_py.plugin.ssh.transport import PACKET_SIZE, WINDOW_SIZE, SshTransport, keep_order

MAX_LINKS = 8
_PATIENCE_LONG = 0.2  # seconds to wait for a channel when all are held for long
_PATIENCE_SHORT = 3.0  # … when some belong to commands, which end
_PROBE = 0.5  # seconds after which a learnt limit is tried again
_OPEN_TIMEOUT = 30.0
_REFUSALS = 6  # in a row, with no channel open: then the server allows none


@dataclass(eq=False)
class Link:
    """One connection, and how many channels are open on it.

    Attributes:
        transport: the connection.
        opened: channels now open.
        pending: channels being opened.
        held: of the open ones, those held for long.
        limit: how many it allows, as far as learnt.
    """

    transport: SshTransport
    opened: int = 0
    pending: int = 0
    held: int = 0
    limit: int | None = None

    def has_room(self) -> bool:
        """Tell whether one more may be tried."""
        return self.limit is None or self.opened + self.pending < self.limit


class _LiveEvent(threading.Event):
    """An event whose ``wait`` ends when the connection does.

    paramiko waits for answers to channel requests without a time limit, and can miss the end.
    """

    def __init__(self, transport: SshTransport) -> None:
        super().__init__()
        self._transport = transport

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the event, the time-out, or the end of the connection."""
        end = None if timeout is None else time.monotonic() + timeout
        while not self.is_set() and self._transport.is_active():
            left = 0.5 if end is None else min(0.5, end - time.monotonic())
            if left <= 0:
                return False
            super().wait(left)
        if not self._transport.is_active():
            self.set()  # paramiko asserts that it is
        return self.is_set()


class ChannelLease:
    """A session channel, on loan. ``release`` it, or use it in ``with``.

    Attributes:
        channel: the channel.
        transport: its connection.
    """

    def __init__(self, pool: ChannelPool, link: Link, channel: paramiko.Channel) -> None:
        self.channel = channel
        self.transport = link.transport
        self._pool = pool
        self._link = link
        self._pid = os.getpid()
        self._released = False

    def release(self) -> None:
        """Close the channel and let the next one have its place; may be called again."""
        if self._released or self._pid != os.getpid():
            return
        self._released = True
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self.channel.close()
        self._pool.give_back(self._link, self)

    def lost(self) -> str:
        """Return why the connection is gone; ``""`` while it is there."""
        if self.transport.is_active():
            return ""
        return self.transport.lost_reason or "the connection was closed"

    def __enter__(self) -> ChannelLease:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


class ChannelPool:
    """Channels to one server.

    Args:
        connect: makes a further connection.
        host: for messages.

    Attributes:
        connections_opened: how many connections were made so far.
    """

    def __init__(self, connect: Callable[[], SshTransport], host: str) -> None:
        self.connections_opened = 0
        self._connect = connect
        self._host = host
        self._closed = False
        self._fresh()

    def _fresh(self) -> None:
        self._changed = threading.Condition()
        self._connecting = threading.Lock()
        self._links: list[Link] = []
        self._line: deque[object] = deque()
        self._leases: set[ChannelLease] = set()

    def open(
        self,
        *,
        window_size: int = WINDOW_SIZE,
        max_packet_size: int = PACKET_SIZE,
        long_lived: bool = False,
        urgent: bool = False,
        timeout: float | None = None,
    ) -> ChannelLease:
        """Open a session channel, waiting for a free one if need be.

        Args:
            window_size: bytes that the server may send ahead.
            max_packet_size: largest packet that it may send.
            long_lived: it will be held for long: who waits shall not count on its end.
            urgent: make a further connection at once where no channel is free.
            timeout: seconds to wait for a free channel; ``None`` = no limit.

        Raises:
            NotConnectedException: there is no connection and none can be made, the server allows
                no channel, or none was free in time.
        """
        ticket = object()
        end = None if timeout is None else time.monotonic() + timeout
        refusals = losses = 0
        with self._changed:
            self._line.append(ticket)
        try:
            while True:
                link = self._reserve(ticket, end, urgent=urgent)
                try:
                    channel = self._try(link, window_size, max_packet_size, long_lived=long_lived)
                except ConnectionLostException:
                    losses += 1
                    if losses > 2:
                        raise
                    channel = None
                if channel is not None:
                    return self._lend(link, channel)
                refusals += link.opened == 0
                if refusals >= _REFUSALS:
                    raise NotConnectedException.because(
                        f"{self._host} lets the user in, but refuses to open a session",
                        host=self._host,
                    )
                if link.opened == 0:
                    time.sleep(0.05 * 2**refusals)
                with self._changed:
                    self._line.appendleft(ticket)
        finally:
            with self._changed:
                with contextlib.suppress(ValueError):
                    self._line.remove(ticket)
                self._changed.notify_all()

    def _reserve(self, ticket: object, end: float | None, *, urgent: bool) -> Link:
        """Wait for one's turn and for room; return the link with a place reserved."""
        begun = time.monotonic()
        probed = begun
        while True:
            with self._changed:
                self._check_open()
                self._links = [link for link in self._links if link.transport.is_active()]
                if self._line[0] is ticket:
                    link = next((link for link in self._links if link.has_room()), None)
                    if link is not None:
                        link.pending += 1
                        self._line.popleft()
                        self._changed.notify_all()
                        return link
                    waited = time.monotonic() - begun
                    grow = not self._links or self._should_grow(waited, urgent=urgent)
                    if not grow and time.monotonic() - probed > _PROBE:
                        probed = time.monotonic()
                        self._links[0].limit = None
                        continue
                else:
                    grow = False
                    begun = probed = time.monotonic()
                if end is not None and time.monotonic() >= end:
                    raise NotConnectedException.because(
                        f"no channel to {self._host} was free in time", host=self._host
                    )
                if not grow:
                    self._changed.wait(0.1)
            if grow:
                self.ensure_link(more=True)

    def _should_grow(self, waited: float, *, urgent: bool) -> bool:
        if len(self._links) >= MAX_LINKS:
            return False
        all_held = all(link.held >= link.opened for link in self._links)
        return urgent or waited > (_PATIENCE_LONG if all_held else _PATIENCE_SHORT)

    def ensure_link(self, *, more: bool = False) -> SshTransport:
        """Return a live connection; make one when there is none, or when ``more`` are needed."""
        with self._changed:
            before = len(self._links)
        with self._connecting:
            with self._changed:
                self._check_open()
                self._links = [link for link in self._links if link.transport.is_active()]
                if self._links and (not more or len(self._links) > before):
                    return self._links[-1].transport
            transport = self._connect()
            with self._changed:
                self.connections_opened += 1
                self._links.append(Link(transport))
                self._changed.notify_all()
            return transport

    def _check_open(self) -> None:
        if self._closed:
            raise NotConnectedException.because(
                f"the connection to {self._host} was released", host=self._host
            )

    def _try(
        self, link: Link, window_size: int, max_packet_size: int, *, long_lived: bool
    ) -> paramiko.Channel | None:
        """Open a channel on a link; ``None`` when the server refuses."""
        channel = None
        try:
            channel = link.transport.open_session(window_size, max_packet_size, _OPEN_TIMEOUT)
        except (paramiko.SSHException, OSError, EOFError) as error:
            if not link.transport.is_active():
                reason = link.transport.lost_reason or error
                raise ConnectionLostException.because(
                    f"the connection to {self._host} broke: {reason}", host=self._host
                ) from error
        finally:
            with self._changed:
                link.pending -= 1
                if channel is not None:
                    link.opened += 1
                    link.held += long_lived
                    if link.limit is not None:
                        link.limit = max(link.limit, link.opened)
                else:
                    link.limit = max(1, link.opened)
                self._changed.notify_all()
        if channel is not None:
            channel.event = _LiveEvent(link.transport)
            keep_order(channel, link.transport)
        return channel

    def _lend(self, link: Link, channel: paramiko.Channel) -> ChannelLease:
        lease = ChannelLease(self, link, channel)
        with self._changed:
            self._leases.add(lease)
        return lease

    def give_back(self, link: Link, lease: ChannelLease) -> None:
        """Count a released channel (called by the lease)."""
        with self._changed:
            if lease in self._leases:
                self._leases.remove(lease)
                link.opened -= 1
                link.held = min(link.held, link.opened)
                self._changed.notify_all()

    def is_alive(self) -> bool:
        """Tell whether a connection is up."""
        with self._changed:
            return any(link.transport.is_active() for link in self._links)

    def close(self) -> None:
        """Close all connections; whoever still waits gets an exception."""
        with self._changed:
            self._closed = True
            links, self._links = self._links, []
            self._changed.notify_all()
        for link in links:
            link.transport.close()

    def forget_after_fork(self) -> None:
        """In a forked child: leave the parent's connections alone, begin anew.

        The descriptors are copies: closing them here does not touch the parent's connections. But
        nothing may be sent, and locks may be held by threads that do not exist here.
        """
        for lease in list(self._leases):
            lease.channel.lock = threading.Lock()
            lease.channel.closed = True
        for link in list(self._links):
            abandon(link.transport)
        self._fresh()


def abandon(transport: SshTransport) -> None:
    """In a forked child: drop a connection of the parent without a word to the server."""
    import socket

    transport.active = False  # type: ignore[attr-defined]
    transport.clear_to_send_lock = threading.Lock()
    if isinstance(transport.sock, socket.socket):
        socket.socket.close(transport.sock)  # not ProxySocket.close: its command serves the parent
    else:
        transport.sock.lock = threading.Lock()
        transport.sock.closed = True
