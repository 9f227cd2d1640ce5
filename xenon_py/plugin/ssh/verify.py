"""Deciding on the host key that a server has shown, as strictly as the settings say."""

from __future__ import annotations

import base64
import logging
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from xenon_py.exceptions import ChangedHostKeyException, UnknownHostKeyException
from xenon_py.plugin.ssh.endpoint import Endpoint
from xenon_py.plugin.ssh.host_certificates import authority_of, certificate_fault
from xenon_py.plugin.ssh.host_keys import (
    Finding,
    KnownKey,
    Verdict,
    append_known_host,
    authorities,
    fingerprint,
    host_name,
    judge,
    read_known_hosts,
)
from xenon_py.plugin.ssh.revoked import revoking_file

if TYPE_CHECKING:
    import paramiko

_log = logging.getLogger("xenon_py.ssh")


def known_name(endpoint: Endpoint) -> str:
    """Return the name under which known_hosts files know a server."""
    config = endpoint.config
    return config.host_key_alias or host_name(config.hostname, config.port)


def load_known(endpoint: Endpoint) -> list[KnownKey]:
    """Return the lines of the known_hosts files that are in force for a server."""
    if not endpoint.settings.load_known_hosts:
        return []
    return read_known_hosts(
        (*endpoint.config.user_known_hosts, *endpoint.config.global_known_hosts)
    )


def check_host_key(endpoint: Endpoint, key: paramiko.PKey, known: Sequence[KnownKey]) -> None:
    """Accept or refuse the key that a server showed.

    Raises:
        UnknownHostKeyException: nothing is known about the server, and checking is strict.
        ChangedHostKeyException: the server is known by another key, or the key was revoked.
        NotConnectedException: whether it was revoked cannot be found out.
    """
    name, blob = known_name(endpoint), key.asbytes()
    _check_revoked(endpoint, key)
    finding = judge(known, name, blob)
    fault = ""
    if finding.verdict is not Verdict.REVOKED and key.public_blob is not None:
        fault = _certificate_fault(endpoint, key.public_blob.key_blob, known)
        if not fault:
            return
    if finding.verdict is Verdict.UNKNOWN and not endpoint.config.host_key_alias:
        without_port = judge(known, host_name(endpoint.config.hostname, 22), blob)
        if without_port.verdict in (Verdict.KNOWN, Verdict.REVOKED):
            finding = without_port
    if finding.verdict in (Verdict.CHANGED, Verdict.REVOKED):
        raise _changed(endpoint, name, blob, key.get_name(), finding)
    if finding.verdict is Verdict.UNKNOWN:
        if _is_strict(endpoint):
            raise _unknown(endpoint, name, blob, key.get_name(), fault)
        _remember(endpoint, name, key.get_name(), blob)


def _check_revoked(endpoint: Endpoint, key: paramiko.PKey) -> None:
    """Refuse a key, or a certificate of a key or authority, that RevokedHostKeys names."""
    shown = plain = key.asbytes()
    others = set()
    if key.public_blob is not None:
        shown = key.public_blob.key_blob
        others = {plain, authority_of(shown)}
    if file := revoking_file(endpoint.config.revoked_host_keys, shown, others):
        raise ChangedHostKeyException.because(
            f"the host key of {known_name(endpoint)} was revoked: it shows {key.get_name()} "
            f"{fingerprint(plain)}, which {file} (RevokedHostKeys) does not permit",
            host=str(endpoint),
        )


def _is_strict(endpoint: Endpoint) -> bool:
    strict = endpoint.settings.strict
    return endpoint.config.strict if strict is None else strict


def _certificate_fault(endpoint: Endpoint, blob: bytes, known: Sequence[KnownKey]) -> str:
    trusted = {line.blob for line in authorities(known, known_name(endpoint))}
    host = endpoint.config.host_key_alias or endpoint.config.hostname
    return certificate_fault(blob, host, trusted)


def _changed(
    endpoint: Endpoint, name: str, blob: bytes, kind: str, finding: Finding
) -> ChangedHostKeyException:
    shown = f"{kind} {fingerprint(blob)}"
    lines = ", ".join(f"{x.where} ({x.key_type} {fingerprint(x.blob)})" for x in finding.lines)
    if finding.verdict is Verdict.REVOKED:
        text = f"the host key of {name} was revoked: it shows {shown}, revoked in {lines}"
    else:
        file = finding.lines[0].where.rpartition(":")[0]
        command = shlex.join(["ssh-keygen", "-R", name, "-f", file])
        text = (
            f"the host key of {name} has changed, somebody may be in between: it shows {shown}, "
            f"known is {lines}; if the change is right, remove the old key by: {command}"
        )
    return ChangedHostKeyException.because(text, host=str(endpoint))


def _unknown(
    endpoint: Endpoint, name: str, blob: bytes, kind: str, fault: str
) -> UnknownHostKeyException:
    shown = f"it shows {kind} {fingerprint(blob)}"
    if not endpoint.settings.load_known_hosts:
        text = (
            f"the host key of {name} cannot be checked ({shown}), because property "
            "loadKnownHosts=false leaves nothing to compare it with; to connect without any "
            "check set strictHostKeyChecking=false as well"
        )
    else:
        certificate = f" (its certificate does not count: {fault})" if fault else ""
        text = (
            f"the host key of {name} is not known: {shown}{certificate}{_unasked(endpoint)}; if "
            f"that is the right one, accept it by: {_accepting_command(endpoint, name, kind, blob)}"
        )
    return UnknownHostKeyException.because(text, host=str(endpoint))


def _unasked(endpoint: Endpoint) -> str:
    command = endpoint.config.known_hosts_command
    return " (KnownHostsCommand of the SSH configuration is not asked here)" if command else ""


def _accepting_command(endpoint: Endpoint, name: str, kind: str, blob: bytes) -> str:
    config = endpoint.config
    files = config.user_known_hosts or ("~/.ssh/known_hosts",)
    file = shlex.quote(files[0])
    reachable = endpoint.gateway is None and not config.proxy_command
    if reachable and not config.host_key_alias:
        kinds = {"ssh-rsa": "rsa", "ssh-ed25519": "ed25519"}.get(kind, "ecdsa")
        port = ["-p", str(config.port)] if config.port != 22 else []
        return f"{shlex.join(['ssh-keyscan', '-t', kinds, *port, config.hostname])} >> {file}"
    line = f"{name} {kind} {base64.b64encode(blob).decode()}"
    return f"echo {shlex.quote(line)} >> {file}"


def _remember(endpoint: Endpoint, name: str, kind: str, blob: bytes) -> None:
    """Append an accepted key, so that a change is noticed from now on."""
    files = endpoint.config.user_known_hosts
    if not endpoint.settings.load_known_hosts or not files:
        return
    try:
        append_known_host(files[0], name, kind, blob, hashed=endpoint.config.hash_known_hosts)
    except OSError as error:
        _log.warning("the host key of %s cannot be stored in %s: %s", name, files[0], error)
    else:
        _log.info("host key of %s (%s) added to %s", name, fingerprint(blob), files[0])
