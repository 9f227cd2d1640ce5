"""Shell texts that start and watch many processes through one channel. Pure functions.

One shell over there reads requests, a line each, and answers by lines (``<n>`` numbers a process):

=====================================  =============================================================
request                                meaning
=====================================  =============================================================
``J <n> <script>``                     start a process by a script that becomes it
``K <signal> <pid>``                   send a signal to its group
``T <n> <pid> <tries>``                end its group: TERM, KILL after so many tenths of a second
``W <n> <pid>``, ``U <n>``             end this group, too, when the connection breaks; or no more
=====================================  =============================================================

==========================  ========================================================================
answer                      meaning
==========================  ========================================================================
``S <n> <pid>``             started
``F <n> <why> <what>``      not started
``X <n> <status> <flag>``   ended; flag 1 = by a signal (status - 128), 2 = with a core dump
``G <n>``                   answer to ``T``: nothing of the group is left
==========================  ========================================================================

When the input of that shell ends, because the connection was closed or broke, it ends all groups
that still run and removes its directory.

Whether 137 is an exit code or signal 9, a shell's ``$?`` does not tell. But dash, bash and busybox
print a message when a foreground child was ended by a signal, none after an exit code, and none for
INT and PIPE: so each process has a shell that waits for it, whose error stream is a file.
"""

from __future__ import annotations

import posixpath

from xenon_py.plugin.process import ProcessSpec
from xenon_py.plugin.ssh.script import GROUP_FUNCTIONS, become, directory, octal, word

# In dash and busybox what is started in the background ignores INT and QUIT for good (POSIX, 2.11);
# only another program can undo that. bash undoes it by "trap -".
_SUPERVISOR = (
    r"""
for _b in "${TMPDIR:-/tmp}" "$HOME"; do
  _d=$_b/.xenon-$_m
  mkdir -m 700 "$_d" 2>/dev/null && break
  _d=
done
_g=-
if command -v setsid >/dev/null 2>&1; then
  if [ -z "${BASH_VERSION:-}" ] && env --default-signal=INT,QUIT true 2>/dev/null; then
    lead() { setsid env --default-signal=INT,QUIT "$@"; }
  else
    lead() { setsid "$@"; }
  fi
elif command -v perl >/dev/null 2>&1; then
  lead() { perl -e 'use POSIX; POSIX::setsid; $SIG{INT}=$SIG{QUIT}="DEFAULT"; exec @ARGV' "$@"; }
else
  lead() { "$@"; }
  _g=
fi
J() {
  (
    trap - INT QUIT
    exec 2>"$_d/m$1"
    lead /bin/sh -c "$2" "$_d/p$1" "$1" </dev/null
    _r=$? _f=0
    : >"$_d/p$1"
    if [ $_r -gt 128 ]; then
      if [ -s "$_d/m$1" ]; then
        _f=1
        while read -r _x; do case $_x in *core*) _f=2 ;; esac; done <"$_d/m$1"
      else
        case $_r in 130 | 141) _f=1 ;; esac
      fi
    fi
    echo "X $1 $_r $_f"
  ) &
}
"""
    + GROUP_FUNCTIONS
    + r"""
T() { ( E "$2" "$3"; echo "G $1" ) </dev/null & }
W() { echo "$2" >"$_d/p$1"; }
U() { : >"$_d/p$1"; }
P() {
  _o=1
  for _f in "$_d"/p*; do
    if [ -s "$_f" ] && read -r _p <"$_f" && A "$_p"; then K "$1" "$_p"; _o=0; fi
  done
  return $_o
}
trap : HUP INT PIPE TERM
echo "$_m $$ $_d"
echo "$_m" >&2
if [ -n "$_d" ]; then
  while IFS= read -r _l; do eval "$_l"; done
  if P 15; then
    P 18
    _n=20
    while [ $_n -gt 0 ] && P 0; do Z; _n=$((_n - 1)); done
    P 9
  fi
  rm -rf "$_d"
fi
exit 0
"""
)

_CHECKS = r"""
_made=
no() {
  if [ -n "$_made" ]; then rm -f "$_made"; fi
  echo "F $_n $*"
  exit 125
}
new() {
  [ -d "$2" ] || no directory "$3"
  if [ -e "$1" ] || [ -L "$1" ]; then no exists "$3"; fi
  if ( set -C; : >"$1" ) 2>/dev/null; then _made=$1; return; fi
  if [ -e "$1" ] || [ -L "$1" ]; then no exists "$3"; fi
  no denied "$3"
}
"""


def supervisor_script(marker: str) -> str:
    """Return the script of the shell that starts and watches processes.

    It begins with a line ``<marker> <pid> <its directory>``.
    """
    return f"_m={word(marker)}{_SUPERVISOR}"


def start_request(number: int, spec: ProcessSpec) -> str:
    """Return the line that starts a process whose streams are files.

    Raises:
        IllegalArgumentException: a word or variable that no process takes.
    """
    return f'J {number:d} "$(printf "{octal(_process_script(spec))}")"\n'


def _process_script(spec: ProcessSpec) -> str:
    """Return the script that becomes a process; ``$0`` is its pid file, ``$1`` its number.

    The variables of the process are set last, so that none of them gets in the way.
    """
    lines = [
        f"_n=$1{_CHECKS}",
        f"cd {directory(spec.working_directory)} 2>/dev/null || no cwd",
        _program_check(spec.argv[0], spec.environment.get("PATH")),
        *_file_checks(spec),
        'echo $$ >"$0"; echo "S $_n $$"; unset _n _made',
        become(spec.argv, spec.environment, _redirections(spec)),
    ]
    return "\n".join(lines)


def _program_check(program: str, path: str | None) -> str:
    name = word(f"./{program}" if program.startswith("-") else program)
    if "/" in name:
        return f"[ -e {name} ] || no program; [ -x {name} ] && [ ! -d {name} ] || no execute"
    lookup = f"command -v {name} >/dev/null 2>&1"
    return f"{lookup if path is None else f'(PATH={word(path)}; {lookup})'} || no program"


def _file_checks(spec: ProcessSpec) -> list[str]:
    checks = []
    if spec.stdin is not None:
        name = word(spec.stdin)
        checks.append(f"[ -e {name} ] || no missing stdin; [ -r {name} ] || no denied stdin")
    if spec.stdout is not None:
        checks.append(_new_file(spec.stdout, "stdout"))
    if spec.stderr is not None and spec.stderr != spec.stdout:
        checks.append(_new_file(spec.stderr, "stderr"))
    return checks


def _new_file(path: str, what: str) -> str:
    """Return what makes an output file, which must not be there."""
    return f"new {word(path)} {word(posixpath.dirname(path))} {what}"


def _redirections(spec: ProcessSpec) -> str:
    stdin = word(spec.stdin or "/dev/null")
    stdout = word(spec.stdout or "/dev/null")
    same = spec.stderr is not None and spec.stderr == spec.stdout
    stderr = "&1" if same else word(spec.stderr or "/dev/null")
    return f"<{stdin} >{stdout} 2>{stderr}"
