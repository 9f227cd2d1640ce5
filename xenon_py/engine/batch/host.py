"""Asking the submit host: commands in one round trip, with a clean environment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from xenon_py.engine.batch.programs import (
    environment_lines,
    parse_commands,
    render_commands,
)
from xenon_py.exceptions import XenonException
from xenon_py.plugin.batch import BatchAdaptor, CouldNotAskError
from xenon_py.plugin.runner import CommandResult, CommandRunner, new_marker

_T = TypeVar("_T")

QUERY_TIMEOUT = 60.0
"""Seconds after which a query counts as hanging."""


class SubmitHost:
    """Runs the commands of a batch system where they are.

    Args:
        adaptor: says what is to be cleaned and set in their environment.
        runner: runs commands on the submit host.

    Attributes:
        rounds: how many round trips there were so far; benchmarks and tests look at it.
        commands: how many commands were run in them.
    """

    def __init__(self, adaptor: BatchAdaptor, runner: CommandRunner) -> None:
        self.runner = runner
        self.rounds = 0
        self.commands = 0
        self._counting = threading.Lock()
        self._name = adaptor.description.name
        self.head = environment_lines(adaptor.scrub, adaptor.environment, adaptor.keep)

    def run(
        self, commands: Sequence[Sequence[str]], *, patience: float = 0.0
    ) -> list[CommandResult]:
        """Run commands in one round trip; ``patience`` seconds more than a query may take.

        Raises:
            XenonTimeoutException: they hang.
            NotConnectedException: the submit host cannot be reached.
            XenonException: the answer is not whole.
        """
        marker = new_marker()
        program = render_commands(marker, commands, self.head)
        result = self.sh(program, len(commands), timeout=QUERY_TIMEOUT + patience)
        try:
            return parse_commands(marker, commands, result.stdout, result.host)
        except ValueError as error:
            raise result.failure(XenonException, str(error)) from error

    def sh(self, program: str, commands: int, *, timeout: float) -> CommandResult:
        """Run a program for ``sh`` that runs so many commands; raises as a runner does."""
        with self._counting:
            self.rounds += 1
            self.commands += commands
        return self.runner.run(
            ("/bin/sh",), stdin=program.encode("utf-8", "surrogateescape"), timeout=timeout
        )

    def query(self, command: Sequence[str]) -> CommandResult:
        """Run one command; raises as ``run``."""
        return self.run([command])[0]

    def ask(self, command: Sequence[str], parse: Callable[[CommandResult], list[_T]]) -> list[_T]:
        """Run one command and return what its output means.

        Raises:
            XenonException: there was no usable answer; otherwise as ``run``.
        """
        result = self.query(command)
        try:
            return parse(result)
        except CouldNotAskError as error:
            raise result.failure(
                XenonException, f"{self._name} could not be asked: {error}"
            ) from error
