"""The properties of an SSH connection, which ``sftp``, ``ssh`` and the batch adaptors share."""

from __future__ import annotations

from xenon_py.model.properties import PropertyDescription, PropertyType

SSH_CREDENTIALS = (
    "DefaultCredential",
    "CertificateCredential",
    "PasswordCredential",
    "CredentialMap",
)


def connection_properties(prefix: str) -> tuple[PropertyDescription, ...]:
    """Return the properties of an SSH connection, under ``prefix`` (which ends in a dot)."""
    switches = (
        ("strictHostKeyChecking", "Refuse servers whose host key is not known.", "true"),
        ("loadKnownHosts", "Read the known_hosts files of the user and of the system.", "true"),
        ("loadSshConfig", "Follow the OpenSSH configuration files.", "true"),
        ("agent", "Log in with the keys of the local ssh-agent.", "false"),
        ("agentForwarding", "Let programs on the server use the local ssh-agent.", "false"),
    )
    files = (
        ("configFile", "SSH configuration file to follow instead of the user's and the system's."),
        ("knownHostsFile", "File of known host keys, instead of those of the SSH configuration."),
    )
    return (
        *(
            PropertyDescription(prefix + name, text, default, PropertyType.BOOLEAN)
            for name, text, default in switches
        ),
        *(PropertyDescription(prefix + name, text) for name, text in files),
    )
