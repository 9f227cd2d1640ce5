"""Every way to log in, and what is said when none works."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.ssh.conftest import Connect, password_of
from services.records import SshServer
from services.sshd import CTR_ONLY, Sshd, SshdOptions
from xenon_py.exceptions import (
    AuthenticationException,
    CertificateNotFoundException,
    InvalidCredentialException,
    NotConnectedException,
)
from xenon_py.model.credentials import (
    CertificateCredential,
    Challenge,
    DefaultCredential,
    KeytabCredential,
    PasswordCredential,
)
from xenon_py.plugin.ssh import SharedConnection
from xenon_py.plugin.ssh.runner import SshCommandRunner

NewSshd = Callable[..., Sshd]
SENTINEL = "S3cret-4711"


def whoami(share: SharedConnection) -> str:
    return SshCommandRunner(share).run(["id", "-un"]).text().strip()


def key_of(server: SshServer, name: str, passphrase: str = "") -> CertificateCredential:
    return CertificateCredential(
        username=server.user, certfile=str(getattr(server.keys, name)), passphrase=passphrase
    )


def config_file(tmp_path: Path, text: str) -> dict[str, str]:
    file = tmp_path / "ssh_config"
    file.write_text(text)
    return {"loadSshConfig": "true", "configFile": str(file)}


def test_password(sshd: SshServer, connect: Connect) -> None:
    assert whoami(connect(sshd)) == sshd.user


@pytest.mark.parametrize("name", ["ed25519", "ecdsa", "rsa", "rsa_pem", "certified"])
def test_keys_and_certificates(sshd: SshServer, connect: Connect, name: str) -> None:
    assert whoami(connect(sshd, key_of(sshd, name))) == sshd.user


def test_encrypted_key(sshd: SshServer, connect: Connect) -> None:
    credential = key_of(sshd, "encrypted", sshd.keys.passphrase)
    assert whoami(connect(sshd, credential)) == sshd.user


@pytest.mark.parametrize(("passphrase", "why"), [("", "no passphrase"), ("bad", "wrong")])
def test_encrypted_key_without_its_passphrase(
    sshd: SshServer, connect: Connect, passphrase: str, why: str
) -> None:
    with pytest.raises(InvalidCredentialException, match=why):
        connect(sshd, key_of(sshd, "encrypted", passphrase))


def test_encrypted_pem_key(sshd: SshServer, connect: Connect, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(sshd.keys.rsa_pem.read_bytes())
    key.chmod(0o600)
    command = ["ssh-keygen", "-q", "-p", "-m", "PEM", "-P", "", "-N", "four words", "-f", str(key)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    credential = CertificateCredential(
        username=sshd.user, certfile=str(key), passphrase="four words"
    )
    assert whoami(connect(sshd, credential)) == sshd.user


def test_missing_key_file(sshd: SshServer, connect: Connect) -> None:
    with pytest.raises(CertificateNotFoundException, match="/no/key"):
        connect(sshd, CertificateCredential(username=sshd.user, certfile="/no/key"))


def test_refusal_says_what_was_tried_and_what_is_offered(sshd: SshServer, connect: Connect) -> None:
    with pytest.raises(AuthenticationException) as caught:
        connect(sshd, key_of(sshd, "stranger"))
    assert re.search(
        r"takes: publickey, password; tried: key \S+stranger \(refused\)", str(caught.value)
    )


def test_wrong_password_is_refused_and_not_shown(
    sshd: SshServer, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with pytest.raises(AuthenticationException) as caught:
        connect(sshd, PasswordCredential(username=sshd.user, password=SENTINEL))
    assert "password (refused)" in str(caught.value)
    assert SENTINEL not in str(caught.value) + repr(caught.value) + caplog.text


@pytest.mark.parametrize(
    "credential", [KeytabCredential(username="x", keytabfile="y"), CertificateCredential()]
)
def test_credentials_of_no_use(
    sshd: SshServer, connect: Connect, credential: KeytabCredential
) -> None:
    with pytest.raises(InvalidCredentialException):
        connect(sshd, credential)


def test_user_of_location_and_credential_differ(sshd: SshServer, connect: Connect) -> None:
    with pytest.raises(InvalidCredentialException, match="somebody"):
        connect(sshd, location=f"somebody@{sshd.location}")


def test_default_credential_uses_the_keys_of_the_configuration(
    sshd: SshServer, connect: Connect, tmp_path: Path
) -> None:
    text = (
        f"Host there\n HostName 127.0.0.1\n Port {sshd.port}\n User {sshd.user}\n"
        f" IdentitiesOnly yes\n IdentityFile /no/such\n IdentityFile {sshd.keys.encrypted}\n"
        f" IdentityFile {sshd.keys.ecdsa}\n"
    )
    share = connect(sshd, DefaultCredential(), location="there", **config_file(tmp_path, text))
    assert (whoami(share), share.host) == (sshd.user, f"127.0.0.1:{sshd.port}")


def test_certificate_file_of_the_configuration(
    sshd: SshServer, connect: Connect, tmp_path: Path
) -> None:
    key = tmp_path / "bare"
    key.write_bytes(sshd.keys.certified.read_bytes())
    key.chmod(0o600)
    text = f"IdentityFile {key}\nIdentitiesOnly yes\nCertificateFile {sshd.keys.certificate}\n"
    share = connect(sshd, DefaultCredential(username=sshd.user), **config_file(tmp_path, text))
    assert whoami(share) == sshd.user


def test_agent_with_the_default_credential(sshd: SshServer, connect: Connect, agent: Path) -> None:
    assert whoami(connect(sshd, DefaultCredential(username=sshd.user))) == sshd.user


def test_agent_of_the_configuration(
    sshd: SshServer,
    connect: Connect,
    agent: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK")
    given = config_file(tmp_path, f"IdentityAgent {agent}\nIdentityFile none\n")
    assert whoami(connect(sshd, DefaultCredential(username=sshd.user), **given)) == sshd.user


def test_stale_agent_is_as_none(
    sshd: SshServer, connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "gone"))
    given = config_file(tmp_path, f"IdentityFile {sshd.keys.ecdsa}\nIdentitiesOnly yes\n")
    assert whoami(connect(sshd, DefaultCredential(username=sshd.user), **given)) == sshd.user


def test_agent_beside_a_key_only_when_the_property_says_so(
    sshd: SshServer, connect: Connect, agent: Path
) -> None:
    with pytest.raises(AuthenticationException):
        connect(sshd, key_of(sshd, "stranger"))
    assert whoami(connect(sshd, key_of(sshd, "stranger"), agent="true")) == sshd.user


@pytest.mark.parametrize("forwarded", [True, False])
def test_agent_forwarding(sshd: SshServer, connect: Connect, agent: Path, forwarded: bool) -> None:
    share = connect(sshd, agentForwarding=str(forwarded).lower())
    listed = SshCommandRunner(share).run(["ssh-add", "-l"], timeout=20)
    assert (b"ED25519" in listed.stdout) is forwarded, listed


class TestKeyboardInteractive:
    @pytest.fixture
    def asking(self, new_sshd: NewSshd) -> SshServer:
        return new_sshd(SshdOptions(keyboard_interactive=True)).server

    def test_password_is_enough(self, asking: SshServer, connect: Connect) -> None:
        assert whoami(connect(asking)) == asking.user

    def test_callback(self, asking: SshServer, connect: Connect) -> None:
        asked: list[Challenge] = []

        def answer(challenge: Challenge) -> list[str]:
            asked.append(challenge)
            return [asking.password for _ in challenge.prompts]

        credential = DefaultCredential(username=asking.user, on_challenge=answer)
        assert whoami(connect(asking, credential)) == asking.user
        assert asked[0].prompts[0][0].startswith("Password")
        assert asked[0].host == asking.location

    def test_callback_that_fails(self, asking: SshServer, connect: Connect) -> None:
        def fail(challenge: Challenge) -> list[str]:
            raise RuntimeError("no code today")

        credential = DefaultCredential(username=asking.user, on_challenge=fail)
        with pytest.raises(AuthenticationException) as caught:
            connect(asking, credential)
        assert isinstance(caught.value.__cause__, RuntimeError)

    def test_a_person_needs_longer_than_the_timeout(
        self, asking: SshServer, connect: Connect
    ) -> None:
        import time

        def slow(challenge: Challenge) -> list[str]:
            time.sleep(3)
            return [asking.password for _ in challenge.prompts]

        credential = DefaultCredential(username=asking.user, on_challenge=slow)
        assert whoami(connect(asking, credential, timeout="1500")) == asking.user


def test_key_and_password_both_wanted(new_sshd: NewSshd, connect: Connect, tmp_path: Path) -> None:
    options = SshdOptions(extra=("AuthenticationMethods publickey,password",))
    server = new_sshd(options).server
    given = config_file(tmp_path, f"IdentityFile {server.keys.ecdsa}\nIdentitiesOnly yes\n")
    assert whoami(connect(server, password_of(server), **given)) == server.user
    with pytest.raises(
        AuthenticationException, match=r"takes: password; tried: key .*more is wanted"
    ):
        connect(server, key_of(server, "ed25519"))


def test_ciphers(sshd: SshServer, new_sshd: NewSshd, connect: Connect) -> None:
    with connect(sshd).open_channel() as lease:
        assert lease.transport.remote_cipher == "aes128-gcm@openssh.com"
        assert lease.transport.remote_compression == "none"
    with connect(new_sshd(CTR_ONLY).server).open_channel() as lease:
        assert lease.transport.remote_cipher == "aes128-ctr"


def test_no_algorithm_in_common(new_sshd: NewSshd, connect: Connect) -> None:
    options = SshdOptions(ciphers="chacha20-poly1305@openssh.com")
    with pytest.raises(NotConnectedException, match="no algorithm in common"):
        connect(new_sshd(options).server)
