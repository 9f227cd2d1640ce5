"""Jobs as processes of another machine, over SSH.

All batch jobs go through one channel, whatever their number; each interactive job has a channel of
its own. Files for standard streams are made and written over there.
"""

from __future__ import annotations

import threading
from typing import ClassVar

from xenon_adaptors.descriptions import SFTP, SSH
from xenon_py.model.location import Location
from xenon_py.model.properties import Properties
from xenon_py.plugin.process import Process, ProcessAdaptor, ProcessSpec
from xenon_py.plugin.ssh import acquire
from xenon_py.plugin.ssh.runner import SshCommandRunner
from xenon_py.plugin.ssh.supervisor import Supervisor
from xenon_py.plugin.target import FileSystemSpec, Target

_SFTP_NAMES = {"ssh.timeout": "sftp.connection.timeout"}


class SshAdaptor(ProcessAdaptor):
    """Starts processes of another machine."""

    description = SSH
    id_prefix: ClassVar[str] = "ssh"
    start_threads: ClassVar[int] = 8

    def __init__(self, target: Target) -> None:
        self._target = target
        self._connection = acquire(target.location, target.credential, target.properties)
        self._runner = SshCommandRunner(self._connection)
        self._lock = threading.Lock()
        self._supervisor: Supervisor | None = None
        try:
            self._directory = target.location.path or self._runner.home()
            self._live_supervisor()
        except BaseException:
            self._connection.release()
            raise

    def working_directory(self) -> str:
        """Return the directory of the location, else the user's home."""
        return self._directory

    def start(self, spec: ProcessSpec) -> Process:
        """Start a process; its output files are made over there, and must not be there."""
        if not spec.interactive:
            return self._live_supervisor().start(spec)
        process = self._runner.start(spec.argv, env=spec.environment, cwd=spec.working_directory)
        if process.pid:
            forget = self._live_supervisor().watch(process.pid)
            process.on_exit(lambda ended: forget())
        return process

    def file_system(self) -> FileSystemSpec:
        """Name the ``sftp`` adaptor, with the same connection settings."""
        return FileSystemSpec(
            "sftp",
            location_text(self._target.location, self._directory),
            sftp_properties(self._target.properties),
            self._target.credential,
        )

    def is_open(self) -> bool:
        """Tell whether the machine can be reached, as far as is known."""
        return self._connection.is_open()

    def close(self) -> None:
        """End what still runs over there, and give the share in the connection back."""
        with self._lock:
            supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            supervisor.close()
        self._runner.close()

    def _live_supervisor(self) -> Supervisor:
        """Return the supervisor; after a lost connection a new one."""
        with self._lock:
            if self._supervisor is None or self._supervisor.over:
                lease = self._connection.open_channel("supervisor")
                try:
                    self._supervisor = Supervisor(lease, self._connection.host)
                except BaseException:
                    lease.release()
                    raise
            return self._supervisor


def location_text(location: Location, directory: str) -> str:
    """Return a location as ``sftp`` takes it, with another working directory."""
    gateways = "".join(f" via:{hop}" for hop in reversed(location.hops))
    return f"{location.target}{directory}{gateways}"


def sftp_properties(properties: Properties) -> dict[str, str]:
    """Return what was given of the connection's properties, by the names that ``sftp`` has."""
    known = {one.short_name: one.name for one in SFTP.supported_properties}
    mapped = {}
    for name, text in properties.given.items():
        short = name[name.index("ssh.") :]
        wanted = _SFTP_NAMES.get(short, short.replace("ssh.", "sftp.", 1))
        if wanted in known:
            mapped[known[wanted]] = text
    return mapped
