"""Options of TCP connections that are kept for later.

Firewalls and address translators forget a connection that is silent for some minutes, and tell
neither end: the next request would be waited for until its time-out. So the system sends a sign of
life now and then, and notices when none comes back.
"""

from __future__ import annotations

import socket

_SILENT_FOR = 30  # seconds before the first sign of life
_BETWEEN = 10  # seconds
_UNANSWERED = 6  # signs after which the connection is given up

_TIMES = {
    "TCP_KEEPIDLE": _SILENT_FOR,
    "TCP_KEEPINTVL": _BETWEEN,
    "TCP_KEEPCNT": _UNANSWERED,
}

OPTIONS: list[tuple[int, int, int]] = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in _TIMES.items()
        if hasattr(socket, name)  # not every system has them
    ),
]
"""Level, option, value of each, as ``setsockopt`` takes them; small requests go out at once."""


def set_options(sock: socket.socket) -> None:
    """Set the options on a connection."""
    for option in OPTIONS:
        sock.setsockopt(*option)
