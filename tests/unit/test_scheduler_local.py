"""The scheduler facade and its core, on the processes of this machine."""

from __future__ import annotations

import asyncio
import datetime
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from unit.runner_contract import eventually, is_running
from xenon_py.exceptions import (
    IllegalArgumentException,
    IncompleteJobDescriptionException,
    InvalidJobDescriptionException,
    InvalidLocationException,
    JobCanceledException,
    NoSuchJobException,
    NoSuchQueueException,
    SchedulerClosedException,
    UnsupportedJobDescriptionException,
    UnsupportedOperationException,
    XenonException,
    XenonTimeoutException,
)
from xenon_py.model.jobs import Job, JobDescription, JobErrorType, JobReason, QueueErrorType
from xenon_py.scheduler import Scheduler


def shell(script: str, **fields: object) -> JobDescription:
    return JobDescription(executable="/bin/sh", arguments=["-c", script], **fields)


SLEEP = JobDescription(executable="sleep", arguments=[60], queue_name="unlimited")


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Scheduler]:
    with Scheduler.create("local", str(tmp_path)) as made:
        made._adaptor.grace = 0.5  # type: ignore[attr-defined]
        yield made


class TestBatchJobs:
    def test_exit_code_and_reason(self, scheduler: Scheduler) -> None:
        done = scheduler.submit_batch_job(shell("exit 0")).wait()
        assert (done.state, done.done, done.running) == ("DONE", True, False)
        assert (done.exit_code, done.reason) == (0, JobReason.COMPLETED)
        failed = scheduler.submit_batch_job(shell("exit 3", name="n")).wait()
        assert (failed.state, failed.exit_code, failed.reason) == ("DONE", 3, JobReason.FAILED)
        assert (failed.error_type, failed.error_message) == (JobErrorType.NONE, "")
        assert (failed.name, failed.source, failed.stale) == ("n", "process", False)

    def test_death_by_signal(self, scheduler: Scheduler) -> None:
        status = scheduler.submit_batch_job(shell("kill -9 $$")).wait()
        assert (status.state, status.exit_code, status.signal) == ("DONE", None, signal.SIGKILL)
        assert status.reason is JobReason.SIGNALLED
        assert status.core_dumped is False
        assert status.error_type is JobErrorType.NONE

    def test_usage(self, scheduler: Scheduler) -> None:
        script = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"
        usage = scheduler.submit_batch_job(shell(script)).wait().usage
        assert usage.submit_time is not None
        assert usage.start_time is not None
        assert usage.end_time is not None
        assert usage.submit_time <= usage.start_time <= usage.end_time
        assert usage.cpu_seconds is not None
        assert usage.cpu_seconds > 0

    def test_identifiers_count_from_zero(self, scheduler: Scheduler) -> None:
        ids = [scheduler.submit_batch_job(shell("true")).id for _ in range(3)]
        assert ids == ["local-0", "local-1", "local-2"]

    def test_files(self, scheduler: Scheduler, tmp_path: Path) -> None:
        (tmp_path / "sub").mkdir()
        (tmp_path / "sub" / "in put").write_bytes(b"data\n")
        job = scheduler.submit_batch_job(
            shell(
                "cat; pwd; echo err >&2",
                working_directory="sub",
                stdin="in put",
                stdout="out-%j",
                stderr="../err-%j",
            )
        )
        assert job.wait().exit_code == 0
        assert (tmp_path / "sub" / f"out-{job.id}").read_text() == f"data\n{tmp_path}/sub\n"
        assert (tmp_path / f"err-{job.id}").read_text() == "err\n"

    def test_both_outputs_in_one_file(self, scheduler: Scheduler, tmp_path: Path) -> None:
        scheduler.submit_batch_job(shell("echo o; echo e >&2", stdout="f", stderr="./f")).wait()
        assert (tmp_path / "f").read_text() == "o\ne\n"

    def test_input_is_empty_without_stdin(self, scheduler: Scheduler, tmp_path: Path) -> None:
        assert scheduler.submit_batch_job(shell("wc -c", stdout="n")).wait(20_000).done
        assert (tmp_path / "n").read_text().strip() == "0"

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"stdout": "there"}, "File already exists"),
            ({"stderr": "there"}, "File already exists"),
            ({"stdin": "absent"}, "File does not exist"),
            ({"stdout": "absent/out"}, "Directory does not exist"),
            ({"working_directory": "absent"}, "Working directory does not exist"),
        ],
    )
    def test_job_that_cannot_start(
        self, scheduler: Scheduler, tmp_path: Path, fields: dict[str, str], message: str
    ) -> None:
        (tmp_path / "there").write_text("kept")
        status = scheduler.submit_batch_job(shell("echo new", **fields)).wait()
        assert (status.state, status.done, status.exit_code) == ("ERROR", True, None)
        assert (status.error_type, status.reason) == (
            JobErrorType.XENON,
            JobReason.LAUNCH_FAILURE,
        )
        assert message in status.error_message
        assert (tmp_path / "there").read_text() == "kept"

    @pytest.mark.parametrize(
        ("executable", "message"),
        [
            ("no-such-4711 -x", "arguments do not belong in the executable"),
            ("./no-interpreter", "the interpreter in its first line does not exist"),
            ("./no-first-line", "a script begins with a line such as #!/bin/sh"),
        ],
    )
    def test_why_a_program_cannot_start(
        self, scheduler: Scheduler, tmp_path: Path, executable: str, message: str
    ) -> None:
        for name, text in (("no-interpreter", "#!/no/such\n"), ("no-first-line", "true\n")):
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o755)
        status = scheduler.submit_batch_job(JobDescription(executable=executable)).wait()
        assert message in status.error_message

    def test_missing_program_leaves_no_files(self, scheduler: Scheduler, tmp_path: Path) -> None:
        job = scheduler.submit_batch_job(JobDescription(executable="no-such-4711", stdout="out"))
        assert job.wait().state == "ERROR"
        assert not (tmp_path / "out").exists()

    def test_environment(self, scheduler: Scheduler, tmp_path: Path) -> None:
        value = "a \"b\" $(id) `id` 'c'\nd"
        env = {"XENON_A": value, "XENON_N": 5}
        script = 'printf %s "$XENON_A$XENON_N"; test -n "$PATH"'
        assert (
            scheduler.submit_batch_job(shell(script, environment=env, stdout="o")).wait().exit_code
            == 0
        )
        assert (tmp_path / "o").read_text() == f"{value}5"

    def test_environment_not_inherited(
        self, scheduler: Scheduler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XENON_OUTER", "1")
        script = 'echo "${XENON_OUTER-unset} ${XENON_OWN-unset}"; test -n "$HOME"'
        for inherit, name in ((None, "a"), (True, "b"), (False, "c")):
            job = shell(
                script, stdout=name, environment={"XENON_OWN": "2"}, inherit_environment=inherit
            )
            assert scheduler.submit_batch_job(job).wait().exit_code == 0
        assert [(tmp_path / n).read_text() for n in "abc"] == ["1 2\n", "1 2\n", "unset 2\n"]

    def test_time_limit(self, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
        after = scheduler._adaptor._timers.after  # type: ignore[attr-defined]
        monkeypatch.setattr(
            scheduler._adaptor._timers,  # type: ignore[attr-defined]
            "after",
            lambda seconds, callback: after(seconds / 300, callback),
        )
        begun = time.monotonic()
        status = scheduler.submit_batch_job(shell("sleep 60 & wait", max_runtime=1)).wait()
        assert time.monotonic() - begun < 20
        assert (status.state, status.reason) == ("KILLED", JobReason.TIME_LIMIT)
        assert (status.error_type, status.error_message) == (
            JobErrorType.CANCELLED,
            "Process timed out.",
        )
        assert status.exit_code is None

    def test_start_time(self, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
        soon = datetime.datetime.now() + datetime.timedelta(minutes=2)
        job = scheduler.submit_batch_job(shell("true", start_time=soon.strftime("%H:%M")))
        assert job.wait(100).state == "PENDING"
        assert scheduler.submit_batch_job(shell("true", start_time="now")).wait().exit_code == 0
        assert job.cancel().state == "KILLED"


class TestControl:
    def test_cancel_kills_the_group(self, scheduler: Scheduler, tmp_path: Path) -> None:
        job = scheduler.submit_batch_job(shell("sleep 60 & echo $! > pid; wait"))
        assert eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        status = job.cancel()
        assert (status.state, status.done, status.exit_code) == ("KILLED", True, None)
        assert (status.error_type, status.reason) == (JobErrorType.CANCELLED, JobReason.CANCELLED)
        assert status.error_message == "Process cancelled by user."
        assert not is_running(int((tmp_path / "pid").read_text()))

    def test_cancel_of_a_job_that_ignores_term(self, scheduler: Scheduler, tmp_path: Path) -> None:
        script = "trap '' TERM; touch ready; while :; do sleep 0.1; done"
        job = scheduler.submit_batch_job(shell(script))
        assert eventually((tmp_path / "ready").exists)
        status = job.cancel()
        assert (status.state, status.signal) == ("KILLED", signal.SIGKILL)

    def test_cancel_waits_for_children_that_need_the_grace(
        self, scheduler: Scheduler, tmp_path: Path
    ) -> None:
        trap = "trap 'sleep 0.2; echo saved > saved; exit' TERM"
        child = f"{trap}; touch ready; while :; do sleep 0.05; done"
        job = scheduler.submit_batch_job(shell(f"({child}) & wait"))
        assert eventually((tmp_path / "ready").exists)
        assert job.cancel().done
        assert (tmp_path / "saved").exists()

    def test_cancel_of_a_pending_job(self, scheduler: Scheduler) -> None:
        first = scheduler.submit_batch_job(JobDescription(executable="sleep", arguments=["60"]))
        second = scheduler.submit_batch_job(shell("true"))
        assert second.cancel().state == "KILLED"
        assert first.status().state in {"PENDING", "RUNNING"}
        assert first.cancel().state == "KILLED"

    def test_cancel_of_an_ended_or_unknown_job(self, scheduler: Scheduler) -> None:
        job = scheduler.submit_batch_job(shell("true"))
        job.wait()
        with pytest.raises(NoSuchJobException, match="has ended"):
            job.cancel()
        with pytest.raises(NoSuchJobException):
            scheduler.cancel_job("local-4711")

    def test_ended_jobs_are_still_known_but_not_listed(self, scheduler: Scheduler) -> None:
        job = scheduler.submit_batch_job(shell("exit 2"))
        job.wait()
        assert job.status().exit_code == 2
        assert job.wait().exit_code == 2
        assert scheduler.get_jobs() == []

    def test_hold_and_release(self, scheduler: Scheduler) -> None:
        job = scheduler.submit_batch_job(shell("true", hold=True))
        assert job.wait(100).state == "HELD"
        scheduler.release_job(job)
        assert job.wait(20_000).state == "DONE"
        blocker = scheduler.submit_batch_job(JobDescription(executable="sleep", arguments=["60"]))
        waiting = scheduler.submit_batch_job(shell("true"))
        scheduler.hold_job(waiting)
        scheduler.hold_job(waiting.id)
        assert blocker.cancel().done
        assert waiting.wait(100).state == "HELD"
        with pytest.raises(UnsupportedOperationException, match="only a held job"):
            scheduler.release_job(scheduler.submit_batch_job(SLEEP))
        scheduler.release_job(waiting)
        assert waiting.wait(20_000).state == "DONE"

    def test_hold_of_a_running_job(self, scheduler: Scheduler) -> None:
        job = scheduler.submit_batch_job(SLEEP)
        scheduler.wait_until_running(job)
        with pytest.raises(UnsupportedOperationException, match="has not begun"):
            scheduler.hold_job(job)

    def test_suspend_and_resume(self, scheduler: Scheduler, tmp_path: Path) -> None:
        script = "while :; do echo x >> beats; sleep 0.02; done"
        job = scheduler.submit_batch_job(shell(script))
        assert eventually((tmp_path / "beats").exists)
        scheduler.suspend_job(job)
        assert (job.status().state, job.status().running) == ("SUSPENDED", False)
        time.sleep(0.1)
        before = (tmp_path / "beats").stat().st_size
        time.sleep(0.2)
        assert (tmp_path / "beats").stat().st_size == before
        with pytest.raises(UnsupportedOperationException):
            scheduler.suspend_job(job)
        scheduler.resume_job(job)
        assert job.status().state == "RUNNING"
        assert eventually(lambda: (tmp_path / "beats").stat().st_size > before)
        scheduler.suspend_job(job)
        assert job.cancel().state == "KILLED"

    def test_signal(self, scheduler: Scheduler, tmp_path: Path) -> None:
        script = "trap 'echo got > got; exit 7' USR1; touch ready; while :; do sleep 0.02; done"
        job = scheduler.submit_batch_job(shell(script))
        assert eventually((tmp_path / "ready").exists)
        scheduler.signal_job(job, "SIGUSR1")
        assert job.wait(20_000).exit_code == 7
        with pytest.raises(NoSuchJobException):
            scheduler.signal_job(job, "USR1")
        with pytest.raises(IllegalArgumentException, match="USR9"):
            scheduler.signal_job(job, "USR9")

    def test_close_ends_all_jobs(self, tmp_path: Path) -> None:
        scheduler = Scheduler.create("local", str(tmp_path))
        running = scheduler.submit_batch_job(shell("sleep 60 & echo $! > pid; wait"))
        pending = scheduler.submit_batch_job(shell("touch begun"))
        assert eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        futures = [running.future(), pending.future()]
        scheduler.close()
        scheduler.close()
        assert not is_running(int((tmp_path / "pid").read_text()))
        assert [future.result(10).state for future in futures] == ["KILLED", "KILLED"]
        assert not (tmp_path / "begun").exists()
        assert not scheduler.is_open()
        for call in (running.status, running.wait, scheduler.get_jobs, scheduler.get_file_system):
            with pytest.raises(SchedulerClosedException):
                call()

    def test_nothing_is_left(self, tmp_path: Path) -> None:
        def left() -> tuple[int, int]:
            return len(os.listdir("/proc/self/fd")), threading.active_count()

        before = left()
        with Scheduler.create("local", str(tmp_path)) as scheduler:
            scheduler.submit_batch_job(shell("true", max_runtime=1, stdout="o")).wait()
            _, stream = scheduler.submit_interactive_job(shell("cat"), [b"x"])
            list(stream)
            scheduler.submit_batch_job(SLEEP)
            scheduler.submit_batch_job(shell("true", start_time="12:00 01.01.2099"))
            scheduler.submit_interactive_job(SLEEP, [b"x"])
        assert eventually(
            lambda: all(now <= then for now, then in zip(left(), before, strict=True))
        )


class TestQueues:
    def test_names(self, scheduler: Scheduler) -> None:
        assert list(scheduler.get_queue_names()) == ["single", "multi", "unlimited"]
        assert scheduler.get_default_queue_name() == "single"
        assert scheduler.get_default_runtime() == 0

    def test_unknown_queue(self, scheduler: Scheduler) -> None:
        with pytest.raises(NoSuchQueueException, match="nowhere"):
            scheduler.submit_batch_job(shell("true", queue_name="nowhere"))
        with pytest.raises(NoSuchQueueException):
            scheduler.get_jobs(["single", "nowhere"])
        with pytest.raises(NoSuchQueueException):
            scheduler.get_queue_status("nowhere")

    def test_jobs_by_queue(self, scheduler: Scheduler) -> None:
        one = scheduler.submit_batch_job(SLEEP)
        two = scheduler.submit_batch_job(JobDescription(executable="sleep", arguments=["60"]))
        assert scheduler.get_jobs() == [one, two]
        assert scheduler.get_jobs(["unlimited"]) == [one]
        assert scheduler.get_jobs([]) == [one, two]
        assert scheduler.get_jobs(["multi"]) == []

    def test_queue_statuses(self, scheduler: Scheduler) -> None:
        names = [status.name for status in scheduler.get_queue_statuses()]
        assert names == ["single", "multi", "unlimited"]
        odd, known = scheduler.get_queue_statuses(["nowhere", "multi"])
        assert (odd.name, odd.error_type) == ("nowhere", QueueErrorType.NOT_FOUND)
        assert (known.name, known.error_type) == ("multi", QueueErrorType.NONE)
        assert known.scheduler_specific_information["places"] == "4"

    def test_single_is_first_in_first_out(self, scheduler: Scheduler, tmp_path: Path) -> None:
        jobs = [scheduler.submit_batch_job(shell(f"echo {n} >> order")) for n in range(20)]
        scheduler.wait_until_done(jobs[-1])
        assert (tmp_path / "order").read_text().split() == [str(n) for n in range(20)]

    def test_multi_keeps_its_limit(self, tmp_path: Path) -> None:
        properties = {"local.queue.multi.maxConcurrentJobs": "3"}
        script = "echo + >> log; sleep 0.1; echo - >> log"
        with Scheduler.create("local", str(tmp_path), properties) as scheduler:
            jobs = [scheduler.submit_batch_job(shell(script, queue_name="multi")) for _ in range(9)]
            for status in scheduler.as_completed(jobs):
                assert status.exit_code == 0
        level = most = 0
        for mark in (tmp_path / "log").read_text().split():
            level += 1 if mark == "+" else -1
            most = max(most, level)
        assert most == 3

    def test_dependencies(self, scheduler: Scheduler, tmp_path: Path) -> None:
        first = scheduler.submit_batch_job(shell("sleep 0.2; echo 1 >> log"))
        fields = {"depends_on": [first], "queue_name": "unlimited"}
        second = scheduler.submit_batch_job(shell("echo 2 >> log", **fields))
        assert second.wait().exit_code == 0
        assert (tmp_path / "log").read_text() == "1\n2\n"
        late = scheduler.submit_batch_job(shell("true", depends_on=[first.id, second]))
        assert late.wait().exit_code == 0

    def test_failed_dependency(self, scheduler: Scheduler) -> None:
        first = scheduler.submit_batch_job(shell("sleep 0.1; exit 1"))
        second = scheduler.submit_batch_job(shell("true", depends_on=[first]))
        third = scheduler.submit_batch_job(shell("true", depends_on=[second]))
        for job in (second, third):
            status = job.wait()
            assert (status.state, status.reason) == ("ERROR", JobReason.DEPENDENCY)
        assert first.id in second.status().error_message
        late = scheduler.submit_batch_job(shell("true", depends_on=[first]))
        assert late.wait().reason is JobReason.DEPENDENCY

    def test_unknown_dependency(self, scheduler: Scheduler) -> None:
        with pytest.raises(InvalidJobDescriptionException, match="local-99"):
            scheduler.submit_batch_job(shell("true", depends_on=["local-99"]))


class TestArrays:
    def test_array(self, scheduler: Scheduler, tmp_path: Path) -> None:
        description = shell("echo $XENON_ARRAY_TASK_ID", stdout="out-%a", queue_name="multi")
        jobs = scheduler.submit_job_array(description, 2, 8, 3)
        assert [job.id for job in jobs] == ["local-0_2", "local-0_5", "local-0_8"]
        assert {status.exit_code for status in scheduler.as_completed(jobs)} == {0}
        assert [(tmp_path / f"out-{n}").read_text() for n in (2, 5, 8)] == ["2\n", "5\n", "8\n"]

    def test_throttle(self, scheduler: Scheduler, tmp_path: Path) -> None:
        script = "echo + >> log; sleep 0.05; echo - >> log"
        description = shell(script, queue_name="unlimited")
        jobs = scheduler.submit_job_array(description, 1, 8, max_parallel=2)
        scheduler.cancel_job(jobs[5])
        states = [status.state for status in scheduler.as_completed(jobs)]
        assert sorted(states) == ["DONE"] * 7 + ["KILLED"]
        level = most = 0
        for mark in (tmp_path / "log").read_text().split():
            level += 1 if mark == "+" else -1
            most = max(most, level)
        assert most == 2

    def test_shared_output_is_refused(self, scheduler: Scheduler) -> None:
        with pytest.raises(InvalidJobDescriptionException, match="%a"):
            scheduler.submit_job_array(shell("true", stdout="out"), 1, 2)

    @pytest.mark.parametrize(
        ("begin", "end", "step", "most"),
        [(3, 2, 1, None), (1, 2, 0, None), (-1, 2, 1, None), (1, 2, 1, 0), (0, 2**31 - 1, 1, None)],
    )
    def test_wrong_range(
        self, scheduler: Scheduler, begin: int, end: int, step: int, most: int | None
    ) -> None:
        with pytest.raises(IllegalArgumentException):
            scheduler.submit_job_array(shell("true"), begin, end, step, most)


class TestWaiting:
    def test_time_out(self, scheduler: Scheduler) -> None:
        job = scheduler.submit_batch_job(SLEEP)
        begun = time.monotonic()
        status = scheduler.wait_until_done(job, 200)
        assert 0.15 < time.monotonic() - begun < 5
        assert (status.done, status.running) == (False, True)
        with pytest.raises(XenonTimeoutException):
            list(scheduler.as_completed([job], datetime.timedelta(milliseconds=50)))
        assert scheduler.wait_any([job], 50) is None

    def test_wait_until_running(self, scheduler: Scheduler) -> None:
        assert scheduler.wait_until_running(scheduler.submit_batch_job(SLEEP)).running
        ended = scheduler.submit_batch_job(shell("exit 4"))
        ended.wait()
        assert scheduler.wait_until_running(ended).exit_code == 4

    def test_wait_any(self, scheduler: Scheduler) -> None:
        slow = scheduler.submit_batch_job(SLEEP)
        quick = scheduler.submit_batch_job(shell("exit 5"))
        first = scheduler.wait_any([slow, quick.id], 20_000)
        assert first is not None
        assert (first.job, first.exit_code) == (quick, 5)
        assert scheduler.wait_any([]) is None

    def test_as_completed(self, scheduler: Scheduler) -> None:
        jobs = [
            scheduler.submit_batch_job(shell(f"sleep {n}; exit 1", queue_name="unlimited"))
            for n in (0.4, 0.01)
        ]
        assert [status.job for status in scheduler.as_completed(jobs, 20_000)] == jobs[::-1]

    def test_watch(self, scheduler: Scheduler) -> None:
        job = scheduler.submit_batch_job(shell("sleep 0.1", hold=True))
        changes = scheduler.watch([job])
        assert next(changes).state == "HELD"
        scheduler.release_job(job)
        states = [status.state for status in changes]
        assert states[-1] == "DONE"
        assert [state for state in states if state != "PENDING"] == ["RUNNING", "DONE"]

    def test_unknown_job(self, scheduler: Scheduler) -> None:
        for call in (
            scheduler.get_job_status,
            scheduler.wait_until_done,
            scheduler.wait_until_running,
            scheduler.get_job,
            scheduler.explain,
            lambda job: list(scheduler.as_completed([job])),
            lambda job: list(scheduler.watch([job])),
            lambda job: scheduler.wait_any([job]),
            lambda job: scheduler.job_future(job).result(10),
        ):
            with pytest.raises(NoSuchJobException):
                call("local-4711")
        known = scheduler.submit_batch_job(shell("true"))
        odd, status = scheduler.get_job_statuses(["local-4711", known])
        assert (odd.job.id, odd.error_type, odd.done) == (
            "local-4711",
            JobErrorType.NOT_FOUND,
            False,
        )
        assert status.job == known
        assert scheduler.get_job_statuses([]) == []

    def test_get_job(self, scheduler: Scheduler) -> None:
        job = scheduler.submit_batch_job(shell("exit 6"))
        assert scheduler.get_job(job.id) == job
        assert scheduler.get_job(job.id).wait().exit_code == 6
        assert scheduler.wait_until_done(Job(job.id)).exit_code == 6

    def test_future(self, scheduler: Scheduler) -> None:
        job = scheduler.submit_batch_job(shell("exit 1"))
        assert job.future().result(20).exit_code == 1
        assert job.future().result(20).job.status().exit_code == 1

    def test_future_callback_may_use_the_scheduler(self, scheduler: Scheduler) -> None:
        seen: list[int | None] = []
        over = threading.Event()

        def more(_: object) -> None:
            seen.append(scheduler.submit_batch_job(shell("exit 8")).wait(20_000).exit_code)
            over.set()

        scheduler.submit_batch_job(shell("true")).future().add_done_callback(more)
        assert over.wait(20)
        assert seen == [8]

    def test_asyncio(self, scheduler: Scheduler) -> None:
        async def main() -> list[int | None]:
            jobs = scheduler.submit_batch_jobs([shell(f"exit {n}") for n in range(5)])
            ends = await asyncio.gather(*(asyncio.wrap_future(job.future()) for job in jobs))
            return [status.exit_code for status in ends]

        assert asyncio.run(main()) == [0, 1, 2, 3, 4]

    def test_close_while_another_thread_waits(self, tmp_path: Path) -> None:
        scheduler = Scheduler.create("local", str(tmp_path))
        job = scheduler.submit_batch_job(SLEEP)
        ends: list[str] = []
        thread = threading.Thread(target=lambda: ends.append(job.wait().state))
        thread.start()
        scheduler.wait_until_running(job)
        scheduler.close()
        thread.join(20)
        assert ends == ["KILLED"]


class TestInteractive:
    def test_both_outputs_and_the_exit_code(self, scheduler: Scheduler) -> None:
        job, stream = scheduler.submit_interactive_job(
            shell("cat; echo e >&2; exit 3"), [b"a", b"b"]
        )
        pieces = list(stream)
        assert b"".join(piece.stdout for piece in pieces) == b"ab"
        assert b"".join(piece.stderr for piece in pieces) == b"e\n"
        assert {piece.job.id for piece in pieces} == {job.id}
        assert scheduler.wait_until_done(Job(job.id)).exit_code == 3

    def test_conversation(self, scheduler: Scheduler) -> None:
        import queue

        lines: queue.Queue[bytes | None] = queue.Queue()
        _, stream = scheduler.submit_interactive_job(shell("cat"), iter(lines.get, None))
        for word in (b"one\n", b"two\n"):
            lines.put(word)
            assert stream.next().stdout == word
        lines.put(None)
        with pytest.raises(StopIteration):
            stream.next()

    def test_cancel(self, scheduler: Scheduler) -> None:
        job, stream = scheduler.submit_interactive_job(shell("echo x; sleep 60"), [])
        assert next(stream).stdout == b"x\n"
        stream.cancel()
        stream.cancel()
        assert list(stream) == []
        assert job.status().state == "KILLED"

    def test_leaving_the_block_cancels(self, scheduler: Scheduler) -> None:
        job, stream = scheduler.submit_interactive_job(shell("echo x; sleep 60"), b"")
        with stream:
            next(stream)
        assert job.status().state == "KILLED"

    def test_a_slow_consumer_holds_the_process_up(
        self, scheduler: Scheduler, tmp_path: Path
    ) -> None:
        loop = "head -c 100000 /dev/zero; echo $i > done; i=$((i+1))"
        script = f"i=0; while [ $i -lt 100 ]; do {loop}; done"
        job, stream = scheduler.submit_interactive_job(shell(script), [])
        time.sleep(0.7)
        assert int((tmp_path / "done").read_text()) < 40
        assert sum(len(piece.stdout) for piece in stream) == 10_000_000
        assert job.wait().exit_code == 0

    def test_a_process_that_does_not_read_holds_the_input_up(self, scheduler: Scheduler) -> None:
        taken: list[int] = []

        def endless() -> Iterator[bytes]:
            for n in range(1000):
                taken.append(n)
                yield bytes(100_000)

        job, stream = scheduler.submit_interactive_job(SLEEP, endless())
        time.sleep(0.3)
        assert len(taken) < 5
        stream.cancel()
        assert job.status().done

    def test_a_process_that_stops_reading(self, scheduler: Scheduler) -> None:
        job, stream = scheduler.submit_interactive_job(
            shell("head -c 3"), (b"abcdef" * 10_000 for _ in range(100))
        )
        assert b"".join(piece.stdout for piece in stream) == b"abc"
        assert job.wait().exit_code == 0

    def test_error_in_the_input(self, scheduler: Scheduler) -> None:
        def broken() -> Iterator[bytes]:
            yield b"x"
            raise LookupError("mine")

        job, stream = scheduler.submit_interactive_job(shell("cat; sleep 60"), broken())
        with pytest.raises(LookupError, match="mine"):
            list(stream)
        assert job.wait(20_000).state == "KILLED"

    def test_input_of_a_wrong_type(self, scheduler: Scheduler) -> None:
        _, stream = scheduler.submit_interactive_job(shell("cat"), ["text"])  # type: ignore[list-item]
        with pytest.raises(IllegalArgumentException, match="stdin_stream must yield bytes"):
            list(stream)
        for wrong in (None, "text", 5):
            with pytest.raises(IllegalArgumentException, match="stdin_stream"):
                scheduler.submit_interactive_job(shell("cat"), wrong)  # type: ignore[arg-type]

    def test_program_that_is_missing(self, scheduler: Scheduler) -> None:
        with pytest.raises(XenonException, match="no-such-4711"):
            scheduler.submit_interactive_job(JobDescription(executable="no-such-4711"), [])

    def test_cancelled_before_it_began(self, scheduler: Scheduler) -> None:
        scheduler.submit_batch_job(JobDescription(executable="sleep", arguments=["60"]))
        caught: list[type[BaseException]] = []

        def start() -> None:
            try:
                scheduler.submit_interactive_job(shell("cat"), [])
            except XenonException as error:
                caught.append(type(error))

        thread = threading.Thread(target=start)
        thread.start()
        assert eventually(lambda: len(scheduler.get_jobs()) == 2)
        scheduler.get_jobs()[1].cancel()
        thread.join(20)
        assert caught == [JobCanceledException]

    @pytest.mark.parametrize("field", ["stdin", "stdout", "stderr"])
    def test_files_are_refused(self, scheduler: Scheduler, field: str) -> None:
        with pytest.raises(InvalidJobDescriptionException, match=field):
            scheduler.submit_interactive_job(shell("cat", **{field: "f"}), [])


class TestFacade:
    def test_names_and_places(self, tmp_path: Path) -> None:
        assert "local" in Scheduler.get_adaptor_names().name
        assert Scheduler.get_adaptor_description("local").is_embedded
        with Scheduler.create("local", str(tmp_path)) as one, Scheduler.local_scheduler() as two:
            assert one.get_location() == str(tmp_path)
            assert (one.get_adaptor_name(), two.get_location()) == ("local", "")
            assert one != two
            assert one.id.startswith("local://")
            assert {one, two} <= set(Scheduler.list_schedulers())
            assert str(one) == f"Scheduler:\n    id: {one.id}"
            assert one.is_open()
        assert one not in set(Scheduler.list_schedulers())

    def test_from_url(self, tmp_path: Path) -> None:
        with Scheduler.from_url(f"local://{tmp_path}") as scheduler:
            assert scheduler.submit_batch_job(shell("pwd", stdout="o")).wait().exit_code == 0
        assert (tmp_path / "o").read_text() == f"{tmp_path}\n"

    def test_properties(self) -> None:
        properties = {"local.queue.multi.maxConcurrentJobs": "2", "local.queue.pollingDelay": "100"}
        with Scheduler.create("local", properties=properties) as scheduler:
            name = "xenon.adaptors.schedulers.local.queue.multi.maxConcurrentJobs"
            assert scheduler.get_properties()[name] == "2"

    def test_file_system(self, tmp_path: Path) -> None:
        with Scheduler.create("local", str(tmp_path)) as scheduler:
            files = scheduler.get_file_system()
            assert scheduler.get_file_system() is files
            assert str(files.get_working_directory()) == str(tmp_path)
            assert files.is_open()
        assert not files.is_open()

    def test_render_runs_nothing(self, scheduler: Scheduler, tmp_path: Path) -> None:
        rendered = scheduler.render(
            shell("touch ran", environment={"A": "1"}, working_directory="w")
        )
        assert rendered.command == ("/bin/sh", "-c", "touch ran")
        assert rendered.environment == {"A": "1", "XENON_JOB_ID": "%j"}
        assert rendered.working_directory == f"{tmp_path}/w"
        assert list(tmp_path.iterdir()) == []

    def test_explain(self, scheduler: Scheduler) -> None:
        job = scheduler.submit_batch_job(shell("exit 9", stdout="o-%j"))
        job.wait()
        text = scheduler.explain(job)
        assert "exit_code: 9" in text
        assert f"o-{job.id}" in text

    def test_submit_many_checks_all_first(self, scheduler: Scheduler) -> None:
        with pytest.raises(IncompleteJobDescriptionException):
            scheduler.submit_batch_jobs([shell("true"), JobDescription()])
        assert scheduler.get_jobs() == []
        assert scheduler.submit_batch_jobs([]) == []

    def test_unsupported_fields(self, scheduler: Scheduler) -> None:
        for field in ({"tasks": 2}, {"max_memory": 5}, {"account": "a"}, {"gpus_per_task": 1}):
            with pytest.raises(UnsupportedJobDescriptionException, match=next(iter(field))):
                scheduler.submit_batch_job(shell("true", **field))
        assert scheduler.submit_batch_job(shell("true", tasks=1, cores_per_task=1)).wait().done

    def test_errors_tell_call_and_adaptor(self, scheduler: Scheduler) -> None:
        with pytest.raises(NoSuchJobException) as caught:
            scheduler.cancel_job("local-77")
        assert (caught.value.method, caught.value.adaptor) == ("cancel_job", "local")
        assert caught.value.job == "local-77"


def test_location_must_exist(tmp_path: Path) -> None:
    with pytest.raises(InvalidLocationException, match="is no directory of this machine"):
        Scheduler.create("local", str(tmp_path / "absent"))


def test_jobs_of_another_scheduler_are_refused(scheduler: Scheduler) -> None:
    with Scheduler.create("local") as other:
        foreign = other.submit_batch_job(SLEEP)
        mine = scheduler.submit_batch_job(SLEEP)
        assert foreign.id == mine.id
        for call in (
            scheduler.cancel_job,
            scheduler.get_job_status,
            scheduler.wait_until_done,
            scheduler.job_future,
            lambda job: list(scheduler.as_completed([job])),
            lambda job: scheduler.get_job_statuses([job]),
            lambda job: scheduler.submit_batch_job(shell("true", depends_on=[job])),
        ):
            with pytest.raises(NoSuchJobException, match="of another scheduler object"):
                call(foreign)
        assert scheduler.get_job_status(foreign.id).job == mine  # a plain identifier is taken
        assert not mine.status().done


def test_no_file_system_is_made_once_another_thread_has_closed(tmp_path: Path) -> None:
    scheduler = Scheduler.create("local", str(tmp_path))
    lock = scheduler._lock

    class Late:
        """Lets ``close`` be the first of two that wait for the lock."""

        def __enter__(self) -> None:
            scheduler._lock = lock
            scheduler.close()

        def __exit__(self, *details: object) -> None:
            pass

    scheduler._lock = Late()  # type: ignore[assignment]
    with pytest.raises(SchedulerClosedException):
        scheduler.get_file_system()
    assert scheduler._file_system is None


def test_an_account_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_entry(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr("pwd.getpwuid", no_entry)
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    with Scheduler.create("local", str(tmp_path)) as scheduler:
        assert scheduler.id.startswith(f"local://{os.getuid()}@")
        assert scheduler.get_file_system().id.startswith(f"file://{os.getuid()}@")
        job = scheduler.submit_batch_job(shell("env", stdout="env", inherit_environment=False))
        assert job.wait().exit_code == 0
    assert "HOME=/" in (tmp_path / "env").read_text().splitlines()
