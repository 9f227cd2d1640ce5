"""Reading ``qstat -xml``, the accounting file and ``qacct``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

from xenon_py.model.jobs import JobReason, JobUsage
from xenon_py.plugin.batch import CouldNotAskError, Listed, Listing, Phase
from xenon_py.plugin.runner import CommandResult

JOB_ID = re.compile(r"[0-9]+(?:\.[0-9]+)?")

QSTAT = ("qstat", "-xml", "-g", "d")
"""The user's own live jobs, one entry for each task of an array."""

_RAW = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_MILLISECONDS = 10**11  # Univa 8.2 and newer: what is more than this is no number of seconds
_KILLED = 128
_LIMIT_FAILED = 37
_FILE_FIELDS = 36
_FIELDS = (
    *("qname", "hostname", "group", "owner", "jobname", "jobnumber", "account", "priority"),
    *("qsub_time", "start_time", "end_time", "failed", "exit_status"),
)
"""The first columns of the accounting file."""

_NOT_RUN = frozenset(range(1, 12)) | {26, 27, 28, 29}
"""Codes of ``failed`` (accounting(5)) of jobs that did not start."""

_ACCOUNTING = """\
file=$SGE_ROOT/${SGE_CELL:-default}/common/accounting
if [ -r "$file" ]; then
  tail -c 4194304 "$file" | awk -F: -v ids="$*" '
    BEGIN { n = split(ids, list, " "); for (i = 1; i <= n; i++) wanted[list[i]] = 1 }
    $6 in wanted'
else
  for id do qacct -j "$id" 2>/dev/null; done
fi
exit 0
"""


def accounting_command(job_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the command that prints what accounting has of these jobs.

    It reads the last 4 MiB of the file, which takes the same time however long that is; where it
    cannot be read, ``qacct`` is asked job by job.
    """
    numbers = dict.fromkeys(job_id.partition(".")[0] for job_id in job_ids)
    return ("/bin/sh", "-c", _ACCOUNTING, "sh", *numbers)


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


def live_jobs(result: CommandResult) -> list[dict[str, str]]:
    """Return the fields of each job, with its identifier under ``id``.

    Raises:
        CouldNotAskError: it is no listing.
    """
    if not result.ok:
        raise CouldNotAskError(result.error_text().strip() or result.text().strip())
    rows = []
    for job in parse_xml(result.stdout).iter("job_list"):
        row = {field.tag: (field.text or "").strip() for field in job}
        number, task = row.get("JB_job_number", ""), row.get("tasks", "")
        row["id"] = f"{number}.{task}" if task else number
        if JOB_ID.fullmatch(row["id"]):
            rows.append(row)
    return rows


def parse_listing(result: CommandResult, job_ids: Sequence[str]) -> Listing:
    """Return what ``qstat`` says of these jobs; raises as ``live_jobs``."""
    wanted = set(job_ids)
    return Listing({r["id"]: _listed(r) for r in live_jobs(result) if r["id"] in wanted})


def phase_of(state: str) -> Phase:
    """Return what the letters of a state mean (qstat(1))."""
    if "E" in state or ("h" in state and "q" in state):
        return Phase.HELD
    if "q" in state:
        return Phase.PENDING
    if set("sST") & set(state):
        return Phase.SUSPENDED
    return Phase.RUNNING if set("rtd") & set(state) else Phase.UNKNOWN


def _listed(row: Mapping[str, str]) -> Listed:
    state = row.get("state", "")
    names = {"queue_name": "queue", "slots": "slots", "JAT_prio": "priority", "JB_owner": "owner"}
    information = {name: row[tag] for tag, name in names.items() if row.get(tag)}
    message = ""
    if "E" in state:
        message = f"the job is in error state; qstat -j {row['JB_job_number']} tells why"
    return Listed(
        row["id"],
        state,
        phase_of(state),
        message=message,
        name=row.get("JB_name", ""),
        information=information,
    )


def parse_accounting(result: CommandResult, job_ids: Sequence[str]) -> Listing:
    """Return what accounting says; of several records of a job the last counts.

    Raises:
        CouldNotAskError: it is no answer.
    """
    if not result.ok:
        raise CouldNotAskError(result.error_text().strip())
    wanted = set(job_ids)
    jobs: dict[str, Listed] = {}
    rejected: list[str] = []
    text = result.text()
    rows = _qacct_rows(text) if text.startswith("====") else _file_rows(text, rejected)
    for row in rows:
        number, task = row["jobnumber"], row["taskid"]
        job_id = number if task in {"0", "undefined", ""} else f"{number}.{task}"
        if job_id in wanted:
            jobs[job_id] = _accounted(job_id, row)
    return Listing(jobs, tuple(rejected))


def _file_rows(text: str, rejected: list[str]) -> list[dict[str, str]]:
    rows = []
    for line in text.splitlines():
        values = line.split(":")
        if len(values) < _FILE_FIELDS or not values[5].isdigit():
            rejected.append(line)
            continue
        rows.append({**dict(zip(_FIELDS, values, strict=False)), "taskid": values[35]})
    return rows


def _qacct_rows(text: str) -> list[dict[str, str]]:
    rows = []
    for block in re.split(r"^=+$", text, flags=re.MULTILINE):
        row = dict(re.findall(r"^(\w+) +(.*?) *$", block, re.MULTILINE))
        if {"jobnumber", "taskid", "failed", "exit_status"} <= row.keys():
            rows.append(row)
    return rows


def _accounted(job_id: str, row: Mapping[str, str]) -> Listed:
    failed, _, text = (part.strip() for part in row["failed"].partition(":"))
    status = int(re.match(r"[0-9]*", row["exit_status"]).group() or 0)  # type: ignore[union-attr]
    code = int(failed) if failed.isdigit() else 0
    signal = status - _KILLED if code and status > _KILLED else None
    reason = JobReason.UNKNOWN
    if code == _LIMIT_FAILED:
        reason = JobReason.TIME_LIMIT
    elif code in _NOT_RUN:
        reason = JobReason.LAUNCH_FAILURE
    ran = reason is not JobReason.LAUNCH_FAILURE and signal is None
    return Listed(
        job_id,
        "DONE",
        Phase.DONE,
        status if ran else None,
        signal,
        reason=reason,
        message=text or (f"failed {code}" if code else ""),
        name=row.get("jobname", ""),
        usage=JobUsage(
            _time(row.get("qsub_time")),
            _time(row.get("start_time")),
            _time(row.get("end_time")),
            nodes=(row["hostname"],) if row.get("hostname") else (),
        ),
        information={"queue": row["qname"]} if row.get("qname") else {},
    )


def _time(text: str | None) -> int | None:
    """Return ms; the accounting file has seconds, or ms in some versions."""
    if not text or not text.isdigit() or int(text) == 0:
        return None
    number = int(text)
    return number if number > _MILLISECONDS else number * 1000
