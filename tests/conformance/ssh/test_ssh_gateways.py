"""Through other hosts: ``via:``, ProxyJump, ProxyCommand."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.ssh.conftest import Connect, password_of
from services.records import SshChain, SshServer
from xenon_py.exceptions import (
    AuthenticationException,
    CredentialNotFoundException,
    NotConnectedException,
    UnknownHostKeyException,
)
from xenon_py.model.credentials import CertificateCredential, CredentialMap, PasswordCredential
from xenon_py.plugin.ssh import SharedConnection
from xenon_py.plugin.ssh.runner import SshCommandRunner


def whoami(share: SharedConnection) -> str:
    return SshCommandRunner(share).run(["id", "-un"]).text().strip()


def via(chain: SshChain) -> str:
    """The target through its gateways; the one nearest to the target is written first."""
    return chain.target.location + "".join(f" via:{hop.location}" for hop in reversed(chain.hops))


def credentials(chain: SshChain) -> CredentialMap:
    """A password for the first gateway, a key for the second, and another password."""
    first, second = chain.hops
    return CredentialMap(
        entries={
            first.location: password_of(first),
            second.location: CertificateCredential(
                username=second.user, certfile=str(second.keys.ecdsa)
            ),
            chain.target.location: password_of(chain.target),
        }
    )


def test_two_gateways_with_a_credential_each(ssh_chain: SshChain, connect: Connect) -> None:
    share = connect(
        ssh_chain.target, credentials(ssh_chain), via(ssh_chain), known_hosts=ssh_chain.known_hosts
    )
    assert whoami(share) == ssh_chain.target.user
    seen = SshCommandRunner(share).run(["printenv", "SSH_CONNECTION"]).text().split()
    assert int(seen[3]) == ssh_chain.target.port


def test_large_data_through_gateways(ssh_chain: SshChain, connect: Connect) -> None:
    share = connect(
        ssh_chain.target, credentials(ssh_chain), via(ssh_chain), known_hosts=ssh_chain.known_hosts
    )
    data = bytes(range(256)) * 20_000
    assert SshCommandRunner(share).run(["cat"], stdin=data, timeout=60).stdout == data


def test_gateways_are_shared_and_released(ssh_chain: SshChain, connect: Connect) -> None:
    gateway = ssh_chain.hops[0]
    known = {"known_hosts": ssh_chain.known_hosts}
    one = connect(gateway, credentials(ssh_chain), **known)
    two = connect(ssh_chain.target, credentials(ssh_chain), via(ssh_chain), **known)
    assert one.connections_opened == 1
    two.release()
    assert whoami(one) == gateway.user


def test_the_key_of_every_hop_is_checked(
    ssh_chain: SshChain, connect: Connect, tmp_path: Path
) -> None:
    second = ssh_chain.hops[1]
    text = ssh_chain.known_hosts.read_text().splitlines(keepends=True)
    known = tmp_path / "known"
    known.write_text("".join(line for line in text if f":{second.port}" not in line))
    with pytest.raises(UnknownHostKeyException) as caught:
        connect(ssh_chain.target, credentials(ssh_chain), via(ssh_chain), known_hosts=known)
    assert caught.value.host == second.location


def test_no_credential_for_a_hop(ssh_chain: SshChain, connect: Connect) -> None:
    target = ssh_chain.target
    only_target = CredentialMap(entries={target.location: password_of(target)})
    with pytest.raises(CredentialNotFoundException) as caught:
        connect(target, only_target, via(ssh_chain), known_hosts=ssh_chain.known_hosts)
    assert ssh_chain.hops[0].location in str(caught.value)


def test_a_hop_that_does_not_let_one_in(ssh_chain: SshChain, connect: Connect) -> None:
    with pytest.raises(AuthenticationException) as caught:
        connect(
            ssh_chain.target,
            password_of(ssh_chain.target),
            via(ssh_chain),
            known_hosts=ssh_chain.known_hosts,
        )
    assert caught.value.host == ssh_chain.hops[0].location


def test_a_gateway_that_cannot_reach_the_target(sshd: SshServer, connect: Connect) -> None:
    with pytest.raises(NotConnectedException, match=r"cannot connect to 127\.0\.0\.1:1:"):
        connect(sshd, location=f"127.0.0.1:1 via:{sshd.location}")


def config(tmp_path: Path, text: str) -> dict[str, str]:
    file = tmp_path / "config"
    file.write_text(text)
    return {"loadSshConfig": "true", "configFile": str(file)}


def test_proxy_jump(ssh_chain: SshChain, connect: Connect, tmp_path: Path) -> None:
    first, second = ssh_chain.hops
    text = (
        f"Host target\n HostName 127.0.0.1\n Port {ssh_chain.target.port}\n ProxyJump two\n"
        f"Host two\n HostName 127.0.0.1\n Port {second.port}\n User {second.user}\n ProxyJump one\n"
        f"Host one\n HostName 127.0.0.1\n Port {first.port}\n User {first.user}\n"
        f"Host *\n IdentitiesOnly yes\n IdentityFile {first.keys.ecdsa}\n"
    )
    share = connect(
        ssh_chain.target,
        password_of(ssh_chain.target),
        "target",
        known_hosts=ssh_chain.known_hosts,
        **config(tmp_path, text),
    )
    assert whoami(share) == ssh_chain.target.user


def test_a_password_is_not_sent_to_a_host_of_proxy_jump(
    ssh_chain: SshChain, connect: Connect, tmp_path: Path
) -> None:
    first = ssh_chain.hops[0]
    text = (
        f"Host 127.0.0.1\n ProxyJump {first.user}@localhost:{first.port}\n"
        "Host *\n IdentityFile none\n IdentityAgent none\n"
    )
    credential = PasswordCredential(username=ssh_chain.target.user, password=first.password)
    with pytest.raises(AuthenticationException, match="with a DefaultCredential"):
        connect(
            ssh_chain.target,
            credential,
            known_hosts=ssh_chain.known_hosts,
            **config(tmp_path, text),
        )


def test_proxy_jump_in_a_circle(sshd: SshServer, connect: Connect, tmp_path: Path) -> None:
    text = "Host a\n ProxyJump b\nHost b\n ProxyJump a\n"
    with pytest.raises(NotConnectedException, match="circle"):
        connect(sshd, location="a", **config(tmp_path, text))


RELAY = """
import os, socket, sys, threading
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
def up():
    while data := os.read(0, 65536):
        peer.sendall(data)
    peer.shutdown(socket.SHUT_WR)
threading.Thread(target=up, daemon=True).start()
while data := peer.recv(65536):
    os.write(1, data)
"""


def test_proxy_command(sshd: SshServer, connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "relay.py").write_text(RELAY)
    text = (
        f"Host far\n HostName 127.0.0.1\n Port {sshd.port}\n"
        f" ProxyCommand python3 {tmp_path}/relay.py %h %p\n"
    )
    share = connect(sshd, location="far", **config(tmp_path, text))
    assert whoami(share) == sshd.user


def test_proxy_command_that_fails(sshd: SshServer, connect: Connect, tmp_path: Path) -> None:
    text = "ProxyCommand sh -c 'echo the door is closed >&2; exit 1'\n"
    with pytest.raises(NotConnectedException, match="the door is closed"):
        connect(sshd, **config(tmp_path, text))
