"""The job script: one text for all batch systems. Pure functions.

The script notes how it went in files of its *job record*, a directory on the submit host that
compute nodes usually share: ``$HOME/.xenon/jobs/<token>/``. Where they do not, nothing is noted and
accounting has to tell.

====================  ============================================================================
file                  content (``key=value`` lines; ``.<index>`` behind the name in an array)
====================  ============================================================================
``script``            this script (written by the submission)
``result``            what the submit command answered (written by the submission)
``start``             ``id`` ``system`` ``host`` ``pid`` ``time``
``end``               ``status`` ``signal`` ``core`` ``stage`` ``time`` ``cpu`` ``message``
====================  ============================================================================

Whether 137 is an exit code or signal 9 no POSIX shell tells by ``$?``. But dash, bash, ksh and
busybox print a message when a foreground child was ended by a signal (other than INT and PIPE), and
none after an exit code; so the shell's own error stream goes to a file and is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xenon_py.model.jobs import JobDescription
from xenon_py.plugin.runner import quote, quote_all

RECORDS = ".xenon/jobs"
"""Directory of all job records, relative to the home directory."""

STAGE_STATUS = 125
"""Exit code of a job whose command could not be started; ``stage`` in the record says why."""

_ID_IN_PATH = re.compile(r"%[ja]")


@dataclass(frozen=True)
class ScriptIds:
    """Shell texts that expand, inside of a job, to what identifies it.

    Attributes:
        job_id: the identifier, e.g. ``$SLURM_JOB_ID``.
        index: the index of an array task; ``""`` = no array.
        system: the system that gave the identifier, e.g. ``slurm.$SLURM_CLUSTER_NAME``: several may
            share a home directory.
    """

    job_id: str
    index: str = ""
    system: str = ""


def shell_path(path: str, *, array: bool = False) -> str:
    """Return a path as one shell word in which ``%j`` is the job's identifier.

    In a task of an array ``%a`` is its index. Any other ``%`` is literal.
    """
    expansions = {"%j": '"$XENON_JOB_ID"'}
    if array:
        expansions["%a"] = '"$XENON_ARRAY_TASK_ID"'
    pieces = []
    position = 0
    for match in _ID_IN_PATH.finditer(path):
        if match.group() not in expansions:
            continue
        if match.start() > position:
            pieces.append(quote(path[position : match.start()]))
        pieces.append(expansions[match.group()])
        position = match.end()
    if position < len(path):
        pieces.append(quote(path[position:]))
    return "".join(pieces) or "''"


def render_script(
    description: JobDescription,
    token: str,
    ids: ScriptIds,
    *,
    launcher: Sequence[str] = (),
    head: Sequence[str] = (),
) -> str:
    """Return the job script.

    Args:
        description: complete and checked; its directory is absolute.
        token: name of the job record.
        ids: how the job finds out who it is.
        launcher: words to put before the executable.
        head: lines of the system's own to put first.
    """
    stdin, stdout, stderr = (
        shell_path(path, array=bool(ids.index)) if path else ""
        for path in (description.stdin, description.stdout, description.stderr)
    )
    lines = [
        "#!/bin/sh",
        f"# a job of xenon_py, submission {token}",
        *head,
        *_identity(token, ids),
        _FUNCTIONS,
        f"cd -- {quote(str(description.working_directory))} || xenon_stop 'working directory'",
        *_check("<", stdin, "stdin"),
        *_check(">", stdout, "stdout"),
        *(_check(">", stderr, "stderr") if stderr != stdout else []),
        *_command(description, launcher, _redirections(stdin, stdout, stderr)),
    ]
    return "\n".join(lines) + "\n"


def render_interactive(
    description: JobDescription, token: str, ids: ScriptIds, *, marker: str, rank: str
) -> str:
    """Return the script of an interactive job, for ``sh -c``, once per task.

    Task 0 prints a line with the marker, the job's identifier and its system on standard error
    before anything else. With ``start_per_task`` there is no record: it could tell of one only.

    Args:
        description: complete and checked, without paths for the streams.
        token: name of the job record.
        ids: how the job finds out who it is.
        marker: a word that nothing else prints.
        rank: shell text that expands to the number of the task.
    """
    alone = [] if description.start_per_task else [f'[ "{rank}" = 0 ] || exit 0']
    hello = f'printf \'\\n%s %s %s\\n\' {quote(marker)} "$XENON_JOB_ID" "$xenon_system"'
    lines = [
        *alone,
        *_identity("" if description.start_per_task else token, ids),
        "exec 3>&2",
        f'[ "{rank}" != 0 ] || {hello} >&3',
        _FUNCTIONS,
        f"cd -- {quote(str(description.working_directory))} || xenon_stop 'working directory'",
        *_command(description, (), "2>&3 3>&-"),
    ]
    return "\n".join(lines) + "\n"


def _identity(token: str, ids: ScriptIds) -> list[str]:
    """Return lines that tell the job who it is and where its record is (no token: nowhere)."""
    index = [f'XENON_ARRAY_TASK_ID="{ids.index}"; export XENON_ARRAY_TASK_ID'] if ids.index else []
    suffix = ".$XENON_ARRAY_TASK_ID" if ids.index else ""
    record = f"$HOME/{RECORDS}/{token}" if token else ""
    return [
        f'XENON_JOB_ID="{ids.job_id}"; export XENON_JOB_ID',
        *index,
        f"XENON_JOB_TOKEN={quote(token)}; export XENON_JOB_TOKEN",
        f'xenon_record="{record}"; xenon_suffix="{suffix}"; xenon_system="{ids.system}"',
    ]


def _command(description: JobDescription, launcher: Sequence[str], redirections: str) -> list[str]:
    return [
        "trap : TERM XCPU USR1 USR2",
        "(",
        *_exports(description.environment),
        f"exec {quote_all([*launcher, description.executable, *description.arguments])}",
        f") {redirections}",
        "xenon_end $?",
    ]


def _exports(environment: Mapping[str, str]) -> list[str]:
    return [f"export {name}={quote(value)}" for name, value in environment.items()]


def _check(arrow: str, word: str, stage: str) -> list[str]:
    return [f"true {arrow} {word} || xenon_stop {stage}"] if word else []


def _redirections(stdin: str, stdout: str, stderr: str) -> str:
    error = "2>&1" if stderr and stderr == stdout else f"2>> {stderr or '/dev/null'}"
    return f"< {stdin or '/dev/null'} >> {stdout or '/dev/null'} {error}"


_FUNCTIONS = f"""\
if [ -d "$xenon_record" ] && [ -w "$xenon_record" ]; then
  exec 2>"$xenon_record/shell$xenon_suffix"
