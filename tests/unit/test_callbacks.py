"""What users' callbacks do must not stop the threads that serve everybody else."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from xenon_py.engine.process.timers import Timers
from xenon_py.filesystem import FileSystem
from xenon_py.model.jobs import JobDescription
from xenon_py.scheduler import Scheduler

TRUE = JobDescription(executable="/bin/true", queue_name="unlimited")
HELD = JobDescription(executable="/bin/true", queue_name="unlimited", hold=True)


def _exit(_: object) -> None:
    sys.exit("this callback ends what calls it")


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Scheduler]:
    with Scheduler.create("local", str(tmp_path)) as made:
        yield made


@pytest.fixture
def fs(tmp_path: Path) -> Iterator[FileSystem]:
    (tmp_path / "f").write_bytes(b"x" * 100)
    with FileSystem.create("file", str(tmp_path)) as made:
        yield made


class TestJobs:
    def test_later_futures_are_completed(self, scheduler: Scheduler) -> None:
        job = scheduler.submit_batch_job(HELD)
        future = job.future()
        future.add_done_callback(_exit)
        scheduler.release_job(job)
        assert future.result(20).done
        assert scheduler.submit_batch_job(TRUE).future().result(20).done

    def test_a_future_that_somebody_else_completed(self, scheduler: Scheduler) -> None:
        held = scheduler.submit_batch_job(HELD)
        held.future().set_result(None)  # type: ignore[arg-type]
        scheduler.release_job(held)
        assert held.wait(20_000).done
        assert scheduler.submit_batch_job(TRUE).future().result(20).done

    def test_a_limit_of_thousands_of_years(self, scheduler: Scheduler) -> None:
        longest = JobDescription(
            executable="/bin/sleep", arguments=["0.2"], max_runtime=2**31 - 1, queue_name="multi"
        )
        assert scheduler.submit_batch_job(longest).wait(20_000).exit_code == 0

    def test_far_calls_do_not_hinder_near_ones(self) -> None:
        timers, far, near = Timers(), threading.Event(), threading.Event()
        timers.after(1e12, far.set)
        timers.after(0.01, near.set)
        assert near.wait(20)
        assert not far.is_set()
        timers.clear()


class TestCopies:
    @pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit])
    def test_progress(self, fs: FileSystem, error: type[BaseException]) -> None:
        def on_progress(_: object) -> None:
            raise error

        status = fs.copy("f", fs, "g", on_progress=on_progress).wait(20_000)
        assert status.done
        assert fs.copy("f", fs, "h").wait(20_000).state == "DONE"

    def test_more_failing_callbacks_than_threads(self, fs: FileSystem) -> None:
        for number in range(8):
            ready = threading.Event()
            operation = fs.copy("f", fs, f"new{number}", on_progress=lambda _, r=ready: r.wait(20))
            operation.future().add_done_callback(_exit)
            ready.set()
            assert operation.wait(20_000).done
