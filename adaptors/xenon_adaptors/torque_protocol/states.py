"""From the attributes of a job to what is known of it. Pure functions."""

from __future__ import annotations

import calendar
import re

from xenon_adaptors.torque_protocol.dialects import Dialect, Ending
from xenon_adaptors.torque_protocol.rows import Row
from xenon_py.model.jobs import JobReason, JobUsage
from xenon_py.plugin.batch import Listed, Phase

_PHASES = {
    "Q": Phase.PENDING,
    "W": Phase.PENDING,  # for its start time
    "T": Phase.PENDING,  # on its way to another queue or server
    "H": Phase.HELD,
    "R": Phase.RUNNING,
    "B": Phase.RUNNING,  # an array of which a task began
    "E": Phase.RUNNING,  # ending: files are delivered
    "S": Phase.SUSPENDED,
    "U": Phase.SUSPENDED,  # by somebody who sat down at the machine
}
_INFORMATION = {
    "queue": "queue",
    "Job_Owner": "owner",
    "exec_host": "exec_host",
    "comment": "comment",
    "Hold_Types": "hold_types",
    "substate": "substate",
    "Account_Name": "account",
    "resources_used.mem": "mem",
    "resources_used.vmem": "vmem",
    "Resource_List.walltime": "walltime",
}
_BY_SIGNAL = 256
_LAST_SIGNAL = 64
_TERMINATED = "91"
"""Substate of a job of OpenPBS that was deleted."""
_NO_DEPENDENCY = "55"
"""Substate of a job of TORQUE that was ended because of what it depends on."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) +([0-9]+) ([0-9]+):([0-9]+):([0-9]+) ([0-9]+)")
_STARTED = re.compile(r"Job (run at|started on|Array Began at)")


def phase_of(state: str, dialect: Dialect) -> Phase:
    """Return what the letter of a state means (qstat(1))."""
    return Phase.DONE if state in dialect.ended else _PHASES.get(state, Phase.UNKNOWN)


def listed(job_id: str, row: Row, dialect: Dialect) -> Listed:
    """Return what is known of a job by its attributes."""
    state = row.get("job_state", "")
    phase = phase_of(state, dialect)
    if state == "X" and not row.get(dialect.exit_status):
        phase = Phase.ENDED  # little is told of a task while its array goes on
    exit_code, signal, ending = None, None, Ending(JobReason.UNKNOWN, "")
    if phase is Phase.DONE:
        exit_code, signal, ending = _ending(row, dialect)
    comment = row.get("comment", "")
    message = ending.message or ("" if _STARTED.match(comment) else comment)
    return Listed(
        job_id,
        state,
        phase,
        exit_code,
        signal,
        reason=ending.reason,
        message=message,
        name=row.get("Job_Name", ""),
        usage=_usage(row, dialect),
        information={name: row[key] for key, name in _INFORMATION.items() if row.get(key)},
    )


def _ending(row: Row, dialect: Dialect) -> tuple[int | None, int | None, Ending]:
    """Return exit code, signal and what the system did, of a job that has ended.

    More than 256 is 256 and a signal; less than 0 is a word of the system; no status means that
    it did not run. TORQUE gives one to a job that did not run because of a dependency, too.
    """
    told = row.get(dialect.exit_status, "")
    ran = bool(row.get(dialect.started))
    if not re.fullmatch(r"-?[0-9]{1,9}", told):
        return None, None, _never_ended(row, dialect, ran=ran)
    status = int(told)
    if status < 0:
        ending = dialect.endings.get(status)
        text = f"{dialect.name} could not start it, exit status {status}"
        return None, None, ending or Ending(JobReason.LAUNCH_FAILURE, text)
    if _BY_SIGNAL < status <= _BY_SIGNAL + _LAST_SIGNAL:
        signal = status - _BY_SIGNAL
        if not ran:
            return None, None, _never_ended(row, dialect, ran=False)
        if row.get("substate") == _TERMINATED:
            return None, signal, Ending(JobReason.CANCELLED, "it was deleted")
        return None, signal, Ending(JobReason.UNKNOWN, "")
    return status, None, Ending(JobReason.UNKNOWN, "")


def _never_ended(row: Row, dialect: Dialect, *, ran: bool) -> Ending:
    """Return why a job has no exit status of its own."""
    if row.get("substate") == _TERMINATED:
        return Ending(JobReason.CANCELLED, "it was deleted")
    if ran:
        return Ending(JobReason.UNKNOWN, f"{dialect.name} tells no exit status")
    depends = row.get("depend") or "depend=" in row.get(dialect.submitted, "")
    if depends and row.get("substate") in {_NO_DEPENDENCY, "92", None}:
        return Ending(JobReason.DEPENDENCY, "it never ran")
    return Ending(JobReason.CANCELLED, "it was deleted before it ran")


def _usage(row: Row, dialect: Dialect) -> JobUsage:
    hosts = (part.partition("/")[0] for part in row.get("exec_host", "").split("+"))
    return JobUsage(
        submit_time=_time(row.get("ctime", "")),
        start_time=_time(row.get(dialect.started, "")),
        end_time=_time(row.get(dialect.finished, "")),
        wall_seconds=_seconds(row.get("resources_used.walltime", "")),
        cpu_seconds=_seconds(row.get("resources_used.cput", "")),
        nodes=tuple(dict.fromkeys(filter(None, hosts))),
    )


def _time(text: str) -> int | None:
    """Return ms; TORQUE's XML has seconds, everything else the date of ``TZ=UTC``."""
    if re.fullmatch(r"[0-9]{1,12}", text):
        return int(text) * 1000
    found = _DATE.fullmatch(text)
    if not found or found.group(1) not in _MONTHS:
        return None
    day, hour, minute, second, year = (int(found.group(i)) for i in range(2, 7))
    month = _MONTHS.index(found.group(1)) + 1
    return calendar.timegm((year, month, day, hour, minute, second)) * 1000


def _seconds(text: str) -> float | None:
    """Return seconds of ``HH:MM:SS``, or of a plain number."""
    if not re.fullmatch(r"[0-9]{1,9}(:[0-9]{1,2}){0,3}", text):
        return None
    total = 0
    for part in text.split(":"):
        total = total * 60 + int(part)
    return float(total)
