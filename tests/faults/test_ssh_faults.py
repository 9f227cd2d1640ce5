"""SSH connections that break or freeze: nothing hangs, nothing is left, the cause is told."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.ssh.conftest import Connect, password_of
from conformance.ssh.test_ssh_jobs import pids
from services.proxy import Proxy
from services.records import SshServer
from services.sshd import Sshd
from unit.runner_contract import eventually
from xenon_py import JobDescription, JobReason, Scheduler
from xenon_py.exceptions import (
    ConnectionLostException,
    NotConnectedException,
    XenonTimeoutException,
)
from xenon_py.plugin.ssh.runner import SshCommandRunner

NewSshd = Callable[..., Sshd]


@contextmanager
def within(seconds: float) -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < seconds


@pytest.fixture
def impatient(tmp_path: Path) -> dict[str, str]:
    """Properties with which a silent server is given up after two seconds."""
    file = tmp_path / "config"
    file.write_text("ServerAliveInterval 1\nServerAliveCountMax 2\nHostKeyAlias the-server\n")
    return {"configFile": str(file), "loadSshConfig": "true", "timeout": "3000"}


def known(server: SshServer, tmp_path: Path) -> Path:
    """A known_hosts file for a server behind a proxy, under its alias."""
    file = tmp_path / "known_hosts"
    names = server.known_hosts.read_text().splitlines()[0].split()[0]
    file.write_text(server.known_hosts.read_text().replace(names, "the-server"))
    return file


@pytest.mark.parametrize("sent", [0, 30, 600, 1150])
def test_cut_during_set_up(
    sshd: SshServer, connect: Connect, tmp_path: Path, impatient: dict[str, str], sent: int
) -> None:
    keys = known(sshd, tmp_path)
    with Proxy(sshd.port, cut_after=sent) as proxy, within(15):
        place = f"127.0.0.1:{proxy.port}"
        with pytest.raises(NotConnectedException):
            connect(sshd, location=place, known_hosts=keys, **impatient)


def test_frozen_before_it_says_a_word(
    new_sshd: NewSshd, connect: Connect, impatient: dict[str, str], tmp_path: Path
) -> None:
    sshd = new_sshd()
    sshd.freeze()
    try:
        with within(8), pytest.raises(NotConnectedException, match="within 3 s"):
            connect(sshd.server, known_hosts=known(sshd.server, tmp_path), **impatient)
    finally:
        sshd.thaw()


def test_nobody_listens(new_sshd: NewSshd, connect: Connect) -> None:
    sshd = new_sshd()
    sshd.stop()
    with within(5), pytest.raises(NotConnectedException, match="refused"):
        connect(sshd.server)


def test_killed_during_a_command(new_sshd: NewSshd, connect: Connect) -> None:
    sshd = new_sshd()
    runner = SshCommandRunner(connect(sshd.server))
    threading.Timer(0.5, sshd.kill_connections).start()
    with within(10), pytest.raises(ConnectionLostException):
        runner.run(["sleep", "30"])


def test_killed_during_a_stream(new_sshd: NewSshd, connect: Connect) -> None:
    sshd = new_sshd()
    process = SshCommandRunner(connect(sshd.server)).start(["cat"])
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"x")
    assert process.stdout.read(5) == b"x"
    sshd.kill_connections()
    with within(10):
        assert process.stdout.read(5) == b""
        ended = process.wait(5)
        assert ended is not None
        assert ended.error
        with pytest.raises(BrokenPipeError):
            process.stdin.write(b"y")
        process.terminate(0.1)


class TestFrozenNetwork:
    @pytest.fixture
    def proxy(self, sshd: SshServer) -> Iterator[Proxy]:
        with Proxy(sshd.port) as proxy:
            yield proxy

    @pytest.fixture
    def runner(
        self,
        sshd: SshServer,
        connect: Connect,
        proxy: Proxy,
        impatient: dict[str, str],
        tmp_path: Path,
    ) -> SshCommandRunner:
        share = connect(
            sshd,
            location=f"127.0.0.1:{proxy.port}",
            known_hosts=known(sshd, tmp_path),
            **impatient,
        )
        return SshCommandRunner(share, grace=0.5)

    def test_during_a_command(self, runner: SshCommandRunner, proxy: Proxy) -> None:
        threading.Timer(0.5, proxy.freeze).start()
        with within(10), pytest.raises(ConnectionLostException, match="no sign of life"):
            runner.run(["sleep", "60"])

    def test_during_large_input(self, runner: SshCommandRunner, proxy: Proxy) -> None:
        threading.Timer(0.2, proxy.freeze).start()
        with within(10), pytest.raises(ConnectionLostException):
            runner.run(["sh", "-c", "while read -r x; do :; done"], stdin=b"x\n" * 30_000_000)

    def test_before_a_command(self, runner: SshCommandRunner, proxy: Proxy) -> None:
        assert runner.run(["true"]).ok
        proxy.freeze()
        with within(40), pytest.raises(NotConnectedException):
            runner.run(["true"])

    def test_the_time_out_of_a_command_comes_first(
        self, runner: SshCommandRunner, proxy: Proxy
    ) -> None:
        threading.Timer(0.3, proxy.freeze).start()
        with within(40), pytest.raises((XenonTimeoutException, ConnectionLostException)):
            runner.run(["sleep", "60"], timeout=1)

    def test_it_thaws(self, runner: SshCommandRunner, proxy: Proxy) -> None:
        assert runner.run(["true"]).ok
        proxy.freeze()
        threading.Timer(1.0, proxy.thaw).start()
        assert runner.run(["echo", "back"]).text() == "back\n"


@pytest.fixture
def scheduler(new_sshd: NewSshd) -> Iterator[tuple[Sshd, Scheduler]]:
    sshd = new_sshd()
    properties = {
        "ssh.knownHostsFile": str(sshd.server.known_hosts),
        "ssh.loadSshConfig": "false",
    }
    with Scheduler.create(
        "ssh",
        location=sshd.server.location,
        properties=properties,
        password_credential=password_of(sshd.server),
    ) as made:
        yield sshd, made


def test_jobs_whose_connection_breaks(scheduler: tuple[Sshd, Scheduler]) -> None:
    sshd, jobs = scheduler
    mark = f"63{secrets.randbelow(10**6):06}"
    sleeping = JobDescription(executable="sleep", arguments=[mark], queue_name="unlimited")
    batch = [jobs.submit_batch_job(sleeping) for _ in range(3)]
    for job in batch:
        jobs.wait_until_running(job)
    _, stream = jobs.submit_interactive_job(sleeping, [])
    assert eventually(lambda: len(pids(f"^sleep {mark}")) == 4)
    sshd.kill_connections()
    with within(10):
        statuses = [jobs.wait_until_done(job, 10_000) for job in batch]
        assert {status.reason for status in statuses} == {JobReason.LOST}
        assert {status.exit_code for status in statuses} == {None}
        assert all(status.error_message for status in statuses)
        list(stream)
    assert eventually(lambda: pids(f"^sleep {mark}") == []), "processes outlive the connection"
    later = jobs.submit_batch_job(JobDescription(executable="true", queue_name="unlimited"))
    assert jobs.wait_until_done(later, 20_000).exit_code == 0


def test_the_server_is_gone_for_good(scheduler: tuple[Sshd, Scheduler]) -> None:
    sshd, jobs = scheduler
    sshd.stop()
    with within(30):
        job = jobs.submit_batch_job(JobDescription(executable="true"))
        status = jobs.wait_until_done(job, 25_000)
    assert status.state == "ERROR"
    assert status.error_type.name == "NOT_CONNECTED"
