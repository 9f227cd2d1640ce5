"""Host keys of a real server: known, unknown, changed, revoked, certified."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.ssh.conftest import Connect
from services.keys import HOST_KEY_TYPES, key_ring
from services.records import SshServer
from services.sshd import Sshd, SshdOptions
from xenon_py.exceptions import ChangedHostKeyException, UnknownHostKeyException

NewSshd = Callable[..., Sshd]
OTHER = SshdOptions(host_keys=("other",))


@pytest.fixture
def known(tmp_path: Path) -> Path:
    return tmp_path / "known_hosts"


def lines(server: SshServer, kind: str = "") -> list[str]:
    """The lines of the server's known_hosts file, for 127.0.0.1 only."""
    text = server.known_hosts.read_text().replace(f",[localhost]:{server.port}", "")
    return [line for line in text.splitlines(keepends=True) if kind in line]


def test_known_by_ssh_keyscan(sshd: SshServer, connect: Connect, known: Path) -> None:
    scan = ["ssh-keyscan", "-p", str(sshd.port), sshd.host]
    known.write_bytes(subprocess.run(scan, check=True, capture_output=True).stdout)
    assert connect(sshd, known_hosts=known).is_alive()


def test_known_by_a_hashed_name(sshd: SshServer, connect: Connect, known: Path) -> None:
    known.write_text("".join(lines(sshd)))
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(known)], check=True, capture_output=True)
    assert "127.0.0.1" not in known.read_text()
    assert connect(sshd, known_hosts=known).is_alive()


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
def test_the_known_type_is_asked_for(
    sshd: SshServer, connect: Connect, known: Path, kind: str
) -> None:
    known.write_text("".join(lines(sshd, kind)))
    with connect(sshd, known_hosts=known).open_channel() as lease:
        assert lease.transport.get_remote_server_key().get_name() == kind


def test_unknown_and_the_command_that_cures_it(
    sshd: SshServer, connect: Connect, known: Path
) -> None:
    with pytest.raises(UnknownHostKeyException) as caught:
        connect(sshd, known_hosts=known)
    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(key_ring().host_key("ed25519"))],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()[1]
    assert shown in str(caught.value)
    command = re.search(r"accept it by: (ssh-keyscan .*)\"", str(caught.value))
    assert command
    subprocess.run(["sh", "-c", command.group(1)], check=True, capture_output=True)
    assert connect(sshd, known_hosts=known).is_alive()


def test_known_under_the_name_without_port(sshd: SshServer, connect: Connect, known: Path) -> None:
    known.write_text(lines(sshd)[0].replace(f"[127.0.0.1]:{sshd.port}", "127.0.0.1"))
    assert connect(sshd, known_hosts=known).is_alive()


@pytest.mark.parametrize("strict", ["true", "false"])
def test_changed_is_always_fatal(
    new_sshd: NewSshd, connect: Connect, known: Path, strict: str
) -> None:
    sshd = new_sshd(SshdOptions(host_keys=("ed25519",)))
    known.write_text("# first line\n" + sshd.server.known_hosts.read_text())
    share = connect(sshd.server, known_hosts=known)
    assert share.is_alive()
    share.release()
    sshd.reload(OTHER)
    with pytest.raises(ChangedHostKeyException) as caught:
        connect(sshd.server, known_hosts=known, strictHostKeyChecking=strict)
    assert f"{known}:2" in str(caught.value)
    command = re.search(r"old key by: (ssh-keygen .*)\"", str(caught.value))
    assert command
    subprocess.run(["sh", "-c", command.group(1)], check=True, capture_output=True)
    with pytest.raises(UnknownHostKeyException):
        connect(sshd.server, known_hosts=known)


def test_another_type_than_the_known_one_is_a_change(
    new_sshd: NewSshd, sshd: SshServer, connect: Connect, known: Path
) -> None:
    server = new_sshd(SshdOptions(host_keys=("rsa",))).server
    known.write_text(lines(sshd, "ssh-ed25519")[0].replace(str(sshd.port), str(server.port)))
    with pytest.raises(ChangedHostKeyException):
        connect(server, known_hosts=known, strictHostKeyChecking="false")


