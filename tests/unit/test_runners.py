"""Which file system belongs to the machine that a scheduler's location names."""

from __future__ import annotations

import pytest

from xenon_adaptors import descriptions
from xenon_py import CertificateCredential
from xenon_py.engine.creation import make_target
from xenon_py.plugin.runners import file_system_of
from xenon_py.plugin.target import FileSystemSpec

KEY = CertificateCredential(certfile="/k", username="al")


@pytest.mark.parametrize(
    ("location", "directory"), [("local://", "/home/al"), ("local:///w", "/w"), ("", "/home/al")]
)
def test_this_machine(location: str, directory: str) -> None:
    target = make_target(descriptions.SLURM, location)
    assert file_system_of(target, "/home/al") == FileSystemSpec("file", directory)


@pytest.mark.parametrize(
    ("record", "location"),
    [(descriptions.SLURM, "ssh://u@h:2222/w via:g"), (descriptions.SSH, "u@h:2222/w via:g")],
)
def test_another_machine_by_sftp(record: object, location: str) -> None:
    given = {"ssh.timeout": "5", "ssh.agent": "true", "ssh.queue.pollingDelay": "200"}
    target = make_target(record, location, KEY, given)  # type: ignore[arg-type]
    spec = file_system_of(target, "/home/al")
    assert (spec.adaptor, spec.location, spec.credential) == ("sftp", "u@h:2222/w via:g", KEY)
    files = make_target(descriptions.SFTP, spec.location, spec.credential, spec.properties)
    assert files.properties.integer("sftp.connection.timeout") == 5
    assert files.properties.boolean("sftp.agent")
    assert len(files.properties) == 2
