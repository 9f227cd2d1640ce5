"""Waiting for jobs of schedulers that have to be asked."""

from __future__ import annotations

import concurrent.futures
import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from unit.runner_contract import eventually
from xenon_py.engine.polling import Poller
from xenon_py.engine.watching import Board
from xenon_py.exceptions import (
    NoSuchJobException,
    NotConnectedException,
    SchedulerClosedException,
    XenonRuntimeException,
    XenonTimeoutException,
)
from xenon_py.model.descriptions import SchedulerAdaptorDescription
from xenon_py.model.jobs import (
    Job,
    JobDescription,
    JobErrorType,
    JobReason,
    JobStatus,
    Rendered,
)
from xenon_py.model.location import Location
from xenon_py.plugin.scheduler import SchedulerAdaptor
from xenon_py.plugin.target import Target
from xenon_py.scheduler import Scheduler

DELAY = 0.05


class Asked(SchedulerAdaptor):
    """A system that is asked: jobs end when ``ended`` says so; it can be made to fail."""

    description = SchedulerAdaptorDescription(name="asked")
    poll_delay = DELAY

    def __init__(self, target: Target) -> None:
        self.ended: set[str] = set()
        self.queries: list[tuple[float, tuple[str, ...]]] = []
        self.failure: Callable[[], Exception] | None = None

    def queue_names(self) -> Sequence[str]:
        return ["main"]

    def submit(self, description: JobDescription) -> str:
        return description.executable

    def statuses(self, job_ids: Sequence[str]) -> list[JobStatus]:
        self.queries.append((time.monotonic(), tuple(job_ids)))
        if self.failure is not None:
            raise self.failure()
        return [self._status(job_id) for job_id in job_ids]

    def _status(self, job_id: str) -> JobStatus:
        job = Job(job_id)
        if job_id.startswith("unknown"):
            return JobStatus(job, error_type=JobErrorType.NOT_FOUND)
        if job_id in self.ended:
            return JobStatus(job, "DONE", done=True, exit_code=0, reason=JobReason.COMPLETED)
        return JobStatus(job, "RUNNING", running=True)

    def job_ids(self, queues: Sequence[str]) -> list[str]:
        return []

    def cancel(self, job_id: str) -> None:
        self.ended.add(job_id)

    def render(self, description: JobDescription) -> Rendered:
        return Rendered(())


@pytest.fixture
def asked() -> Asked:
    return Asked(Target(Location("")))


@pytest.fixture
def scheduler(asked: Asked) -> Iterator[Scheduler]:
    with Scheduler(asked, Target(Location(""))) as made:
        yield made


def pollers() -> int:
    return sum(thread.name == "xenon-poller" for thread in threading.enumerate())


def test_one_query_per_round_for_all_threads_and_jobs(scheduler: Scheduler, asked: Asked) -> None:
    names = [f"j{n}" for n in range(40)]
    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        waiting = [pool.submit(scheduler.wait_until_done, name) for name in names]
        assert eventually(lambda: any(len(ids) == 40 for _, ids in asked.queries))
        assert pollers() == 1
        asked.ended.update(names)
        assert all(future.result(20).exit_code == 0 for future in waiting)
    rounds = (time.monotonic() - begun) / DELAY
    assert len(asked.queries) <= rounds + 2
    times = [moment for moment, _ in asked.queries]
    assert all(after - before >= DELAY * 0.9 for before, after in itertools.pairwise(times))


def test_nobody_asks_when_nobody_waits(scheduler: Scheduler, asked: Asked) -> None:
    assert scheduler.wait_until_done("j", 120).state == "RUNNING"
    assert eventually(lambda: pollers() == 0)
    asked.queries.clear()
    time.sleep(DELAY * 4)
    assert asked.queries == []


def test_waits_shorter_than_the_interval_tell_the_last_known(
    scheduler: Scheduler, asked: Asked
) -> None:
    asked.poll_delay = 5
    assert scheduler.wait_until_done("j", 500).state == "RUNNING"
    again = scheduler.wait_until_done("j", 5)
    assert (again.state, again.running, again.stale) == ("RUNNING", True, False)
    assert len(asked.queries) == 1


