"""What the programs of ``at`` print."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xenon_adaptors.at_protocol.programs import NO_DAEMON, RECORDED
from xenon_py.exceptions import (
    InvalidJobDescriptionException,
    NoSuchQueueException,
    PermissionDeniedException,
    XenonException,
)
from xenon_py.model.jobs import JobReason
from xenon_py.plugin.batch import CouldNotAskError, Listed, Listing, Phase
from xenon_py.plugin.runner import CommandResult

RUNNING = "="
"""What stands for the queue of a running job."""

DENIED = "You do not have permission to use"

_LINE = re.compile(r"([0-9]+)\t([0-9]+) (\S) (\S+)")
_RECORD = re.compile(r"([0-9]+) \S+ ([A-Za-z]) ([0-9]+)")
_FATE = re.compile(r"([a-z]+) ([0-9]+) \S+ [A-Za-z] ([0-9]+)")
_ID = re.compile(r"^job ([0-9]+) at ", re.MULTILINE)
_AWAY = "no atd runs on this machine: jobs wait until it is back"

_GONE = (
    "the processes of the job are gone and left no exit code: they were killed, or the machine "
    "was restarted"
)

_REFUSALS: tuple[tuple[str, type[XenonException]], ...] = (
    (DENIED, PermissionDeniedException),
    ("Garbled time", InvalidJobDescriptionException),
    ("Usage: at", NoSuchQueueException),
)

_FATES: Mapping[str, tuple[Phase, JobReason, str]] = {
    "running": (Phase.RUNNING, JobReason.NONE, ""),
    "cancelled": (Phase.DONE, JobReason.CANCELLED, ""),
    "gone": (
        Phase.DONE,
        JobReason.UNKNOWN,
        _GONE,
    ),
}


@dataclass(frozen=True)
class Entry:
    """A job that ``atq`` lists.

    Attributes:
        job_id: its identifier.
        due: seconds since 1970 UTC.
        queue: a letter, or ``=`` while it runs.
        user: whose it is.
    """

    job_id: str
    due: int
    queue: str
    user: str


def daemon_is_away(said: str) -> bool:
    """Tell whether ``at`` said that no daemon runs; its exit code is 0 even so."""
    return "No atd running" in said


def parse_submit(result: CommandResult) -> str:
    """Return the identifier that ``at`` printed, which it does on its standard error.

    Raises:
        XenonException: of the class that the refusal stands for, with the words of ``at``.
    """
    said = result.error_text().strip()
    match = _ID.search(said)
    if result.ok and match:
        return match.group(1)
    for text, kind in _REFUSALS:
        if text in said:
            raise result.failure(kind, f"at refused the job: {said}")
    raise result.failure(XenonException, f"at gave no job identifier: {said}")


def parse_atq(result: CommandResult) -> tuple[dict[str, Entry], list[str]]:
    """Return the jobs by identifier, and the lines that could not be understood.

    Raises:
        CouldNotAskError: it is no listing.
    """
    if not result.ok:
        raise CouldNotAskError(result.error_text().strip() or "atq failed")
    entries: dict[str, Entry] = {}
    rejected = []
    for line in result.text().partition(f"{RECORDED}\n")[0].splitlines():
        match = _LINE.fullmatch(line)
        if match:
            job_id, due, queue, user = match.groups()
            entries[job_id] = Entry(job_id, int(due), queue, user)
        elif line.strip() and line != NO_DAEMON:
            rejected.append(line)
    return entries, rejected


def parse_listing(result: CommandResult, job_ids: Sequence[str]) -> Listing:
    """Return what the listing says of these jobs.

    Raises:
        CouldNotAskError: it is no listing.
    """
    entries, rejected = parse_atq(result)
    message = _AWAY if NO_DAEMON in result.text().splitlines() else ""
    jobs = {i: _listed(entries[i], message) for i in job_ids if i in entries}
    return Listing(jobs, tuple(rejected))


def _listed(entry: Entry, message: str) -> Listed:
    information = {"due": str(entry.due), "user": entry.user}
    if entry.queue == RUNNING:
        return Listed(entry.job_id, "RUNNING", Phase.RUNNING, information=information)
    information["queue"] = entry.queue
    return Listed(entry.job_id, "PENDING", Phase.PENDING, message=message, information=information)


def parse_fates(result: CommandResult, job_ids: Sequence[str]) -> Listing:
    """Return what the records say of jobs that the listing does not have.

    Of several records of one identifier (``at`` counts to 1,048,575) the latest counts. Of a job
    that noted its end nothing is said: the record itself tells more.

    Raises:
        CouldNotAskError: it is no answer.
    """
    if not result.ok:
        raise CouldNotAskError(result.error_text().strip() or "the records could not be read")
    latest: dict[str, tuple[int, str]] = {}
    rejected = []
    for line in result.text().splitlines():
        match = _FATE.fullmatch(line)
        if not match:
            rejected.append(line)
            continue
        fate, job_id, time = match.groups()
        latest[job_id] = max(latest.get(job_id, (0, "")), (int(time), fate))
    jobs = {}
    for job_id in job_ids:
        fate = latest.get(job_id, (0, ""))[1]
        if fate in _FATES:
            phase, reason, message = _FATES[fate]
            jobs[job_id] = Listed(job_id, fate.upper(), phase, reason=reason, message=message)
    return Listing(jobs, tuple(rejected))


def parse_queues(result: CommandResult) -> dict[str, list[Entry]]:
    """Return the live jobs by queue; that of a running job is known by its record.

    Running jobs without a record, which others submitted, are under ``=``.

    Raises:
        CouldNotAskError: it is no listing.
    """
    entries, _ = parse_atq(result)
    recorded: dict[str, tuple[int, str]] = {}
    for line in result.text().partition(f"{RECORDED}\n")[2].splitlines():
        match = _RECORD.fullmatch(line)
        if match:
            job_id, queue, time = match.groups()
            recorded[job_id] = max(recorded.get(job_id, (0, "")), (int(time), queue))
    found: dict[str, list[Entry]] = {}
    for entry in entries.values():
        queue = entry.queue
        if queue == RUNNING:
            queue = recorded.get(entry.job_id, (0, RUNNING))[1]
        found.setdefault(queue, []).append(entry)
    return found
