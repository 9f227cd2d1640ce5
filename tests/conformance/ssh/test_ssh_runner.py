"""Commands over SSH: the same contract as for commands of this machine, and what is SSH's own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.ssh.conftest import Connect
from services import packages
from services.records import SshServer
from services.sshd import NOISY, ONE_SESSION, Sshd, SshdOptions
from services.users import Account
from unit.runner_contract import RunnerContract
from xenon_py.exceptions import IllegalArgumentException, NoSuchPathException
from xenon_py.plugin.runner import CommandRunner
from xenon_py.plugin.ssh.runner import SshCommandRunner

NewSshd = Callable[..., Sshd]


@pytest.fixture
def open_tmp_path(tmp_path: Path) -> Path:
    """A directory that the test user over there can reach and write to."""
    for directory in (tmp_path, *tmp_path.parents):
        if directory.stat().st_uid == 0 and directory not in (Path("/"), Path("/tmp")):
            directory.chmod(0o777 if directory == tmp_path else 0o755)
    return tmp_path


class TestSshCommandRunner(RunnerContract):
    python = "python3"  # that of the tests may lie in a closed home

    @pytest.fixture
    def runner(self, sshd: SshServer, connect: Connect, open_tmp_path: Path) -> CommandRunner:
        return SshCommandRunner(connect(sshd), grace=0.5)

    def test_home_is_the_users(self, runner: CommandRunner, sshd: SshServer) -> None:
        assert runner.home() == sshd.home

    def test_missing_directory_is_told_apart(self, runner: CommandRunner) -> None:
        with pytest.raises(NoSuchPathException):
            runner.run(["pwd"], cwd="/nowhere/at/all")
        with pytest.raises(NoSuchPathException):
            runner.start(["pwd"], cwd="/nowhere/at/all")

    def test_words_longer_than_a_command_line_takes(self, runner: CommandRunner) -> None:
        words = ["ü'" * 20_000, "\n!$" * 30_000]
        script = "import sys; print(len(sys.argv[1]), len(sys.argv[2]), sys.stdin.read())"
        result = runner.run([self.python, "-c", script, *words], stdin=b"input")
        assert result.text() == "40000 90000 input\n"

    @pytest.mark.parametrize("argv", [[], ["a\0b"], ["echo", "\ud800"], ["echo", 1], "echo"])
    def test_words_that_no_process_takes(self, runner: CommandRunner, argv: list[str]) -> None:
        with pytest.raises(IllegalArgumentException):
            runner.run(argv)

    @pytest.mark.parametrize("env", [{"A=B": "1"}, {"A;id": "1"}, {"A": "\0"}])
    def test_variables_that_no_process_takes(
        self, runner: CommandRunner, env: dict[str, str]
    ) -> None:
        with pytest.raises(IllegalArgumentException):
            runner.run(["true"], env=env)

    def test_variables_that_belong_to_the_shell(self, runner: CommandRunner) -> None:
        env = {"PPID": "a", "UID": "b", "IFS": "c", "PATH": "/usr/bin:/bin"}
        printed = runner.run(["printenv", "PPID", "UID", "IFS"], env=env).text()
        assert printed == "a\nb\nc\n"

    def test_a_process_group_of_its_own(self, runner: CommandRunner) -> None:
        pid, group = runner.run(["sh", "-c", "echo $$; ps -o pgid= -p $$"]).text().split()
        assert pid == group

    def test_program_that_begins_with_a_dash(
        self, runner: CommandRunner, open_tmp_path: Path
    ) -> None:
        program = open_tmp_path / "-x"
        program.write_text("#!/bin/sh\necho dash\n")
        program.chmod(0o755)
        assert runner.run(["-x"], cwd=str(open_tmp_path)).text() == "dash\n"


TCSH = Account("xenon-tcsh", "javagat-tcsh")
ODD = {
    "noise": NOISY,
    "one session": ONE_SESSION,
    "tcsh": SshdOptions(account=TCSH),
}


@pytest.fixture(params=ODD)
def odd_runner(
    request: pytest.FixtureRequest, new_sshd: NewSshd, connect: Connect
) -> SshCommandRunner:
    """A runner on a server that makes it hard."""
    server = new_sshd(ODD[request.param]).server
    if request.param == "tcsh":
        packages.install(("tcsh",))
        subprocess.run(["usermod", "-s", "/bin/tcsh", server.user], check=True)
    return SshCommandRunner(connect(server), grace=0.5)


HARD = ["!x", "a\nb", "'\"\\", "$HOME `id`", "%s %d", "-n", "", "ä\x01\x7f"]


def test_bytes_are_exact_on_odd_servers(odd_runner: SshCommandRunner) -> None:
    result = odd_runner.run(["printf", "<%s>", *HARD], env={"X": "!y\n"})
    assert result.stdout.decode() == "".join(f"<{word}>" for word in HARD)
    assert result.stderr == b""


def test_streams_on_odd_servers(odd_runner: SshCommandRunner) -> None:
    process = odd_runner.start(["cat"])
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdin.write(b"\0\xff")
    assert process.stdout.read(10) == b"\0\xff"
    assert odd_runner.run(["echo", "meanwhile"]).stdout == b"meanwhile\n"
    process.terminate(0.5)
    assert process.wait(20)
    assert process.stderr.read(10) == b""
    assert process.stdout.read(10) == b""
