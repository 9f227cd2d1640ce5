"""Published images of TORQUE and OpenPBS, by name; used only where somebody pulled them."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docker.errors import ImageNotFound

from services import users
from services.daemon import wait_until
from services.errors import ServiceUnavailable
from services.keys import key_ring
from services.records import PbsServer, SshServer
from services.state import choose_ports, port_is_open, private_directory

IMAGES = {"torque": "xenonmiddleware/torque", "openpbs": "pbspro/pbspro"}
_WITH_SSHD = {"torque"}


@contextlib.contextmanager
def published_pbs(client: Any, flavour: str) -> Iterator[PbsServer]:
    """A container of a published image; its user is `xenon`, as in all images of Xenon.

    Args:
        client: A client of the docker SDK.
        flavour: `torque` or `openpbs`.
    """
    name = IMAGES[flavour]
    if flavour not in _WITH_SSHD:
        raise ServiceUnavailable(f"{name} has no sshd to log in by: use --services=native")
    try:
        client.images.get(name)
    except ImageNotFound as error:
        raise ServiceUnavailable(f"no image of {flavour} here: docker pull {name}") from error
    directory = private_directory(flavour)
    port = choose_ports(directory, flavour, None)
    container = client.containers.run(
        name, detach=True, hostname=flavour, ports={"22/tcp": ("127.0.0.1", port)}
    )
    try:
        wait_until(lambda: port_is_open(port), 120, name, directory / "log")
        known_hosts = directory / "known_hosts"
        _scan(port, known_hosts)
        yield PbsServer(flavour, _server(port, known_hosts), {}, local=False, real=True)
    finally:
        container.stop(timeout=30)
        container.remove(force=True, v=True)


def _scan(port: int, known_hosts: Path) -> None:
    """Take the host keys for granted: the container was started a moment ago, on this machine."""
    command = ["ssh-keyscan", "-p", str(port), "127.0.0.1"]
    done = subprocess.run(command, capture_output=True, check=True)
    known_hosts.write_bytes(done.stdout)


def _server(port: int, known_hosts: Path) -> SshServer:
    return SshServer(
        host="127.0.0.1",
        port=port,
        user=users.XENON.name,
        password=users.XENON.password,
        home=f"/home/{users.XENON.name}",
        known_hosts=known_hosts,
        known_hosts_ca=known_hosts,
        keys=key_ring().user_keys,
    )
