"""paramiko's Transport, told what this library wants of it.

* host-key algorithms in the order in which keys are known, certificates included;
* AES-GCM first (it needs no HMAC per packet), the other ciphers behind it;
* only those algorithms that the user's configuration permits;
* the time of the last packet received, for the detection of dead peers;
* nothing is sent on a channel after its end, which would break the whole connection;
* the signal that ended a remote command (``exit-signal``, RFC 4254 section 6.10), which paramiko
  itself throws away.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import Any

import paramiko
from paramiko.common import MSG_CHANNEL_CLOSE, MSG_CHANNEL_REQUEST
from paramiko.message import Message
from paramiko.packet import Packetizer

from xenon_py.plugin.ssh.algorithms import Algorithms, nothing_left, permitted
from xenon_py.plugin.ssh.host_keys import KnownKey, preferred_algorithms

_FIRST_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
LOG_NAME = "xenon_py.ssh.transport"
WINDOW_SIZE = 2 * 1024 * 1024
PACKET_SIZE = 32 * 1024


class _Demoted(logging.Filter):
    """Makes paramiko's log records DEBUG: what it calls errors comes as exceptions, or is none."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.levelno, record.levelname = logging.DEBUG, "DEBUG"
        return logging.getLogger(LOG_NAME).isEnabledFor(logging.DEBUG)


logging.getLogger(LOG_NAME).addFilter(_Demoted())


class WatchedPacketizer(Packetizer):
    """Notes when the last packet came in (``time.monotonic()``), and how the server greets."""

    last_packet = 0.0
    greeting = ""

    def readline(self, timeout: float) -> str:
        """Read a line of what comes before the packets."""
        line: str = super().readline(timeout)
        self.greeting = self.greeting or line
        return line

    def read_message(self) -> tuple[int, Message]:
        """Read the next packet."""
        message = super().read_message()
        self.last_packet = time.monotonic()
        return message


class SshTransport(paramiko.Transport):
    """A connection to one server.

    Args:
        sock: connected socket, or a channel of another connection.
        timeout: seconds for the key exchange and each step of the log-in; ``None`` = no limit.

    Attributes:
        host_key_algorithms: those that are asked for, best first; to be set before the handshake.
        lost_reason: why this library gave the connection up; ``""`` = it did not.
    """

    lost_reason = ""

    def __init__(self, sock: Any, timeout: float | None) -> None:
        super().__init__(
            sock,
            default_window_size=WINDOW_SIZE,
            default_max_packet_size=PACKET_SIZE,
            packetizer_class=WatchedPacketizer,
        )
        self.set_log_channel(LOG_NAME)
        self.host_key_algorithms: tuple[str, ...] = ()
        limit = 24 * 3600.0 if timeout is None else timeout
        self.banner_timeout = self.handshake_timeout = self.auth_timeout = limit
        options = self.get_security_options()
        others = [name for name in options.ciphers if name not in _FIRST_CIPHERS]
        known = [name for name in _FIRST_CIPHERS if name in options.ciphers]
        options.ciphers = (*known, *others)
        table: dict[int, Any] = super()._channel_handler_table  # type: ignore[misc]
        self._channel_handler_table = {**table, MSG_CHANNEL_REQUEST: _handle_channel_request}

    @property
    def preferred_keys(self) -> tuple[str, ...]:
        """The host-key algorithms; paramiko itself puts certificates last."""
        return self.host_key_algorithms

    @property
    def last_packet(self) -> float:
        """When the last packet came in, by ``time.monotonic()``."""
        packetizer = self.packetizer
        assert isinstance(packetizer, WatchedPacketizer)
        return packetizer.last_packet

    @property
    def greeting(self) -> str:
        """The first line that the server sent; ``""`` while there was none."""
        packetizer = self.packetizer
        assert isinstance(packetizer, WatchedPacketizer)
        return packetizer.greeting

    def restrict(self, algorithms: Algorithms) -> None:
        """Offer only what the configuration permits; to be called before the handshake.

        Raises:
            NotConnectedException: that leaves nothing.
        """
        options = self.get_security_options()
        options.ciphers = permitted(
            "ciphers", algorithms.ciphers, options.ciphers, self._known("cipher")
        )
        options.digests = permitted("macs", algorithms.macs, options.digests, self._known("mac"))
        options.kex = permitted("kex", algorithms.kex, options.kex, self._known("kex"))

    def _known(self, kind: str) -> list[str]:
        """Return all algorithms that paramiko has for a purpose."""
        return list(getattr(self, f"_{kind}_info"))

    def choose_host_keys(
        self, algorithms: Algorithms, known: Sequence[KnownKey], name: str
    ) -> None:
        """Ask for the host keys that are permitted, those first that can be recognised.

        Args:
            algorithms: permitted ones.
            known: lines of the known_hosts files.
            name: of the server.

        Raises:
            NotConnectedException: that leaves nothing.
        """
        plain = self.get_security_options().key_types
        certificates = [f"{one}-cert-v01@openssh.com" for one in plain]
        allowed = permitted(
            "host_keys", algorithms.host_keys, (*certificates, *plain), self._known("key")
        )
        best = preferred_algorithms(known, name, plain)
        self.host_key_algorithms = tuple(one for one in best if one in allowed)
        if not self.host_key_algorithms:
            raise nothing_left("host_keys", algorithms.host_keys, best)

    def send_now(self, message: Message) -> None:
        """Send a message without waiting for an answer to it."""
        self._send_user_message(message)  # type: ignore[attr-defined]


class _OrderedSender:
    """Stands for the transport towards one channel: nothing is sent after the channel's CLOSE.

    paramiko's threads make a message under the channel's lock but send it outside; one that comes
    behind CLOSE is for a channel that the server has freed, and OpenSSH ends the connection.
    """

    def __init__(self, transport: SshTransport) -> None:
        self._transport = transport
        self._order = threading.Lock()
        self._closed = False

    def _send_user_message(self, message: Message) -> None:
        kind = message.asbytes()[0]
        with self._order:
            if not self._closed:
                self._closed = kind == MSG_CHANNEL_CLOSE
                self._transport.send_now(message)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def keep_order(channel: paramiko.Channel, transport: SshTransport) -> paramiko.Channel:
    """See that a fresh channel sends its messages in order; return it."""
    channel.transport = _OrderedSender(transport)  # type: ignore[assignment]
    return channel


def exit_signal(channel: paramiko.Channel) -> tuple[str, bool] | None:
    """Return name and core-dump flag of the signal that ended a channel's command, or ``None``."""
    return getattr(channel, "xenon_exit_signal", None)


def _handle_channel_request(channel: Any, message: Message) -> None:
    """Take note of exit-signal; leave every other request to paramiko."""
    start = message.packet.tell()
    if message.get_text() == "exit-signal":
        message.get_boolean()
        channel.xenon_exit_signal = (message.get_text(), message.get_boolean())
        channel.status_event.set()
        return
    message.packet.seek(start)
    channel._handle_request(message)  # noqa: SLF001 - what the table held before