def test_ended_jobs_are_asked_for_no_more(scheduler: Scheduler, asked: Asked) -> None:
    asked.ended.add("a")
    ends = scheduler.as_completed(["a", "b"])
    assert next(ends).job.id == "a"
    asked.queries.clear()
    assert eventually(lambda: len(asked.queries) > 2)
    assert {ids for _, ids in asked.queries[1:]} == {("b",)}
    asked.ended.add("b")
    assert [status.job.id for status in ends] == ["b"]


def test_outage_makes_statuses_stale_and_the_waiter_goes_on(
    scheduler: Scheduler, asked: Asked
) -> None:
    changes = scheduler.watch(["j"])
    assert next(changes).stale is False
    asked.failure = lambda: NotConnectedException.because("the server is away")
    stale = next(changes)
    assert (stale.state, stale.running, stale.stale) == ("RUNNING", True, True)
    asked.failure = None
    assert next(changes).stale is False
    asked.ended.add("j")
    assert [status.state for status in changes] == ["DONE"]


def test_outage_from_the_beginning(scheduler: Scheduler, asked: Asked) -> None:
    asked.failure = lambda: NotConnectedException.because("the server is away")
    status = scheduler.wait_until_done("j", 200)
    assert (status.done, status.stale, status.exit_code) == (False, True, None)
    future = scheduler.job_future("j")
    asked.failure = None
    asked.ended.add("j")
    assert future.result(20).exit_code == 0


def test_back_off_during_an_outage(asked: Asked) -> None:
    poller = Poller(asked, Board())
    intervals = []
    for _ in range(6):
        poller._adapt([])
        intervals.append(round(poller._interval / DELAY))
    assert intervals == [2, 4, 8, 10, 10, 10]
    poller._adapt(asked.statuses(["j"]))
    assert poller._interval == DELAY


def test_the_interval_grows_while_nothing_happens(asked: Asked) -> None:
    poller = Poller(asked, Board())
    poller._adapt(asked.statuses(["j"]))
    assert poller._interval == DELAY
    for quiet, expected in ((1.0, 2 * DELAY), (3.0, 6 * DELAY), (3600.0, 10 * DELAY)):
        poller._last_change = time.monotonic() - quiet
        poller._adapt(asked.statuses(["j"]))
        assert poller._interval == pytest.approx(expected, rel=0.1)
    asked.ended.add("j")
    poller._adapt(asked.statuses(["j"]))
    assert poller._interval == DELAY


def test_fault_of_the_adaptor_reaches_the_waiters(scheduler: Scheduler, asked: Asked) -> None:
    asked.failure = lambda: ZeroDivisionError("a bug")
    with pytest.raises(XenonRuntimeException, match="a bug") as caught:
        scheduler.wait_until_done("j")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    asked.failure = None
    asked.ended.add("j")
    assert scheduler.wait_until_done("j").exit_code == 0


def test_unknown_job(scheduler: Scheduler) -> None:
    with pytest.raises(NoSuchJobException):
        scheduler.wait_until_done("unknown")
    with pytest.raises(NoSuchJobException):
        scheduler.job_future("unknown").result(20)
    with pytest.raises(NoSuchJobException):
        list(scheduler.as_completed(["j", "unknown"]))


def test_time_outs(scheduler: Scheduler) -> None:
    assert scheduler.wait_any(["a", "b"], 100) is None
    with pytest.raises(XenonTimeoutException, match="2 of 2"):
        list(scheduler.as_completed(["a", "b"], 100))


def test_close_ends_the_waiting(asked: Asked) -> None:
    scheduler = Scheduler(asked, Target(Location("")))
    future = scheduler.job_future("j")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(scheduler.wait_until_done, "j")
        assert eventually(lambda: bool(asked.queries))
        scheduler.close()
        with pytest.raises(SchedulerClosedException):
            waiting.result(20)
    with pytest.raises(SchedulerClosedException):
        future.result(20)
    assert eventually(lambda: pollers() == 0)


def test_a_future_may_be_cancelled_without_hurting_anything(
    scheduler: Scheduler, asked: Asked
) -> None:
    future = scheduler.job_future("j")
    assert future.cancel() is False
    asked.ended.add("j")
    assert future.result(20).done
