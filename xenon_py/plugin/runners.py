"""Choosing a command runner by location: what batch adaptors talk to their system through."""

from __future__ import annotations

from xenon_py.model.credentials import Credential
from xenon_py.model.location import Location
from xenon_py.model.properties import Properties
from xenon_py.plugin.local_runner import LocalCommandRunner
from xenon_py.plugin.runner import CommandRunner


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
