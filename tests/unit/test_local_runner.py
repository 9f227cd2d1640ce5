"""Commands on this machine."""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from unit.runner_contract import RunnerContract, eventually, is_running
from xenon_py.exceptions import (
    CommandNotFoundException,
    IllegalArgumentException,
    NoSuchPathException,
)
from xenon_py.plugin import local_exits
from xenon_py.plugin.local_process import LocalProcess
from xenon_py.plugin.local_runner import LocalCommandRunner
from xenon_py.plugin.process import ProcessExit
from xenon_py.plugin.runner import CommandRunner


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


class TestLocalCommandRunner(RunnerContract):
    @pytest.fixture
    def runner(self) -> CommandRunner:
        return LocalCommandRunner(grace=0.5)

    def test_home_is_the_users(self, runner: CommandRunner) -> None:
        assert runner.home() == os.path.expanduser("~")

    def test_missing_directory_is_told_apart(self, runner: CommandRunner, tmp_path: Path) -> None:
        with pytest.raises(NoSuchPathException):
            runner.run(["pwd"], cwd=str(tmp_path / "absent"))

    def test_program_that_cannot_be_run(self, runner: CommandRunner, tmp_path: Path) -> None:
        (tmp_path / "data").write_text("no program")
        with pytest.raises(CommandNotFoundException, match="cannot be run"):
            runner.run([str(tmp_path / "data")])

    @pytest.mark.parametrize("argv", [[], ["a\0b"], ["echo", "\ud800"], ["echo", 1]])
    def test_words_that_no_process_takes(self, runner: CommandRunner, argv: list[str]) -> None:
        with pytest.raises(IllegalArgumentException):
            runner.run(argv)

    @pytest.mark.parametrize("env", [{"A=B": "1"}, {"A\0": "1"}, {"A": "\0"}])
    def test_variables_that_no_process_takes(
        self, runner: CommandRunner, env: dict[str, str]
    ) -> None:
        with pytest.raises(IllegalArgumentException):
            runner.run(["true"], env=env)

    def test_a_session_of_its_own(self, runner: CommandRunner) -> None:
        session, group, pid = map(
            int, runner.run(["sh", "-c", "ps -o sid=,pgid=,pid= -p $$"]).text().split()
        )
        assert session == group == pid != os.getsid(0)

    def test_a_pipe_held_by_a_stray_process_does_not_hang_the_time_out(
        self, runner: CommandRunner, tmp_path: Path
    ) -> None:
        script = f"setsid sleep 30 & echo $! > {tmp_path}/pid; echo begun; wait"
        begun = time.monotonic()
        with pytest.raises(TimeoutError) as caught:
            runner.run(["sh", "-c", script], timeout=0.5)
        assert time.monotonic() - begun < 10
        assert "begun" in caught.value.stdout  # type: ignore[attr-defined]
        stray = int((tmp_path / "pid").read_text())
        if is_running(stray):
            os.kill(stray, signal.SIGKILL)

    def test_reading_ends_when_the_pipe_is_closed_meanwhile(self, runner: CommandRunner) -> None:
        process = runner.start(["sleep", "60"])
        assert process.stdout is not None
        threading.Timer(0.1, process.stdout.close).start()
        assert process.stdout.read(10) == b""
        process.terminate(0.5)
        assert process.wait(10) is not None

    def test_writing_to_an_ended_process(self, runner: CommandRunner) -> None:
        process = runner.start(["true"])
        assert process.stdin is not None
        assert process.wait(10) is not None
        with pytest.raises(BrokenPipeError):
            process.stdin.write(b"x" * 1_000_000)

    def test_what_the_end_tells(self, runner: CommandRunner) -> None:
        process = runner.start(["sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"])
        ended = process.wait(30)
        assert ended is not None
        assert ended.exit_code == 0
        assert ended.core_dumped is False
        assert ended.usage.cpu_seconds is not None
        assert 0 < ended.usage.cpu_seconds < 30
        assert ended.usage.wall_seconds is not None
        assert ended.usage.wall_seconds > 0

    def test_memory_is_that_of_the_process_not_of_this_one(self, runner: CommandRunner) -> None:
        ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        size = ours + 200_000_000
        small = runner.start(["true"]).wait(30)
        large = runner.start([sys.executable, "-c", f"x = b'x' * {size}"]).wait(30)
        assert small is not None
        assert large is not None
        assert small.usage.max_rss is None
        assert large.usage.max_rss is not None
        assert large.usage.max_rss > size

    def test_callbacks_before_and_after_the_end(self, runner: CommandRunner) -> None:
        process = runner.start(["sleep", "0.1"])
        seen: list[ProcessExit] = []
        process.on_exit(seen.append)
        assert process.wait(10) is not None
        assert eventually(lambda: len(seen) == 1)
        process.on_exit(seen.append)
        assert [e.exit_code for e in seen] == [0, 0]

    def test_a_signal_reaches_the_group(self, runner: CommandRunner) -> None:
        process = runner.start(["sh", "-c", "sleep 60; exit 1"])
        process.signal(signal.SIGUSR1)
        ended = process.wait(10)
        assert ended is not None
        assert ended.signal == signal.SIGUSR1
        process.signal(signal.SIGUSR1)  # no effect on anything

    def test_end_without_pidfd(
        self, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delattr(os, "pidfd_open")
        process = runner.start(["sh", "-c", "exit 5"])
        ended = process.wait(10)
        assert ended is not None
        assert ended.exit_code == 5

    def test_end_when_descriptors_are_scarce(
        self, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(local_exits.resource, "getrlimit", lambda _: (2, 2))
        processes = [runner.start(["sleep", "0.2"]) for _ in range(5)]
        for process in processes:
            ended = process.wait(10)
            assert ended is not None
            assert ended.exit_code == 0

    def test_status_taken_by_someone_else(self, runner: CommandRunner) -> None:
        process = runner.start(["sleep", "0.2"])
        assert isinstance(process, LocalProcess)
        with process._lock:  # the watcher is late
            os.waitpid(process.child_pid, 0)
        ended = process.wait(10)
        assert ended is not None
        assert ended.exit_code is None
        assert "another part" in ended.error

    def test_nothing_is_left(self, runner: CommandRunner) -> None:
        runner.run(["true"])
        before_descriptors, before_threads = descriptors(), threading.active_count()
        for _ in range(20):
            runner.run(["cat"], stdin=b"x")
            process = runner.start(["true"])
            process.wait(10)
            del process
        assert eventually(
            lambda: (
                descriptors() <= before_descriptors and threading.active_count() <= before_threads
            )
        )
