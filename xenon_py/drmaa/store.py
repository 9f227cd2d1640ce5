"""The file of a session, ``~/.xenon/drmaa/<session>.jsonl``: one line per event.

By it a program finds the jobs of a session again that it or another one left, and those that ended
in between. Lines are appended as things happen; a last line that is not whole is passed over.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

_KEPT_SECONDS = 30 * 86400


def directory() -> Path:
    """Return where the files of this user are."""
    return Path(os.path.expanduser("~")) / ".xenon" / "drmaa"


class SessionFile:
    """The events of one session. A session in which nothing happens has no file."""

    def __init__(self, session: str) -> None:
        self._path = directory() / f"{session}.jsonl"

    def read(self) -> list[dict[str, Any]]:
        """Return the events so far, in order; what is no event is passed over."""
        try:
            text = self._path.read_text("utf-8")
        except FileNotFoundError:
            return []
        if not text.endswith("\n"):  # a program was killed while it wrote
            self._write("\n")
        return [event for event in map(_event_of, text.splitlines()) if event]

    def append(self, events: list[dict[str, Any]]) -> None:
        """Add events."""
        self._write("".join(json.dumps(event) + "\n" for event in events))

    def _write(self, text: str) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        with open(os.open(self._path, flags, 0o600), "ab", buffering=0) as file:
            file.write(text.encode())

    def remove(self) -> None:
        """Remove the file, if there is one."""
        self._path.unlink(missing_ok=True)


def _event_of(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def prune(now: float | None = None) -> None:
    """Remove the files of sessions in which nothing happened for 30 days."""
    oldest = (time.time() if now is None else now) - _KEPT_SECONDS
    for path in directory().glob("*.jsonl"):
        with contextlib.suppress(FileNotFoundError):  # another session may remove its own
            if path.stat().st_mtime < oldest:
                path.unlink()
