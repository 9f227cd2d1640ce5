"""Control of jobs: what can be asked for, and who is meant in the answer of one command for many.

No input or output.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from xenon_py.plugin.runner import CommandResult


class Control(enum.Enum):
    """What can be asked for a job."""

    CANCEL = "cancel"
    HOLD = "hold"
    RELEASE = "release"
    SUSPEND = "suspend"
    RESUME = "resume"
    SIGNAL = "signal"


def groups_of(job_ids: Sequence[str], size: int) -> list[Sequence[str]]:
    """Return the jobs in groups of at most this size."""
    return [job_ids[begin : begin + size] for begin in range(0, len(job_ids), size)]


def answers_by_job(
    result: CommandResult,
    job_ids: Sequence[str],
    named: Callable[[str], Sequence[str]],
    *,
    done: re.Pattern[str] | None = None,
    noise: re.Pattern[str] | None = None,
) -> list[CommandResult]:
    """Return what one command for several jobs answered for each of them.

    A job that is named in a line gets that line. One that is not named was done if the command
    succeeded, or if what it says of others is all there is to say; else nobody knows, and it gets
    the failure and the lines that name no job.

    Args:
        result: of the command.
        job_ids: in order.
        named: returns the identifiers that a line may mean, the likeliest first.
        done: found in lines that tell of a success.
        noise: found in lines that tell nothing.
    """
    wanted = set(job_ids)
    told: dict[str, list[str]] = {}
    well: set[str] = set()
    general = []
    for line in (result.error_text() + "\n" + result.text()).splitlines():
        if not line.strip() or (noise and noise.search(line)):
            continue
        job_id = next((name for name in named(line) if name in wanted), "")
        if not job_id:
            general.append(line)
        elif done and done.search(line):
            well.add(job_id)
        else:
            told.setdefault(job_id, []).append(line)
    explained = result.ok or (bool(told) and not general and not result.killed)
    fine = replace(result, returncode=0, signal=None, stdout=b"", stderr=b"")
    unknown = _failed(result, general)
    return [
        _failed(result, told[job_id])
        if job_id in told
        else (fine if explained or job_id in well else unknown)
        for job_id in job_ids
    ]


def _failed(result: CommandResult, lines: Sequence[str]) -> CommandResult:
    said = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
    code = result.returncode or (1 if result.returncode == 0 else None)
    return replace(result, returncode=code, stdout=b"", stderr=said)
