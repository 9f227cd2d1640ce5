"""Agent forwarding: programs on the server reach the local agent through the connection."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import paramiko

_CHUNK = 65536


def forward_agent(channel: paramiko.Channel, path: str) -> None:
    """Ask the server to offer the local agent to what runs on a channel; no agent = nothing.

    Args:
        channel: a session channel on which no command was requested yet.
        path: socket of the agent; ``""`` = ``$SSH_AUTH_SOCK``, ``none`` = no agent.
    """
    path = path or os.environ.get("SSH_AUTH_SOCK", "")
    if path and path != "none":
        channel.request_forward_agent(lambda remote: _serve(remote, path))


def _serve(remote: paramiko.Channel, path: str) -> None:
    """Join a channel that the server opened to the agent; must return at once."""
    threading.Thread(target=_relay, args=(remote, path), name="xenon-agent", daemon=True).start()


def _relay(remote: paramiko.Channel, path: str) -> None:
    with contextlib.closing(remote), socket.socket(socket.AF_UNIX) as local:
        try:
            local.connect(path)
        except OSError:  # the agent is gone: the program over there sees an agent that hangs up
            return
        back = threading.Thread(target=_copy, args=(local.recv, remote.sendall), daemon=True)
        back.start()
        _copy(remote.recv, local.sendall)
        with contextlib.suppress(OSError):
            local.shutdown(socket.SHUT_RDWR)
        back.join()


def _copy(receive: object, send: object) -> None:
    with contextlib.suppress(OSError, EOFError):  # either side may hang up at any time
        while data := receive(_CHUNK):  # type: ignore[operator]
            send(data)  # type: ignore[operator]
