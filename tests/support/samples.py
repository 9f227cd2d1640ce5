"""Recorded commands and their output, for tests of parsers."""

from __future__ import annotations

import re
from pathlib import Path

from xenon_py.plugin.runner import CommandResult

SAMPLES = Path(__file__).resolve().parents[1] / "samples"

_BLOCK = re.compile(
    r"^\$ (.*?)\n--- exit code: (-?\d+)\n--- stdout:\n(.*?)--- stderr:\n(.*?)--- end$",
    re.DOTALL | re.MULTILINE,
)


def recorded(system: str, name: str) -> list[CommandResult]:
    """Return what the commands of a file printed, in order.

    A file holds blocks: ``$ command``, ``--- exit code: N``, ``--- stdout:``, ``--- stderr:``,
    ``--- end``.

    Args:
        system: a folder of ``tests/samples``.
        name: of the file, without ``.txt``.
    """
    text = (SAMPLES / system / f"{name}.txt").read_bytes().decode("latin-1")
    found = [
        CommandResult((command,), int(code), None, out.encode("latin-1"), err.encode("latin-1"))
        for command, code, out, err in _BLOCK.findall(text)
    ]
    assert found, f"no sample in {system}/{name}.txt"
    return found


def answer(out: str = "", err: str = "", code: int = 0) -> CommandResult:
    """Return a made-up result of a command."""
    stdout, stderr = (text.encode("utf-8", "surrogateescape") for text in (out, err))
    return CommandResult(("command",), code, None, stdout, stderr)
