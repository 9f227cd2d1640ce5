"""Starting a program once per task of a parallel job (``start_per_task``)."""

from __future__ import annotations

from xenon_py.model.jobs import JobDescription
from xenon_py.plugin.runner import quote, quote_all

# Arguments: a program for other nodes, slots per task, then the command of this node. The first
# line of the host file is this node (sge_pe(5)). On the others ``qrsh -inherit`` runs a shell that
# reads what to do: words would be parsed once more by a shell there.
_START = """\
PATH=$PATH:$SGE_BINARY_PATH; xenon_there=$1; xenon_slots=$2; shift 2
xenon_here=; xenon_tasks=; xenon_code=0
exec 3<&0
while read -r xenon_host xenon_count xenon_rest; do
  xenon_here=${xenon_here:-$xenon_host}
  while [ "$xenon_count" -ge "$xenon_slots" ]; do
    xenon_count=$((xenon_count - xenon_slots))
    if [ -z "$xenon_tasks" ]; then "$@" <&3 3<&- &
    elif [ "$xenon_host" = "$xenon_here" ]; then "$@" </dev/null 3<&- &
    else printf '%s\\n' "$xenon_there" | qrsh -inherit "$xenon_host" /bin/sh -s 3<&- &
    fi
    xenon_tasks="$xenon_tasks $!"
  done
done <"$PE_HOSTFILE"
exec 3<&-
for xenon_task in $xenon_tasks; do
  wait "$xenon_task" || { xenon_one=$?; [ $xenon_code -ne 0 ] || xenon_code=$xenon_one; }
done
exit $xenon_code
"""


def launcher(description: JobDescription) -> tuple[str, ...]:
    """Return words that start what follows them once per task, and wait for all.

    The first task gets the job's input, the others none. The exit code is 0 if all are, else that
    of the first task that failed.
    """
    if not description.start_per_task or description.tasks <= 1:
        return ()
    there = "\n".join(
        [
            "{",
            f"cd -- {quote(str(description.working_directory))} || exit",
            *(f"export {name}={quote(value)}" for name, value in description.environment.items()),
            f"exec {quote_all([description.executable, *description.arguments])} </dev/null",
            "}",
        ]
    )
    cores = str(max(description.cores_per_task, 1))
    return ("/bin/sh", "-c", _START, "sh", there, cores)
