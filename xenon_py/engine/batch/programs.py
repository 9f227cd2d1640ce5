"""Shell programs for the submit host, and what they answer. Pure functions.

Whatever the engine wants of the submit host in one round trip, it writes as one program for
``/bin/sh`` on standard input. The program is one brace group: the shell parses it to its end before
it runs any of it, so a connection that breaks while it is sent runs nothing. Answers are framed by
lines with a random word in them, so that noise from log-in scripts cannot be taken for an answer.

A submission is idempotent by its token. Who makes the file ``lock`` in the job record submits
and writes ``result``; everybody else who asks with the same token waits for that file. Its last
line is the word ``complete``, so half a file is never read. The program ignores hang-ups: a lost
connection leaves the submission running, and asking again gets its result. Several submit commands
may run side by side: most of their time they wait for the scheduler.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xenon_py.plugin.runner import CommandResult, quote, quote_all
from xenon_py.plugin.scripts import RECORDS

KEEP_DAYS = 30
"""Job records older than this are removed by the next submission."""


@dataclass(frozen=True)
class Submission:
    """One submission: its token, command, job script, and the directories that must be there."""

    token: str
    command: tuple[str, ...]
    script: str
    directory: str


@dataclass(frozen=True)
class SubmissionAnswer:
    """What became of a submission.

    Attributes:
        outcome: ``done`` (the command ran to its end), ``directory`` (the working directory is
            missing, nothing was run), ``lost`` (somebody began and vanished: it is not known
            whether the command ran), ``busy`` (somebody is at it still), ``record`` (the job
            record could not be written, nothing was run).
        result: what the submit command did, when ``done``.
    """

    token: str
    outcome: str
    result: CommandResult | None = None


def new_token() -> str:
    """Return a token: 20 characters that need no quoting and cannot be guessed."""
    return secrets.token_hex(10)


def environment_lines(
    scrub: Sequence[str], environment: Mapping[str, str], keep: Sequence[str] = ()
) -> list[str]:
    """Return lines that take variables out of the environment by prefix, and set others.

    They start no process. A line of a value that looks like a variable does no harm.

    Args:
        scrub: beginnings of names to take out.
        environment: variables to set.
        keep: names to leave as they are.
    """
    lines = []
    if scrub:
        pattern = "|".join(f"{prefix}*=*" for prefix in scrub)
        kept = "|".join(f"{name}=*" for name in keep) or "''"
        lines += [
            "IFS='\n'; set -f",
            "for xenon_line in $(set); do",
            f"  case $xenon_line in {kept}) ;; {pattern})",
            "    xenon_line=${xenon_line%%=*}",
            '    case $xenon_line in *[!A-Za-z0-9_]*) ;; *) unset "$xenon_line";; esac;;',
            "  esac",
            "done",
            "unset IFS; set +f",
        ]
    lines += [f"export {name}={quote(value)}" for name, value in environment.items()]
    return lines


def render_commands(marker: str, commands: Sequence[Sequence[str]], head: Sequence[str]) -> str:
    """Return a program that runs commands one after another and frames what they print.

    Standard error of each is kept in a variable, so that streams do not mix: that takes no process.
    The ``x`` keeps newlines at its end.
    """
    lines = ["{", *head, "exec 3>&1"]
    for command in commands:
        lines += [
            f"printf '\\n%s\\n' {quote(marker + ' out')}",
            f"xenon_errors=$({{ {quote_all(command)}",
            '} </dev/null 2>&1 >&3 3>&-; xenon_status=$?; printf x; exit "$xenon_status")',
            "xenon_status=$?",
            f"printf '\\n%s %s\\n' {quote(marker + ' err')} \"$xenon_status\"",
            'printf %s "${xenon_errors%x}"',
        ]
    lines += [f"printf '\\n%s\\n' {quote(marker + ' end')}", "exit 0", "}"]
    return "\n".join(lines) + "\n"


def parse_commands(
    marker: str, commands: Sequence[Sequence[str]], output: bytes, host: str
) -> list[CommandResult]:
    """Return the result of each command of ``render_commands``.

    Raises:
        ValueError: the answer is not whole.
    """
    mark = f"\n{marker} ".encode()
    pieces = output.split(mark)[1:]
    if len(pieces) != 2 * len(commands) + 1 or not pieces[-1].startswith(b"end\n"):
        raise ValueError("the answer of the submit host is not whole")
    results = []
    for index, command in enumerate(commands):
        status, _, stderr = pieces[2 * index + 1].partition(b"\n")
        stdout = pieces[2 * index].partition(b"\n")[2]
        code = int(status.split()[1])
        results.append(CommandResult(tuple(command), code, None, stdout, stderr, host))
    return results


def render_submissions(
    marker: str,
    jobs: Sequence[Submission],
    head: Sequence[str],
    *,
    clean: bool = True,
    at_once: int = 1,
) -> str:
    """Return the program that submits jobs, each at most once for its token.

    Args:
        marker: a word that nothing else prints.
        jobs: what to submit.
        head: lines to put first.
        clean: whether to remove old job records.
        at_once: how many submit commands may run side by side; the answers come in order.
    """
    old = (
        f'find "$xenon_base" -mindepth 1 -maxdepth 1 -mtime +{KEEP_DAYS} '
        "-exec rm -rf -- {} + 2>/dev/null"
    )
    tokens = " ".join(quote(job.token) for job in jobs)
    lines = [
        "{",
        *head,
        "trap '' HUP PIPE INT TERM",
        "xenon_umask=$(umask); umask 077",
        f'xenon_base="$HOME/{RECORDS}"',
        f"xenon_marker={quote(marker)}",
        _SUBMIT_FUNCTIONS,
        '[ -d "$xenon_base" ] || mkdir -p -- "$xenon_base"',
        *([old] if clean else []),
        f'(cd -- "$xenon_base" && exec mkdir -- {tokens}) 2>/dev/null',
    ]
    for number, job in enumerate(jobs):
        if number >= at_once:
            lines.append(_finish(jobs[number - at_once], number % at_once))
        lines += _start(job, number % at_once)
    for number in range(max(0, len(jobs) - at_once), len(jobs)):
        lines.append(_finish(jobs[number], number % at_once))
    lines += ["printf '\\n%s end\\n' \"$xenon_marker\"", "exit 0", "}"]
    return "\n".join(lines) + "\n"


def _start(job: Submission, slot: int) -> list[str]:
    """Return lines that start a submit command, unless that was done before."""
    script = quote(job.script.rstrip("\n"))
    return [
        f"if xenon_begin {job.token} {quote(job.directory)} {script}; then",
        f'(umask "$xenon_umask"; cd -- {quote(job.directory)} &&',
        (
            f'exec {quote_all(job.command)} <"$xenon_record/script")'
            ' >"$xenon_record/out" 2>"$xenon_record/err" &'
        ),
        f"xenon_pid_{slot}=$!",
        f"else xenon_pid_{slot}=; fi; xenon_outcome_{slot}=$xenon_outcome",
    ]


def _finish(job: Submission, slot: int) -> str:
    """Return the line that waits for a submit command and answers."""
    return f'xenon_finish {job.token} "$xenon_pid_{slot}" "$xenon_outcome_{slot}"'


_SUBMIT_FUNCTIONS = """\
xenon_begin() {
  xenon_token=$1; xenon_record="$xenon_base/$1"; xenon_outcome=
  [ -d "$xenon_record" ] || { xenon_outcome=record; return 1; }
  set -C  # the redirection fails where the file exists
  if { printf '%s\\n' $$ >"$xenon_record/lock"; } 2>/dev/null; then
    set +C
    [ -d "$2" ] || { rm -rf -- "$xenon_record"; xenon_outcome=directory; return 1; }
    printf '%s\\n' "$3" >"$xenon_record/script" && return 0
    rm -rf -- "$xenon_record"; xenon_outcome=record; return 1
  fi
  set +C
  xenon_tries=0
  while ! xenon_whole; do
    xenon_tries=$((xenon_tries + 1))
    if [ $xenon_tries -gt 3 ] && ! xenon_alive; then xenon_whole || xenon_outcome=lost; return 1; fi
    [ $xenon_tries -lt 30 ] || { xenon_outcome=busy; return 1; }
    sleep 1
  done
  return 1
}
xenon_alive() {
  xenon_pid=; read -r xenon_pid <"$xenon_record/lock"
  [ -n "$xenon_pid" ] && kill -0 "$xenon_pid" 2>/dev/null
}
xenon_whole() {
  [ -f "$xenon_record/result" ] && xenon_status= && {
    read -r xenon_status; read -r xenon_last; } <"$xenon_record/result" &&
    [ "$xenon_last" = complete ]
}
xenon_done() {
  printf '%s\\ncomplete\\n' "$1" >"$xenon_record/result"
}
xenon_finish() {
  xenon_token=$1; xenon_record="$xenon_base/$1"; xenon_outcome=$3
  [ -z "$2" ] || { wait "$2"; xenon_done $?; }
  xenon_answer
}
xenon_show() {  # as cat, without a process
  while IFS= read -r xenon_line || [ -n "$xenon_line" ]; do
    printf '%s\\n' "$xenon_line"
  done <"$xenon_record/$1"
}
xenon_answer() {
  if [ -z "$xenon_outcome" ] && xenon_whole; then
    printf '\\n%s done %s %s\\n' "$xenon_marker" "$xenon_token" "$xenon_status"
    xenon_show out; printf '\\n%s err\\n' "$xenon_marker"; xenon_show err
  else
    printf '\\n%s %s %s\\n' "$xenon_marker" "${xenon_outcome:-lost}" "$xenon_token"
  fi
}"""


def parse_submissions(
    marker: str, jobs: Sequence[Submission], output: bytes, host: str
) -> dict[str, SubmissionAnswer]:
    """Return the answers that came, by token; a job without one is simply absent."""
    answers: dict[str, SubmissionAnswer] = {}
    by_token = {job.token: job for job in jobs}
    pieces = output.split(f"\n{marker} ".encode())[1:]
    for index, piece in enumerate(pieces[:-1]):
        head, _, body = piece.partition(b"\n")
        words = head.decode("ascii", "replace").split()
        job = by_token.get(words[1]) if len(words) >= 2 else None
        if job is None:
            continue
        if words[0] != "done":
            answers[job.token] = SubmissionAnswer(job.token, words[0])
        elif pieces[index + 1].startswith(b"err\n") and index + 2 < len(pieces):
            stderr = pieces[index + 1].partition(b"\n")[2]
            result = CommandResult(job.command, int(words[2]), None, body, stderr, host)
            answers[job.token] = SubmissionAnswer(job.token, "done", result)
    return answers
