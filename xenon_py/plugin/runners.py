"""Choosing a command runner by location: what batch adaptors talk to their system through."""

from __future__ import annotations

from xenon_py.model.credentials import Credential
from xenon_py.model.location import Location
from xenon_py.model.properties import Properties
from xenon_py.plugin.local_runner import LocalCommandRunner
from xenon_py.plugin.runner import CommandRunner
from xenon_py.plugin.target import FileSystemSpec, Target


def open_runner(
    location: Location, credential: Credential, properties: Properties
) -> CommandRunner:
    """Return a runner for the machine that a location names.

    Args:
        location: of the form ``local://…`` or ``ssh://host…``; an empty one is this machine.
        credential: for SSH.
        properties: those of ``ssh`` among them are followed.

    Raises:
        NotConnectedException: the machine cannot be reached; its subclasses say why.
    """
    if location.target is None:
        return LocalCommandRunner()
    from xenon_py.plugin.ssh import acquire
    from xenon_py.plugin.ssh.runner import SshCommandRunner

    return SshCommandRunner(acquire(location, credential, properties))


def file_system_of(target: Target, directory: str) -> FileSystemSpec:
    """Name the file system of the machine that a location names.

    Args:
        target: what the scheduler was created with.
        directory: where relative paths of jobs start, for a location that names no directory.
    """
    location = target.location
    if location.target is None:
        return FileSystemSpec("file", location.path or directory)
    from xenon_py.plugin.ssh.settings import sftp_properties

    text = location.text.partition("://")[2] if location.scheme else location.text
    return FileSystemSpec("sftp", text, sftp_properties(target.properties), target.credential)
