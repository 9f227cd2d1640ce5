"""Submission, statuses, exit codes, waiting."""

from __future__ import annotations

import datetime
import secrets
import threading
import time

import pytest

from xenon_py.exceptions import (
    IllegalArgumentException,
    IncompleteJobDescriptionException,
    InvalidJobDescriptionException,
    NoSuchJobException,
    NoSuchQueueException,
    XenonException,
    XenonTimeoutException,
)
from xenon_py.filesystem import FileSystem
from xenon_py.model.jobs import Job, JobDescription, JobErrorType, JobReason, JobStatus
from xenon_py.model.path import Path
from xenon_py.scheduler import Scheduler
from xenon_py.testing.schedulers.base import UNTIL_GONE, SchedulerCase, cancelled, well


class SubmitTests(SchedulerCase):
    """``submit_batch_job`` and what comes of it."""

    def test_a_job_that_ends_well(self, scheduler: Scheduler, base: Path) -> None:
        job = scheduler.submit_batch_job(self.job(base, "exit 0"))
        assert isinstance(job, Job)
        assert job.id
        status = well(self.finish(scheduler, job))
        assert status.job == job
        assert status.state

    @pytest.mark.parametrize("code", [1, 2, 42, 126, 127, 128, 129, 137, 200, 255])
    def test_exit_codes(self, scheduler: Scheduler, base: Path, code: int) -> None:
        status = self.run(scheduler, self.job(base, f"exit {code}"))
        assert status.exit_code == code
        assert status.error_type == JobErrorType.NONE
        assert status.reason is JobReason.FAILED
        assert status.signal is None

    def test_a_job_that_kills_itself(self, scheduler: Scheduler, base: Path) -> None:
        status = self.run(scheduler, self.job(base, "kill -KILL $$"))
        assert status.done
        assert status.signal == 9
        assert status.reason is JobReason.SIGNALLED
        assert status.exit_code is None

    def test_identifiers_differ(self, scheduler: Scheduler, base: Path) -> None:
        jobs = [scheduler.submit_batch_job(self.job(base, "exit 0")) for _ in range(4)]
        assert len({job.id for job in jobs}) == 4
        for job in jobs:
            well(self.finish(scheduler, job))

    def test_many_at_once(self, scheduler: Scheduler, base: Path) -> None:
        descriptions = [self.job(base, f"exit {number}") for number in range(5)]
        jobs = scheduler.submit_batch_jobs(descriptions)
        codes = [self.finish(scheduler, job).exit_code for job in jobs]
        assert codes == [0, 1, 2, 3, 4]

    def test_many_of_which_one_is_wrong(self, scheduler: Scheduler, base: Path) -> None:
        good = self.job(base, "sleep 5", name=f"kit-{secrets.token_hex(4)}")
        with pytest.raises(IncompleteJobDescriptionException):
            scheduler.submit_batch_jobs([good, JobDescription(working_directory=base)])
        statuses = scheduler.get_job_statuses(scheduler.get_jobs())
        assert good.name not in [status.name for status in statuses]

    def test_a_missing_program(self, scheduler: Scheduler, base: Path) -> None:
        description = self.job(base, "")
        description.executable, description.arguments = "/no/such/program", []
        try:
            status = self.run(scheduler, description)
        except XenonException as error:
            assert "/no/such/program" in str(error)
            return
        assert status.exit_code == 127 or status.error_type != JobErrorType.NONE
        assert status.reason is not JobReason.COMPLETED

    def test_name(self, scheduler: Scheduler, base: Path) -> None:
        status = self.run(scheduler, self.job(base, "exit 0", name="kit-job"))
        assert status.name == "kit-job"

    def test_what_is_changed_after_submission_does_not_matter(
        self, scheduler: Scheduler, base: Path
    ) -> None:
        description = self.job(base, "exit 7")
        job = scheduler.submit_batch_job(description)
        description.arguments[1] = "exit 8"
        description.executable = "/no/such/program"
        assert self.finish(scheduler, job).exit_code == 7

    @pytest.mark.parametrize(
        ("field", "value", "error"),
        [
            ("executable", "", IncompleteJobDescriptionException),
            ("queue_name", "xenon-kit-no-such-queue", NoSuchQueueException),
            ("name", "two\nlines", InvalidJobDescriptionException),
            ("executable", "/bin/e\0cho", InvalidJobDescriptionException),
            ("arguments", ["a\0b"], InvalidJobDescriptionException),
            ("arguments", "text", InvalidJobDescriptionException),
            ("arguments", [object()], InvalidJobDescriptionException),
            ("environment", {"": "x"}, InvalidJobDescriptionException),
            ("environment", {"A=B": "x"}, InvalidJobDescriptionException),
            ("environment", {"A B": "x"}, InvalidJobDescriptionException),
            ("environment", {"A": "x\0y"}, InvalidJobDescriptionException),
            ("environment", "text", InvalidJobDescriptionException),
            ("working_directory", "a\0b", InvalidJobDescriptionException),
            ("stdout", "a\0b", InvalidJobDescriptionException),
            ("max_runtime", -5, InvalidJobDescriptionException),
            ("max_runtime", "ten", InvalidJobDescriptionException),
            ("tasks", -1, InvalidJobDescriptionException),
            ("cores_per_task", -1, InvalidJobDescriptionException),
            ("tasks_per_node", -2, InvalidJobDescriptionException),
            ("max_memory", -1, InvalidJobDescriptionException),
            ("start_time", "tomorrow", InvalidJobDescriptionException),
            ("start_time", "25:00", InvalidJobDescriptionException),
        ],
    )
    def test_wrong_descriptions(
        self,
        scheduler: Scheduler,
        base: Path,
        field: str,
        value: object,
        error: type[XenonException],
    ) -> None:
        description = self.job(base, "touch ran")
        setattr(description, field, value)
        with pytest.raises(error) as caught:
            scheduler.submit_batch_job(description)
        assert field in str(caught.value) or "queue" in str(caught.value)

    @pytest.mark.parametrize("wrong", [None, "sleep", 5, {"executable": "/bin/true"}])
    def test_what_is_no_description(self, scheduler: Scheduler, wrong: object) -> None:
        with pytest.raises(IllegalArgumentException):
            scheduler.submit_batch_job(wrong)  # type: ignore[arg-type]

    def test_batch_jobs_as_declared(self) -> None:
        assert self.description.supports_batch, "these tests are for schedulers with batch jobs"


