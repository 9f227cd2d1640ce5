"""The relay that makes connections bad."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from services.proxy import Proxy


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends everything back."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(peer: socket.socket) -> None:
        with peer:
            try:
                while data := peer.recv(65536):
                    peer.sendall(data)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(peer,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), 5)


def test_latency_counts_both_ways(echo: int) -> None:
    with Proxy(echo, latency=0.1) as proxy, connect(proxy) as peer:
        began = time.monotonic()
        peer.sendall(b"ping")
        assert peer.recv(10) == b"ping"
        assert time.monotonic() - began >= 0.2


def test_freeze_and_thaw(echo: int) -> None:
    with Proxy(echo) as proxy, connect(proxy) as peer:
        proxy.freeze()
        peer.sendall(b"ping")
        peer.settimeout(0.3)
        with pytest.raises(TimeoutError):
            peer.recv(10)
        proxy.thaw()
        peer.settimeout(5)
        assert peer.recv(10) == b"ping"


def test_cut_is_a_reset_and_new_connections_work(echo: int) -> None:
    with Proxy(echo) as proxy:
        with connect(proxy) as peer:
            peer.sendall(b"ping")
            assert peer.recv(10) == b"ping"
            proxy.cut()
            with pytest.raises(ConnectionResetError):
                peer.recv(10)
        with connect(proxy) as peer:
            peer.sendall(b"ping")
            assert peer.recv(10) == b"ping"
        assert proxy.accepted == 2


def test_cut_after_so_many_bytes(echo: int) -> None:
    with Proxy(echo, cut_after=1000) as proxy, connect(proxy) as peer:
        peer.sendall(b"x" * 900)
        got = peer.recv(1000)
        assert got
        with pytest.raises(ConnectionError):
            for _ in range(100):
                peer.sendall(b"x" * 900)
                peer.recv(10000)
