"""The `at` daemon. Its spool belongs to the whole machine, so there is one for all test runs."""

from pathlib import Path

from services.daemon import Daemon, process_info, wait_until
from services.service import Service
from services.state import make_directory

PACKAGES = ("at",)
_PID_FILE = Path("/run/atd.pid")


class AtdService(Service[None]):
    """An atd that starts every due job at once; one that runs already is used and left alone."""

    name = "atd"
    packages = PACKAGES

    @property
    def directory(self) -> Path:
        """The same for all checkouts."""
        return Path("/var/lib/xenon-test/atd")

    def start(self) -> None:
        if not self.running():
            daemon = Daemon(make_directory(self.directory), "atd")
            # -l: no waiting for a low load; -b: a second between jobs of the queue b.
            daemon.spawn(["/usr/sbin/atd", "-f", "-l", "1000", "-b", "1"])
            wait_until(self.running, 10, "atd", daemon.log)

    def stop(self) -> None:
        Daemon(self.directory, "atd").stop()

    def running(self) -> bool:
        if not _PID_FILE.exists():
            return False
        info = process_info(int(_PID_FILE.read_text() or 0))
        return info is not None and info.command == "atd"