class StatusTests(SchedulerCase):
    """``get_job_status`` and its plural."""

    def test_a_running_job(self, scheduler: Scheduler, base: Path) -> None:
        job = self.running(scheduler, self.sleeper(base))
        status = scheduler.get_job_status(job)
        assert status.job == job
        assert (status.running, status.done) == (True, False)
        assert status.exit_code is None
        assert status.error_type == JobErrorType.NONE
        assert status.reason is JobReason.NONE
        self.end(scheduler, job)

    def test_by_identifier(self, scheduler: Scheduler, base: Path) -> None:
        job = scheduler.submit_batch_job(self.job(base, "exit 3"))
        self.finish(scheduler, job)
        assert scheduler.get_job_status(Job(job.id)).exit_code == 3
        assert scheduler.get_job(job.id).status().exit_code == 3

    def test_a_finished_job_can_be_asked_again(self, scheduler: Scheduler, base: Path) -> None:
        job = scheduler.submit_batch_job(self.job(base, "exit 3"))
        first = self.finish(scheduler, job)
        for status in (scheduler.get_job_status(job), job.status(), job.wait()):
            assert (status.done, status.exit_code, status.reason) == (True, 3, first.reason)

    def test_remembered_by_a_new_object(self, scheduler: Scheduler, base: Path) -> None:
        job = scheduler.submit_batch_job(self.job(base, "exit 3"))
        self.finish(scheduler, job)
        with self.create() as other:
            if self.description.remembers_finished_jobs:
                assert other.get_job(job.id).status().exit_code == 3
            else:
                with pytest.raises(NoSuchJobException):
                    other.get_job_status(Job(job.id))

    def test_an_unknown_job(self, scheduler: Scheduler) -> None:
        with pytest.raises(NoSuchJobException) as caught:
            scheduler.get_job_status(Job(self.unknown_job))
        assert self.unknown_job in str(caught.value)
        assert isinstance(caught.value, LookupError)

    @pytest.mark.parametrize("call", ["wait_until_done", "wait_until_running", "cancel_job"])
    def test_other_calls_for_an_unknown_job(self, scheduler: Scheduler, call: str) -> None:
        with pytest.raises(NoSuchJobException):
            getattr(scheduler, call)(Job(self.unknown_job))

    def test_statuses_in_order(self, scheduler: Scheduler, base: Path) -> None:
        jobs = scheduler.submit_batch_jobs([self.job(base, f"exit {n}") for n in (3, 4)])
        for job in jobs:
            self.finish(scheduler, job)
        asked = [jobs[1], Job(self.unknown_job), jobs[0]]
        found = scheduler.get_job_statuses(asked)
        assert [status.job for status in found] == asked
        assert [status.exit_code for status in found] == [4, None, 3]
        assert found[1].error_type == JobErrorType.NOT_FOUND
        assert found[1].error_message

    def test_statuses_of_none(self, scheduler: Scheduler) -> None:
        assert list(scheduler.get_job_statuses([])) == []

    @pytest.mark.parametrize("wrong", [None, 5, "id", [None], [5]])
    def test_what_are_no_jobs(self, scheduler: Scheduler, wrong: object) -> None:
        with pytest.raises(IllegalArgumentException):
            scheduler.get_job_statuses(wrong)  # type: ignore[arg-type]

    @pytest.mark.parametrize("wrong", [None, 5, object(), b"id"])
    @pytest.mark.parametrize("call", ["get_job_status", "cancel_job", "wait_until_done"])
    def test_what_is_no_job(self, scheduler: Scheduler, call: str, wrong: object) -> None:
        with pytest.raises(IllegalArgumentException):
            getattr(scheduler, call)(wrong)

    def test_usage_and_times(self, scheduler: Scheduler, base: Path) -> None:
        status = self.succeed(scheduler, self.job(base, "sleep 0.2"))
        usage = status.usage
        assert usage.wall_seconds is None or 0 <= usage.wall_seconds < self.patience
        now = time.time() * 1000
        for stamp in (usage.submit_time, usage.start_time, usage.end_time):
            assert stamp is None or abs(now - stamp) < 86_400_000
        assert status.source != "none"
        assert not status.stale

    def test_explain(self, scheduler: Scheduler, base: Path) -> None:
        job = scheduler.submit_batch_job(self.job(base, "exit 5"))
        self.finish(scheduler, job)
        assert job.id in scheduler.explain(job)
        assert "5" in scheduler.explain(job)


