"""The servers of the tests in containers, through the docker SDK.

The images (docker/*/Dockerfile) hold the packages and these very modules, and run
`python3 -m services run NAME`: a server is configured in one place, whoever starts it. Ports are
published under their own number, so that a name like `127.0.0.1:23023` means the same server to the
tests and to a gateway inside the container.
"""

import contextlib
import dataclasses
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from docker.client import DockerClient
from docker.errors import BuildError, DockerException

from services import users
from services.daemon import wait_until
from services.errors import ServiceError, ServiceUnavailable
from services.keys import KeyRing
from services.pbs_images import published_pbs
from services.proftpd import FTP_OFFSET, FTP_PORTS, SFTP_OFFSET
from services.pureftpd import HOME as PUREFTPD_HOME
from services.pureftpd import OFFSET as PUREFTPD_OFFSET
from services.pureftpd import PORTS as PUREFTPD_PORTS
from services.records import (
    AtHost,
    DavServer,
    FtpServer,
    GridEngineCell,
    PbsServer,
    S3Server,
    SlurmCluster,
    SshChain,
    SshServer,
)
from services.rgw import OFFSET as RGW_OFFSET
from services.rgw import RgwService
from services.seaweed import OFFSET as SEAWEED_OFFSET
from services.seaweed import SeaweedService
from services.slurm import OFFSETS as SLURM_OFFSETS
from services.slurm_config import Layout
from services.sshd import CHAIN_OFFSET, SSHD_OFFSET
from services.state import choose_ports
from services.vsftpd import OFFSET as VSFTPD_OFFSET
from services.vsftpd import PORTS as VSFTPD_PORTS
from services.webdav import ApacheService, LighttpdService, NginxService, WebServer

STATE = "/var/lib/xenon-test"  # in the images
_SOCKET = "unix:///var/run/docker.sock"
_TESTS = Path(__file__).resolve().parents[1]
_IMAGES = _TESTS.parent / "docker"


