"""Runs commands on this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from xenon_py.exceptions import CommandNotFoundException, XenonTimeoutException
from xenon_py.plugin.local_groups import signal_group
from xenon_py.plugin.local_process import LocalProcess, popen
from xenon_py.plugin.process import Process
from xenon_py.plugin.runner import CommandResult, CommandRunner


class LocalCommandRunner(CommandRunner):
    """Commands as subprocesses, each leading a session and process group of its own.

    Attributes:
        grace: seconds between TERM and KILL when a time-out has passed.
    """

    def __init__(self, grace: float = 2.0) -> None:
        self.grace = grace

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        timeout: float | None = None,
    ) -> CommandResult:
        """Run a command to its end, that is, until it has exited and closed its outputs."""
        pipe = subprocess.PIPE
        process = popen(
            argv,
            cwd=cwd,
            env=_environment(env),
            stdin=pipe if stdin else subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
        )
        try:
            stdout, stderr = process.communicate(stdin or None, timeout)
        except BaseException as error:
            stdout, stderr = _kill(process, self.grace)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            raise XenonTimeoutException.because(
                f"{argv[0]} did not end within {timeout} s, and was killed",
                command=argv,
                stdout=stdout,
                stderr=stderr,
            ) from error
        return _result(argv, process.returncode, stdout, stderr)

    def start(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: str | None = None
    ) -> Process:
        """Start a command with pipes at its three streams."""
        pipe = subprocess.PIPE
        return LocalProcess(
            popen(argv, cwd=cwd, env=_environment(env), stdin=pipe, stdout=pipe, stderr=pipe)
        )

    def home(self) -> str:
        """Return the home directory of the user; absolute."""
        return str(Path.home())


def _environment(added: Mapping[str, str] | None) -> dict[str, str] | None:
    return {**os.environ, **added} if added else None


def _result(argv: Sequence[str], returncode: int, stdout: bytes, stderr: bytes) -> CommandResult:
    if returncode == 127:
        raise CommandNotFoundException.because(
            f"{argv[0]} was not found, or did not find a command that it needs",
            command=argv,
            exit_code=127,
            stdout=stdout,
            stderr=stderr,
        )
    if returncode < 0:
        return CommandResult(tuple(argv), None, -returncode, stdout, stderr)
    return CommandResult(tuple(argv), returncode, None, stdout, stderr)


def _kill(process: subprocess.Popen[bytes], grace: float) -> tuple[bytes, bytes]:
    """End the whole group of a process; return what it had printed.

    The leader is not waited for before the KILL was sent, so its number cannot be another's.
    """
    signal_group(process.pid, signal.SIGTERM)
    signal_group(process.pid, signal.SIGCONT)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and _runs(process.pid):
        time.sleep(0.01)
    signal_group(process.pid, signal.SIGKILL)
    try:
        return process.communicate(timeout=1.0)
    except subprocess.TimeoutExpired as error:
        # A descendant outside of the group holds the pipes open: do not wait for it.
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1.0)
        return error.output or b"", error.stderr or b""


def _runs(pid: int) -> bool:
    """Tell whether a child has not ended; its status is left to be taken."""
    try:
        found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return found is None
