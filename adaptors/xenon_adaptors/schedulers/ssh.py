"""Jobs as processes of another machine, over SSH.

All batch jobs go through one channel, whatever their number; each interactive job has a channel of
its own. Files for standard streams are made and written over there.
"""

from __future__ import annotations

import threading
from typing import ClassVar

from xenon_adaptors.descriptions import SSH
from xenon_py.plugin.process import Process, ProcessAdaptor, ProcessSpec
from xenon_py.plugin.runners import file_system_of
from xenon_py.plugin.ssh import acquire
from xenon_py.plugin.ssh.runner import SshCommandRunner
from xenon_py.plugin.ssh.supervisor import Supervisor
from xenon_py.plugin.target import FileSystemSpec, Target


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
        return file_system_of(self._target, self._directory)

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
