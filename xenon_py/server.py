"""What PyXenon needed to start its server. There is no server here: ``init`` sets up logging."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING

from xenon_py.exceptions import IllegalArgumentException
from xenon_py.model.shown import shown

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Server", "check_socket", "find_free_port", "init"]


class Server:
    """Stands for the server that PyXenon had; does nothing, also as a context manager.

    Attributes:
        port: as given to ``init``; 0 when none was.
        disable_tls: as given to ``init``.
    """

    def __init__(self) -> None:
        self.port = 0
        self.disable_tls = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        return None


__server__ = Server()
_handler = logging.StreamHandler()


def init(
    port: int | None = None,
    do_not_exit: bool = False,
    disable_tls: bool = False,
    log_level: str | int = "WARNING",
) -> Server:
    """Send this library's log to standard error; nothing else is needed before using it.

    Programs written for PyXenon call it first. It may be called again.

    Args:
        port: taken for PyXenon's sake, without effect.
        do_not_exit: likewise.
        disable_tls: likewise.
        log_level: name or number of a level of ``logging``, for the logger ``xenon_py``.

    Returns:
        The same object at each call, a context manager.

    Raises:
        IllegalArgumentException: ``port`` is no port, or ``log_level`` no level.
    """
    del do_not_exit
    if port is not None and (
        not isinstance(port, int) or isinstance(port, bool) or not 0 <= port < 65536
    ):
        raise IllegalArgumentException.because(f"port must be 0..65535, not {shown(port)}")
    level = _level(log_level)
    logger = logging.getLogger("xenon_py")
    logger.setLevel(level)
    if _handler not in logger.handlers:
        _handler.setFormatter(logging.Formatter("%(levelname)s:%(name)s:%(message)s"))
        logger.addHandler(_handler)
    __server__.port = port or 0
    __server__.disable_tls = bool(disable_tls)
    return __server__


def _level(log_level: object) -> int:
    if isinstance(log_level, int) and not isinstance(log_level, bool) and log_level >= 0:
        return log_level
    known = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
    if isinstance(log_level, str) and log_level.upper() in known:
        number: int = getattr(logging, log_level.upper())
        return number
    raise IllegalArgumentException.because(
        f"log_level must be one of {', '.join(sorted(known))} or a number, not {shown(log_level)}"
    )


def find_free_port() -> int:
    """Return a TCP port that no program on this machine listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def check_socket(host: str, port: int) -> bool:
    """Tell whether a program accepts TCP connections at ``host`` and ``port`` (within 1 s)."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False