else
  xenon_record=; exec 2>/dev/null
fi
xenon_note() {{
  [ -n "$xenon_record" ] || return 0
  xenon_file="$xenon_record/$1$xenon_suffix"
  printf '%s\\n' "$2" >"$xenon_file.$$" && mv -f -- "$xenon_file.$$" "$xenon_file"
}}
xenon_said() {{
  xenon_message=
  [ -z "$xenon_record" ] || read -r xenon_message <"$xenon_record/shell$xenon_suffix" || :
}}
xenon_stop() {{
  xenon_said
  xenon_note end "status={STAGE_STATUS}
stage=$1
time=$(date +%s)
message=$xenon_message"
  exit {STAGE_STATUS}
}}
xenon_end() {{
  xenon_said
  xenon_signal=
  if [ "$1" -gt 128 ] && [ -n "$xenon_message" ]; then xenon_signal=$(($1 - 128)); fi
  case $xenon_message in *core\\ dumped*) xenon_core=1;; *) xenon_core=0;; esac
  xenon_note end "status=$1
signal=$xenon_signal
core=$xenon_core
time=$(date +%s)
cpu=$(times)
message=$xenon_message"
  trap - TERM XCPU USR1 USR2
  [ -z "$xenon_signal" ] || {{ ulimit -c 0; kill -"$xenon_signal" $$; }}
  exit "$1"
}}
[ -z "$xenon_record" ] || rm -f -- "$xenon_record/end$xenon_suffix"  # of a run before a requeue
xenon_note start "id=$XENON_JOB_ID
system=$xenon_system
host=$(uname -n)
pid=$$
time=$(date +%s)\""""


@dataclass(frozen=True)
class JobEnd:
    """What the ``end`` file of a job record says.

    Attributes:
        status: ``$?`` of the command.
        signal: number of the signal that ended it, or ``None``.
        core_dumped: whether that left a core file.
        stage: ``""``, or what could not be set up: ``working directory``, ``stdin`` …
        time: seconds since 1970 UTC; 0 = unknown.
        cpu_seconds: of all ended children of the script; ``None`` = unknown.
        message: what the shell said.
    """

    status: int
    signal: int | None = None
    core_dumped: bool | None = None
    stage: str = ""
    time: int = 0
    cpu_seconds: float | None = None
    message: str = ""


@dataclass(frozen=True)
class JobStart:
    """What the ``start`` file of a job record says."""

    job_id: str
    host: str = ""
    pid: int = 0
    time: int = 0
    system: str = ""


def parse_start(text: str) -> JobStart | None:
    """Return what a ``start`` file says; ``None`` when it is not whole."""
    values = _values(text)
    if "time" not in values:
        return None
    return JobStart(
        values.get("id", ""),
        values.get("host", ""),
        _int(values, "pid"),
        _int(values, "time"),
        values.get("system", ""),
    )


def parse_end(text: str) -> JobEnd | None:
    """Return what an ``end`` file says; ``None`` when it is not whole."""
    values = _values(text)
    if not values.get("status", "").isdigit() or "time" not in values:
        return None
    signal = _int(values, "signal") or None
    return JobEnd(
        status=_int(values, "status"),
        signal=signal,
        core_dumped=values.get("core") == "1" if signal else None,
        stage=values.get("stage", ""),
        time=_int(values, "time"),
        cpu_seconds=_cpu_seconds(text),
        message=values.get("message", ""),
    )


def _values(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def _int(values: Mapping[str, str], key: str) -> int:
    text = values.get(key, "")
    return int(text) if text.isdigit() else 0


def _cpu_seconds(text: str) -> float | None:
    """Sum the second line of ``times`` (POSIX: user and system time of all children)."""
    match = re.search(r"^cpu=.*\n([0-9]+)m([0-9.,]+)s ([0-9]+)m([0-9.,]+)s", text, re.MULTILINE)
    if not match:
        return None
    minutes = int(match.group(1)) + int(match.group(3))
    seconds = [float(match.group(i).replace(",", ".")) for i in (2, 4)]
    return round(minutes * 60 + sum(seconds), 3)
