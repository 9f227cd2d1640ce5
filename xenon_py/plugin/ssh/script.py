"""The shell text that a command on another machine is wrapped in. Pure functions.

What sshd runs is ``<login shell> -c <text>``, and the login shell may be anything (csh, fish …).
So the text is built of what every shell takes alike: one ``exec /bin/sh -c '…'`` of harmless
characters, in which the real script for ``sh`` is written as octal numbers. The script prints a
random marker before anything else: what came before it is noise of banners and start-up files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xenon_py.exceptions import IllegalArgumentException
from xenon_py.plugin.runner import quote

_HARMLESS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _/.,:=+@")
_OCTAL = [chr(n) if n in _HARMLESS else f"\\{n:03o}" for n in range(256)]
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# bash does not let these be exported; env(1) does not ask.
_READONLY = frozenset({"BASHOPTS", "BASH_VERSINFO", "EUID", "PPID", "SHELLOPTS", "UID"})
_MAX_TEXT = 100_000  # bytes; Linux takes 131,072 for one argument (execve(2), MAX_ARG_STRLEN)

# Runs $s as the leader of a process group, so that all of it can be signalled. OpenSSH's sshd has
# made it one already; dash knows no "--" for kill.
_LEAD = (
    'if kill -0 "-$$" 2>/dev/null; then eval "$s"; '
    "elif command -v setsid >/dev/null 2>&1; "
    'then exec setsid /bin/sh -c "$s"; else eval "$s"; fi'
)


@dataclass(frozen=True)
class RemoteText:
    """What to send to run a script.

    Attributes:
        command: text for the ``exec`` request.
        stdin: bytes to send before the real standard input.
    """

    command: str
    stdin: bytes = b""


def octal(text: str) -> str:
    """Return a format for printf(1) that prints ``text``, of characters harmless in any shell."""
    data = text.encode("utf-8", "surrogateescape")
    return "".join(map(_OCTAL.__getitem__, data))


def remote_text(script: str) -> RemoteText:
    """Return what runs a script for ``sh`` behind any login shell, as a process group's leader."""
    load = f's="$(printf "{octal(script)}")"'
    if len(load) <= _MAX_TEXT:
        return RemoteText(f"exec /bin/sh -c '{load}; {_LEAD}'")
    data = script.encode("utf-8", "surrogateescape")
    read = f's="$(dd bs=1 count={len(data)} 2>/dev/null)"'
    return RemoteText(f"exec /bin/sh -c '{read}; {_LEAD}'", data)


def command_script(
    marker: str, argv: Sequence[str], env: Mapping[str, str] | None, cwd: str | None
) -> str:
    """Return the script that runs one command.

    It prints ``<marker> <pid>`` on standard output and ``<marker>`` on standard error, then becomes
    the command. With ``<marker> cwd`` it says that there is no such directory.

    Raises:
        IllegalArgumentException: a word or variable that no process takes.
    """
    lines = []
    if cwd is not None:
        lines.append(f"cd {directory(cwd)} 2>/dev/null || {{ echo {marker} cwd; exit 125; }}")
    lines += [f'echo "{marker} $$"; echo {marker} >&2', become(argv, env)]
    return "\n".join(lines)


def directory(path: str) -> str:
    """Return a path as a word for ``cd``, which would take ``-`` and ``-x`` for something else."""
    return word(path if path.startswith("/") else f"./{path}")


def become(argv: Sequence[str], env: Mapping[str, str] | None, redirections: str = "") -> str:
    """Return the lines that set variables and then become a program.

    Args:
        argv: the program and its arguments.
        env: variables to set.
        redirections: shell text to put behind the command.
    """
    if isinstance(argv, (str, bytes)) or not argv:
        raise IllegalArgumentException.because(f"a command is a list of words, not {argv!r}")
    program = argv[0] if isinstance(argv[0], str) else ""
    # "exec -x" would be an option of exec; "env x=y" a variable.
    words = [f"./{program}" if program.startswith("-") else program, *argv[1:]]
    exports = [f"export {assignment(n, v)}" for n, v in (env or {}).items() if n not in _READONLY]
    special = [assignment(n, v) for n, v in (env or {}).items() if n in _READONLY]
    prefix = f"env {' '.join(special)} " if special else ""
    return "\n".join(
        [*exports, f"exec {prefix}{' '.join(map(word, words))} {redirections}".rstrip()]
    )


def assignment(name: str, value: str) -> str:
    """Return ``NAME=value`` with the value quoted.

    Raises:
        IllegalArgumentException: no name of a variable, or a value that no process takes.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise IllegalArgumentException.because(
            f"{name!r} is not a name that an environment variable can have in a shell"
        )
    return f"{name}={word(value)}"


def word(text: str) -> str:
    """Return a word quoted for ``sh``.

    Raises:
        IllegalArgumentException: it is no text, or holds what no process can be handed.
    """
    if not isinstance(text, str):
        raise IllegalArgumentException.because(f"a word must be a str, not {type(text).__name__}")
    try:
        text.encode("utf-8", "surrogateescape")
        return quote(text)
    except ValueError as error:
        raise IllegalArgumentException.because(
            f"this cannot be handed to a process: {error}"
        ) from error


def kill_script(pid: int, number: int) -> str:
    """Return the script that sends a signal to a process group."""
    return f"kill -{number:d} -{pid:d} 2>/dev/null"


# K: signal a group. A: has it members that are no zombies (which some containers never reap)?
# E: end it, by TERM, and after so many tenths of a second by KILL. $_g is "-" for groups.
GROUP_FUNCTIONS = r"""
K() { kill "-$1" "$_g$2" 2>/dev/null; }
A() {
  kill -0 "$_g$1" 2>/dev/null || return 1
  _t=$(ps -A -o pgid= -o stat= 2>/dev/null) || return 0
  echo "$_t" | while read -r _a _b; do
    if [ "$_a" = "$1" ]; then case $_b in Z* | X*) ;; *) exit 9 ;; esac; fi
  done
  [ $? -eq 9 ]
}
Z() { sleep 0.1 2>/dev/null || sleep 1; }
E() {
  K 15 "$1"
  K 18 "$1"
  _n=$2
  while [ $_n -gt 0 ] && A "$1"; do Z; _n=$((_n - 1)); done
  K 9 "$1"
  _n=20
  while [ $_n -gt 0 ] && A "$1"; do Z; _n=$((_n - 1)); done
}
"""


def tenths(seconds: float) -> int:
    """Return a grace time as ``E`` takes it."""
    return max(1, round(seconds * 10))


def end_script(pid: int, grace: float) -> str:
    """Return the script that ends a process group: TERM, after ``grace`` seconds KILL."""
    return f"_g=-{GROUP_FUNCTIONS}E {pid:d} {tenths(grace):d}"
