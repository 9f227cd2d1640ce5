"""The test sshds do what their options promise, seen with OpenSSH's own client and paramiko."""

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paramiko
import pytest

from services import sshd as variants
from services.daemon import process_info
from services.records import SshChain, SshServer
from services.sshd import Sshd, SshdOptions

NewSshd = Callable[..., Sshd]


def ssh(server: SshServer, command: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a command with the ssh binary, which asks nothing and reads no configuration."""
    argv = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]
    argv += ["-o", f"UserKnownHostsFile={server.known_hosts}", "-o", "IdentitiesOnly=yes"]
    argv += ["-p", str(server.port), *options, f"{server.user}@{server.host}", command]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)


@contextlib.contextmanager
def client(server: SshServer, **arguments: object) -> Iterator[paramiko.SSHClient]:
    with paramiko.SSHClient() as made:
        made.load_host_keys(str(server.known_hosts))
        made.connect(
            server.host,
            server.port,
            server.user,
            server.password,
            look_for_keys=False,
            allow_agent=False,
            timeout=10,
            **arguments,  # type: ignore[arg-type]
        )
        yield made


@pytest.mark.parametrize("name", ["ed25519", "ecdsa", "rsa", "rsa_pem", "certified"])
def test_key_login(sshd: SshServer, name: str) -> None:
    done = ssh(sshd, "whoami; pwd", "-i", str(getattr(sshd.keys, name)))
    assert (done.stdout, done.returncode) == (f"{sshd.user}\n{sshd.home}\n", 0), done.stderr


def test_encrypted_key_and_stranger_are_refused_without_passphrase(sshd: SshServer) -> None:
    for key in (sshd.keys.encrypted, sshd.keys.stranger):
        assert "Permission denied" in ssh(sshd, "true", "-i", str(key)).stderr
    opened = paramiko.Ed25519Key.from_private_key_file(
        str(sshd.keys.encrypted), sshd.keys.passphrase
    )
    with client(sshd, pkey=opened) as connected:
        assert connected.get_transport().is_authenticated()  # type: ignore[union-attr]


def test_certificate_alone_opens(sshd: SshServer, tmp_path: Path) -> None:
    bare = tmp_path / "key-without-certificate"
    bare.write_bytes(sshd.keys.certified.read_bytes())
    bare.chmod(0o600)
    assert "Permission denied" in ssh(sshd, "true", "-i", str(bare)).stderr


def test_password_login_and_sftp(sshd: SshServer) -> None:
    with client(sshd) as connected, connected.open_sftp() as sftp:
        assert sftp.normalize(".") == sshd.home


def test_wrong_password(sshd: SshServer) -> None:
    with paramiko.SSHClient() as made, pytest.raises(paramiko.AuthenticationException):
        made.load_host_keys(str(sshd.known_hosts))
        made.connect(sshd.host, sshd.port, sshd.user, "wrong", look_for_keys=False)


def test_host_certificate(sshd: SshServer) -> None:
    known = ("-o", f"UserKnownHostsFile={sshd.known_hosts_ca}")
    done = ssh(sshd, "echo in", *known, "-i", str(sshd.keys.ed25519))
    assert done.stdout == "in\n", done.stderr


def test_chain_needs_the_credential_of_each_hop(ssh_chain: SshChain) -> None:
    with contextlib.ExitStack() as stack:
        channel = None
        for server in (*ssh_chain.hops, ssh_chain.target):
            connected = stack.enter_context(client(server, sock=channel))
            following = (*ssh_chain.hops, ssh_chain.target)
            after = following.index(server) + 1
            if after < len(following):
                transport = connected.get_transport()
                assert transport is not None
                address = (following[after].host, following[after].port)
                channel = transport.open_channel("direct-tcpip", address, ("127.0.0.1", 0))
        _, stdout, _ = connected.exec_command("whoami")
        assert stdout.read().decode().strip() == ssh_chain.target.user
    assert "Permission denied" in ssh(ssh_chain.hops[0], "true", "-l", "xenon").stderr


def test_one_session(new_sshd: NewSshd) -> None:
    server = new_sshd(variants.ONE_SESSION).server
    with client(server) as connected:
        transport = connected.get_transport()
        assert transport is not None
        transport.open_session()
        with pytest.raises(paramiko.ChannelException):
            transport.open_session()


def test_no_sftp(new_sshd: NewSshd) -> None:
    server = new_sshd(variants.NO_SFTP).server
    with client(server) as connected, pytest.raises(paramiko.SSHException):
        connected.open_sftp()


def test_noise(new_sshd: NewSshd) -> None:
    server = new_sshd(variants.NOISY).server
    done = ssh(server, "echo said", "-i", str(server.keys.ed25519))
    assert done.stdout == "Welcome, this line comes from .bashrc\nsaid\n"
    assert "forbidden" in done.stderr
    assert "standard error" in done.stderr


@pytest.mark.parametrize("options", [variants.CHACHA_ONLY, variants.CTR_ONLY])
def test_ciphers(new_sshd: NewSshd, options: SshdOptions) -> None:
    server = new_sshd(options).server
    refused = ssh(server, "true", "-c", "aes128-gcm@openssh.com")
    assert "no matching cipher" in refused.stderr
    assert ssh(server, "true", "-i", str(server.keys.ed25519)).returncode == 0


def test_keyboard_interactive(new_sshd: NewSshd) -> None:
    server = new_sshd(SshdOptions(keyboard_interactive=True)).server
    with paramiko.Transport((server.host, server.port)) as transport:
        transport.start_client(timeout=10)
        prompts: list[str] = []

        def answer(title: str, text: str, asked: list[tuple[str, bool]]) -> list[str]:
            prompts.extend(prompt for prompt, _ in asked)
            return [server.password for _ in asked]

        transport.auth_interactive(server.user, answer)
        assert transport.is_authenticated()
        assert len(prompts) == 1
        assert prompts[0].endswith("Password: ")


def test_kill_freeze_and_changed_host_key(new_sshd: NewSshd) -> None:
    made = new_sshd()
    with client(made.server) as connected:
        transport = connected.get_transport()
        assert transport is not None
        made.freeze()
        with pytest.raises(paramiko.SSHException):
            transport.open_session(timeout=0.5)
        made.thaw()
        made.kill_connections()
        deadline = time.monotonic() + 5
        while transport.is_active() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not transport.is_active()
    before = made.server.known_hosts.read_text()
    changed = made.reload(SshdOptions(host_keys=("other",)))
    assert changed.known_hosts.read_text() != before
    changed.known_hosts.write_text(before)
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in ssh(changed, "true").stderr


def test_stop_leaves_no_process(new_sshd: NewSshd) -> None:
    made = new_sshd()
    with client(made.server) as connected:
        connected.exec_command("sleep 1000")
        deadline = time.monotonic() + 5
        while len(made.connections()) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        pids = [info.pid for info in made.connections()]
        made.stop()
    assert pids
    assert not [pid for pid in pids if process_info(pid)]
