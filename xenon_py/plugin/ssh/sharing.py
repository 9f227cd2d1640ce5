"""One connection per identity for the whole process, reference-counted.

Identity: user, host, port, gateways, credential and settings. File systems and schedulers that name
the same one share a connection; gateways are shared in the same way.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Hashable

import paramiko

from xenon_py.exceptions import (
    AuthenticationException,
    ChangedHostKeyException,
    NotConnectedException,
    UnknownHostKeyException,
)
from xenon_py.model.credentials import Credential
from xenon_py.model.location import Location
from xenon_py.model.properties import Properties
from xenon_py.plugin.ssh import connection
from xenon_py.plugin.ssh.channels import ChannelLease, ChannelPool
from xenon_py.plugin.ssh.connection import DroppedAtStartException
from xenon_py.plugin.ssh.endpoint import Endpoint, resolve
from xenon_py.plugin.ssh.keepalive import Monitor
from xenon_py.plugin.ssh.settings import settings_from
from xenon_py.plugin.ssh.transport import PACKET_SIZE, WINDOW_SIZE, SshTransport, keep_order

MAX_STARTUPS = 3  # connections to one server that are being made at the same time
_ATTEMPTS = 6
_FINAL = (AuthenticationException, UnknownHostKeyException, ChangedHostKeyException)
_TUNNEL_WINDOW = 16 * 1024 * 1024


class _Shared:
    """What all users of one identity have in common."""

    def __init__(self, endpoint: Endpoint, key: Hashable) -> None:
        self.endpoint = endpoint
        self.key = key
        self.users = 0
        self.gateway = acquire_endpoint(endpoint.gateway) if endpoint.gateway else None
        self.pool = ChannelPool(self._connect, str(endpoint))
        self._gone = False

    def _connect(self) -> SshTransport:
        """Connect, with pauses and further attempts where those can help.

        A server that was there is given some seconds to restart, by one call; until it is back the
        following ones ask it once.
        """
        again = self.pool.connections_opened > 0 and not self._gone
        try:
            made = self._connect_patiently(again)
        except NotConnectedException:
            self._gone = True
            raise
        self._gone = False
        return made

    def _connect_patiently(self, again: bool) -> SshTransport:
        begun, limit = time.monotonic(), self.endpoint.settings.timeout
        for attempt in range(_ATTEMPTS):
            try:
                with _startup_slot(self.endpoint):
                    tunnel = self.gateway.open_tunnel if self.gateway else None
                    return connection.connect(self.endpoint, tunnel)
            except _FINAL:
                raise
            except NotConnectedException as error:
                hopeless = not (again or isinstance(error, DroppedAtStartException))
                late = limit is not None and time.monotonic() - begun > limit
                if hopeless or late or attempt == _ATTEMPTS - 1:
                    raise
            time.sleep(0.2 * 2**attempt * random.uniform(0.75, 1.25))  # noqa: S311 - no secret
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        self.pool.close()
        if self.gateway:
            self.gateway.release()


class SharedConnection:
    """A user's share in a connection. ``release`` it exactly when it is needed no more.

    Attributes:
        host: ``host:port``.
        user: name on the server.
    """

    def __init__(self, shared: _Shared) -> None:
        self._shared = shared
        self._released = False
        self.host = str(shared.endpoint)
        self.user = shared.endpoint.config.user

    @property
    def connections_opened(self) -> int:
        """How many connections were made for this identity so far."""
        return self._shared.pool.connections_opened

    @property
    def agent_forwarding(self) -> bool:
        """Whether commands shall be able to reach the local agent."""
        return self._shared.endpoint.settings.agent_forwarding

    @property
    def identity_agent(self) -> str:
        """Socket of the agent as configured; ``""`` = ``$SSH_AUTH_SOCK``."""
        return self._shared.endpoint.config.identity_agent

    def open_channel(
        self,
        purpose: str = "exec",
        *,
        window_size: int = WINDOW_SIZE,
        max_packet_size: int = PACKET_SIZE,
        long_lived: bool | None = None,
        urgent: bool = False,
        timeout: float | None = None,
    ) -> ChannelLease:
        """Open a session channel, on which nothing has been requested yet.

        A connection that broke is made again first. When the server allows no more channels this
        waits for one, or makes a second connection where waiting would take for ever.

        Args:
            purpose: ``exec`` for commands that end, ``sftp`` and others for what is held for long.
            window_size: bytes that the server may send ahead.
            max_packet_size: largest packet that it may send.
            long_lived: whether it is held for long; ``None`` = by the purpose.
            urgent: where no channel is free, make a further connection at once.
            timeout: seconds to wait for a free channel; ``None`` = no limit.

        Raises:
            NotConnectedException: the server cannot be reached, or allows no session.
        """
        self._check()
        held = purpose != "exec" if long_lived is None else long_lived
        return self._shared.pool.open(
            window_size=window_size,
            max_packet_size=max_packet_size,
            long_lived=held,
            urgent=urgent,
            timeout=timeout,
        )

    def open_tunnel(self, host: str, port: int) -> paramiko.Channel:
        """Open a stream from the server to another host (``direct-tcpip``).

        Raises:
            NotConnectedException: the server cannot be reached, or cannot reach that host.
        """
        self._check()
        transport = self._shared.pool.ensure_link()
        try:
            channel = transport.open_channel(
                "direct-tcpip",
                (host, port),
                ("127.0.0.1", 0),
                window_size=_TUNNEL_WINDOW,
                timeout=self._shared.endpoint.settings.timeout,
            )
            return keep_order(channel, transport)
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise NotConnectedException.because(
                f"{self.host} cannot connect to {host}:{port}: {error or 'end of data'}",
                host=f"{host}:{port}",
            ) from error

    def is_open(self) -> bool:
        """Tell whether the connection is up, or can be made again when it is needed."""
        return not self._released

    def is_alive(self) -> bool:
        """Tell whether a connection is up at this moment."""
        return self._shared.pool.is_alive()

    def release(self) -> None:
        """Give the share back; the last one closes the connection. May be called again."""
        with _registry_lock():
            if self._released:
                return
            self._released = True
            self._shared.users -= 1
            last = self._shared.users == 0
            if last and _REGISTRY.get(self._shared.key) is self._shared:
                del _REGISTRY[self._shared.key]
        if last:
            self._shared.close()

    def _check(self) -> None:
        if self._released:
            raise NotConnectedException.because(
                f"the connection to {self.host} was released", host=self.host
            )


_REGISTRY: dict[Hashable, _Shared] = {}
_LOCKS = {"registry": threading.Lock()}
_STARTUPS: dict[tuple[str, int], threading.BoundedSemaphore] = {}


def _registry_lock() -> threading.Lock:
    return _LOCKS["registry"]


def _startup_slot(endpoint: Endpoint) -> threading.BoundedSemaphore:
    """Return what limits simultaneous log-ins at one server."""
    with _registry_lock():
        key = (endpoint.config.hostname, endpoint.config.port)
        return _STARTUPS.setdefault(key, threading.BoundedSemaphore(MAX_STARTUPS))


def acquire(location: Location, credential: Credential, properties: Properties) -> SharedConnection:
    """Return a share in the connection to a host, connecting if nobody has yet.

    Args:
        location: of the form ``host[:port][ via:…]``; its working directory plays no part.
        credential: one for all hosts, or a map.
        properties: those of ``sftp`` or ``ssh``.

    Raises:
        InvalidCredentialException: a credential that SSH has no use for.
        CredentialNotFoundException: a map without an entry for one of the hosts.
        UnknownHostKeyException, ChangedHostKeyException: by the host key.
        AuthenticationException: the server does not let the user in.
        NotConnectedException: the server cannot be reached.
    """
    return acquire_endpoint(resolve(location, credential, settings_from(properties)))


def acquire_endpoint(endpoint: Endpoint) -> SharedConnection:
    """Return a share in the connection to an endpoint (see ``acquire``)."""
    key = endpoint.identity()
    with _registry_lock():
        shared = _REGISTRY.get(key)
    if shared is None:
        made = _Shared(endpoint, key)  # outside of the lock: its gateway connects
        with _registry_lock():
            shared = _REGISTRY.setdefault(key, made)
        if shared is not made:
            made.close()
    share = _take(shared) or acquire_endpoint(endpoint)
    try:
        share._shared.pool.ensure_link()  # noqa: SLF001 - one unit with the class above
    except BaseException:
        share.release()
        raise
    return share


def _take(shared: _Shared) -> SharedConnection | None:
    """Count one more user; ``None`` when the last one has just left."""
    with _registry_lock():
        if _REGISTRY.get(shared.key) is not shared:
            return None
        shared.users += 1
        return SharedConnection(shared)


def _after_fork() -> None:
    _LOCKS["registry"] = threading.Lock()
    _STARTUPS.clear()
    connection.MONITOR = Monitor()
    for shared in list(_REGISTRY.values()):
        shared.pool.forget_after_fork()


os.register_at_fork(after_in_child=_after_fork)
