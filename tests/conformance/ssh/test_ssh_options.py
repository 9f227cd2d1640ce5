"""RevokedHostKeys and lists of algorithms in ~/.ssh/config: as the ssh program takes them."""

from __future__ import annotations

import logging
import subprocess
from pathlib import Path

import pytest

from conformance.ssh.conftest import Connect
from services.keys import key_ring
from services.records import SshServer
from xenon_py.exceptions import (
    AuthenticationException,
    ChangedHostKeyException,
    NotConnectedException,
    UnknownHostKeyException,
)
from xenon_py.model.credentials import DefaultCredential
from xenon_py.plugin.ssh import SharedConnection


class Both:
    """Connects by the same configuration with the ssh program and with the library."""

    def __init__(self, server: SshServer, connect: Connect, directory: Path) -> None:
        self.server = server
        self.file = directory / "config"
        self._connect = connect

    def configure(self, *lines: str, known_hosts: Path | None = None) -> None:
        usual = (
            f"UserKnownHostsFile {known_hosts or self.server.known_hosts}",
            "GlobalKnownHostsFile none",
            f"IdentityFile {self.server.keys.ed25519}",
            "IdentitiesOnly yes",
            "BatchMode yes",
        )
        self.file.write_text("\n".join((*lines, *usual)) + "\n")

    def ssh_works(self) -> bool:
        target = f"{self.server.user}@{self.server.host}"
        command = ["ssh", "-F", str(self.file), "-p", str(self.server.port), target, "true"]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
        return done.returncode == 0

    def connect(self) -> SharedConnection:
        return self._connect(
            self.server,
            DefaultCredential(username=self.server.user),
            loadSshConfig="true",
            configFile=str(self.file),
            knownHostsFile="",
        )


@pytest.fixture
def both(sshd: SshServer, connect: Connect, tmp_path: Path) -> Both:
    return Both(sshd, connect, tmp_path)


def public(name: str) -> str:
    """A line with a public key of the key ring."""
    return (key_ring().directory / f"{name}.pub").read_text()


def revoke(tmp_path: Path, form: str, *names: str) -> Path:
    """A file that revokes keys of the key ring: a list of keys, or a KRL."""
    revoked = tmp_path / f"revoked.{form}"
    text = "# these are out\n\n" + "".join(map(public, names))
    if form == "list":
        revoked.write_text(text)
        return revoked
    keys = [str(key_ring().directory / f"{name}.pub") for name in names]
    subprocess.run(["ssh-keygen", "-q", "-k", "-f", str(revoked), *keys], check=True)
    return revoked


@pytest.mark.parametrize("form", ["list", "krl"])
@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_a_revoked_host_key(both: Both, tmp_path: Path, form: str, kind: str) -> None:
    algorithms = {"ed25519": "ssh-ed25519", "rsa": "rsa-sha2-512"}
    revoked = revoke(tmp_path, form, f"host_{kind}", "id_stranger")
    lines = (f"RevokedHostKeys {revoked}", "StrictHostKeyChecking no")
    both.configure(*lines, f"HostKeyAlgorithms {algorithms[kind]}")
    assert not both.ssh_works()
    with pytest.raises(ChangedHostKeyException, match="was revoked") as caught:
        both.connect()
    assert str(revoked) in str(caught.value)
    both.configure(*lines, "HostKeyAlgorithms ecdsa-sha2-nistp256")
    assert both.ssh_works()
    assert both.connect().is_alive()


@pytest.mark.parametrize("form", ["list", "krl"])
@pytest.mark.parametrize("name", ["host_ed25519", "host_ca", "host_ed25519-cert", "host_rsa"])
def test_a_revoked_certificate_or_its_authority(
    both: Both, tmp_path: Path, form: str, name: str
) -> None:
    known = both.server.known_hosts.with_name("known_hosts_ca")
    revoked = revoke(tmp_path, form, name)
    both.configure(f"RevokedHostKeys {revoked}", known_hosts=known)
    works = both.ssh_works()
    assert works is (name == "host_rsa")
    if works:
        assert both.connect().is_alive()
        return
    with pytest.raises(ChangedHostKeyException, match="was revoked"):
        both.connect()


