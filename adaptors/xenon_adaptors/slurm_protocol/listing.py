"""Asking ``squeue`` and ``sacct``, and reading their answers."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from xenon_adaptors.slurm_protocol.ids import (
    TASK_ID,
    Wanted,
    base_ids,
    clusters_option,
    listed_id,
)
from xenon_adaptors.slurm_protocol.states import (
    LAUNCH_SIGNAL,
    clean_state,
    message_of,
    outcome,
    phase_of,
    reason_of,
)
from xenon_py.model.jobs import JobReason, JobUsage
from xenon_py.plugin.batch import CouldNotAskError, Listed, Listing, Phase
from xenon_py.plugin.runner import CommandResult

_COLUMNS = {
    "jobarrayid": 24,
    "state": 16,
    "exit_code": 8,
    "reason": 60,
    "submittime": 20,
    "starttime": 20,
    "endtime": 20,
    "partition": 24,
    "nodelist": 60,
}
_LENGTH = sum(_COLUMNS.values())
_FIELDS = (
    *("JobID", "Cluster", "State", "ExitCode", "Submit", "Start", "End", "ElapsedRaw", "TotalCPU"),
    *("NodeList", "Partition"),
)
_SEPARATOR = "\x1f"
_STATE = re.compile(r"[A-Z_]+\b")
_SIBLING = "REVOKED"
"""State of a federated job on a cluster where it does not run; another one tells its fate."""


def squeue_command(job_ids: Sequence[str], cluster: str = "") -> tuple[str, ...]:
    """Return the query for live jobs and for ended ones that the controller remembers.

    Columns have widths, not separators: every version since 14 knows them, and nothing in a
    column can be taken for its end. Names and comments, which hold anything, are not asked for.

    A single unknown id is an error for ``squeue``; of two or more the unknown are left out. A job
    of a federation may run on any cluster of it; ``--federation`` does no harm where there is none.
    """
    columns = ",".join(f"{name}:{width}" for name, width in _COLUMNS.items())
    ids = base_ids(job_ids)
    clusters = clusters_option(job_ids, cluster)
    return (
        *("squeue", "-a", "-r", "-t", "all", "-O", columns),
        *(clusters or ("-h", "--federation")),  # only headings name the clusters
        *("-j", ",".join(ids * 2 if len(ids) == 1 else ids)),
    )


def parse_squeue(result: CommandResult, job_ids: Sequence[str], cluster: str = "") -> Listing:
    """Return what ``squeue_command`` printed of these jobs; a line that is not whole is rejected.

    Raises:
        CouldNotAskError: the controller was not reached.
    """
    if not result.ok and "Invalid job id" not in result.error_text():
        raise CouldNotAskError(_why("squeue", result))
    wanted = Wanted(job_ids, cluster)
    jobs: dict[str, Listed] = {}
    rejected = []
    at = cluster
    answered = set()
    for line in result.text().splitlines():
        if line.startswith("CLUSTER: "):
            at = line.partition(": ")[2].strip()
            answered.add(at)
            continue
        row = _cut(line)
        if row["state"] == "STATE":  # the heading
            continue
        number = listed_id(row["jobarrayid"])
        whole = len(line) >= _LENGTH and TASK_ID.fullmatch(number)
        if not whole or not _STATE.fullmatch(row["state"]):
            if line.strip() and number:
                rejected.append(line)
            continue
        job_id = wanted.find(number, at)
        if job_id and row["state"] != _SIBLING:
            jobs[job_id] = _listed_job(job_id, row)
    return Listing(jobs, tuple(rejected), wanted.elsewhere(answered))


def _cut(line: str) -> dict[str, str]:
    row = {}
    position = 0
    for name, width in _COLUMNS.items():
        row[name] = line[position : position + width].strip()
        position += width
    return row


def _listed_job(job_id: str, row: Mapping[str, str]) -> Listed:
    state, reason = row["state"], row["reason"]
    raw = int(row["exit_code"]) if row["exit_code"].isdigit() else 0
    code, signal, core = outcome(state, raw >> 8 & 0xFF, raw & 0x7F, bool(raw & 0x80))
    phase = phase_of(state, reason)
    ended = phase is Phase.DONE
    nodes = row["nodelist"] if len(row["nodelist"]) < _COLUMNS["nodelist"] else ""  # it is cut
    return Listed(
        job_id,
        state,
        phase,
        code if ended else None,
        signal if ended else None,
        core if ended and signal else None,
        reason_of(state, reason, raw & 0x7F or None) if ended else JobReason.NONE,
        message_of(reason),
        usage=_usage(row["submittime"], row["starttime"], row["endtime"], phase, nodes),
        information={key: row[key] for key in ("partition", "nodelist", "reason") if row[key]},
    )


def sacct_command(job_ids: Sequence[str], cluster: str = "") -> tuple[str, ...]:
    """Return the query for ended jobs. A start time is given: the default is last midnight."""
    return (
        *("sacct", "-X", "-n", "-P", f"--delimiter={_SEPARATOR}", "-S", "1970-01-02"),
        *("-o", ",".join(_FIELDS)),
        *(clusters_option(job_ids, cluster) or ("--federation",)),
        *("-j", ",".join(base_ids(job_ids))),
    )


def parse_sacct(result: CommandResult, job_ids: Sequence[str], cluster: str = "") -> Listing:
    """Return what ``sacct_command`` printed of these jobs; of several rows the last counts.

    Raises:
        CouldNotAskError: the data base was not reached.
    """
    if not result.ok:
        raise CouldNotAskError(_why("sacct", result))
    wanted = Wanted(job_ids, cluster)
    jobs: dict[str, Listed] = {}
    rejected = []
    for line in result.text().split("\n"):
        values = line.split(_SEPARATOR)
        number = listed_id(values[0])
        whole = len(values) == len(_FIELDS) and TASK_ID.fullmatch(number)
        if not whole or not _STATE.match(values[2]):
            if line.strip() and number and not _PENDING_ARRAY.match(number):
                rejected.append(line)
            continue
        row = dict(zip(_FIELDS, values, strict=True))
        job_id = wanted.find(number, row["Cluster"])
        if job_id and not (job_id in jobs and clean_state(row["State"]) == _SIBLING):
            jobs[job_id] = _accounted_job(job_id, row)
    return Listing(jobs, tuple(rejected))


def _accounted_job(job_id: str, row: Mapping[str, str]) -> Listed:
    state = clean_state(row["State"])
    match = re.fullmatch(r"([0-9]+):([0-9]+)", row["ExitCode"])
    code, number = (int(match.group(1)), int(match.group(2))) if match else (0, 0)
    exit_code, signal, _ = outcome(state, code, number, False)
    phase = phase_of(state)
    ended = phase is Phase.DONE
    launch = "JobLaunchFailure" if number == LAUNCH_SIGNAL else ""
    seconds = row["ElapsedRaw"]
    return Listed(
        job_id,
        state,
        phase,
        exit_code if ended and match else None,
        signal if ended else None,
        None,
        reason_of(state, launch, number or None) if ended else JobReason.NONE,
        usage=replace(
            _usage(row["Submit"], row["Start"], row["End"], phase, row["NodeList"]),
            wall_seconds=float(seconds) if seconds.isdigit() and ended else None,
            cpu_seconds=_seconds(row["TotalCPU"]) if ended else None,
        ),
        information={"partition": row["Partition"], "state": row["State"]},
        masked_exit=True,
    )


def _seconds(text: str) -> float | None:
    """Return the seconds of ``[[days-]hours:]minutes:seconds[.ms]``; 0 was not measured."""
    match = re.fullmatch(r"(?:(?:([0-9]+)-)?([0-9]+):)?([0-9]+):([0-9]+(?:\.[0-9]+)?)", text)
    if not match:
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds or None


def _usage(submit: str, start: str, end: str, phase: Phase, nodes: str) -> JobUsage:
    started = phase not in {Phase.PENDING, Phase.HELD}
    begin, finish = _ms(start) if started else None, _ms(end) if phase is Phase.DONE else None
    wall = (finish - begin) / 1000 if begin is not None and finish is not None else None
    names = () if nodes in {"None assigned", "(null)"} else expand_nodes(nodes)
    return JobUsage(_ms(submit), begin, finish, wall, nodes=names)


def _ms(text: str) -> int | None:
    """Return a time (seconds since 1970, or ISO local time) in ms since 1970; ``None`` = none."""
    if text.isdigit():
        return int(text) * 1000
    try:
        return int(datetime.datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        return None


_PENDING_ARRAY = re.compile(r"[0-9]+_\[")
"""What ``sacct`` calls the tasks of an array that have no record of their own yet."""


def expand_nodes(text: str) -> tuple[str, ...]:
    """Return the names in a node list such as ``a[1-3,07],b``; what is not understood stays."""
    names: list[str] = []
    for item in re.findall(r"[^,\[\]]+(?:\[[^\]]*\])?[^,\[\]]*", text):
        match = re.fullmatch(r"([^\[\]]*)\[([0-9,-]+)\]([^\[\]]*)", item)
        if not match:
            names.append(item)
            continue
        for part in match.group(2).split(","):
            low, _, high = part.partition("-")
            last = min(int(high or low), int(low) + 9999)
            names += [
                f"{match.group(1)}{number:0{len(low)}}{match.group(3)}"
                for number in range(int(low), last + 1)
            ]
    return tuple(names)


def parse_id_list(result: CommandResult) -> list[str]:
    """Return the identifiers that ``squeue -h -r -o %i`` printed.

    Raises:
        CouldNotAskError: the controller was not reached.
    """
    if not result.ok:
        raise CouldNotAskError(_why("squeue", result))
    numbers = (listed_id(line.strip()) for line in result.text().splitlines())
    return [number for number in numbers if TASK_ID.fullmatch(number)]


def _why(command: str, result: CommandResult) -> str:
    said = result.error_text().strip() or result.text().strip()
    return f"{command} failed with exit code {result.returncode}: {said[:500]}"
