"""What every command runner has to do; a runner's tests derive from ``RunnerContract``.

A subclass brings a fixture ``runner``, and ``home`` where that is not the caller's. The machine
that the commands run on is a POSIX system with Python; tests write to ``tmp_path``, which has to be
the same directory on both sides.
"""

from __future__ import annotations

import concurrent.futures
import os
import random
import shlex
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xenon_py.exceptions import CommandNotFoundException, XenonException, XenonTimeoutException
from xenon_py.plugin.runner import CommandRunner

PYTHON = sys.executable
PRINT_ARGUMENTS = (
    "import sys,os; sys.stdout.buffer.write(b'\\0'.join(map(os.fsencode,sys.argv[1:])))"
)
SHARED_RUNNER = [HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
WORDS = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=20)


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def is_running(pid: int) -> bool:
    """Tell whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class RunnerContract:
    python = PYTHON  # on the machine that the commands run on

    @pytest.fixture
    def runner(self) -> CommandRunner:
        raise NotImplementedError

    def test_output_and_exit_code(self, runner: CommandRunner) -> None:
        result = runner.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
        assert (result.stdout, result.stderr) == (b"out\n", b"err\n")
        assert (result.returncode, result.signal, result.ok) == (3, None, False)
        assert result.argv == ("sh", "-c", "echo out; echo err >&2; exit 3")

    def test_death_by_signal(self, runner: CommandRunner) -> None:
        result = runner.run(["sh", "-c", "kill -9 $$"])
        assert (result.returncode, result.signal) == (None, signal.SIGKILL)

    def test_missing_program(self, runner: CommandRunner) -> None:
        with pytest.raises(CommandNotFoundException, match="no-such-program-4711"):
            runner.run(["no-such-program-4711", "x"])

    def test_program_missing_inside_a_shell(self, runner: CommandRunner) -> None:
        with pytest.raises(CommandNotFoundException):
            runner.run(["sh", "-c", "no-such-program-4711"])

    def test_no_input_is_the_end_of_the_input(self, runner: CommandRunner) -> None:
        assert runner.run(["cat"], timeout=30).stdout == b""

    def test_all_bytes_both_ways(self, runner: CommandRunner) -> None:
        data = random.Random(7).randbytes(3_000_000) + bytes(range(256))
        assert runner.run(["cat"], stdin=data, timeout=60).stdout == data

    def test_large_error_stream_does_not_block(self, runner: CommandRunner) -> None:
        script = "import sys; sys.stderr.write('e' * 1000000); sys.stdout.write('o' * 1000000)"
        result = runner.run([self.python, "-c", script], timeout=60)
        assert (len(result.stdout), len(result.stderr)) == (1_000_000, 1_000_000)

    def test_program_that_does_not_read_its_input(self, runner: CommandRunner) -> None:
        assert runner.run(["true"], stdin=b"x" * 1_000_000, timeout=30).ok

    @settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )
    @given(words=st.lists(WORDS, min_size=1, max_size=5))
    def test_words_arrive_exactly(self, runner: CommandRunner, words: list[str]) -> None:
        result = runner.run([self.python, "-S", "-c", PRINT_ARGUMENTS, *words])
        assert result.stdout == b"\0".join(map(os.fsencode, words))

    def test_environment_is_added(self, runner: CommandRunner) -> None:
        value = "a b\n'\"$(id)`id` ü"
        result = runner.run(
            ["sh", "-c", 'printf %s "$XENON_TEST"; test -n "$PATH"'], env={"XENON_TEST": value}
        )
        assert result.ok
        assert result.stdout == value.encode()

    def test_directory(self, runner: CommandRunner, tmp_path: Path) -> None:
        directory = tmp_path / "a 'b' $c"
        directory.mkdir()
        assert runner.run(["pwd"], cwd=str(directory)).text() == f"{directory}\n"

    def test_missing_directory(self, runner: CommandRunner, tmp_path: Path) -> None:
        with pytest.raises(XenonException, match="absent"):
            runner.run(["pwd"], cwd=str(tmp_path / "absent"))

    def test_time_out_kills_the_whole_group(self, runner: CommandRunner, tmp_path: Path) -> None:
        script = f"sleep 60 & echo $! > {shlex.quote(str(tmp_path / 'pid'))}; echo begun; wait"
        begun = time.monotonic()
        with pytest.raises(XenonTimeoutException) as caught:
            runner.run(["sh", "-c", script], timeout=2)
        assert time.monotonic() - begun < 15
        assert caught.value.command[0] == "sh"
        assert eventually(lambda: not is_running(int((tmp_path / "pid").read_text())))

    def test_time_out_of_a_command_that_ignores_term(self, runner: CommandRunner) -> None:
        begun = time.monotonic()
        with pytest.raises(XenonTimeoutException):
            runner.run(["sh", "-c", "trap '' TERM; sleep 60 & wait; sleep 60"], timeout=0.5)
        assert time.monotonic() - begun < 15

    def test_many_threads(self, runner: CommandRunner) -> None:
        def one(n: int) -> bytes:
            return runner.run(["cat"], stdin=b"%d" % n, timeout=60).stdout

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            assert list(pool.map(one, range(40))) == [b"%d" % n for n in range(40)]

    def test_streams(self, runner: CommandRunner) -> None:
        process = runner.start(["sh", "-c", "cat; echo end >&2; exit 4"])
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b"one")
        assert process.stdout.read(100) == b"one"
        assert process.poll() is None
        process.stdin.close()
        assert process.stdout.read(100) == b""
        assert process.stderr.read(100) == b"end\n"
        ended = process.wait(20)
        assert ended is not None
        assert ended.exit_code == 4
        process.stdout.close()
        process.stderr.close()

    def test_terminated_stream(self, runner: CommandRunner) -> None:
        process = runner.start(["sh", "-c", "sleep 60 & wait"])
        process.terminate(1.0)
        ended = process.wait(20)
        assert ended is not None
        assert ended.signal == signal.SIGTERM
        for pipe in (process.stdin, process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()

    def test_home(self, runner: CommandRunner) -> None:
        assert runner.home().startswith("/")
