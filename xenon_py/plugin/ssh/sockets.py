"""The byte stream under an SSH connection: TCP, or the command of ProxyCommand."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import tempfile
import threading
import time
from typing import IO

from xenon_py.exceptions import NotConnectedException

_GRACE = 2.0  # seconds for a proxy command to end by itself once its stream is closed
_COMPLAINT = 1000  # bytes


def open_tcp(host: str, port: int, timeout: float | None) -> socket.socket:
    """Connect to a host, trying each of its addresses within one time limit.

    Raises:
        NotConnectedException: the name is unknown, or no address answers.
    """
    where = f"{host}:{port}"
    end = None if timeout is None else time.monotonic() + timeout
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NotConnectedException.because(
            f"the host name {host!r} cannot be resolved: {error}", host=where
        ) from error
    fault: OSError = TimeoutError("timed out")
    for family, kind, protocol, _, address in addresses:
        left = None if end is None else end - time.monotonic()
        if left is not None and left <= 0:
            break
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(left)
            sock.connect(address)
        except OSError as error:
            sock.close()
            fault = error
            continue
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return sock
    raise NotConnectedException.because(
        f"cannot connect to {where}: {fault}", host=where
    ) from fault


class ProxySocket(socket.socket):
    """The near end of a proxy command; closing it ends the command."""

    process: subprocess.Popen[bytes]
    errors: IO[bytes]
    _reaper: threading.Thread | None = None
    _said = b""

    def complaint(self) -> str:
        """Close the stream; return the last of what the command said on its error stream."""
        self.close()
        if self._reaper is not None:
            self._reaper.join(2 * _GRACE)
        return self._said.decode("utf-8", "backslashreplace").strip()

    def close(self) -> None:
        """Close the stream, and see that the command ends."""
        if self._reaper is None and self.fileno() >= 0:
            super().close()
            self._reaper = threading.Thread(target=self._reap, daemon=True)
            self._reaper.start()

    def _reap(self) -> None:
        try:
            self.process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        with self.errors as errors:
            errors.seek(max(0, errors.seek(0, 2) - _COMPLAINT))
            self._said = errors.read()


def open_proxy(command: str, host: str) -> ProxySocket:
    """Start the command of ProxyCommand, by the shell, as ssh_config(5) says.

    Raises:
        NotConnectedException: it cannot be started.
    """
    near, far = socket.socketpair()
    with contextlib.closing(far):
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the socket
        try:
            process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {command}"],
                stdin=far.fileno(),
                stdout=far.fileno(),
                stderr=errors,
                start_new_session=True,
            )
        except OSError as error:
            near.close()
            errors.close()
            raise NotConnectedException.because(
                f"the ProxyCommand for {host} cannot be started: {error}", host=host
            ) from error
    sock = ProxySocket(fileno=near.detach())
    sock.process, sock.errors = process, errors
    return sock