class DockerProvider:
    """Containers for as long as their context lasts.

    Args:
        client: A client of the docker SDK.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    @classmethod
    def from_environment(cls) -> "DockerProvider":
        """The engine that the environment names (DOCKER_HOST), if it answers."""
        scheme, _, path = os.environ.get("DOCKER_HOST", _SOCKET).partition("://")
        if scheme == "unix" and not Path(path).exists():  # the SDK would leak a socket
            raise ServiceUnavailable(f"no container engine: there is no {path}")
        try:
            client = DockerClient.from_env()
            client.ping()
        except DockerException as error:
            raise ServiceUnavailable(f"no container engine: {error}") from error
        return cls(client)

    @contextlib.contextmanager
    def sshd(self) -> Iterator[SshServer]:
        with self._container("openssh", ["sshd"], [SSHD_OFFSET]) as (files, base):
            yield _server(files, base + SSHD_OFFSET, users.XENON)

    @contextlib.contextmanager
    def ssh_chain(self) -> Iterator[SshChain]:
        accounts = (*users.HOPS, users.XENON)
        offsets = [CHAIN_OFFSET + number for number in range(len(accounts))]
        with self._container("openssh", ["sshchain"], offsets) as (files, base):
            servers = [
                _server(files, base + offset, account)
                for offset, account in zip(offsets, accounts, strict=True)
            ]
            known_hosts = files / "known_hosts"
            known_hosts.write_text("".join(each.known_hosts.read_text() for each in servers))
            yield SshChain(tuple(servers[:-1]), servers[-1], known_hosts)

    @contextlib.contextmanager
    def proftpd_sftp(self) -> Iterator[SshServer]:
        name = "proftpd-sftp"
        with self._container("proftpd", [name], [SFTP_OFFSET]) as (files, base):
            yield _server(files, base + SFTP_OFFSET, users.XENON)

    def proftpd_ftp(self) -> AbstractContextManager[FtpServer]:
        return self._ftp("proftpd", "proftpd-ftp", FTP_OFFSET, FTP_PORTS)

    def vsftpd(self) -> AbstractContextManager[FtpServer]:
        return self._ftp("vsftpd", "vsftpd", VSFTPD_OFFSET, VSFTPD_PORTS)

    @contextlib.contextmanager
    def pureftpd(self) -> Iterator[FtpServer]:
        with self._ftp("pureftpd", "pure-ftpd", PUREFTPD_OFFSET, PUREFTPD_PORTS) as server:
            yield dataclasses.replace(server, implicit_port=0, directory=PUREFTPD_HOME)

    def apache(self) -> AbstractContextManager[DavServer]:
        return self._dav(ApacheService())

    def nginx(self) -> AbstractContextManager[DavServer]:
        return self._dav(NginxService())

    def lighttpd(self) -> AbstractContextManager[DavServer]:
        return self._dav(LighttpdService())

    @contextlib.contextmanager
    def seaweed(self) -> Iterator[S3Server]:
        with self._container("seaweed", ["seaweed"], [SEAWEED_OFFSET], None) as (_, base):
            yield SeaweedService().record(base + SEAWEED_OFFSET)

    @contextlib.contextmanager
    def rgw(self) -> Iterator[S3Server]:
        with self._container("rgw", ["rgw"], [RGW_OFFSET], None) as (_, base):
            yield RgwService().record(base + RGW_OFFSET)

    @contextlib.contextmanager
    def atd(self) -> Iterator[AtHost]:
        with self._container("at", ["atd", "sshd"], [SSHD_OFFSET]) as (files, base):
            yield AtHost(ssh=_server(files, base + SSHD_OFFSET, users.XENON), local=False)

    def gridengine(self) -> AbstractContextManager[GridEngineCell]:
        raise ServiceUnavailable("there is no image with a Grid Engine: use --services=native")

    def pbs(self, flavour: str) -> AbstractContextManager[PbsServer]:
        return published_pbs(self._client, flavour)

    @contextlib.contextmanager
    def slurm(self, *, accounting: bool = True) -> Iterator[SlurmCluster]:
        name = "slurm" if accounting else "slurm-noacct"
        offset = SLURM_OFFSETS[name] + Layout.PORTS
        with self._container("slurm", [name], [offset]) as (files, base):
            yield SlurmCluster(
                ssh=_server(files, base + offset, users.XENON),
                environment={},
                local=False,
                accounting=accounting,
                account=users.XENON.name,
            )

    @contextlib.contextmanager
    def _dav(self, service: WebServer) -> Iterator[DavServer]:
        offsets = range(service.offset, service.offset + service.ports)
        tls = "tls" if service.record(0).tls_port else None
        with self._container("webdav", [service.name], offsets, tls) as (files, base):
            record = service.record(base + service.offset)
            yield dataclasses.replace(record, certificate=files / "server.crt" if tls else None)

    @contextlib.contextmanager
    def _ftp(self, image: str, name: str, offset: int, ports: int) -> Iterator[FtpServer]:
        offsets = range(offset, offset + ports)
        with self._container(image, [name], offsets, "tls") as (files, base):
            yield FtpServer(
                host="127.0.0.1",
                port=base + offset,
                implicit_port=base + offset + 1,
                user=users.XENON.name,
                password=users.XENON.password,
                directory=f"{STATE}/{name}/files",
                certificate=files / "server.crt",
                machine_listings=image != "vsftpd",
            )

    @contextlib.contextmanager
    def _container(
        self,
        image: str,
        services: Sequence[str],
        offsets: Sequence[int],
        files: str | None = "keys",
    ) -> Iterator[tuple[Path, int]]:
        """Run `services` in a container.

        Yields the directory to which the files in the folder `files` of its state were copied, and
        its first port.
        """
        tag = f"xenon-py-test-{image}"
        dockerfile = str(_IMAGES / image / "Dockerfile")
        try:
            self._client.images.build(path=str(_TESTS), dockerfile=dockerfile, tag=tag, rm=True)
        except BuildError as error:
            raise ServiceError(f"the image {image} cannot be built: {error}") from error
        with tempfile.TemporaryDirectory(prefix="xenon-docker-") as copied:
            directory = Path(copied)
            first, last = min(offsets), max(offsets)
            base = choose_ports(directory, image, None, last - first + 1) - first
            container = self._client.containers.run(
                tag,
                ["python3", "-m", "services", "run", *services],
                detach=True,
                init=True,
                hostname=image,
                environment={"XENON_TEST_PORT_BASE": str(base)},
                ports={f"{base + offset}/tcp": ("127.0.0.1", base + offset) for offset in offsets},
            )
            try:
                _wait_until_up(container, services, directory / "log")
                if files:
                    _copy_files(container, files, directory)
                yield directory, base
            finally:
                container.stop(timeout=30)
                container.remove(force=True, v=True)


def _wait_until_up(container: Any, services: Sequence[str], log: Path) -> None:
    """Wait until all services run; a container that ended is an error with its output."""

    def is_up() -> bool:
        container.reload()
        if container.status == "exited":
            raise ServiceError(f"the container ended: {container.logs().decode(errors='replace')}")
        status = ["python3", "-m", "services", "status", *services]
        return bool(container.exec_run(status).exit_code == 0)

    wait_until(is_up, 120, f"the container of {', '.join(services)}", log)


def _copy_files(container: Any, folder: str, directory: Path) -> None:
    """Copy the files in a folder of the container's state to this machine."""
    chunks, _ = container.get_archive(f"{STATE}/{folder}")
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is None:
                continue
            path = directory / Path(member.name).name
            path.write_bytes(content.read())
            path.chmod(0o600)


def _server(files: Path, port: int, account: users.Account) -> SshServer:
    ring = KeyRing(files)
    known_hosts = files / f"known_hosts_{port}"
    known_hosts.write_text(ring.known_hosts(port))
    authority = files / f"known_hosts_ca_{port}"
    authority.write_text(ring.known_hosts_ca(port))
    return SshServer(
        host="127.0.0.1",
        port=port,
        user=account.name,
        password=account.password,
        home=f"/home/{account.name}",
        known_hosts=known_hosts,
        known_hosts_ca=authority,
        keys=ring.user_keys,
    )