def test_not_strict_stores_the_key_and_notices_a_change(
    new_sshd: NewSshd, connect: Connect, known: Path
) -> None:
    sshd = new_sshd(SshdOptions(host_keys=("ed25519",)))
    connect(sshd.server, known_hosts=known, strictHostKeyChecking="false").release()
    assert f"[127.0.0.1]:{sshd.server.port} ssh-ed25519 " in known.read_text()
    assert connect(sshd.server, known_hosts=known).is_alive()
    sshd.reload(OTHER)
    with pytest.raises(ChangedHostKeyException):
        connect(sshd.server, known_hosts=known, strictHostKeyChecking="false")


def test_without_known_hosts(sshd: SshServer, connect: Connect, known: Path) -> None:
    with pytest.raises(UnknownHostKeyException, match="strictHostKeyChecking=false as well"):
        connect(sshd, known_hosts=known, loadKnownHosts="false")
    given = {"loadKnownHosts": "false", "strictHostKeyChecking": "false"}
    assert connect(sshd, known_hosts=known, **given).is_alive()
    assert not known.exists()


def test_revoked(sshd: SshServer, connect: Connect, known: Path) -> None:
    revoked = "".join(f"@revoked * {line.split(maxsplit=1)[1]}" for line in lines(sshd))
    known.write_text("".join(lines(sshd)) + revoked)
    with pytest.raises(ChangedHostKeyException, match="revoked"):
        connect(sshd, known_hosts=known, strictHostKeyChecking="false")


def test_several_files_and_a_host_key_alias(
    sshd: SshServer, connect: Connect, known: Path, tmp_path: Path
) -> None:
    known.write_text("other ssh-ed25519 broken\n")
    more = tmp_path / "more"
    more.write_text(lines(sshd)[0].replace(f"[127.0.0.1]:{sshd.port}", "the-alias"))
    config = tmp_path / "config"
    config.write_text(f"HostKeyAlias the-alias\nUserKnownHostsFile {known} {more}\n")
    given = {"loadSshConfig": "true", "configFile": str(config), "knownHostsFile": ""}
    assert connect(sshd, known_hosts=known, **given).is_alive()


class TestHostCertificates:
    def test_authority_is_known(self, sshd: SshServer, connect: Connect) -> None:
        with connect(sshd, known_hosts=sshd.known_hosts_ca).open_channel() as lease:
            assert lease.transport.host_key_type == "ssh-ed25519-cert-v01@openssh.com"

    def test_authority_of_other_hosts(self, sshd: SshServer, connect: Connect, known: Path) -> None:
        words = sshd.known_hosts_ca.read_text().split()
        known.write_text(f"{words[0]} *.example.org {' '.join(words[2:])}\n")
        with pytest.raises(UnknownHostKeyException):
            connect(sshd, known_hosts=known)

    def test_authority_was_revoked(self, sshd: SshServer, connect: Connect, known: Path) -> None:
        words = sshd.known_hosts_ca.read_text().split()
        known.write_text(f"{' '.join(words)}\n@revoked * {' '.join(words[2:])}\n")
        with pytest.raises(UnknownHostKeyException):
            connect(sshd, known_hosts=known)

    @pytest.mark.parametrize(
        ("signing", "why"),
        [
            (("-h", "-n", "elsewhere"), "it is for elsewhere"),
            (("-h", "-n", "127.0.0.1", "-V", "20200101:20200102"), "expired"),
            (("-n", "127.0.0.1"), "user's certificate"),
        ],
    )
    def test_certificates_that_do_not_count(
        self,
        new_sshd: NewSshd,
        connect: Connect,
        tmp_path: Path,
        known: Path,
        signing: tuple[str, ...],
        why: str,
    ) -> None:
        for name in ("ca", "host"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)],
                check=True,
            )
        subprocess.run(
            ["ssh-keygen", "-q", "-s", "ca", "-I", "x", *signing, "host.pub"],
            check=True,
            cwd=tmp_path,
        )
        certificate = f"HostCertificate {tmp_path}/host-cert.pub"
        options = SshdOptions(host_keys=("rsa",), extra=(f"HostKey {tmp_path}/host", certificate))
        sshd = new_sshd(options)
        authority = " ".join((tmp_path / "ca.pub").read_text().split()[:2])
        known.write_text(f"@cert-authority [127.0.0.1]:* {authority}\n")
        with pytest.raises(UnknownHostKeyException, match=why):
            connect(sshd.server, known_hosts=known)


def test_all_host_key_types_are_tested() -> None:
    assert set(HOST_KEY_TYPES) == {"ed25519", "ecdsa", "rsa"}
