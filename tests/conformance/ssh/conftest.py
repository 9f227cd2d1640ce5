"""Connections to the test servers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.records import SshServer
from xenon_adaptors.descriptions import SSH_PROPERTIES
from xenon_py.model.credentials import Credential, PasswordCredential
from xenon_py.model.location import LocationForm, parse_location
from xenon_py.model.properties import Properties, resolve_properties
from xenon_py.plugin.ssh import SharedConnection, acquire

Connect = Callable[..., SharedConnection]


def properties_for(known_hosts: object, **given: str) -> Properties:
    """Properties of ``ssh``: no configuration and no keys of whoever runs the tests."""
    values = {"loadSshConfig": "false", "knownHostsFile": str(known_hosts), **given}
    return resolve_properties(
        SSH_PROPERTIES, {f"ssh.{name}": text for name, text in values.items()}, adaptor="ssh"
    )


def password_of(server: SshServer) -> PasswordCredential:
    return PasswordCredential(username=server.user, password=server.password)


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connects (``connect(server, credential, location=…, property=…)``) until the test's end."""
    made: list[SharedConnection] = []

    def to(
        server: SshServer,
        credential: Credential | None = None,
        location: str = "",
        known_hosts: object = None,
        **given: str,
    ) -> SharedConnection:
        properties = properties_for(known_hosts or server.known_hosts, **given)
        place = parse_location(location or server.location, LocationForm.SSH)
        made.append(acquire(place, credential or password_of(server), properties))
        return made[-1]

    yield to
    for share in made:
        share.release()


@pytest.fixture
def agent(sshd: SshServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """An agent that holds the ed25519 key."""
    path = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    environment = {**os.environ, "SSH_AUTH_SOCK": str(path)}
    for _ in range(200):
        added = subprocess.run(
            ["ssh-add", "-q", str(sshd.keys.ed25519)], env=environment, check=False
        )
        if added.returncode == 0:
            break
    monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
    yield path
    process.terminate()
    process.wait()