@pytest.mark.parametrize(
    "content", [None, b"SSHKRL\n\0garbage", b"nonsense\n"], ids=["missing", "krl", "list"]
)
def test_revocations_that_cannot_be_read_let_no_key_pass(
    both: Both, tmp_path: Path, content: bytes | None
) -> None:
    revoked = tmp_path / "revoked"
    if content is not None:
        revoked.write_bytes(content)
    both.configure(f"RevokedHostKeys {revoked}")
    assert not both.ssh_works()
    with pytest.raises(NotConnectedException, match="RevokedHostKeys") as caught:
        both.connect()
    assert str(revoked) in str(caught.value)


def test_a_krl_where_there_is_no_ssh_keygen(
    both: Both, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both.configure(f"RevokedHostKeys {revoke(tmp_path, 'krl', 'id_stranger')}")
    monkeypatch.setattr("xenon_py.plugin.ssh.revoked.shutil.which", lambda name: None)
    with pytest.raises(NotConnectedException, match="no ssh-keygen"):
        both.connect()


@pytest.mark.parametrize(
    ("line", "part", "chosen"),
    [
        ("Ciphers aes256-ctr", "local_cipher", "aes256-ctr"),
        ("Ciphers ^aes192-ctr", "local_cipher", "aes192-ctr"),
        ("Ciphers -aes128-gcm*,chacha*", "local_cipher", "aes128-ctr"),
        ("Ciphers chacha20-poly1305@openssh.com,aes128-ctr", "local_cipher", "aes128-ctr"),
        ("KexAlgorithms diffie-hellman-group16-sha512", "kex", "diffie-hellman-group16-sha512"),
        ("KexAlgorithms curve25519-sha256", "kex", "curve25519-sha256@libssh.org"),
        ("HostKeyAlgorithms rsa-sha2-256", "host_key_type", "rsa-sha2-256"),
        ("HostKeyAlgorithms -ssh-ed25519*", "host_key_type", "ecdsa-sha2-nistp256"),
        ("Ciphers aes128-ctr\nMACs hmac-sha2-512", "local_mac", "hmac-sha2-512"),
        ("", "local_cipher", "aes128-gcm@openssh.com"),
    ],
)
def test_only_permitted_algorithms_are_used(both: Both, line: str, part: str, chosen: str) -> None:
    both.configure(*line.splitlines())
    assert both.ssh_works()
    with both.connect().open_channel() as lease:
        if part == "kex":  # paramiko keeps no word of the one that was chosen
            assert lease.transport.get_security_options().kex == (chosen,)
        else:
            assert getattr(lease.transport, part) == chosen


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("Ciphers chacha20-poly1305@openssh.com", "Ciphers"),
        ("MACs umac-64@openssh.com", "MACs"),
        ("KexAlgorithms sntrup761x25519-sha512@openssh.com", "KexAlgorithms"),
        ("HostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com", "HostKeyAlgorithms"),
    ],
)
def test_a_configuration_that_leaves_nothing(both: Both, line: str, option: str) -> None:
    both.configure(line)
    with pytest.raises(NotConnectedException, match=f"{option} of the SSH configuration") as caught:
        both.connect()
    assert line.split()[1] in str(caught.value)


def test_a_server_that_has_none_of_the_permitted_ones(both: Both) -> None:
    both.configure("Ciphers 3des-cbc")
    assert not both.ssh_works()
    with pytest.raises(NotConnectedException, match="no algorithm in common"):
        both.connect()


def test_known_hosts_command_is_told_not_to_be_followed(
    both: Both, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nothing = tmp_path / "known_hosts"
    nothing.touch()
    keys = f"/bin/cat {both.server.known_hosts}"
    both.configure(f"KnownHostsCommand {keys}", known_hosts=nothing)
    assert both.ssh_works()
    refused = pytest.raises(UnknownHostKeyException, match="KnownHostsCommand")
    with caplog.at_level(logging.WARNING, "xenon_py"), refused:
        both.connect()
    assert "KnownHostsCommand" in caplog.text


def test_a_log_in_that_gssapi_might_have_done(both: Both, tmp_path: Path) -> None:
    """Debian's own ssh_config asks for it, so it is told only where it was missed."""
    both.configure("GSSAPIAuthentication yes", "PubkeyAuthentication no")
    both.file.write_text(both.file.read_text().replace(str(both.server.keys.ed25519), "/none"))
    with pytest.raises(AuthenticationException) as caught:
        both.connect()
    assert "GSSAPI" not in str(caught.value)  # this server does not take it
