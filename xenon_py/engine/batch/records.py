"""Reading job records on the submit host. Pure functions; the commands are run by the engine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from xenon_py.plugin.scripts import RECORDS, JobEnd, JobStart, parse_end, parse_start


@dataclass(frozen=True)
class Record:
    """What was noted under one token: by index for an array, else under ``""``."""

    starts: Mapping[str, JobStart] = field(default_factory=dict)
    ends: Mapping[str, JobEnd] = field(default_factory=dict)


_READ = f"""\
cd -- "$HOME/{RECORDS}" 2>/dev/null || exit 0
marker=$1; shift
for token in "$@"; do
  for file in "$token"/start "$token"/end "$token"/start.[0-9]* "$token"/end.[0-9]*; do
    case $file in *.*.*) continue;; esac
    [ -f "$file" ] && printf '%s %s\\n' "$marker" "$file" && cat -- "$file"
  done
done
exit 0
"""

_FIND = f"""\
cd -- "$HOME/{RECORDS}" 2>/dev/null || exit 0
for id in "$@"; do
  grep -l -x -F -e "id=$id" -- */start */start.[0-9]* 2>/dev/null | sed "s|^|$id |"
done
exit 0
"""


def read_command(marker: str, tokens: Sequence[str]) -> tuple[str, ...]:
    """Return the command that prints the records of these tokens."""
    return ("/bin/sh", "-c", _READ, "sh", marker, *tokens)


def find_command(job_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the command that finds the records that jobs noted their identifier in."""
    return ("/bin/sh", "-c", _FIND, "sh", *job_ids)


def parse_records(marker: str, text: str) -> dict[str, Record]:
    """Return the records by token."""
    starts: dict[str, dict[str, JobStart]] = {}
    ends: dict[str, dict[str, JobEnd]] = {}
    for piece in text.split(f"{marker} ")[1:]:
        name, _, body = piece.partition("\n")
        match = re.fullmatch(r"([0-9a-f]+)/(start|end)(?:\.([0-9]+))?", name)
        if not match:
            continue
        token, kind, index = match.group(1), match.group(2), match.group(3) or ""
        if kind == "start" and (start := parse_start(body)):
            starts.setdefault(token, {})[index] = start
        if kind == "end" and (end := parse_end(body)):
            ends.setdefault(token, {})[index] = end
    return {t: Record(starts.get(t, {}), ends.get(t, {})) for t in starts.keys() | ends.keys()}


def parse_found(text: str) -> dict[str, tuple[str, str]]:
    """Return token and index (``""`` = no array) by job identifier; the last one found wins."""
    found = {}
    for line in text.splitlines():
        match = re.fullmatch(r"(\S+) ([0-9a-f]+)/start(?:\.([0-9]+))?", line)
        if match:
            found[match.group(1)] = (match.group(2), match.group(3) or "")
    return found
