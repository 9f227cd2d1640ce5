"""Making one SSH connection: stream, key exchange, host key, log-in, keep-alive."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import paramiko
from paramiko.ssh_exception import IncompatiblePeer

from xenon_py.exceptions import NotConnectedException
from xenon_py.plugin.ssh import sockets, verify
from xenon_py.plugin.ssh.auth import Login
from xenon_py.plugin.ssh.endpoint import Endpoint
from xenon_py.plugin.ssh.keepalive import Monitor
from xenon_py.plugin.ssh.transport import SshTransport

if TYPE_CHECKING:
    import socket

Stream: TypeAlias = "socket.socket | paramiko.Channel"
OpenTunnel: TypeAlias = Callable[[str, int], paramiko.Channel]

MONITOR = Monitor()


_LONGEST_GREETING = 80
_BUSY_GREETINGS = ("Exceeded MaxStartups", "Not allowed at this time")  # OpenSSH 9.8 and later


class DroppedAtStartException(NotConnectedException):
    """The server hung up before it said who it is, as it does when it is asked too often at once.

    (``MaxStartups`` of sshd_config(5).) Trying again after a pause is right.
    """


def connect(endpoint: Endpoint, tunnel: OpenTunnel | None = None) -> SshTransport:
    """Connect to a host and log in.

    Args:
        endpoint: where to.
        tunnel: opens a stream through the gateway, where there is one.

    Raises:
        DroppedAtStartException: the server hung up at once.
        UnknownHostKeyException, ChangedHostKeyException: by the host key.
        AuthenticationException: the server does not let the user in.
        NotConnectedException: anything else that keeps from connecting.
    """
    known = verify.load_known(endpoint)
    stream = _open_stream(endpoint, tunnel)
    transport = SshTransport(stream, endpoint.settings.timeout)
    try:
        transport.restrict(endpoint.config.algorithms)
        transport.choose_host_keys(endpoint.config.algorithms, known, verify.known_name(endpoint))
        _handshake(transport, endpoint, stream)
        verify.check_host_key(endpoint, transport.get_remote_server_key(), known)
        Login(
            transport, str(endpoint), endpoint.config, endpoint.credential, endpoint.settings
        ).run()
    except BaseException:
        transport.close()
        stream.close()
        raise
    MONITOR.watch(transport, endpoint.config.keepalive, endpoint.config.keepalive_count)
    return transport


def _open_stream(endpoint: Endpoint, tunnel: OpenTunnel | None) -> Stream:
    config = endpoint.config
    if tunnel is not None:
        return tunnel(config.hostname, config.port)
    if config.proxy_command:
        return sockets.open_proxy(config.proxy_command, str(endpoint))
    return sockets.open_tcp(config.hostname, config.port, endpoint.settings.timeout)


def _handshake(transport: SshTransport, endpoint: Endpoint, stream: Stream) -> None:
    """Exchange versions and keys."""
    begun = time.monotonic()
    limit = endpoint.settings.timeout
    try:
        transport.start_client(timeout=limit)
        if not transport.initial_kex_done:  # that is how start_client tells of its time limit
            raise TimeoutError("timed out")
    except IncompatiblePeer as error:
        raise NotConnectedException.because(
            f"{endpoint} has no algorithm in common with this library: {error}",
            host=str(endpoint),
        ) from error
    except (paramiko.SSHException, EOFError, OSError) as error:
        in_time = limit is None or time.monotonic() - begun < limit * 0.9
        raise _handshake_failure(transport, endpoint, stream, error, in_time=in_time) from error


def _handshake_failure(
    transport: SshTransport,
    endpoint: Endpoint,
    stream: Stream,
    error: Exception,
    *,
    in_time: bool,
) -> NotConnectedException:
    complaint = stream.complaint() if isinstance(stream, sockets.ProxySocket) else ""
    detail = f"; the ProxyCommand said: {complaint}" if complaint else ""
    if transport.greeting and not transport.remote_version:
        detail += f"; it said {transport.greeting[:_LONGEST_GREETING]!r}"
    passing = in_time and not complaint and _may_pass(transport.greeting)
    kind = DroppedAtStartException if passing else NotConnectedException
    if transport.remote_version:
        kind, what = NotConnectedException, f"the key exchange with {endpoint} failed"
    else:
        what = f"{endpoint} did not answer as an SSH server"
    when = "" if in_time else f" within {endpoint.settings.timeout:g} s"
    return kind.because(f"{what}{when}: {error or 'end of data'}{detail}", host=str(endpoint))


def _may_pass(greeting: str) -> bool:
    """Tell whether a server that greets so, and not as an SSH server, may be one all the same."""
    return not greeting or greeting.startswith(_BUSY_GREETINGS)
