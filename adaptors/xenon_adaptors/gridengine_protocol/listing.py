"""Reading ``qstat -xml``, and why jobs are in error state."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

from xenon_adaptors.gridengine_protocol.accounting import read_time
from xenon_py.model.jobs import JobReason, JobUsage
from xenon_py.plugin.batch import CouldNotAskError, Listed, Listing, Phase
from xenon_py.plugin.runner import CommandResult

JOB_ID = re.compile(r"[0-9]+(?:\.[0-9]+)?")

# One entry for each task of an array. User, queues and states undo what sge_qstat(5) files may say.
_QSTAT = 'qstat -xml -g d -u "$(id -un)" -q'

_ERRORS = "-- xenon errors --"
_RAW = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_ZOMBIE = "z"

# Arguments: numbers of jobs. Live jobs and the last that ended (``az``) are one listing. Only if
# some of the jobs are in error state a second command is run, which tells why.
_LISTING = f"""\
LC_ALL=C; TZ=UTC; export LC_ALL TZ; xenon_ids=$*; export xenon_ids
xenon_list=$({_QSTAT} '*' -s az 2>/dev/null) || xenon_list=$({_QSTAT} '*' -s a) || exit
printf '%s\\n' "$xenon_list"
xenon_stuck=$(printf '%s\\n' "$xenon_list" | awk -F '[<>]' '
  BEGIN {{ n = split(ENVIRON["xenon_ids"], list, " ")
    for (i = 1; i <= n; i++) wanted[list[i]] = 1 }}
  $2 == "JB_job_number" {{ number = $3 }}
  $2 == "state" && $3 ~ /E/ && number in wanted && !(number in told) {{
    printf "%s%s", comma, number; comma = ","; told[number] = 1 }}')
[ -n "$xenon_stuck" ] || exit 0
echo '{_ERRORS}'
qstat -j "$xenon_stuck" 2>/dev/null | grep -E '^(job_number|error reason)'
exit 0
"""


def listing_command(job_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the command that lists jobs, and tells why those of them in error state are so."""
    numbers = dict.fromkeys(job_id.partition(".")[0] for job_id in job_ids)
    return ("/bin/sh", "-c", _LISTING, "sh", *numbers)


def jobs_command(queues: Sequence[str]) -> tuple[str, ...]:
    """Return the command that lists live jobs: those that run in these queues, or asked for them.

    Args:
        queues: none = all.
    """
    return ("/bin/sh", "-c", f'exec {_QSTAT} "$1" -s a', "sh", ",".join(queues) or "*")


def parse_xml(data: bytes) -> ET.Element:
    """Return a document of ``qstat``; undo what 8.1.9 writes wrongly.

    Raises:
        CouldNotAskError: it is none.
    """
    text = _RAW.sub(b"", data).decode("utf-8", "replace").replace("%lt;", "&lt;")
    try:
        return ET.fromstring(text.lstrip())  # noqa: S314 - from the user's own scheduler
    except ET.ParseError as error:
        raise CouldNotAskError(f"qstat printed no XML: {error}") from error


def _rows(data: bytes) -> list[dict[str, str]]:
    """Return the fields of each job in a document."""
    document = parse_xml(data)
    if document.find("queue_info") is None and document.find("job_info") is None:
        raise CouldNotAskError(f"qstat printed no list of jobs but {document.tag!r}")
    return [
        {field.tag: (field.text or "").strip() for field in job}
        for job in document.iter("job_list")
    ]


def live_jobs(result: CommandResult) -> list[dict[str, str]]:
    """Return the fields of each live job, with its identifier under ``id``.

    Raises:
        CouldNotAskError: it is no listing.
    """
    return _live(_rows(_checked(result)))


def _checked(result: CommandResult) -> bytes:
    if not result.ok:
        raise CouldNotAskError(result.error_text().strip() or result.text().strip())
    return result.stdout


def _live(rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    found = []
    for row in rows:
        number, task = row.get("JB_job_number", ""), row.get("tasks", "")
        job_id = f"{number}.{task}" if task else number
        if JOB_ID.fullmatch(job_id) and row.get("state") != _ZOMBIE:
            found.append({**row, "id": job_id})
    return found


def parse_listing(result: CommandResult, job_ids: Sequence[str]) -> Listing:
    """Return what ``qstat`` says of these jobs.

    Raises:
        CouldNotAskError: it is no listing.
    """
    document, _, text = _checked(result).partition(f"\n{_ERRORS}\n".encode())
    rows = _rows(document)
    live = {row["id"]: row for row in _live(rows)}
    ended = {row.get("JB_job_number") for row in rows if row.get("state") == _ZOMBIE}
    errors = _error_reasons(text.decode("utf-8", "replace"))
    jobs = {}
    for job_id in job_ids:
        if job_id in live:
            jobs[job_id] = _listed(live[job_id], errors)
        elif job_id.partition(".")[0] in ended:
            jobs[job_id] = Listed(
                job_id, _ZOMBIE, Phase.ENDED, reason=JobReason.CANCELLED, message=_UNTOLD
            )
    return Listing(jobs)


_UNTOLD = "accounting knows nothing of it: it was deleted before it ran"


def _error_reasons(text: str) -> dict[str, str]:
    """Return texts by job, and by job and task, as in ``7.2``."""
    number, reasons = "", {}
    for line in text.splitlines():
        job = re.match(r"job_number: +([0-9]+)", line)
        reason = re.match(r"error reason +([0-9]+): +(.*)", line)
        if job:
            number = job.group(1)
        elif reason:
            reasons[f"{number}.{reason.group(1)}"] = reason.group(2)
            reasons.setdefault(number, reason.group(2))
    return reasons


def phase_of(state: str) -> Phase:
    """Return what the letters of a state mean (qstat(1))."""
    if "E" in state:
        return Phase.STUCK
    if "h" in state and "q" in state:
        return Phase.HELD
    if "q" in state:
        return Phase.PENDING
    if set("sST") & set(state):
        return Phase.SUSPENDED
    return Phase.RUNNING if set("rtd") & set(state) else Phase.UNKNOWN


def _listed(row: Mapping[str, str], errors: Mapping[str, str]) -> Listed:
    state = row.get("state", "")
    names = {"queue_name": "queue", "slots": "slots", "JAT_prio": "priority", "JB_owner": "owner"}
    phase = phase_of(state)
    reason, message = JobReason.UNKNOWN, ""
    if phase is Phase.STUCK:
        number = row["JB_job_number"]
        reason = JobReason.LAUNCH_FAILURE
        message = (
            f"{errors.get(row['id'], 'no reason is told')}; it stays in error state until "
            f"`qmod -cj {number}` clears it or it is cancelled"
        )
    return Listed(
        row["id"],
        state,
        phase,
        reason=reason,
        message=message,
        name=row.get("JB_name", ""),
        usage=JobUsage(
            read_time(row.get("JB_submission_time", "")), read_time(row.get("JAT_start_time", ""))
        ),
        information={name: row[tag] for tag, name in names.items() if row.get(tag)},
    )
