"""Running commands, on this machine or another: one contract for both.

Only argument lists, never a command string made from parts. ``plugin.local_runner`` and
``plugin.ssh.runner`` implement it; ``plugin.runners.open_runner`` chooses by location.
"""

from __future__ import annotations

import secrets
import shlex
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xenon_py.exceptions import XenonException
from xenon_py.plugin.process import Process


@dataclass(frozen=True)
class CommandResult:
    """How a command ended, and what it printed, byte for byte.

    Attributes:
        argv: the command.
        returncode: exit code; ``None`` when a signal ended it.
        signal: number of that signal, or ``None``.
        stdout: what it printed.
        stderr: what it said on its error stream.
        host: where it ran; ``""`` = here.
    """

    argv: tuple[str, ...]
    returncode: int | None
    signal: int | None
    stdout: bytes
    stderr: bytes
    host: str = ""

    @property
    def ok(self) -> bool:
        """Whether the exit code was 0."""
        return self.returncode == 0

    @property
    def killed(self) -> bool:
        """Whether a signal ended it; a shell in between says 128 and its number."""
        return self.returncode is None or 128 < self.returncode < 192

    def text(self) -> str:
        """Return standard output as text (surrogateescape)."""
        return self.stdout.decode("utf-8", "surrogateescape")

    def error_text(self) -> str:
        """Return standard error as text (surrogateescape)."""
        return self.stderr.decode("utf-8", "surrogateescape")

    def failure(self, kind: type[XenonException], message: str) -> XenonException:
        """Return an exception that carries command, host, exit code and output."""
        return kind.because(
            message,
            command=self.argv,
            exit_code=self.returncode,
            stdout=self.stdout,
            stderr=self.stderr,
            host=self.host,
        )


class CommandRunner(ABC):
    """Runs commands on one machine as one user. Every method may be called from many threads.

    Attributes:
        host: ``host:port`` of the machine, ``""`` for this one.
    """

    host: str = ""

    @abstractmethod
    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        timeout: float | None = None,
    ) -> CommandResult:
        """Run a command to its end. A non-zero exit code is a result, not an exception.

        Args:
            argv: program and arguments, each exactly one word for the program.
            stdin: what it reads.
            env: variables to set on top of those of the login.
            cwd: directory to run in; ``None`` = that of the process here, the home there.
            timeout: seconds after which the whole process group is killed; ``None`` = never.

        Raises:
            CommandNotFoundException: there is no such program (exit code 127 from a shell too).
            XenonTimeoutException: the time-out passed.
            NotConnectedException: the machine cannot be reached, or the connection broke.
        """

    @abstractmethod
    def start(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: str | None = None
    ) -> Process:
        """Start a command with pipes at its three streams."""

    @abstractmethod
    def home(self) -> str:
        """Return the home directory of the user there; absolute."""

    def close(self) -> None:  # noqa: B027
        """Release what is held."""


def quote(word: str) -> str:
    """Return ``word`` so that a POSIX shell takes it as one literal word.

    Raises:
        ValueError: it holds NUL, which no shell can carry.
    """
    if "\0" in word:
        raise ValueError("a word for a shell cannot hold NUL")
    # Slurm refuses scripts with CR LF in them: the quotes are closed and opened between the two
    return shlex.quote(word).replace("\r\n", "\r''\n")


def quote_all(argv: Sequence[str]) -> str:
    """Return a command line of which each word is literal."""
    return " ".join(map(quote, argv))


def new_marker() -> str:
    """Return a word that nothing else prints, to find an answer among the noise of a log-in."""
    return f"xenon{secrets.token_hex(12)}"
