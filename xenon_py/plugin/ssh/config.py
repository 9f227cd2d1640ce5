"""What the user's SSH configuration says about a host.

Where the ``ssh`` program exists, ``ssh -G`` tells (ssh(1)): it knows Include, Match, Match exec and
whatever its version can. Elsewhere paramiko's parser is used as far as it goes.
"""

from __future__ import annotations

import functools
import logging
import os
import pwd
import re
import shutil
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xenon_py.exceptions import NotConnectedException
from xenon_py.model.credentials import current_user
from xenon_py.model.location import Hop
from xenon_py.plugin.ssh.algorithms import Algorithms, without_defaults
from xenon_py.plugin.ssh.settings import SshSettings

_log = logging.getLogger("xenon_py.ssh")
_QUERY_TIMEOUT = 20.0  # Match exec may run programs
_DEFAULT_KEYS = ("id_rsa", "id_ecdsa", "id_ed25519")
_USER_HOSTS = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
_GLOBAL_HOSTS = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
_LAX = {"no", "off", "false", "accept-new"}


@dataclass(frozen=True)
class HostConfig:
    """How to reach one host, all of it resolved.

    Attributes:
        alias: the name that the user wrote.
        hostname: the name or address to connect to.
        port: TCP port.
        user: name on the server.
        identity_files: private keys, in the order to try them.
        identities_only: keys of the agent that are no identity files are not offered.
        certificate_files: certificates besides those beside the keys.
        identity_agent: socket of the agent; ``""`` = ``$SSH_AUTH_SOCK``, ``none`` = no agent.
        proxy_jump: hosts to go through, first one first.
        proxy_command: command whose standard streams are the connection, or ``""``.
        user_known_hosts, global_known_hosts: files of known host keys.
        host_key_alias: name under which the host key is known, or ``""``.
        strict: unknown host keys are refused.
        hash_known_hosts: names are stored hashed when a key is added.
        keepalive: seconds of silence after which the server is asked for a sign of life.
        keepalive_count: unanswered questions after which the connection is given up.
        revoked_host_keys: files of host keys that are never accepted.
        algorithms: those that are permitted.
        known_hosts_command: a source of host keys that is not asked here; ``""`` = none.
        gssapi: Kerberos is wanted, which is not done here.
    """

    alias: str
    hostname: str
    port: int
    user: str
    identity_files: tuple[str, ...] = ()
    identities_only: bool = False
    certificate_files: tuple[str, ...] = ()
    identity_agent: str = ""
    proxy_jump: tuple[Hop, ...] = ()
    proxy_command: str = ""
    user_known_hosts: tuple[str, ...] = ()
    global_known_hosts: tuple[str, ...] = ()
    host_key_alias: str = ""
    strict: bool = True
    hash_known_hosts: bool = False
    keepalive: float = 15.0
    keepalive_count: int = 3
    revoked_host_keys: tuple[str, ...] = ()
    algorithms: Algorithms = field(default_factory=Algorithms)
    known_hosts_command: str = ""
    gssapi: bool = False


def home() -> str:
    """Return the user's home as OpenSSH sees it: from the passwd database, not ``$HOME``."""
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a user without an entry, as in some containers
        return str(Path("~").expanduser())


def host_config(hop: Hop, user: str, settings: SshSettings) -> HostConfig:
    """Return what the configuration says about a host.

    Args:
        hop: the host as the user wrote it; a port in it wins over the configuration.
        user: name on the server, wins over the configuration; ``""`` = not given.
        settings: whether the configuration is read, and which file.

    Raises:
        NotConnectedException: the configuration has an error, so that ``ssh`` would fail as well.
    """
    if not settings.load_ssh_config:
        options: dict[str, list[str]] = {}
    elif shutil.which("ssh"):
        options = _ask_ssh(hop, user, settings)
    else:
        options = _ask_paramiko(hop, user, settings)
    return _resolve(hop, user, settings, options)


def _ask_ssh(hop: Hop, user: str, settings: SshSettings) -> dict[str, list[str]]:
    command = ["ssh", "-G"]
    command += ["-F", settings.config_file] if settings.config_file else []
    command += ["-p", str(hop.port)] if hop.port else []
    command += ["-l", user] if user else []
    command += ["--", hop.host]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_QUERY_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotConnectedException.because(
            f"asking ssh for its configuration took longer than {_QUERY_TIMEOUT:.0f} s",
            host=str(hop),
            command=command,
        ) from error
    if done.returncode != 0:
        raise NotConnectedException.because(
            "the SSH configuration cannot be used; property loadSshConfig=false leaves it out",
            host=str(hop),
            command=command,
            exit_code=done.returncode,
            stderr=done.stderr,
        )
    options = parse_ssh_g(done.stdout.decode("utf-8", "surrogateescape"))
    return without_defaults(options, _ssh_defaults(shutil.which("ssh")))


@functools.cache
def _ssh_defaults(program: str | None) -> dict[str, list[str]]:
    """Return what ``ssh -G`` prints where nothing is configured."""
    done = subprocess.run(
        [program or "ssh", "-G", "-F", "none", "--", "localhost"],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=_QUERY_TIMEOUT,
        check=False,
    )
    return parse_ssh_g(done.stdout.decode("utf-8", "surrogateescape"))


def parse_ssh_g(text: str) -> dict[str, list[str]]:
    """Return the options that ``ssh -G`` printed: lower-case name -> values in order."""
    options: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, _, value = line.strip().partition(" ")
        if name:
            options.setdefault(name.lower(), []).append(value.strip())
    return options


