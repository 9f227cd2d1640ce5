"""What is concluded from the sources: each row of the honesty rules."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenon_py.engine.batch.statuses import CLOCKS_APART, NUMBERS_RETURN, is_earlier_job
from xenon_py.engine.batch.verdict import CANCEL_GRACE, Evidence, conclude, stale
from xenon_py.model.jobs import Job, JobErrorType, JobReason, JobStatus, JobUsage
from xenon_py.plugin.batch import Listed, Phase
from xenon_py.plugin.scripts import JobEnd, JobStart

GRACE = 60.0
RUNNING = Listed("7", "RUNNING", Phase.RUNNING)
FAILED = Listed("7", "FAILED", Phase.DONE, exit_code=9, reason=JobReason.FAILED, masked_exit=True)


def test_a_listed_job_is_what_the_listing_says() -> None:
    status = conclude(Evidence("7", RUNNING), GRACE)
    assert (status.state, status.running, status.done, status.source) == (
        "RUNNING",
        True,
        False,
        "queue",
    )
    assert status.exit_code is None


def test_an_unknown_state_word_is_neither_running_nor_done() -> None:
    status = conclude(Evidence("7", Listed("7", "STAGE_OUT_X", Phase.UNKNOWN)), GRACE)
    assert (status.state, status.running, status.done) == ("STAGE_OUT_X", False, False)


def test_the_record_beats_a_masked_exit_code() -> None:
    status = conclude(Evidence("7", accounted=FAILED, end=JobEnd(137)), GRACE)
    assert (status.exit_code, status.signal) == (137, None)
    assert status.reason is JobReason.FAILED
    assert status.source == "accounting+record"


def test_a_masked_exit_code_without_a_record_is_not_claimed() -> None:
    status = conclude(Evidence("7", accounted=FAILED), GRACE)
    assert (status.reason, status.exit_code) == (JobReason.FAILED, None)
    assert "9 or 137" in status.error_message


def test_accounting_that_waits_beats_the_record_of_an_earlier_run() -> None:
    requeued = Listed("7", "PENDING", Phase.PENDING)
    status = conclude(Evidence("7", accounted=requeued, end=JobEnd(0)), GRACE)
    assert (status.state, status.done) == ("PENDING", False)


def test_accounting_that_is_late_makes_no_running_job_wait_again() -> None:
    late = Listed("7", "PENDING", Phase.PENDING)
    last = JobStatus(Job("7"), state="RUNNING", running=True)
    status = conclude(Evidence("7", accounted=late, last=last), GRACE)
    assert (status.state, status.running, status.stale) == ("RUNNING", True, True)


def test_a_cancelled_job_that_left_no_trace_is_not_waited_for_long() -> None:
    evidence = Evidence("7", known=True, cancelled=True, silent=CANCEL_GRACE)
    assert conclude(evidence, GRACE).reason is JobReason.CANCELLED
    assert not conclude(replace(evidence, silent=1.0), GRACE).done


def test_a_signal_is_told_as_such() -> None:
    end = JobEnd(139, signal=11, core_dumped=True)
    status = conclude(Evidence("7", accounted=FAILED, end=end), GRACE)
    assert (status.exit_code, status.signal, status.core_dumped) == (None, 11, True)
    assert status.reason is JobReason.SIGNALLED


@pytest.mark.parametrize(
    "reason", [JobReason.TIME_LIMIT, JobReason.MEMORY, JobReason.NODE_FAILURE, JobReason.CANCELLED]
)
def test_the_systems_reason_beats_the_exit_code(reason: JobReason) -> None:
    seen = replace(FAILED, reason=reason, exit_code=0)
    status = conclude(Evidence("7", seen, end=JobEnd(0)), GRACE)
    assert status.reason is reason
    assert status.error_type is not JobErrorType.NONE
    assert status.error_message


@pytest.mark.parametrize("reason", [JobReason.TIME_LIMIT, JobReason.CANCELLED])
def test_a_shells_code_of_the_systems_signal_is_that_signal(reason: JobReason) -> None:
    """Whether the program or its shell was ended first is chance, and nothing to tell."""
    seen = replace(FAILED, reason=reason)
    status = conclude(Evidence("7", seen, end=JobEnd(143)), GRACE)
    assert (status.exit_code, status.signal) == (None, 15)
    assert conclude(Evidence("7", seen, end=JobEnd(3)), GRACE).exit_code == 3


def test_silence_is_no_outcome() -> None:
    last = JobStatus(Job("7"), state="RUNNING", running=True, source="queue")
    status = conclude(Evidence("7", known=True, last=last, silent=GRACE - 1), GRACE)
    assert (status.state, status.running, status.done) == ("RUNNING", True, False)


def test_after_the_grace_period_a_job_is_lost_without_an_exit_code() -> None:
    status = conclude(Evidence("7", known=True, silent=GRACE + 1), GRACE)
    assert (status.done, status.reason, status.exit_code) == (True, JobReason.LOST, None)
    assert status.error_type is JobErrorType.OTHER


def test_it_is_not_lost_while_accounting_cannot_be_asked() -> None:
    evidence = Evidence("7", known=True, silent=10 * GRACE, accounting_asked=False)
    status = conclude(evidence, GRACE)
    assert status.stale
    assert not status.done


def test_its_own_record_is_proof_enough() -> None:
    evidence = Evidence("7", known=True, end=JobEnd(0, time=20), start=JobStart("7", "n1", 1, 10))
    status = conclude(evidence, GRACE)
    assert (status.done, status.exit_code, status.source) == (True, 0, "record")
    assert status.reason is JobReason.COMPLETED
    assert (status.usage.wall_seconds, status.usage.nodes) == (10.0, ("n1",))


def test_a_job_nobody_knows_is_not_found() -> None:
    status = conclude(Evidence("7"), GRACE)
    assert status.error_type is JobErrorType.NOT_FOUND
    assert not status.done


def test_what_could_not_be_set_up_is_a_launch_failure_without_an_exit_code() -> None:
    end = JobEnd(125, stage="stdout", message="cannot create /x")
    status = conclude(Evidence("7", FAILED, end=end), GRACE)
    assert (status.reason, status.exit_code) == (JobReason.LAUNCH_FAILURE, None)
    assert "cannot create /x" in status.error_message


def test_a_job_cancelled_by_us_that_left_no_trace_is_cancelled() -> None:
    status = conclude(Evidence("7", known=True, cancelled=True, silent=GRACE + 1), GRACE)
    assert status.reason is JobReason.CANCELLED
    assert status.error_type is JobErrorType.CANCELLED


def test_stale_keeps_the_last_status_and_says_why() -> None:
    last = JobStatus(Job("7"), state="RUNNING", running=True)
    status = stale("7", last, "controller is away")
    assert (status.state, status.running, status.stale) == ("RUNNING", True, True)
    assert status.error_message == "controller is away"


@pytest.mark.parametrize(
    ("ended", "submitted", "started", "earlier"),
    [
        (None, 1000, 1000, False),
        (1000, None, None, False),
        (1000, 1000 + NUMBERS_RETURN, None, False),
        (1000, 1001 + NUMBERS_RETURN, None, True),
        (1000, 1001, 1000 + CLOCKS_APART, False),
        (1000, 1001, 1001 + CLOCKS_APART, True),
        (1000, None, 1001 + CLOCKS_APART, True),
    ],
)
def test_accounting_of_an_earlier_job_of_the_same_number(
    ended: float | None, submitted: float | None, started: float | None, earlier: bool
) -> None:
    usage = JobUsage(end_time=int(ended * 1000) if ended else None)
    start = JobStart("7", time=int(started)) if started else None
    told = int(submitted * 1000) if submitted else None
    assert is_earlier_job(usage, told, start) is earlier


UNTOLD = Listed("7", "z", Phase.ENDED, reason=JobReason.CANCELLED, message="never ran")


def test_a_job_that_only_ended_is_neither_running_nor_done_until_the_grace_is_over() -> None:
    status = conclude(Evidence("7", UNTOLD, known=True, silent=1.0), GRACE)
    assert (status.state, status.running, status.done, status.error_message) == (
        *("z", False, False),
        "",
    )


def test_a_job_that_only_ended_has_its_end_from_the_other_sources() -> None:
    recorded = conclude(Evidence("7", UNTOLD, end=JobEnd(3)), GRACE)
    assert (recorded.exit_code, recorded.source) == (3, "record")
    accounted = conclude(Evidence("7", UNTOLD, FAILED), GRACE)
    assert (accounted.done, accounted.source) == (True, "accounting")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, JobReason.CANCELLED),
        ({"start": JobStart("7", time=1)}, JobReason.UNKNOWN),
        ({"accounting_asked": False}, JobReason.UNKNOWN),
    ],
)
def test_a_job_that_only_ended_is_over_after_the_grace(
    more: dict[str, object], reason: JobReason
) -> None:
    status = conclude(Evidence("7", UNTOLD, silent=GRACE, **more), GRACE)  # type: ignore[arg-type]
    assert (status.done, status.exit_code, status.reason) == (True, None, reason)


def test_a_stuck_job_is_told_with_its_error_and_not_with_the_end_of_an_earlier_run() -> None:
    stuck = Listed("7", "Eqw", Phase.STUCK, reason=JobReason.LAUNCH_FAILURE, message="no shell")
    status = conclude(Evidence("7", stuck, end=JobEnd(0)), GRACE)
    assert (status.state, status.done, status.exit_code) == ("Eqw", True, None)
    assert status.error_type is JobErrorType.IO
    assert "no shell" in status.error_message


_phases = st.sampled_from(Phase)
_listed = st.none() | st.builds(
    Listed,
    st.just("7"),
    st.text(max_size=5),
    _phases,
    exit_code=st.none() | st.integers(0, 255),
    signal=st.none() | st.integers(1, 64),
    reason=st.sampled_from(JobReason),
)
_ends = st.none() | st.builds(JobEnd, st.integers(0, 255), signal=st.none() | st.integers(1, 64))


@given(
    st.builds(
        Evidence,
        st.just("7"),
        listed=_listed,
        accounted=_listed,
        accounting_asked=st.booleans(),
        end=_ends,
        cancelled=st.booleans(),
        known=st.booleans(),
        silent=st.floats(0, 1000),
    )
)
def test_success_is_claimed_only_with_proof(evidence: Evidence) -> None:
    status = conclude(evidence, GRACE)
    if status.reason is JobReason.COMPLETED:
        told = [evidence.end.status] if evidence.end else []
        told += [e.exit_code for e in (evidence.listed, evidence.accounted) if e]
        assert 0 in told or JobReason.COMPLETED in (
            e.reason for e in (evidence.listed, evidence.accounted) if e
        )
    assert not (status.running and status.done)
    if status.done:
        proof = {Phase.DONE, Phase.STUCK}
        ended = [e for e in (evidence.listed, evidence.accounted) if e and e.phase in proof]
        grace = CANCEL_GRACE if evidence.cancelled else GRACE
        assert ended or evidence.end or evidence.silent >= grace
