"""Private keys from files and from the agent."""

from __future__ import annotations

import io
import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from xenon_py.exceptions import (
    CertificateNotFoundException,
    InvalidCredentialException,
)
from xenon_py.plugin.ssh.host_keys import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable

    import paramiko
    from paramiko.agent import AgentSSH

_CERTIFICATE = "-cert.pub"


@dataclass(frozen=True)
class Candidate:
    """A key to try, and how to call it in a message (never its secret)."""

    key: paramiko.PKey = field(repr=False)
    label: str


def load_key(file: str, passphrase: str = "") -> paramiko.PKey:
    """Return the private key in a file: OpenSSH or PEM, ed25519, ecdsa or rsa, perhaps encrypted.

    Args:
        file: the private key; that of its certificate (``…-cert.pub``) means the same.
        passphrase: of the key; ``""`` = none.

    Raises:
        CertificateNotFoundException: there is no such file.
        InvalidCredentialException: it is no key, or the passphrase is missing or wrong.
    """
    path = os.path.expanduser(file.removesuffix(_CERTIFICATE))
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise CertificateNotFoundException.because(
            f"there is no key file {path}", path=path
        ) from error
    except OSError as error:
        raise InvalidCredentialException.because(
            f"key file {path} cannot be read: {error.strerror}", path=path
        ) from error
    return _parse_key(data, path, passphrase)


def _parse_key(data: bytes, path: str, passphrase: str) -> paramiko.PKey:
    """Parse by cryptography, which knows every format, and hand it to paramiko in one."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization as ser

    load = (
        ser.load_ssh_private_key
        if b"BEGIN OPENSSH PRIVATE KEY" in data
        else ser.load_pem_private_key
    )
    fault = ""
    try:
        loaded = load(data, passphrase.encode() or None)
    except TypeError as error:  # cryptography's way to say that a password lacks, or is too many
        if passphrase and "not encrypted" in str(error):
            return _parse_key(data, path, "")
        fault = "is encrypted and no passphrase was given"
    except (ValueError, UnsupportedAlgorithm):
        fault = "is no private key that can be used, or the passphrase is wrong"
    if fault:
        raise InvalidCredentialException.because(f"key file {path} {fault}", path=path)
    text = loaded.private_bytes(
        ser.Encoding.PEM, ser.PrivateFormat.OpenSSH, ser.NoEncryption()
    ).decode()
    return _as_paramiko(loaded, text, path)


def _as_paramiko(loaded: object, text: str, path: str) -> paramiko.PKey:
    import paramiko
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(loaded, ed25519.Ed25519PrivateKey):
        return paramiko.Ed25519Key.from_private_key(io.StringIO(text))
    if isinstance(loaded, ec.EllipticCurvePrivateKey):
        return paramiko.ECDSAKey.from_private_key(io.StringIO(text))
    if isinstance(loaded, rsa.RSAPrivateKey):
        return paramiko.RSAKey.from_private_key(io.StringIO(text))
    raise InvalidCredentialException.because(
        f"key file {path} holds a key of a kind that is not supported "
        f"({type(loaded).__name__}); use ed25519, ecdsa or rsa",
        path=path,
    )


def with_certificates(
    file: str, passphrase: str, certificate_files: Iterable[str] = ()
) -> list[Candidate]:
    """Return the ways to use a key file: with each certificate that is for it, then bare.

    Args:
        file: the private key.
        passphrase: of the key.
        certificate_files: further certificates; the one beside the key is found by itself.
    """
    path = os.path.expanduser(file.removesuffix(_CERTIFICATE))
    bare = load_key(path, passphrase)
    candidates = []
    for certificate in dict.fromkeys((*certificate_files, path + _CERTIFICATE)):
        if os.path.isfile(certificate):
            key = load_key(path, passphrase)
            if _attach(key, certificate):
                candidates.append(Candidate(key, f"certificate {certificate}"))
    return [*candidates, Candidate(bare, f"key {path}")]


def _attach(key: paramiko.PKey, certificate: str) -> bool:
    """Attach a certificate to its key; tell whether it is one for this key."""
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        SSHCertificate,
        load_ssh_public_identity,
    )

    try:
        identity = load_ssh_public_identity(Path(certificate).read_bytes().strip())
        if not isinstance(identity, SSHCertificate):
            return False
        public = identity.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        if public.split()[1].decode() != key.get_base64():
            return False
        key.load_certificate(certificate)
    except (OSError, ValueError):
        return False
    return True


def open_agent(path: str) -> AgentSSH | None:
    """Connect to the agent; ``None`` when there is none.

    Args:
        path: its socket; ``""`` = that of ``$SSH_AUTH_SOCK``, ``none`` = no agent.
    """
    from paramiko.agent import AgentSSH
    from paramiko.ssh_exception import SSHException

    path = path or os.environ.get("SSH_AUTH_SOCK", "")
    if not path or path == "none":
        return None
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(30)
    agent = AgentSSH()
    try:
        connection.connect(path)
        agent._connect(connection)  # type: ignore[attr-defined]  # noqa: SLF001 - Agent() takes no path
    except (OSError, SSHException):  # a stale socket is as no agent
        connection.close()
        return None
    return agent


def agent_candidates(agent: AgentSSH, only: set[bytes] | None = None) -> list[Candidate]:
    """Return the keys of the agent.

    Args:
        agent: an open one.
        only: blobs of the public keys that may be used; ``None`` = all.
    """
    from paramiko.message import Message
    from paramiko.pkey import PublicBlob

    candidates = []
    for key in agent.get_keys():
        if only is None or key.asbytes() in only:
            if key.get_name().endswith("-cert-v01@openssh.com"):
                key.public_blob = PublicBlob.from_message(Message(key.blob))  # type: ignore[assignment]
            label = f"agent's {key.get_name()} {fingerprint(key.asbytes())}"
            candidates.append(Candidate(key, label))
    return candidates


def public_blob(file: str) -> bytes | None:
    """Return the public key beside a private key file (``…pub``), ``None`` when there is none."""
    import base64

    try:
        words = Path(os.path.expanduser(file) + ".pub").read_bytes().split()
        return base64.b64decode(words[1], validate=True)
    except (OSError, ValueError, IndexError):
        return None
