"""Arrays, hold, suspend, signals, interactive jobs, dependencies."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from xenon_py.exceptions import (
    IllegalArgumentException,
    InvalidJobDescriptionException,
    NoSuchJobException,
    NoSuchQueueException,
    UnsupportedJobDescriptionException,
    UnsupportedOperationException,
)
from xenon_py.filesystem import FileSystem
from xenon_py.model.jobs import Job
from xenon_py.model.path import Path
from xenon_py.scheduler import Scheduler
from xenon_py.testing.harness import pattern, until
from xenon_py.testing.schedulers.base import SchedulerCase, cancelled, well


class ArrayTests(SchedulerCase):
    """``submit_job_array``."""

    def test_arrays_as_declared(self, scheduler: Scheduler, base: Path) -> None:
        description = self.job(base, "exit 0")
        if not self.description.supports_job_arrays:
            with pytest.raises(UnsupportedOperationException):
                scheduler.submit_job_array(description, 1, 3)
            return
        jobs = scheduler.submit_job_array(description, 1, 3)
        assert len({job.id for job in jobs}) == 3
        for job in jobs:
            well(self.finish(scheduler, job))

    def test_array_step(self, scheduler: Scheduler, base: Path) -> None:
        self.need("supports_job_arrays")
        assert len(scheduler.submit_job_array(self.job(base, "exit 0"), 2, 9, 3)) == 3

    def test_array_output_of_each(
        self, scheduler: Scheduler, files: FileSystem, base: Path
    ) -> None:
        self.need("supports_job_arrays")
        jobs = scheduler.submit_job_array(self.job(base, "echo x", stdout="out-%j"), 1, 4)
        for job in jobs:
            well(self.finish(scheduler, job))
            assert self.content(files, base / f"out-{job.id}") == b"x\n"

    def test_array_cancel_one(self, scheduler: Scheduler, base: Path) -> None:
        self.need("supports_job_arrays")
        jobs = scheduler.submit_job_array(self.sleeper(base), 1, 2)
        scheduler.cancel_job(jobs[1])
        cancelled(self.finish(scheduler, jobs[1]))
        assert not scheduler.get_job_status(jobs[0]).done
        self.end(scheduler, jobs[0])

    def test_array_throttle_as_declared(
        self, scheduler: Scheduler, files: FileSystem, base: Path
    ) -> None:
        self.need("supports_job_arrays")
        script = "mkdir alone && sleep 0.1 && rmdir alone"
        description = self.job(base, script)
        if not self.description.supports_array_throttle:
            with pytest.raises((UnsupportedOperationException, UnsupportedJobDescriptionException)):
                scheduler.submit_job_array(description, 1, 4, max_parallel=1)
            return
        for job in scheduler.submit_job_array(description, 1, 4, max_parallel=1):
            well(self.finish(scheduler, job))
        assert not files.exists(base / "alone")

    @pytest.mark.parametrize(
        ("begin", "end", "step", "max_parallel"),
        [(3, 1, 1, None), (1, 3, 0, None), (1, 3, -1, None), (1, 3, 1, 0), ("1", 3, 1, None)],
    )
    def test_array_wrong_ranges(
        self,
        scheduler: Scheduler,
        base: Path,
        begin: object,
        end: object,
        step: object,
        max_parallel: object,
    ) -> None:
        self.need("supports_job_arrays")
        with pytest.raises((IllegalArgumentException, InvalidJobDescriptionException)):
            scheduler.submit_job_array(
                self.job(base, "exit 0"),
                begin,  # type: ignore[arg-type]
                end,  # type: ignore[arg-type]
                step,  # type: ignore[arg-type]
                max_parallel=max_parallel,  # type: ignore[arg-type]
            )


class HoldTests(SchedulerCase):
    """``hold_job``, ``release_job``, ``JobDescription.hold``."""

    def test_hold_as_declared(self, scheduler: Scheduler, base: Path) -> None:
        if self.description.supports_hold:
            job = scheduler.submit_batch_job(self.job(base, "exit 0", hold=True))
            status = scheduler.wait_until_running(job, 300)
            assert not status.running
            assert not status.done
            scheduler.release_job(job)
            well(self.finish(scheduler, job))
            return
        job = scheduler.submit_batch_job(self.sleeper(base))
        for call in (scheduler.hold_job, scheduler.release_job):
            with pytest.raises(UnsupportedOperationException):
                call(job)
        self.end(scheduler, job)

    def test_hold_again_before_the_release(self, scheduler: Scheduler, base: Path) -> None:
        self.need("supports_hold")
        job = scheduler.submit_batch_job(self.job(base, "exit 0", hold=True))
        scheduler.hold_job(job)
        assert not scheduler.wait_until_running(job, 200).done
        scheduler.release_job(job)
        well(self.finish(scheduler, job))

    def test_cancel_a_held_job(self, scheduler: Scheduler, base: Path) -> None:
        self.need("supports_hold")
        job = scheduler.submit_batch_job(self.job(base, "exit 0", hold=True))
        scheduler.cancel_job(job)
        cancelled(self.finish(scheduler, job))


class SignalTests(SchedulerCase):
    """``suspend_job``, ``resume_job``, ``signal_job``."""

    TICKING = "while :; do echo x >> ticks; sleep 0.05; done"

    def test_suspend_as_declared(self, scheduler: Scheduler, files: FileSystem, base: Path) -> None:
        job = self.running(scheduler, self.job(base, self.TICKING))
        if self.description.supports_suspend:
            self.content(files, base / "ticks")
            scheduler.suspend_job(job)
            until(lambda: self._stands_still(files, base / "ticks"), "it stops", self.patience)
            assert not scheduler.get_job_status(job).done
            size = files.get_attributes(base / "ticks").size
            scheduler.resume_job(job)
            until(
                lambda: files.get_attributes(base / "ticks").size > size,
                "it runs on",
                self.patience,
            )
        else:
            for call in (scheduler.suspend_job, scheduler.resume_job):
                with pytest.raises(UnsupportedOperationException):
                    call(job)
        self.end(scheduler, job)

    @staticmethod
    def _stands_still(files: FileSystem, path: Path) -> bool:
        before = files.get_attributes(path).size
        threading.Event().wait(0.3)
        return files.get_attributes(path).size == before

    def test_signal_as_declared(self, scheduler: Scheduler, files: FileSystem, base: Path) -> None:
        script = "trap 'echo got > got; exit 3' USR1; echo > ready; while :; do sleep 0.05; done"
        job = self.running(scheduler, self.job(base, script))
        self.content(files, base / "ready")
        if self.description.supports_signal:
            scheduler.signal_job(job, "USR1")
            assert self.finish(scheduler, job).exit_code == 3
            assert self.content(files, base / "got") == b"got\n"
        else:
            with pytest.raises(UnsupportedOperationException):
                scheduler.signal_job(job, "USR1")
            self.end(scheduler, job)

    @pytest.mark.parametrize("name", ["", "NOPE", "9; rm -rf x", None, 9.5])
    def test_wrong_signals(self, scheduler: Scheduler, base: Path, name: object) -> None:
        self.need("supports_signal")
        job = self.running(scheduler, self.sleeper(base))
        with pytest.raises(IllegalArgumentException):
            scheduler.signal_job(job, name)  # type: ignore[arg-type]
        assert scheduler.get_job_status(job).running
        self.end(scheduler, job)

    @pytest.mark.parametrize("call", ["suspend_job", "resume_job"])
    def test_suspend_unknown_jobs(self, scheduler: Scheduler, call: str) -> None:
        self.need("supports_suspend")
        with pytest.raises(NoSuchJobException):
            getattr(scheduler, call)(Job(self.unknown_job))


class DependencyTests(SchedulerCase):
    """``depends_on``."""

    def test_dependent_job_starts_after_the_other_ended_well(
        self, scheduler: Scheduler, files: FileSystem, base: Path
    ) -> None:
        self.need("supports_dependencies")
        first = scheduler.submit_batch_job(self.job(base, "sleep 0.5; touch first"))
        second = scheduler.submit_batch_job(
            self.job(base, "test -e first && touch second", depends_on=[first])
        )
        well(self.finish(scheduler, second))
        self.content(files, base / "second")


class InteractiveTests(SchedulerCase):
    """``submit_interactive_job``."""

    def test_interactive_as_declared(self, scheduler: Scheduler, base: Path) -> None:
        if not self.description.supports_interactive:
            with pytest.raises(UnsupportedOperationException):
                scheduler.submit_interactive_job(self.job(base, "cat"), [])
            return
        job, responses = scheduler.submit_interactive_job(self.job(base, "cat"), [b"one\n", b"two"])
        assert b"".join(response.stdout for response in responses) == b"one\ntwo"
        well(self.finish(scheduler, Job(job.id)))

    def test_interactive_streams_are_apart(self, scheduler: Scheduler, base: Path) -> None:
        self.need("supports_interactive")
        script = "echo out; echo err >&2; exit 5"
        job, responses = scheduler.submit_interactive_job(self.job(base, script), [])
        items = list(responses)
        assert {item.job.id for item in items} <= {job.id}
        assert b"".join(item.stdout for item in items) == b"out\n"
        assert b"".join(item.stderr for item in items) == b"err\n"
        assert self.finish(scheduler, job).exit_code == 5

    def test_interactive_conversation(self, scheduler: Scheduler, base: Path) -> None:
        self.need("supports_interactive")
        answered = threading.Event()

        def questions() -> Iterator[bytes]:
            yield b"first\n"
            assert answered.wait(self.patience)
            yield b"second\n"

        script = 'read a; echo "got $a"; read b; echo "then $b"'
        _, responses = scheduler.submit_interactive_job(self.job(base, script), questions())
        told = b""
        while b"got first\n" not in told:
            told += responses.next().stdout
        answered.set()
        told += b"".join(response.stdout for response in responses)
        assert told == b"got first\nthen second\n"

    def test_interactive_megabyte_both_ways(self, scheduler: Scheduler, base: Path) -> None:
        self.need("supports_interactive")
        data = pattern(1_000_000)
        pieces = [data[start : start + 30_000] for start in range(0, len(data), 30_000)]
        job, responses = scheduler.submit_interactive_job(self.job(base, "cat"), pieces)
        assert b"".join(response.stdout for response in responses) == data
        well(self.finish(scheduler, job))

    def test_interactive_cancel_of_the_stream_ends_the_job(
        self, scheduler: Scheduler, base: Path
    ) -> None:
        self.need("supports_interactive")
        job, responses = scheduler.submit_interactive_job(self.sleeper(base), [])
        responses.cancel()
        assert self.finish(scheduler, job).exit_code != 0

    def test_interactive_cancel_of_the_job_ends_the_stream(
        self, scheduler: Scheduler, base: Path
    ) -> None:
        self.need("supports_interactive")
        job, responses = scheduler.submit_interactive_job(self.sleeper(base), [])
        scheduler.cancel_job(job)
        assert b"".join(response.stdout for response in responses) == b""
        cancelled(self.finish(scheduler, job))

    def test_interactive_no_such_queue(self, scheduler: Scheduler, base: Path) -> None:
        self.need("supports_interactive")
        description = self.job(base, "cat", queue_name="xenon-kit-no-such-queue")
        with pytest.raises(NoSuchQueueException):
            scheduler.submit_interactive_job(description, [])

    @pytest.mark.parametrize("field", ["stdin", "stdout", "stderr"])
    def test_interactive_files_for_streams_are_refused(
        self, scheduler: Scheduler, base: Path, field: str
    ) -> None:
        self.need("supports_interactive")
        with pytest.raises(InvalidJobDescriptionException) as caught:
            scheduler.submit_interactive_job(self.job(base, "cat", **{field: "file"}), [])
        assert field in str(caught.value)

    @pytest.mark.parametrize("stream", ["text", 5, None])
    def test_interactive_what_is_no_stream(
        self, scheduler: Scheduler, base: Path, stream: object
    ) -> None:
        self.need("supports_interactive")
        with pytest.raises(IllegalArgumentException):
            scheduler.submit_interactive_job(self.job(base, "cat"), stream)  # type: ignore[arg-type]
