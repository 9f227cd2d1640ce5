"""A TCP relay on 127.0.0.1 that makes a good connection bad: slow, cut, frozen.

with Proxy(server.port, latency=0.2) as proxy:
    connect("127.0.0.1", proxy.port)
    proxy.freeze()
"""

import contextlib
import socket
import struct
import threading
import time
from types import TracebackType

_CHUNK = 16384


class Proxy:
    """Relays connections to a port of 127.0.0.1.

    Args:
        target: The server's port.
        latency: Seconds by which every chunk is late, per direction.
        rate: Bytes per second and direction of each connection; None is unlimited.
        cut_after: Reset a connection once so many bytes came from the client; None is never.
    """

    def __init__(
        self,
        target: int,
        latency: float = 0,
        rate: float | None = None,
        cut_after: int | None = None,
    ) -> None:
        self.latency = latency
        self.rate = rate
        self.cut_after = cut_after
        self.accepted = 0
        self._target = target
        self._flowing = threading.Event()
        self._flowing.set()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._closed = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._run(self._accept)

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def freeze(self) -> None:
        """Carry nothing more, in neither direction, and close nothing."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Undo `freeze`: what was held back is delivered."""
        self._flowing.set()

    def cut(self) -> None:
        """Reset all connections; new ones are accepted."""
        self._reset(*self._open)

    def close(self) -> None:
        """Reset all connections, accept no more, and wait for the threads to end."""
        self._closed = True
        self.thaw()
        with contextlib.suppress(OSError):  # a listener that is not connected says so
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(10)

    def _run(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            try:
                server = socket.create_connection(("127.0.0.1", self._target), 10)
            except OSError:
                self._reset(client)
                continue
            server.settimeout(None)
            with self._lock:
                self._open += [client, server]
            self._run(self._relay, client, server, self.cut_after)
            self._run(self._relay, server, client, None)

    def _relay(self, source: socket.socket, sink: socket.socket, limit: int | None) -> None:
        passed = 0
        with contextlib.suppress(OSError):  # the other direction, or cut(), closed the sockets
            while data := source.recv(_CHUNK):
                self._flowing.wait()
                time.sleep(self.latency + (len(data) / self.rate if self.rate else 0))
                passed += len(data)
                if limit is not None and passed > limit:
                    self._reset(source, sink)
                    return
                sink.sendall(data)
            if source in self._open:  # its peer ended in order; cut() would have removed it
                sink.shutdown(socket.SHUT_WR)

    def _reset(self, *sockets: socket.socket) -> None:
        """Close sockets so that their peers see a reset and not an orderly end.

        SHUT_RD wakes the thread that reads, and sends nothing; the reset goes out when that
        thread has let go of the socket.
        """
        with self._lock:
            self._open = [sock for sock in self._open if sock not in sockets]
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.shutdown(socket.SHUT_RD)
            sock.close()
