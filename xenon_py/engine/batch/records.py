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


# Arguments: the marker, tokens, "--", options of grep with the identifiers that are looked for.
# A token is 20 hexadecimal digits, so no name needs care.
_READ = f"""\
cd -- "$HOME/{RECORDS}" 2>/dev/null || exit 0
marker=$1; shift
show() {{
  [ -f "$1" ] && printf '\\n%s %s\\n' "$marker" "$1" && cat -- "$1"
}}
while [ "$1" != -- ]; do
  for file in "$1"/start "$1"/end "$1"/start.[0-9]* "$1"/end.[0-9]*; do
    case $file in *.*.*) continue;; esac
    show "$file"
  done
  shift
done
shift
[ $# -gt 0 ] || exit 0
find . -mindepth 2 -maxdepth 2 -name 'start*' -exec grep -l -x -F "$@" -- {{}} + 2>/dev/null |
while read -r file; do
  file=${{file#./}}
  show "$file"
  show "${{file%%/*}}/end${{file##*/start}}"
done
exit 0
"""


def read_command(
    marker: str, tokens: Sequence[str], job_ids: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the command that prints job records.

    Args:
        marker: a word that nothing else prints.
        tokens: of the records to print.
        job_ids: the records that these jobs noted their identifier in are printed as well.
    """
    patterns = [word for job_id in job_ids for word in ("-e", f"id={job_id}")]
    return ("/bin/sh", "-c", _READ, "sh", marker, *tokens, "--", *patterns)


def parse_records(marker: str, text: str) -> dict[str, Record]:
    """Return the records by token."""
    starts: dict[str, dict[str, JobStart]] = {}
    ends: dict[str, dict[str, JobEnd]] = {}
    for piece in text.split(f"\n{marker} ")[1:]:
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
