"""Shell programs that run on the host of ``at``. Measured with at 3.2.5."""

from __future__ import annotations

from collections.abc import Sequence

from xenon_py.plugin.scripts import RECORDS

LISTING = ("atq", "-o", "%s")
"""Identifier, time in seconds since 1970, queue (``=`` while it runs), user; in any locale."""

RECORDED = "-- records --"
"""A line between the listing and the records."""

NO_DAEMON = "-- no atd --"
"""A line that is there when no daemon runs: ``at`` and ``atq`` work without one."""

_DAEMON = f"""\
xenon_pid=$(cat /run/atd.pid 2>/dev/null || cat /var/run/atd.pid 2>/dev/null)
[ "$(ps -o comm= -p "${{xenon_pid:-0}}" 2>/dev/null)" = atd ] || echo '{NO_DAEMON}'
"""

_HEAD = f"""\
xenon_host=$(uname -n)
xenon_alive() {{  # the session of the record $1 has its leader still
  xenon_pid=
  [ -f "$1/pid" ] && read -r xenon_pid <"$1/pid" && [ -n "$xenon_pid" ] &&
    [ "$(ps -o sid= -p "$xenon_pid" 2>/dev/null | tr -d ' ')" = "$xenon_pid" ]
}}
cd -- "$HOME/{RECORDS}" 2>/dev/null || cd /
"""

# Arguments: token, "all" or "clean" (environment), queue, then the words that tell the time.
# The text for at goes to its standard input; the job script comes on ours. Its lines begin with #
# there: dash 0.5.12 loses a byte above 127 where a line begins as the last one of a here-document.
_SUBMIT = f"""\
xenon_record="$HOME/{RECORDS}/$1"; xenon_token=$1; xenon_inherit=$2; xenon_queue=$3; shift 3
cd / || exit
xenon_said=$({{
  echo 'unset TZ'
  [ "$xenon_inherit" = clean ] || export -p
  echo "LC_ALL=C sed 's/^#//' <<'$xenon_token' | exec setsid -w /bin/sh -s >/dev/null 2>&1"
  {{ echo "xenon_at=\\"\\$HOME/{RECORDS}/$xenon_token\\""
  cat <<'xenon_start'
echo $$ >"$xenon_at/pid.part" && mv -f -- "$xenon_at/pid.part" "$xenon_at/pid"
xenon_tries=0
until [ -f "$xenon_at/at" ] || [ $xenon_tries -ge 600 ]; do
  xenon_tries=$((xenon_tries + 1)); sleep 0.1
done
XENON_AT_ID=
[ ! -f "$xenon_at/at" ] || read -r XENON_AT_ID xenon_rest <"$xenon_at/at"
[ ! -f "$xenon_at/cancel" ] || exit 0
xenon_start
  cat; }} | LC_ALL=C sed 's/^/#/'
  printf '\\n%s\\n' "$xenon_token"
}} | env -i HOME="$HOME" LOGNAME="${{LOGNAME:-$(id -un)}}" USER="${{USER:-$(id -un)}}" \
  PATH="$PATH" LANG="${{LANG:-C}}" LC_ALL=C TZ=UTC at -M -q "$xenon_queue" "$@" 2>&1)
xenon_status=$?
printf '%s\\n' "$xenon_said" >&2
xenon_id=$(printf '%s\\n' "$xenon_said" | sed -n 's/^job \\([0-9][0-9]*\\) at .*/\\1/p')
if [ -n "$xenon_id" ]; then
  printf '%s\\n' "$xenon_id $(uname -n) $xenon_queue $(date +%s)" >"$xenon_record/at.part" &&
    mv -f -- "$xenon_record/at.part" "$xenon_record/at"
fi
exit "$xenon_status"
"""

# Arguments: options of grep with the beginnings of the lines that are looked for.
_FATES = f"""\
{_HEAD}
find . -mindepth 2 -maxdepth 2 -name at -exec grep -H "$@" -- {{}} + 2>/dev/null |
while IFS=: read -r xenon_file xenon_line; do
  case $xenon_line in *" $xenon_host "*) ;; *) continue;; esac
  xenon_record=${{xenon_file%/at}}
  if xenon_alive "$xenon_record"; then xenon_fate=running
  elif [ -f "$xenon_record/cancel" ] && [ -f "$xenon_record/end" ] &&
    grep -q '^signal=[0-9]' "$xenon_record/end"; then xenon_fate=cancelled
  elif [ -f "$xenon_record/end" ]; then xenon_fate=ended
  elif [ -f "$xenon_record/cancel" ]; then xenon_fate=cancelled
  elif [ -f "$xenon_record/pid" ]; then xenon_fate=gone
  else xenon_fate=waiting
  fi
  printf '%s %s\\n' "$xenon_fate" "$xenon_line"
done
exit 0
"""