class WaitTests(SchedulerCase):
    """Waiting, watching, futures."""

    def test_wait_with_a_timeout_returns_the_running_job(
        self, scheduler: Scheduler, base: Path
    ) -> None:
        job = self.running(scheduler, self.sleeper(base))
        started = time.monotonic()
        status = scheduler.wait_until_done(job, 150)
        assert 0.14 <= time.monotonic() - started < self.patience
        assert (status.running, status.done) == (True, False)
        status = job.wait(datetime.timedelta(milliseconds=50))
        assert not status.done
        self.end(scheduler, job)

    def test_zero_and_none_are_for_ever(self, scheduler: Scheduler, base: Path) -> None:
        jobs = [scheduler.submit_batch_job(self.job(base, "sleep 0.3")) for _ in range(2)]
        well(scheduler.wait_until_done(jobs[0], 0))
        well(scheduler.wait_until_done(jobs[1]))

    def test_wait_until_running_of_a_short_job(self, scheduler: Scheduler, base: Path) -> None:
        job = scheduler.submit_batch_job(self.job(base, "exit 0"))
        status = scheduler.wait_until_running(job, int(self.patience * 1000))
        assert status.running or status.done
        well(self.finish(scheduler, job))

    @pytest.mark.parametrize("timeout", [-1, 1.5, "1"])
    def test_wrong_timeouts(self, scheduler: Scheduler, base: Path, timeout: object) -> None:
        job = scheduler.submit_batch_job(self.job(base, "exit 0"))
        for call in (scheduler.wait_until_done, scheduler.wait_until_running):
            with pytest.raises(IllegalArgumentException):
                call(job, timeout)  # type: ignore[arg-type]
        self.finish(scheduler, job)

    def test_several_threads_wait_for_one_job(self, scheduler: Scheduler, base: Path) -> None:
        job = scheduler.submit_batch_job(self.job(base, "sleep 0.5; exit 9"))
        found: list[int | None] = []
        threads = [
            threading.Thread(target=lambda: found.append(self.finish(scheduler, job).exit_code))
            for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(self.patience)
        assert found == [9] * 5

    def test_future(self, scheduler: Scheduler, base: Path) -> None:
        called = threading.Event()
        job = scheduler.submit_batch_job(self.job(base, "exit 4"))
        future = job.future()
        future.add_done_callback(lambda _: called.set())
        assert future.result(timeout=self.patience).exit_code == 4
        assert called.wait(10)
        assert job.future().result(timeout=self.patience).exit_code == 4

    def test_wait_any(self, scheduler: Scheduler, base: Path) -> None:
        short = scheduler.submit_batch_job(self.job(base, "exit 0"))
        self.finish(scheduler, short)
        long = scheduler.submit_batch_job(self.sleeper(base))
        found = scheduler.wait_any([long, short], int(self.patience * 1000))
        assert found is not None
        assert found.job == short
        assert scheduler.wait_any([long], 100) is None
        self.end(scheduler, long)

    def test_as_completed(self, scheduler: Scheduler, base: Path) -> None:
        jobs = scheduler.submit_batch_jobs([self.job(base, f"exit {n}") for n in range(4)])
        found = list(scheduler.as_completed(jobs, int(self.patience * 1000)))
        assert {status.job for status in found} == set(jobs)
        assert len(found) == 4
        assert {status.job: status.exit_code for status in found} == dict(
            zip(jobs, range(4), strict=True)
        )

    def test_as_completed_with_a_timeout(self, scheduler: Scheduler, base: Path) -> None:
        job = scheduler.submit_batch_job(self.sleeper(base))
        with pytest.raises(XenonTimeoutException):
            list(scheduler.as_completed([job], 100))
        self.end(scheduler, job)

    def test_watch(self, scheduler: Scheduler, base: Path) -> None:
        jobs = scheduler.submit_batch_jobs([self.job(base, f"sleep 0.2; exit {n}") for n in (0, 6)])
        last: dict[Job, JobStatus] = {}
        for status in scheduler.watch(jobs):
            assert status.job in jobs
            assert not (status.job in last and last[status.job].done), "told after the end"
            last[status.job] = status
        assert {job: last[job].exit_code for job in jobs} == {jobs[0]: 0, jobs[1]: 6}

    def test_statuses_only_go_forward(self, scheduler: Scheduler, base: Path) -> None:
        job = scheduler.submit_batch_job(self.job(base, "sleep 0.3"))
        seen: list[JobStatus] = []
        while not seen or not seen[-1].done:
            seen.append(scheduler.wait_until_done(job, 20))
        ranks = [2 if s.done else 1 if s.running else 0 for s in seen]
        assert ranks == sorted(ranks)


class CancelTests(SchedulerCase):
    """``cancel_job``."""

    def test_cancel_a_running_job(self, scheduler: Scheduler, base: Path) -> None:
        job = self.running(scheduler, self.sleeper(base))
        assert scheduler.cancel_job(job).job == job
        cancelled(self.finish(scheduler, job))

    def test_cancel_at_once_after_submission(self, scheduler: Scheduler, base: Path) -> None:
        job = scheduler.submit_batch_job(self.sleeper(base))
        scheduler.cancel_job(job)
        cancelled(self.finish(scheduler, job))

    def test_cancel_by_the_job_itself(self, scheduler: Scheduler, base: Path) -> None:
        job = scheduler.submit_batch_job(self.sleeper(base))
        job.cancel()
        cancelled(job.wait(int(self.patience * 1000)))

    def test_cancel_a_finished_job(self, scheduler: Scheduler, base: Path) -> None:
        job = scheduler.submit_batch_job(self.job(base, "exit 0"))
        self.finish(scheduler, job)
        with pytest.raises(NoSuchJobException):
            scheduler.cancel_job(job)
        well(scheduler.get_job_status(job))

    def test_cancel_while_another_thread_waits(self, scheduler: Scheduler, base: Path) -> None:
        job = self.running(scheduler, self.sleeper(base))
        found: list[JobStatus] = []
        waiter = threading.Thread(target=lambda: found.append(self.finish(scheduler, job)))
        waiter.start()
        scheduler.cancel_job(job)
        waiter.join(self.patience)
        cancelled(found[0])

    def test_cancel_ends_children_too(
        self, scheduler: Scheduler, files: FileSystem, base: Path
    ) -> None:
        self.need("is_embedded")
        script = "sleep 987 & echo $! > pid.part; mv pid.part pid; wait"
        job = self.running(scheduler, self.job(base, script))
        pid = self.content(files, base / "pid").decode().strip()
        scheduler.cancel_job(job)
        cancelled(self.finish(scheduler, job))
        self.succeed(scheduler, self.job(base, UNTIL_GONE, pid))

    def test_cancel_a_job_that_does_not_listen_to_term(
        self, scheduler: Scheduler, files: FileSystem, base: Path
    ) -> None:
        self.need("is_embedded")
        script = "trap '' TERM; echo > ready; while :; do sleep 0.1; done"
        job = self.running(scheduler, self.job(base, script))
        self.content(files, base / "ready")
        scheduler.cancel_job(job)
        cancelled(self.finish(scheduler, job))
