"""Asking ``squeue`` and ``sacct``, and reading their answers."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence

from xenon_adaptors.slurm_protocol.states import (
    clean_state,
    message_of,
    outcome,
    phase_of,
    reason_of,
)
from xenon_py.model.jobs import JobReason, JobUsage
from xenon_py.plugin.batch import CouldNotAskError, Listed, Listing, Phase
from xenon_py.plugin.runner import CommandResult

TASK_ID = re.compile(r"[0-9]+(?:_[0-9]+)?")

_COLUMNS = {
    "jobarrayid": 40,
    "state": 20,
    "exit_code": 12,
    "reason": 60,
    "submittime": 24,
    "starttime": 24,
    "endtime": 24,
    "partition": 60,
    "nodelist": 200,
}
_FIELDS = ("JobID", "State", "ExitCode", "Submit", "Start", "End", "ElapsedRaw", "Partition")
_SEPARATOR = "\x1f"


def base_ids(job_ids: Iterable[str]) -> str:
    """Return ids for ``-j``: arrays by their parent, a lone one twice.

    A single unknown id is an error for ``squeue``; of two or more the unknown are left out.
    """
    ids = list(dict.fromkeys(job_id.partition("_")[0] for job_id in job_ids))
    return ",".join(ids * 2 if len(ids) == 1 else ids)


def squeue_command(job_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the query for live jobs and for ended ones that the controller remembers."""
    columns = ",".join(f"{name}:{width}" for name, width in _COLUMNS.items())
    return ("squeue", "-h", "-a", "-r", "-t", "all", "-O", columns, "-j", base_ids(job_ids))


def parse_squeue(result: CommandResult, job_ids: Sequence[str]) -> Listing:
    """Return what ``squeue_command`` printed of these jobs.

    Raises:
        CouldNotAskError: the controller was not reached.
    """
    if not result.ok and "Invalid job id" not in result.error_text():
        raise CouldNotAskError(_why("squeue", result))
    wanted = frozenset(job_ids)
    jobs: dict[str, Listed] = {}
    rejected = []
    for line in result.text().splitlines():
        row = _cut(line)
        if not TASK_ID.fullmatch(row["jobarrayid"]) or not re.fullmatch(r"[A-Z_]+", row["state"]):
            if line.strip():
                rejected.append(line)
        elif row["jobarrayid"] in wanted:
            jobs[row["jobarrayid"]] = _listed_job(row)
    return Listing(jobs, tuple(rejected))


def _cut(line: str) -> dict[str, str]:
    row = {}
    position = 0
    for name, width in _COLUMNS.items():
        row[name] = line[position : position + width].strip()
        position += width
    return row


def _listed_job(row: Mapping[str, str]) -> Listed:
    state, reason = row["state"], row["reason"]
    raw = int(row["exit_code"]) if row["exit_code"].isdigit() else 0
    code, signal, core = outcome(state, raw >> 8 & 0xFF, raw & 0x7F, bool(raw & 0x80))
    phase = phase_of(state, reason)
    ended = phase is Phase.DONE
    return Listed(
        row["jobarrayid"],
        state,
        phase,
        code if ended else None,
        signal if ended else None,
        core if ended and signal else None,
        reason_of(state, reason, raw & 0x7F or None) if ended else JobReason.NONE,
        message_of(reason),
        usage=_usage(row["submittime"], row["starttime"], row["endtime"], phase, row["nodelist"]),
        information={key: row[key] for key in ("partition", "nodelist", "reason") if row[key]},
    )


def sacct_command(job_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the query for ended jobs. A start time is given: the default is last midnight."""
    return (
        "sacct",
        "-X",
        "-n",
        "-P",
        f"--delimiter={_SEPARATOR}",
        "-S",
        "1970-01-02",
        "-o",
        ",".join(_FIELDS),
        "-j",
        ",".join(dict.fromkeys(job_id.partition("_")[0] for job_id in job_ids)),
    )


def parse_sacct(result: CommandResult, job_ids: Sequence[str]) -> Listing:
    """Return what ``sacct_command`` printed of these jobs; of several rows the last counts.

    Raises:
        CouldNotAskError: the data base was not reached.
    """
    if not result.ok:
        raise CouldNotAskError(_why("sacct", result))
    wanted = frozenset(job_ids)
    jobs: dict[str, Listed] = {}
    rejected = []
    for line in result.text().splitlines():
        values = line.split(_SEPARATOR)
        if len(values) != len(_FIELDS):
            rejected.append(line)
        elif values[0] in wanted:
            jobs[values[0]] = _accounted_job(dict(zip(_FIELDS, values, strict=True)))
    return Listing(jobs, tuple(rejected))


def _accounted_job(row: Mapping[str, str]) -> Listed:
    state = clean_state(row["State"])
    match = re.fullmatch(r"([0-9]+):([0-9]+)", row["ExitCode"])
    code, number = (int(match.group(1)), int(match.group(2))) if match else (0, 0)
    exit_code, signal, _ = outcome(state, code, number, False)
    phase = phase_of(state)
    ended = phase is Phase.DONE
    seconds = row["ElapsedRaw"]
    usage = _usage(row["Submit"], row["Start"], row["End"], phase, "")
    return Listed(
        row["JobID"],
        state,
        phase,
        exit_code if ended else None,
        signal if ended else None,
        None,
        reason_of(state, "JobLaunchFailure" if number == 53 else "", number or None)
        if ended
        else JobReason.NONE,
        usage=JobUsage(
            usage.submit_time,
            usage.start_time,
            usage.end_time,
            float(seconds) if seconds.isdigit() and ended else None,
        ),
        information={"partition": row["Partition"], "state": row["State"]},
        masked_exit=True,
    )


def _usage(submit: str, start: str, end: str, phase: Phase, nodes: str) -> JobUsage:
    started = phase not in {Phase.PENDING, Phase.HELD}
    begin, finish = _ms(start) if started else None, _ms(end) if phase is Phase.DONE else None
    wall = (finish - begin) / 1000 if begin is not None and finish is not None else None
    return JobUsage(_ms(submit), begin, finish, wall, nodes=expand_nodes(nodes))


def _ms(text: str) -> int | None:
    """Return a time (seconds since 1970, or ISO local time) in ms since 1970; ``None`` = none."""
    if text.isdigit():
        return int(text) * 1000
    try:
        return int(datetime.datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        return None


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
    lines = (line.strip() for line in result.text().splitlines())
    return [line for line in lines if TASK_ID.fullmatch(line)]


def _why(command: str, result: CommandResult) -> str:
    said = result.error_text().strip() or result.text().strip()
    return f"{command} failed with exit code {result.returncode}: {said[:500]}"
