"""Host certificates (OpenSSH's PROTOCOL.certkeys): may this one vouch for that host, now?"""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING

from xenon_py.plugin.ssh.host_keys import blob_type

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization import SSHCertificate

_SUFFIX = "-cert-v01@openssh.com"


def is_certificate(blob: bytes) -> bool:
    """Tell whether a host key is a certificate."""
    return blob_type(blob).endswith(_SUFFIX)


def certificate_fault(blob: bytes, host: str, authorities: set[bytes]) -> str:
    """Return why a certificate is not good for a host; ``""`` when it is.

    Args:
        blob: the certificate as the server showed it.
        host: name of the host without its port, or its HostKeyAlias.
        authorities: key blobs of those that may sign for this host.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        SSHCertificate,
        load_ssh_public_identity,
    )

    try:
        identity = load_ssh_public_identity(f"{blob_type(blob)} ".encode() + base64.b64encode(blob))
        if not isinstance(identity, SSHCertificate):
            return "it is no certificate"
        if _authority_blob(identity) not in authorities:
            return "its authority is not among the known ones"
        identity.verify_cert_signature()
    except (ValueError, UnsupportedAlgorithm) as error:
        return f"it cannot be read ({error})"
    except InvalidSignature:
        return "its signature is wrong"
    return _content_fault(identity, host)


def authority_of(blob: bytes) -> bytes:
    """Return the key of the authority that signed a certificate; ``b""`` = it cannot be read."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        SSHCertificate,
        load_ssh_public_identity,
    )

    try:
        identity = load_ssh_public_identity(f"{blob_type(blob)} ".encode() + base64.b64encode(blob))
        return _authority_blob(identity) if isinstance(identity, SSHCertificate) else b""
    except (ValueError, UnsupportedAlgorithm):
        return b""


def _authority_blob(certificate: SSHCertificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = certificate.signature_key()
    return base64.b64decode(key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1])


def _content_fault(certificate: SSHCertificate, host: str) -> str:
    from cryptography.hazmat.primitives.serialization import SSHCertificateType

    from xenon_py.plugin.ssh.host_keys import matches_names

    now = time.time()
    if certificate.type is not SSHCertificateType.HOST:
        return "it is a user's certificate"
    if certificate.critical_options:
        return "it has critical options, which no host certificate may have"
    if now < certificate.valid_after:
        return "it is not yet valid"
    if now >= certificate.valid_before:
        return "it has expired"
    principals = [p.decode("utf-8", "replace") for p in certificate.valid_principals]
    if principals and not any(matches_names(p, host) for p in principals):
        return f"it is for {', '.join(principals)}, not for {host}"
    return ""
