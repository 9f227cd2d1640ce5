"""ProFTPD's SFTP server of the tests: log-ins, transfers, and what it lacks."""

import paramiko
import pytest

from services.records import SshServer


def connect(server: SshServer, **arguments: object) -> paramiko.SSHClient:
    made = paramiko.SSHClient()
    made.load_host_keys(str(server.known_hosts))
    made.connect(
        server.host,
        server.port,
        server.user,
        look_for_keys=False,
        allow_agent=False,
        timeout=10,
        **arguments,  # type: ignore[arg-type]
    )
    return made


@pytest.mark.parametrize("name", ["ed25519", "ecdsa", "rsa", "encrypted"])
def test_key_login(proftpd_sftp: SshServer, name: str) -> None:
    key = str(getattr(proftpd_sftp.keys, name))
    with (
        connect(proftpd_sftp, key_filename=key, passphrase=proftpd_sftp.keys.passphrase) as client,
        client.open_sftp() as sftp,
    ):
        assert sftp.normalize(".") == proftpd_sftp.home


def test_password_login_and_transfer(proftpd_sftp: SshServer) -> None:
    path = f"{proftpd_sftp.home}/proftpd-test-file"
    with (
        connect(proftpd_sftp, password=proftpd_sftp.password) as client,
        client.open_sftp() as sftp,
    ):
        with sftp.open(path, "wb") as sink:
            sink.write(b"x" * 100_000)
        with sftp.open(path, "rb") as source:
            assert source.read() == b"x" * 100_000
        sftp.remove(path)


def test_stranger_is_refused(proftpd_sftp: SshServer) -> None:
    with pytest.raises(paramiko.AuthenticationException):
        connect(proftpd_sftp, key_filename=str(proftpd_sftp.keys.stranger))


def test_commands_are_refused(proftpd_sftp: SshServer) -> None:
    with (
        connect(proftpd_sftp, password=proftpd_sftp.password) as client,
        pytest.raises(paramiko.SSHException),
    ):
        client.exec_command("whoami")
