"""Where test services keep their state, and which ports they take.

Variables:

* `XENON_TEST_STATE`: the state directory. The default differs from checkout to checkout, so that
  two checkouts run side by side. It must be reachable by other users: daemons drop their rights.
* `XENON_TEST_LISTEN`: the address that servers listen on, for containers; default 127.0.0.1.
* `XENON_TEST_PORT_BASE`: first port; each server then has a fixed offset. By default free ports
  are chosen once and remembered in the state directory.
"""

import contextlib
import fcntl
import hashlib
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from services.errors import ServiceUnavailable

_PORT_RANGE = range(20000, 31000)  # below the ephemeral ports, which any client may be using


def state_directory() -> Path:
    """The directory below which all services of this checkout keep their files."""
    chosen = os.environ.get("XENON_TEST_STATE")
    if chosen:
        return Path(chosen).absolute()
    checkout = str(Path(__file__).resolve().parents[2])
    # Short, because the path of a Unix socket has at most 107 bytes.
    return Path("/var/lib/xenon-test") / hashlib.sha256(checkout.encode()).hexdigest()[:8]


def listen_address() -> str:
    """The address that servers listen on: in a container not the loopback."""
    return os.environ.get("XENON_TEST_LISTEN", "127.0.0.1")


def make_directory(path: Path) -> Path:
    """Create `path` so that every user may enter it; refuse a place that others cannot reach."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o755)
    for parent in path.parents:
        if not parent.stat().st_mode & 0o001:
            raise ServiceUnavailable(
                f"{parent} is closed to other users, and servers run as other users: "
                "set XENON_TEST_STATE to a directory that everybody may enter"
            )
    return path


def private_directory(name: str) -> Path:
    """A new directory for a throw-away server."""
    parent = make_directory(state_directory() / "private")
    return make_directory(Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent)))


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on the file `path`; other processes wait."""
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def machine_lock() -> contextlib.AbstractContextManager[None]:
    """The lock for what belongs to the whole machine: packages and user accounts."""
    return locked(Path(tempfile.gettempdir()) / "xenon-test-services.lock")


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def port_is_open(port: int) -> bool:
    """Whether something accepts connections on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def choose_ports(directory: Path, name: str, offset: int | None, count: int = 1) -> int:
    """The first of `count` consecutive ports of 127.0.0.1, the same at every start if possible.

    Args:
        directory: State directory of the service; the choice is remembered there.
        name: What the ports are for.
        offset: Added to `XENON_TEST_PORT_BASE` when that is set; None for a throw-away server,
            which always gets free ports.
        count: How many ports in a row are needed.
    """
    base = os.environ.get("XENON_TEST_PORT_BASE")
    if base and offset is not None:
        return int(base) + offset
    memory = directory / f"{name}.port"
    if memory.exists():
        first = int(memory.read_text())
        if all(port_is_free(port) for port in range(first, first + count)):
            return first
    for _ in range(1000):
        first = random.choice(_PORT_RANGE[: -count - 1])
        if all(port_is_free(port) for port in range(first, first + count)):
            memory.write_text(str(first))
            return first
    raise ServiceUnavailable(f"no {count} free ports in {_PORT_RANGE}")
