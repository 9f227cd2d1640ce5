"""From what the sources say of a job to its status. Pure functions.

Every peer of this library has shipped the same defect: reading silence as an outcome. Here a job
ends only by proof: the listing or accounting says so, or its own record does. A job that is in
none of them is left as it was for a grace period, and then it is LOST, with no exit code.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from xenon_py.model.jobs import Job, JobErrorType, JobReason, JobStatus, JobUsage
from xenon_py.plugin.batch import Listed, Phase
from xenon_py.plugin.scripts import JobEnd, JobStart


@dataclass(frozen=True)
class Evidence:
    """All that is known of one job after one round of questions.

    Attributes:
        job_id: which one.
        listed: from the listing, ``None`` = not in it.
        accounted: from accounting, ``None`` = not in it, or not asked.
        accounting_asked: whether accounting gave an answer (or there is none to ask).
        start, end: from the job record.
        cancelled: this library cancelled the job.
        known: the job is known to exist or to have existed.
        last: the status told before, if any.
        silent: seconds since the job was last seen anywhere (or was submitted).
        now: ms since 1970 UTC.
    """

    job_id: str
    listed: Listed | None = None
    accounted: Listed | None = None
    accounting_asked: bool = True
    start: JobStart | None = None
    end: JobEnd | None = None
    cancelled: bool = False
    known: bool = False
    last: JobStatus | None = None
    silent: float = 0.0
    now: int = 0


CLOCK_SKEW = 30.0
"""Seconds by which the clocks of node and controller may differ."""

CANCEL_GRACE = 3.0
"""Seconds after which a job that this library cancelled may be gone without a trace: Slurm forgets
the pending tasks of an array that are cancelled."""

_AFTER_CANCEL = frozenset({128 + 9, 128 + 15})
"""Exit codes of a shell of which the system's signal ended the program first. Whether it ended the
program or the shell first is chance, so with a job that the system ended they are told as signals.
"""

_WAITING = frozenset({Phase.PENDING, Phase.HELD})


def conclude(evidence: Evidence, grace: float) -> JobStatus:
    """Return the status that the evidence bears.

    Args:
        evidence: what the sources say.
        grace: seconds for which a job may be in no source before it counts as lost.
    """
    listed = evidence.listed
    if listed is not None and listed.phase is not Phase.ENDED:
        if listed.phase is Phase.STUCK:
            return _ended(replace(evidence, end=None), listed, "queue")
        if listed.phase is not Phase.DONE:
            return _alive(evidence, listed, "queue")
        return _ended(evidence, listed, "queue")
    if evidence.accounted is not None and evidence.accounted.phase is Phase.DONE:
        return _ended(evidence, evidence.accounted, "accounting")
    if evidence.accounted is not None and evidence.accounted.phase in _WAITING:
        if evidence.last is not None and evidence.last.running and evidence.end is None:
            return stale(evidence.job_id, evidence.last, "accounting has not seen it start yet")
        return _alive(evidence, evidence.accounted, "accounting")  # what ended was an earlier run
    if evidence.end is not None:
        return _ended(evidence, Listed(evidence.job_id, "DONE", Phase.DONE), "record")
    for seen, source in ((evidence.accounted, "accounting"), (listed, "queue")):
        if seen is not None and seen.phase is Phase.ENDED:
            return _gone(evidence, seen, source, grace)
    if evidence.accounted is not None:
        return _alive(evidence, evidence.accounted, "accounting")
    return _missing(evidence, grace)


def stale(job_id: str, last: JobStatus | None, why: str) -> JobStatus:
    """Return the last known status, marked stale: the system could not be asked."""
    status = last or JobStatus(Job(job_id), state="UNKNOWN")
    return replace(status, stale=True, error_message=status.error_message or why)


def not_found(job_id: str, why: str) -> JobStatus:
    """Return the status of a job that nobody knows."""
    return JobStatus(
        Job(job_id), state="UNKNOWN", error_message=why, error_type=JobErrorType.NOT_FOUND
    )


def _alive(evidence: Evidence, seen: Listed, source: str) -> JobStatus:
    return JobStatus(
        Job(evidence.job_id),
        state=seen.state,
        running=seen.phase is Phase.RUNNING,
        scheduler_specific_information=_information(seen),
        name=seen.name,
        usage=_usage(evidence, seen),
        as_of=evidence.now,
        source=source,
    )


def _ended(evidence: Evidence, seen: Listed, source: str) -> JobStatus:
    end = _end_of_this_run(evidence.end, seen.usage)
    exit_code, signal, core, stage, by_record = _outcome(end, seen)
    reason = _reason(evidence, seen, exit_code, signal, stage)
    if exit_code is not None and exit_code in _AFTER_CANCEL and reason in _BY_SYSTEM:
        signal, exit_code = exit_code - 128, None
    if by_record:
        source = "record" if source == "record" else f"{source}+record"
    message = _message(reason, seen, end, stage)
    return JobStatus(
        Job(evidence.job_id),
        state=seen.state,
        done=True,
        scheduler_specific_information=_information(seen),
        exit_code=exit_code,
        error_message=message,
        error_type=_ERROR_TYPES.get(reason, JobErrorType.NONE),
        name=seen.name,
        reason=reason,
        signal=signal,
        core_dumped=core,
        usage=_usage(evidence, seen),
        as_of=evidence.now,
        source=source,
    )


def _end_of_this_run(end: JobEnd | None, usage: JobUsage) -> JobEnd | None:
    """Return the noted end, unless it is of a run before the one that the system tells of."""
    if end is None or not end.time or usage.start_time is None:
        return end
    return end if end.time >= usage.start_time / 1000 - CLOCK_SKEW else None


def _outcome(
    end: JobEnd | None, seen: Listed
) -> tuple[int | None, int | None, bool | None, str, bool]:
    """Return exit code, signal, core flag, failed stage, and whether the record told them."""
    if end is None and seen.masked_exit and seen.reason is JobReason.FAILED:
        return None, seen.signal, seen.core_dumped, "", False
    if end is None:
        return seen.exit_code, seen.signal, seen.core_dumped, "", False
    if end.stage:
        return None, None, None, end.stage, True
    if end.signal is not None:
        return None, end.signal, end.core_dumped, "", True
    return end.status, None, None, "", True


_BY_SYSTEM = frozenset(
    {
        JobReason.CANCELLED,
        JobReason.TIME_LIMIT,
        JobReason.MEMORY,
        JobReason.NODE_FAILURE,
        JobReason.PREEMPTED,
        JobReason.DEPENDENCY,
        JobReason.LAUNCH_FAILURE,
    }
)
_ERROR_TYPES = {
    JobReason.CANCELLED: JobErrorType.CANCELLED,
    JobReason.TIME_LIMIT: JobErrorType.CANCELLED,
    JobReason.MEMORY: JobErrorType.XENON,
    JobReason.NODE_FAILURE: JobErrorType.XENON,
    JobReason.PREEMPTED: JobErrorType.CANCELLED,
    JobReason.DEPENDENCY: JobErrorType.XENON,
    JobReason.LAUNCH_FAILURE: JobErrorType.IO,
    JobReason.LOST: JobErrorType.OTHER,
    JobReason.UNKNOWN: JobErrorType.OTHER,
}


def _reason(
    evidence: Evidence, seen: Listed, exit_code: int | None, signal: int | None, stage: str
) -> JobReason:
    if seen.reason in _BY_SYSTEM:
        return seen.reason
    if stage:
        return JobReason.LAUNCH_FAILURE
    if evidence.cancelled and (
        exit_code is None or exit_code in _AFTER_CANCEL or seen.signal is not None
    ):
        return JobReason.CANCELLED
    if signal is not None:
        return JobReason.SIGNALLED
    if exit_code is None:
        return seen.reason
    return JobReason.FAILED if exit_code else JobReason.COMPLETED


def _message(reason: JobReason, seen: Listed, end: JobEnd | None, stage: str) -> str:
    if stage:
        said = f": {end.message}" if end and end.message else ""
        return f"the job's {stage} could not be set up{said}"
    if reason in _BY_SYSTEM:
        text = f" ({seen.message})" if seen.message else ""
        return f"{_TEXTS[reason]}{text}"
    if reason is JobReason.FAILED and end is None and seen.masked_exit:
        return _masked(seen.exit_code)
    return seen.message if reason is JobReason.UNKNOWN else ""


def _masked(code: int | None) -> str:
    """Say what is known of an exit code of which accounting kept the lower 7 bits."""
    if code is None:
        return ""
    known = f"{code} or {code + 128}" if code else "128"
    return f"the exit code is {known}: accounting lost a bit of it"


_TEXTS = {
    JobReason.CANCELLED: "the job was cancelled",
    JobReason.TIME_LIMIT: "the job ran into its time limit",
    JobReason.MEMORY: "the job ran out of memory",
    JobReason.NODE_FAILURE: "a node of the job failed",
    JobReason.PREEMPTED: "the job was preempted",
    JobReason.DEPENDENCY: "a job that this one depends on did not end well",
    JobReason.LAUNCH_FAILURE: "the scheduler could not launch the job",
}


def _missing(evidence: Evidence, grace: float) -> JobStatus:
    job_id, last = evidence.job_id, evidence.last
    if not (evidence.known or evidence.start):
        return not_found(job_id, f"no source knows a job {job_id!r}")
    if not evidence.accounting_asked:
        return stale(job_id, last, "accounting could not be asked")
    if evidence.silent < (min(grace, CANCEL_GRACE) if evidence.cancelled else grace):
        kept = last or JobStatus(Job(job_id), state="UNKNOWN")
        return replace(kept, as_of=evidence.now, source=kept.source if last else "none")
    reason = JobReason.CANCELLED if evidence.cancelled else JobReason.LOST
    message = (
        "the job was cancelled"
        if evidence.cancelled
        else f"the job is in no listing, accounting or record for {evidence.silent:.0f} s; "
        "its outcome is not known"
    )
    return JobStatus(
        Job(job_id),
        state=reason.name,
        done=True,
        error_message=message,
        error_type=_ERROR_TYPES[reason],
        reason=reason,
        as_of=evidence.now,
        name=last.name if last else "",
        source="none",
    )


def _gone(evidence: Evidence, seen: Listed, source: str, grace: float) -> JobStatus:
    """Return what is known of a job that ended; for a while accounting may still tell more.

    What the system says of a job that never began is no word on one that did.
    """
    if evidence.silent < (min(grace, CANCEL_GRACE) if evidence.cancelled else grace):
        return _alive(evidence, replace(seen, message=""), source)
    if evidence.start is not None or not evidence.accounting_asked:
        seen = replace(seen, reason=JobReason.UNKNOWN, message=_UNTOLD)
    return _ended(evidence, seen, source)


_UNTOLD = "the job ended, and neither accounting nor its own record tells how"


def _information(seen: Listed) -> dict[str, str]:
    information = dict(seen.information)
    if seen.message:
        information.setdefault("reason", seen.message)
    return information


def _usage(evidence: Evidence, seen: Listed) -> JobUsage:
    """Fill what the system does not tell of the usage from the job record."""
    usage, start, end = seen.usage, evidence.start, evidence.end
    changes: dict[str, object] = {}
    if usage.start_time is None and start and start.time:
        changes["start_time"] = start.time * 1000
    if usage.end_time is None and end and end.time:
        changes["end_time"] = end.time * 1000
    if usage.cpu_seconds is None and end and end.cpu_seconds is not None:
        changes["cpu_seconds"] = end.cpu_seconds
    if usage.wall_seconds is None and start and end and start.time and end.time:
        changes["wall_seconds"] = float(end.time - start.time)
    if not usage.nodes and start and start.host:
        changes["nodes"] = (start.host,)
    return replace(usage, **changes)  # type: ignore[arg-type]
