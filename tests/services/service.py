"""What all shared services have in common, and how several test runs share one."""

import abc
import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Generic, TypeVar

from services import packages
from services.state import locked, make_directory, state_directory

Record = TypeVar("Record")


class Service(abc.ABC, Generic[Record]):
    """A server that a whole test run shares; `start` and `stop` may be called at any time."""

    name: str
    packages: tuple[str, ...] = ()  # Debian packages
    on_request = False  # takes long to install or start: only where somebody names it

    @property
    def directory(self) -> Path:
        """Where the service keeps its state."""
        return state_directory() / self.name

    def install(self) -> None:
        """Install what is missing; raise ServiceUnavailable where that is impossible."""
        packages.require_root()
        packages.install(self.packages)

    @abc.abstractmethod
    def start(self) -> Record:
        """Start what does not run; quick when all runs. Returns the record for tests."""

    @abc.abstractmethod
    def stop(self) -> None:
        """End all processes of the service that were started from this state directory."""

    @abc.abstractmethod
    def running(self) -> bool:
        """Whether all processes run; they may still be starting (see `is_up`)."""

    def is_up(self) -> bool:
        """Whether it runs; waits for whoever is just starting or stopping it."""
        if not self.directory.exists():
            return False
        with locked(self.directory / "start.lock"):
            return self.running()

    def keep(self) -> Record:
        """Start the service for more than one test run: only `dismiss` ends it."""
        self.install()
        make_directory(self.directory)
        with locked(self.directory / "start.lock"):
            self._kept.touch()
            return self.start()

    def dismiss(self) -> None:
        """End the service, whoever uses it."""
        make_directory(self.directory)
        with locked(self.directory / "start.lock"):
            self._kept.unlink(missing_ok=True)
            self.stop()

    @contextlib.contextmanager
    def use(self) -> Iterator[Record]:
        """The running service, for one test run; the last of its users stops it."""
        self.install()
        make_directory(self.directory)
        with (self.directory / "users.lock").open("a") as users:
            try:
                with locked(self.directory / "start.lock"):
                    fcntl.flock(users, fcntl.LOCK_SH)
                    record = self.start()
                yield record
            finally:
                with locked(self.directory / "start.lock"):
                    if not self._kept.exists() and _is_last(users):
                        self.stop()

    @property
    def _kept(self) -> Path:
        return self.directory / "kept"


def _is_last(users: IO[str]) -> bool:
    """Whether nobody else holds the lock that every user of a service holds."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
