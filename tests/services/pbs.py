"""TORQUE and OpenPBS of the tests: the stand-in for their commands, and an sshd beside it."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from services import packages, users
from services import sshd as ssh
from services.daemon import Daemon, wait_until
from services.pbs_standin.client import write_commands
from services.pbs_standin.flavours import FLAVOURS
from services.records import PbsServer
from services.service import Service
from services.sshd import Sshd, SshdOptions
from services.state import make_directory, private_directory

OFFSETS = {"torque": 280, "openpbs": 290}  # of the sshd's port from XENON_TEST_PORT_BASE


class Standin:
    """A stand-in with its files in one directory; a test of its own may do to it what it likes."""

    def __init__(self, directory: Path, flavour: str) -> None:
        self.directory, self.flavour = directory, flavour
        self.commands = directory / "bin"
        self._daemon = Daemon(directory, "pbs")

    @property
    def environment(self) -> Mapping[str, str]:
        """With it, programs find the commands."""
        return {"PATH": f"{self.commands}:/usr/local/bin:/usr/bin:/bin"}

    @property
    def running(self) -> bool:
        """Whether the daemon runs."""
        return self._daemon.pid is not None

    def start(self) -> None:
        """Start the daemon unless it runs."""
        if self.running:
            return
        socket = self.directory / "socket"
        socket.unlink(missing_ok=True)
        write_commands(self.commands, socket, FLAVOURS[self.flavour])
        words = [sys.executable, "-m", "services.pbs_standin.daemon", str(self.directory)]
        tests = str(Path(__file__).resolve().parents[1])
        self._daemon.spawn([*words, self.flavour], {"PYTHONPATH": tests})
        wait_until(socket.exists, 10, "the stand-in", self._daemon.log)

    def stop(self) -> None:
        """End the daemon and all jobs."""
        self._daemon.stop()

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one of its commands."""
        program = str(self.commands / words[0])
        return subprocess.run(
            [program, *words[1:]],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def administer(self, *words: str) -> list[str]:
        """Change a setting, e.g. `away on`; returns the lines that it tells."""
        done = self.run("standin-admin", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()


@contextlib.contextmanager
def private_standin(flavour: str) -> Iterator[Standin]:
    """A stand-in of a test's own, for any user of the machine."""
    standin = Standin(private_directory(f"pbs-{flavour}"), flavour)
    standin.start()
    try:
        yield standin
    finally:
        standin.stop()


class PbsService(Service[PbsServer]):
    """The stand-in that tests share, and its log-in node."""

    flavour: ClassVar[str]
    packages = ssh.PACKAGES

    @property
    def _standin(self) -> Standin:
        return Standin(make_directory(self.directory), self.flavour)

    def install(self) -> None:
        if os.geteuid() == 0:
            packages.install(self.packages)

    def start(self) -> PbsServer:
        standin = self._standin
        standin.start()
        if os.geteuid() != 0:
            return PbsServer(self.flavour, None, standin.environment, local=True, real=False)
        users.ensure(users.XENON)
        login = self._login()
        login.start()
        return PbsServer(self.flavour, login.server, standin.environment, local=True, real=False)

    def _login(self) -> Sshd:
        options = SshdOptions(set_env=dict(self._standin.environment))
        return Sshd(self.directory / "ssh", options, OFFSETS[self.flavour])

    def stop(self) -> None:
        if os.geteuid() == 0:
            self._login().stop()
        self._standin.stop()

    def running(self) -> bool:
        return self._standin.running


class TorqueService(PbsService):
    """TORQUE."""

    name = flavour = "torque"


class OpenPbsService(PbsService):
    """OpenPBS."""

    name = flavour = "openpbs"
