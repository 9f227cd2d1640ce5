"""One connection per identity, channels within the server's limits, threads, forks, losses."""

from __future__ import annotations

import concurrent.futures
import os
import threading
import time
from collections.abc import Callable

import pytest

from conformance.ssh.conftest import Connect, password_of
from services.proxy import Proxy
from services.records import SshServer
from services.sshd import ONE_SESSION, Sshd, SshdOptions
from xenon_py.exceptions import NotConnectedException
from xenon_py.model.credentials import PasswordCredential
from xenon_py.plugin.ssh.runner import SshCommandRunner

NewSshd = Callable[..., Sshd]


def test_equal_identities_share(sshd: SshServer, connect: Connect) -> None:
    one, two = connect(sshd), connect(sshd)
    with one.open_channel() as first, two.open_channel() as second:
        assert first.transport is second.transport
    assert one.connections_opened == two.connections_opened == 1


@pytest.mark.parametrize(
    "other", [{"timeout": "9999"}, {"agentForwarding": "true"}, {"location": "localhost"}]
)
def test_other_identities_do_not(sshd: SshServer, connect: Connect, other: dict[str, str]) -> None:
    if "location" in other:
        other = {"location": f"localhost:{sshd.port}"}
    one, two = connect(sshd), connect(sshd, **other)
    with one.open_channel() as first, two.open_channel() as second:
        assert first.transport is not second.transport


def test_the_password_is_part_of_the_identity(sshd: SshServer, connect: Connect) -> None:
    connect(sshd)
    with pytest.raises(NotConnectedException):
        connect(sshd, PasswordCredential(username=sshd.user, password="wrong"))


def test_the_last_release_closes(sshd: SshServer, connect: Connect) -> None:
    one, two = connect(sshd), connect(sshd)
    with two.open_channel() as lease:
        transport = lease.transport
    one.release()
    one.release()
    assert transport.is_active()
    with pytest.raises(NotConnectedException, match="released"):
        one.open_channel()
    two.release()
    assert not transport.is_active()


def test_many_threads_connect_once(sshd: SshServer, connect: Connect) -> None:
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        shares = list(pool.map(lambda _: connect(sshd), range(20)))
    assert {share.connections_opened for share in shares} == {1}


@pytest.mark.parametrize("sessions", [1, 10])
def test_a_hundred_threads_on_one_connection(
    new_sshd: NewSshd, connect: Connect, sessions: int
) -> None:
    share = connect(new_sshd(SshdOptions(max_sessions=sessions)).server)
    runner = SshCommandRunner(share)
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        printed = list(pool.map(lambda n: runner.run(["echo", str(n)]).text(), range(200)))
    assert printed == [f"{n}\n" for n in range(200)]
    assert share.connections_opened <= 2


def test_a_long_held_channel_leads_to_a_second_connection(
    new_sshd: NewSshd, connect: Connect
) -> None:
    share = connect(new_sshd(ONE_SESSION).server)
    with share.open_channel("sftp") as held:
        assert SshCommandRunner(share).run(["echo", "x"], timeout=20).text() == "x\n"
        assert held.transport.is_active()
    assert share.connections_opened == 2


def test_waiting_for_a_channel_has_an_end(new_sshd: NewSshd, connect: Connect) -> None:
    share = connect(new_sshd(SshdOptions(max_sessions=0)).server)
    begun = time.monotonic()
    with pytest.raises(NotConnectedException, match="refuses to open a session"):
        share.open_channel()
    assert time.monotonic() - begun < 15


def test_more_log_ins_at_once_than_the_server_takes(new_sshd: NewSshd, connect: Connect) -> None:
    server = new_sshd(SshdOptions(max_startups="2:100:3")).server
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        # different identities: nothing is shared
        shares = list(pool.map(lambda n: connect(server, timeout=str(20_000 + n)), range(12)))
    assert all(SshCommandRunner(share).run(["true"]).ok for share in shares)


def test_a_broken_connection_is_made_again(new_sshd: NewSshd, connect: Connect) -> None:
    sshd = new_sshd()
    share = connect(sshd.server)
    assert SshCommandRunner(share).run(["true"]).ok
    sshd.kill_connections()
    time.sleep(0.3)
    assert SshCommandRunner(share).run(["echo", "back"]).text() == "back\n"
    assert share.connections_opened == 2


def test_a_restarting_server_is_waited_for(new_sshd: NewSshd, connect: Connect) -> None:
    sshd = new_sshd()
    share = connect(sshd.server)
    sshd.stop()
    timer = threading.Timer(0.8, sshd.start)
    timer.start()
    try:
        assert SshCommandRunner(share).run(["echo", "back"]).text() == "back\n"
    finally:
        timer.join()


def test_a_forked_child_leaves_the_connection_alone(sshd: SshServer, connect: Connect) -> None:
    share = connect(sshd)
    runner = SshCommandRunner(share)
    held = runner.start(["cat"])
    assert held.stdin is not None
    assert held.stdout is not None
    held.stdin.write(b"1")
    assert held.stdout.read(9) == b"1"
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # no exception and no pytest code may run on in the child
        try:
            os.write(write, runner.run(["echo", "child"], timeout=20).stdout)
            held.terminate(0.1)
            share.release()
        finally:
            os._exit(0)
    os.close(write)
    assert os.read(read, 100) == b"child\n"
    os.close(read)
    os.waitpid(child, 0)
    held.stdin.write(b"2")
    assert held.stdout.read(9) == b"2"
    assert runner.run(["echo", "parent"]).text() == "parent\n"
    assert share.connections_opened == 1
    held.terminate(0.1)
    assert held.wait(10)


def test_a_slow_line_is_no_dead_line(sshd: SshServer, connect: Connect) -> None:
    with Proxy(sshd.port, latency=0.1) as proxy:
        share = connect(
            sshd,
            location=f"127.0.0.1:{proxy.port}",
            strictHostKeyChecking="false",
            known_hosts="/dev/null",
        )
        assert SshCommandRunner(share).run(["echo", "slow"]).text() == "slow\n"
        share.release()


def test_the_secret_is_nowhere_in_the_shared_state(sshd: SshServer, connect: Connect) -> None:
    from xenon_py.plugin.ssh import sharing

    connect(sshd)
    shown = repr(list(sharing._REGISTRY.items())) + repr(
        [vars(shared.endpoint) for shared in sharing._REGISTRY.values()]
    )
    assert password_of(sshd).password not in shown