_FIND = f"""\
{_HEAD}
xenon_id=$1
xenon_record=$(find . -mindepth 2 -maxdepth 2 -name at \
  -exec grep -l "^$xenon_id $xenon_host " -- {{}} + 2>/dev/null)
[ -z "$xenon_record" ] || xenon_record=$(ls -t -- $xenon_record | head -n 1)
xenon_record=${{xenon_record%/at}}
xenon_signal() {{  # send $1 to every process of the session but its leader, which tells how it went
  ps -e -o pid= -o sid= -o stat= | while read -r xenon_one xenon_sid xenon_stat; do
    case $xenon_stat in Z*) continue;; esac
    [ "$xenon_sid" != "$xenon_pid" ] || [ "$xenon_one" = "$xenon_pid" ] ||
      kill -"$1" "$xenon_one" 2>/dev/null
  done
}}
xenon_unknown() {{ echo "Cannot find jobid $xenon_id" >&2; exit 1; }}
"""

# TERM, two seconds later KILL, to all processes of the session. The leader ends last, by itself.
_CANCEL = f"""\
{_FIND}
xenon_listed=$({" ".join(LISTING)} | sed -n "s/^$xenon_id[[:space:]][0-9]* \\(.\\) .*/\\1/p")
if [ -z "$xenon_record" ]; then
  [ -n "$xenon_listed" ] || xenon_unknown
  [ "$xenon_listed" != = ] || {{ echo 'not our job' >&2; exit 1; }}
  exec atrm "$xenon_id"
fi
[ ! -f "$xenon_record/end" ] || xenon_unknown
[ -n "$xenon_listed" ] || xenon_alive "$xenon_record" || xenon_unknown
: >"$xenon_record/cancel"
[ -z "$xenon_listed" ] || atrm "$xenon_id"
xenon_round=0
while xenon_alive "$xenon_record" && [ $xenon_round -lt 60 ]; do
  case $xenon_round in 0) xenon_signal TERM;; 2?|3?|4?) xenon_signal KILL;; 5?)
    kill -KILL "$xenon_pid";; esac
  xenon_round=$((xenon_round + 1)); sleep 0.1
done
exit 0
"""

_SIGNAL = f"""\
{_FIND}
[ -n "$xenon_record" ] && xenon_alive "$xenon_record" || xenon_unknown
xenon_signal "$2"
"""

# Argument: a token. Prints the identifiers of the jobs with it: pending, running, or ended.
_BY_TOKEN = f"""\
{_HEAD}
[ ! -f "$1/at" ] || sed 's/ .*//' "$1/at"
xenon_all=$({" ".join(LISTING)}) || exit
printf '%s\\n' "$xenon_all" | while read -r xenon_id xenon_rest; do
  [ -z "$xenon_id" ] || ! at -c "$xenon_id" 2>/dev/null | grep -q -x -F "$1" || echo "$xenon_id"
done
"""

_LISTING = f"{' '.join(LISTING)} || exit\n{_DAEMON}"
_ALL = f"""\
{_LISTING}
{_HEAD}
echo '{RECORDED}'
find . -mindepth 2 -maxdepth 2 -name at -exec grep -h " $xenon_host " -- {{}} + 2>/dev/null
exit 0
"""

PROBE = "for name in at atq atrm setsid ps; do command -v $name >/dev/null || echo $name; done"
"""Prints what is missing of the programs that are needed."""


def _program(text: str, *arguments: str) -> tuple[str, ...]:
    return ("/bin/sh", "-c", text, "sh", *arguments)


def submit(token: str, inherit: bool, queue: str, when: Sequence[str]) -> tuple[str, ...]:
    """Return the command that submits the job script on its standard input.

    Args:
        token: of the submission.
        inherit: hand the environment on. ``at`` by itself would lose variables whose name is the
            beginning of ``UID``, ``SHELLOPTS`` and some more.
        queue: a letter.
        when: words for ``at``: ``now``, or ``-t`` and a time in UTC.
    """
    return _program(_SUBMIT, token, "all" if inherit else "clean", queue, *when)


def listing() -> tuple[str, ...]:
    """Return the command that lists live jobs, and says if no daemon runs."""
    return _program(_LISTING)


def listing_with_records() -> tuple[str, ...]:
    """Return the same, with the records, which know the queue of a running job."""
    return _program(_ALL)


def fates(job_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the command that prints what became of jobs: a line ``fate id host queue time``."""
    return _program(_FATES, *(word for job_id in job_ids for word in ("-e", f"^{job_id} ")))


def cancel(job_id: str) -> tuple[str, ...]:
    """Return the command that takes a job out of the queue and ends its processes."""
    return _program(_CANCEL, job_id)


def signal(job_id: str, name: str) -> tuple[str, ...]:
    """Return the command that signals the processes of a running job."""
    return _program(_SIGNAL, job_id, name)


def find_by_token(token: str) -> tuple[str, ...]:
    """Return the command that prints the identifiers of the jobs of a submission."""
    return _program(_BY_TOKEN, token)
