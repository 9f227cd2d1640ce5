"""The pytest fixtures of the test services; tests/conftest.py makes them known to pytest."""

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import NoReturn, TypeVar

import pytest

from services.errors import ServiceUnavailable
from services.provider import NativeProvider, Provider
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
from services.slurm import Slurm
from services.slurm import private_slurm as a_slurm
from services.sshd import Sshd, private_sshd

Record = TypeVar("Record")


class Services:
    """The chosen provider, and what to do when it cannot provide."""

    def __init__(self, config: pytest.Config) -> None:
        self._required = bool(config.getoption("--require-services") or os.environ.get("CI"))
        self.native = config.getoption("--services") == "native"
        self._provider: Provider | None = None

    @property
    def provider(self) -> Provider:
        """The provider of the option `--services`."""
        if self._provider is None:
            self._provider = NativeProvider() if self.native else self._docker()
        return self._provider

    def use(self, start: Callable[[Provider], AbstractContextManager[Record]]) -> Iterator[Record]:
        """Yield the record of a service of the provider."""
        with contextlib.ExitStack() as stack:
            yield self.enter(stack, lambda: start(self.provider))

    def enter(
        self, stack: contextlib.ExitStack, start: Callable[[], AbstractContextManager[Record]]
    ) -> Record:
        """Start a service that ends with `stack`; what cannot be had is a skip or a failure."""
        try:
            return stack.enter_context(start())
        except ServiceUnavailable as reason:
            self._give_up(str(reason))

    def require_native(self) -> None:
        """Skip a test that harms its server where the servers are not of this machine."""
        if not self.native:
            pytest.skip("harms its server, which must be one of this machine: --services=native")

    def _give_up(self, reason: str) -> NoReturn:
        """Skip the test with the reason; where services are required, fail it."""
        if self._required:
            pytest.fail(f"required service is not available: {reason}", pytrace=False)
        pytest.skip(reason)

    def _docker(self) -> Provider:
        pytest.importorskip("docker.errors", reason="the docker SDK is not installed")
        from services.docker_provider import DockerProvider

        return DockerProvider.from_environment()


@pytest.fixture(scope="session")
def services(request: pytest.FixtureRequest) -> Services:
    """The provider behind the other fixtures."""
    return Services(request.config)


@pytest.fixture(scope="session")
def sshd(services: Services) -> Iterator[SshServer]:
    """The shared OpenSSH server; tests must not harm it (see `new_sshd`)."""
    yield from services.use(lambda provider: provider.sshd())


@pytest.fixture(scope="session")
def ssh_chain(services: Services) -> Iterator[SshChain]:
    """Two gateways and a target, each with a user and password of its own."""
    yield from services.use(lambda provider: provider.ssh_chain())


@pytest.fixture(scope="session")
def proftpd_sftp(services: Services) -> Iterator[SshServer]:
    """ProFTPD's SFTP server, which has none of OpenSSH's extensions."""
    yield from services.use(lambda provider: provider.proftpd_sftp())


@pytest.fixture(scope="session")
def proftpd_ftp(services: Services) -> Iterator[FtpServer]:
    """An FTP server that knows MLSD, with TLS."""
    yield from services.use(lambda provider: provider.proftpd_ftp())


@pytest.fixture(scope="session")
def vsftpd(services: Services) -> Iterator[FtpServer]:
    """An FTP server that knows LIST only, with TLS."""
    yield from services.use(lambda provider: provider.vsftpd())


@pytest.fixture(scope="session")
def pureftpd(services: Services) -> Iterator[FtpServer]:
    """An FTP server that changes some names without a word; explicit TLS only."""
    yield from services.use(lambda provider: provider.pureftpd())


@pytest.fixture(scope="session")
def apache(services: Services) -> Iterator[DavServer]:
    """Apache's WebDAV: basic, digest and no authentication, http and https."""
    yield from services.use(lambda provider: provider.apache())


@pytest.fixture(scope="session")
def nginx(services: Services) -> Iterator[DavServer]:
    """nginx's WebDAV, basic authentication."""
    yield from services.use(lambda provider: provider.nginx())


@pytest.fixture(scope="session")
def lighttpd(services: Services) -> Iterator[DavServer]:
    """lighttpd's WebDAV, basic authentication."""
    yield from services.use(lambda provider: provider.lighttpd())


@pytest.fixture(scope="session")
def seaweed(services: Services) -> Iterator[S3Server]:
    """SeaweedFS as S3 server, with two identities and no buckets."""
    yield from services.use(lambda provider: provider.seaweed())


@pytest.fixture(scope="session")
def rgw(services: Services) -> Iterator[S3Server]:
    """Ceph's gateway as S3 server, for tests with the marker `rgw`; it takes long to get."""
    yield from services.use(lambda provider: provider.rgw())


@pytest.fixture(
    scope="session",
    params=["seaweed", pytest.param("rgw", marks=pytest.mark.rgw)],
)
def s3(request: pytest.FixtureRequest) -> S3Server:
    """Each of the S3 servers."""
    server: S3Server = request.getfixturevalue(request.param)
    return server


@pytest.fixture(scope="session")
def atd(services: Services) -> Iterator[AtHost]:
    """A machine with an at daemon."""
    yield from services.use(lambda provider: provider.atd())


@pytest.fixture(scope="session")
def slurm(services: Services) -> Iterator[SlurmCluster]:
    """The shared Slurm; tests must not stop its daemons (see `private_slurm`)."""
    yield from services.use(lambda provider: provider.slurm())


@pytest.fixture(scope="session")
def gridengine(services: Services) -> Iterator[GridEngineCell]:
    """The shared Grid Engine; tests must not stop its daemons."""
    yield from services.use(lambda provider: provider.gridengine())


@pytest.fixture(scope="session")
def torque(services: Services) -> Iterator[PbsServer]:
    """The shared TORQUE."""
    yield from services.use(lambda provider: provider.pbs("torque"))


@pytest.fixture(scope="session")
def openpbs(services: Services) -> Iterator[PbsServer]:
    """The shared OpenPBS."""
    yield from services.use(lambda provider: provider.pbs("openpbs"))


@pytest.fixture(scope="session")
def slurm_without_accounting(services: Services) -> Iterator[SlurmCluster]:
    """A Slurm whose finished jobs are known to nobody after a minute."""
    yield from services.use(lambda provider: provider.slurm(accounting=False))


@pytest.fixture
def new_sshd(services: Services) -> Iterator[Callable[..., Sshd]]:
    """Makes throw-away sshds (`new_sshd(options)`), which a test may kill, freeze and reload."""
    services.require_native()
    with contextlib.ExitStack() as stack:
        yield lambda options=None: services.enter(stack, lambda: private_sshd(options))


@pytest.fixture(scope="module")
def private_slurm(services: Services) -> Iterator[Slurm]:
    """A Slurm for the tests of one module, which may stop its daemons and then `start()` it."""
    services.require_native()
    with contextlib.ExitStack() as stack:
        yield services.enter(stack, a_slurm)
