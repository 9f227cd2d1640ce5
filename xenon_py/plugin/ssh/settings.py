"""How to connect: the documented properties of ``sftp`` and ``ssh``, typed.

The two adaptors have the same properties under different prefixes; batch adaptors take those of
``ssh``. A property that is not declared has its documented default.
"""

from __future__ import annotations

from dataclasses import dataclass

from xenon_py.model.properties import FILESYSTEM_PREFIX, SCHEDULER_PREFIX, Properties

_PREFIXES = (f"{SCHEDULER_PREFIX}ssh.", f"{FILESYSTEM_PREFIX}sftp.")


@dataclass(frozen=True)
class SshSettings:
    """What the user asked for. Two connections are shared only when these are equal.

    Attributes:
        strict: whether unknown host keys are refused; ``None`` = not said, then the SSH
            configuration decides, and where it is silent they are refused.
        load_known_hosts: whether the known_hosts files are read.
        load_ssh_config: whether the SSH configuration is read.
        agent: whether keys of the agent are offered with every kind of credential. With a
            ``DefaultCredential`` they are offered anyhow, as ``ssh`` does.
        agent_forwarding: whether commands can reach the local agent.
        timeout: seconds for each of: TCP connection, key exchange, log in; ``None`` = no limit.
        config_file: SSH configuration to read instead of the user's and the system's.
        known_hosts_file: known_hosts file to use instead of the user's and the system's.
    """

    strict: bool | None = None
    load_known_hosts: bool = True
    load_ssh_config: bool = True
    agent: bool = False
    agent_forwarding: bool = False
    timeout: float | None = 10.0
    config_file: str = ""
    known_hosts_file: str = ""


def settings_from(properties: Properties) -> SshSettings:
    """Return the settings that an adaptor's properties stand for."""
    milliseconds = _value(properties, "timeout", _value(properties, "connection.timeout", 10000))
    return SshSettings(
        strict=_given_boolean(properties, "strictHostKeyChecking"),
        load_known_hosts=bool(_value(properties, "loadKnownHosts", True)),
        load_ssh_config=bool(_value(properties, "loadSshConfig", True)),
        agent=bool(_value(properties, "agent", False)),
        agent_forwarding=bool(_value(properties, "agentForwarding", False)),
        timeout=float(milliseconds) / 1000 or None,
        config_file=str(_value(properties, "configFile", "")),
        known_hosts_file=str(_value(properties, "knownHostsFile", "")),
    )


def _value(
    properties: Properties, name: str, default: bool | int | float | str
) -> bool | int | float | str:
    for prefix in _PREFIXES:
        try:
            return properties.value(prefix + name)
        except KeyError:
            continue
    return default


def sftp_properties(properties: Properties) -> dict[str, str]:
    """Return the given ``ssh`` properties of a connection as those of the ``sftp`` adaptor."""
    ssh, sftp = _PREFIXES
    found = {}
    for name, text in properties.given.items():
        end = name.removeprefix(ssh)
        if end != name and not end.startswith("queue."):
            found[sftp + ("connection.timeout" if end == "timeout" else end)] = text
    return found


def _given_boolean(properties: Properties, name: str) -> bool | None:
    """Return a boolean property that the user set, ``None`` when it was left alone."""
    for prefix in _PREFIXES:
        if prefix + name in properties.given:
            return properties.boolean(prefix + name)
    return None