def _ask_paramiko(hop: Hop, user: str, settings: SshSettings) -> dict[str, list[str]]:
    import paramiko

    files = [settings.config_file] if settings.config_file else _config_files()
    config = paramiko.SSHConfig()
    for name in files:
        if os.path.isfile(name):
            with open(name, encoding="utf-8", errors="surrogateescape") as stream:
                config.parse(stream)
    found = config.lookup(hop.host)
    options = {
        name: list(value) if isinstance(value, list) else [str(value)]
        for name, value in found.items()
    }
    if hop.port:
        options["port"] = [str(hop.port)]
    if user:
        options["user"] = [user]
    return options


def _config_files() -> list[str]:
    return [os.path.join(home(), ".ssh", "config"), "/etc/ssh/ssh_config"]


def _resolve(
    hop: Hop, user: str, settings: SshSettings, options: Mapping[str, list[str]]
) -> HostConfig:
    def one(name: str, default: str = "") -> str:
        return options.get(name, [default])[0]

    hostname = one("hostname") or hop.host
    port = int(one("port") or 0) or hop.port or 22
    name = user or one("user") or current_user()
    tokens = _tokens(hop.host, hostname, port, name)

    def files(option: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        values = [v for v in options.get(option, default) if v.lower() != "none"]
        return tuple(expand(value, tokens) for value in values)

    def hosts(option: str, default: tuple[str, ...]) -> tuple[str, ...]:
        words = " ".join(options.get(option, default)).split()
        return tuple(expand(word, tokens) for word in words if word.lower() != "none")

    command = one("knownhostscommand")
    if command and command.lower() != "none":
        _log.warning("KnownHostsCommand for %s is not followed; known_hosts files are", hop.host)
    own = (expand(settings.known_hosts_file, tokens),) if settings.known_hosts_file else ()
    keepalive = float(one("serveraliveinterval", "0"))
    return HostConfig(
        alias=hop.host,
        hostname=hostname,
        port=port,
        user=name,
        identity_files=files("identityfile", tuple(f"~/.ssh/{key}" for key in _DEFAULT_KEYS)),
        identities_only=one("identitiesonly") in {"yes", "true"},
        certificate_files=files("certificatefile"),
        identity_agent=_agent_path(one("identityagent"), tokens),
        proxy_jump=parse_jumps(one("proxyjump")),
        proxy_command=expand_command(one("proxycommand"), tokens),
        user_known_hosts=own or hosts("userknownhostsfile", _USER_HOSTS),
        global_known_hosts=() if own else hosts("globalknownhostsfile", _GLOBAL_HOSTS),
        host_key_alias=one("hostkeyalias"),
        strict=_strict(settings, one("stricthostkeychecking")),
        hash_known_hosts=one("hashknownhosts") in {"yes", "true"},
        keepalive=keepalive or HostConfig.keepalive,
        keepalive_count=int(one("serveralivecountmax", "3")) or HostConfig.keepalive_count,
        revoked_host_keys=hosts("revokedhostkeys", ()),
        algorithms=Algorithms.from_options(options),
        known_hosts_command="" if command.lower() == "none" else command,
        gssapi=one("gssapiauthentication") in {"yes", "true"},
    )


def _strict(settings: SshSettings, configured: str) -> bool:
    return configured.lower() not in _LAX if settings.strict is None else settings.strict


def _agent_path(value: str, tokens: Mapping[str, str]) -> str:
    if not value or value == "SSH_AUTH_SOCK":
        return ""
    if value.startswith("$") and not value.startswith("${"):
        return os.environ.get(value[1:], "none")
    return "none" if value.lower() == "none" else expand(value, tokens)


def _tokens(alias: str, hostname: str, port: int, user: str) -> dict[str, str]:
    """Return the percent tokens of ssh_config(5), section TOKENS, that can occur here."""
    local = socket.gethostname()
    return {
        "%": "%",
        "d": home(),
        "h": hostname,
        "i": str(os.getuid()),
        "k": alias,
        "L": local.split(".")[0],
        "l": local,
        "n": alias,
        "p": str(port),
        "r": user,
        "u": current_user(),
    }


def expand(text: str, tokens: Mapping[str, str]) -> str:
    """Return a file name with ``~``, ``%`` tokens and ``${VARIABLE}`` replaced."""
    if text == "~" or text.startswith("~/"):
        text = home() + text[1:]
    elif text.startswith("~"):
        text = os.path.expanduser(text)
    text = re.sub(r"\$\{(\w+)\}", lambda m: os.environ.get(m.group(1), ""), text)
    return _percent(text, tokens)


def expand_command(text: str, tokens: Mapping[str, str]) -> str:
    """Return a ProxyCommand with its tokens replaced; ``""`` for ``none``."""
    return "" if text.lower() == "none" else _percent(text, tokens)


def _percent(text: str, tokens: Mapping[str, str]) -> str:
    return re.sub(r"%(.)", lambda m: tokens.get(m.group(1), m.group(0)), text)


def parse_jumps(text: str) -> tuple[Hop, ...]:
    """Return the hosts of a ProxyJump value: ``[user@]host[:port]`` or ``ssh://…``, by commas.

    Raises:
        NotConnectedException: a part of it names no host.
    """
    if not text or text.lower() == "none":
        return ()
    return tuple(_jump(part.strip()) for part in text.split(","))


_JUMP = re.compile(r"(?:ssh://)?(?:([^@\s]+)@)?(\[[^\]]+\]|[^:@\s\[\]-][^:@\s\[\]]*)(?::(\d+))?/?")


def _jump(text: str) -> Hop:
    match = _JUMP.fullmatch(text)
    if not match:
        raise NotConnectedException.because(
            f"ProxyJump {text!r} in the SSH configuration names no host"
        )
    user, host, port = match.groups()
    return Hop(host.strip("[]"), int(port or 0), user or "")
