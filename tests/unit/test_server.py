"""``init`` and what is left of PyXenon's server module."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator

import pytest

import xenon_py
from xenon_py import exceptions as exc
from xenon_py import server


@pytest.fixture
def quiet_logger() -> Iterator[logging.Logger]:
    logger = logging.getLogger("xenon_py")
    level, handlers = logger.level, list(logger.handlers)
    yield logger
    logger.setLevel(level)
    logger.handlers = handlers


def test_init_keeps_one_server_and_one_handler(quiet_logger: logging.Logger) -> None:
    first = xenon_py.init(port=50051, do_not_exit=True, disable_tls=True, log_level="info")
    assert (first.port, first.disable_tls) == (50051, True)
    assert quiet_logger.level == logging.INFO
    count = len(quiet_logger.handlers)
    with xenon_py.init(None, False, False, "WARNING") as second:
        assert second is first is server.__server__
    assert len(quiet_logger.handlers) == count
    assert quiet_logger.level == logging.WARNING


@pytest.mark.parametrize("bad", [{"port": -1}, {"port": 70000}, {"port": "1"}, {"port": True}])
def test_init_refuses_a_bad_port(bad: dict[str, object]) -> None:
    with pytest.raises(exc.IllegalArgumentException, match="port"):
        xenon_py.init(**bad)


@pytest.mark.parametrize("level", ["LOUD", "", None, -1, True, 1.5])
def test_init_refuses_a_bad_level(level: object, quiet_logger: logging.Logger) -> None:
    before = quiet_logger.level
    with pytest.raises(exc.IllegalArgumentException, match="log_level"):
        xenon_py.init(log_level=level)
    assert quiet_logger.level == before


def test_ports() -> None:
    port = server.find_free_port()
    assert not server.check_socket("127.0.0.1", port)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        assert server.check_socket("127.0.0.1", listener.getsockname()[1])
