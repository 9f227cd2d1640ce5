"""The pytest fixtures of the test services; tests/conftest.py makes them known to pytest."""

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TypeVar

import pytest

from services.errors import ServiceUnavailable
from services.provider import NativeProvider, Provider
from services.records import SshChain, SshServer
from services.sshd import Sshd, SshdOptions, private_sshd

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
        """Yield the record of a service; a service that cannot be had is a skip or a failure."""
        with contextlib.ExitStack() as stack:
            try:
                record = stack.enter_context(start(self.provider))
            except ServiceUnavailable as reason:
                self.give_up(str(reason))
            yield record

    def give_up(self, reason: str) -> None:
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


@pytest.fixture
def new_sshd(services: Services) -> Iterator[Callable[[SshdOptions], Sshd]]:
    """Makes throw-away sshds, which a test may kill, freeze and reload; ended after the test."""
    if not services.native:
        pytest.skip("faults need a server of this machine: --services=native")
    with contextlib.ExitStack() as stack:

        def make(options: SshdOptions | None = None) -> Sshd:
            try:
                return stack.enter_context(private_sshd(options))
            except ServiceUnavailable as reason:
                services.give_up(str(reason))
                raise

        yield make
