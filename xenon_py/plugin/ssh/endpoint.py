"""From a location to the chain of hosts that leads to it, each with its own settings."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Hashable
from dataclasses import dataclass, field

from xenon_py.exceptions import (
    CredentialNotFoundException,
    InvalidCredentialException,
    InvalidLocationException,
    NotConnectedException,
)
from xenon_py.model.credentials import (
    CertificateCredential,
    Credential,
    CredentialMap,
    DefaultCredential,
    PasswordCredential,
    SimpleCredential,
    credential_for,
)
from xenon_py.model.location import Hop, Location
from xenon_py.plugin.ssh.auth import check_credential
from xenon_py.plugin.ssh.config import HostConfig, host_config
from xenon_py.plugin.ssh.settings import SshSettings

_MAX_HOPS = 16
_SALT = os.urandom(16)


@dataclass(frozen=True)
class Endpoint:
    """A host, how to get in, and the host in front of it.

    Attributes:
        config: what the SSH configuration says, with what the location says over it.
        credential: a simple one.
        settings: the adaptor's properties.
        gateway: the host to go through, or ``None``.
    """

    config: HostConfig
    credential: SimpleCredential = field(repr=False)
    settings: SshSettings
    gateway: Endpoint | None = None

    def __str__(self) -> str:
        return f"{self.config.hostname}:{self.config.port}"

    def identity(self) -> Hashable:
        """Return a key that is equal for two endpoints iff they can share a connection."""
        before = self.gateway.identity() if self.gateway else None
        return (self.config, _fingerprint(self.credential), self.settings, before)


def _fingerprint(credential: SimpleCredential) -> Hashable:
    """Return a key for a credential that holds no secret, only a salted hash of it."""
    secret, name = "", ""
    if isinstance(credential, PasswordCredential):
        secret = credential.password
    elif isinstance(credential, CertificateCredential):
        secret, name = credential.passphrase, os.path.abspath(credential.certfile)
    digest = hashlib.blake2b(secret.encode("utf-8", "surrogatepass"), key=_SALT).digest()
    callback = getattr(credential, "on_challenge", None)
    return (type(credential).__name__, name, digest, callback)


def resolve(location: Location, credential: Credential, settings: SshSettings) -> Endpoint:
    """Return the endpoint that a location names, with its gateways.

    ``via:`` hops come first, then those of ProxyJump, which count only where no ``via:`` says
    otherwise. A credential that is no map is used for the ``via:`` hops too; for hosts that only
    the SSH configuration names, an entry of the map or else the user's own keys.

    Raises:
        InvalidLocationException: the location names no host.
        InvalidCredentialException: a credential of a kind that SSH has no use for, or one for
            another user than the location names.
        CredentialNotFoundException: the map has none for one of the hosts.
        NotConnectedException: the SSH configuration is faulty.
    """
    if location.target is None:
        raise InvalidLocationException.because(f"location {location.text!r} names no host")
    endpoint: Endpoint | None = None
    for hop in (*location.hops, location.target):
        endpoint = _endpoint(hop, credential, settings, endpoint, 0)
    assert endpoint is not None
    return endpoint


def _endpoint(
    hop: Hop, credential: Credential, settings: SshSettings, gateway: Endpoint | None, depth: int
) -> Endpoint:
    config = host_config(hop, hop.user, settings)
    simple = credential_for(credential, hop.host, hop.port or config.port)
    check_credential(simple)
    if simple.username and simple.username != config.user:
        if hop.user:
            raise InvalidCredentialException.because(
                f"the location says user {hop.user!r}, the credential {simple.username!r}",
                host=str(hop),
            )
        config = host_config(hop, simple.username, settings)
    if gateway is None:
        for jump in config.proxy_jump:
            gateway = _jump(jump, credential, settings, gateway, depth + 1)
    return Endpoint(config, simple, settings, gateway)


def _jump(
    hop: Hop, credential: Credential, settings: SshSettings, gateway: Endpoint | None, depth: int
) -> Endpoint:
    if depth > _MAX_HOPS:
        raise NotConnectedException.because(
            f"ProxyJump in the SSH configuration leads in a circle at {hop}", host=str(hop)
        )
    return _endpoint(hop, _jump_credential(hop, credential), settings, gateway, depth)


def _jump_credential(hop: Hop, credential: Credential) -> Credential:
    """A secret given for one host is not sent to another one that the user did not name."""
    if isinstance(credential, CredentialMap):
        try:
            return credential.lookup(hop.host, hop.port or 22)
        except CredentialNotFoundException:
            return DefaultCredential()
    return DefaultCredential()
