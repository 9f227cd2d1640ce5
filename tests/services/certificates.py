"""The TLS certificate of the test servers: self-signed, for localhost and 127.0.0.1."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from services.state import locked, make_directory, state_directory

PACKAGES = ("openssl",)


@dataclass(frozen=True)
class Certificate:
    """Files in PEM format."""

    certificate: Path  # for clients to trust, too
    key: Path


def location() -> Certificate:
    """Where the certificate of all servers of this state directory is, once it is made."""
    at = state_directory() / "tls"
    return Certificate(at / "server.crt", at / "server.key")


def certificate() -> Certificate:
    """The certificate of all servers of this state directory, made if it is missing."""
    made = location()
    with locked(make_directory(made.key.parent) / "lock"):
        if not made.certificate.exists():
            subprocess.run(
                [
                    *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650"),
                    *("-subj", "/CN=localhost"),
                    *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
                    *("-keyout", str(made.key), "-out", f"{made.certificate}.new"),
                ],
                check=True,
                capture_output=True,
            )
            made.key.chmod(0o600)
            Path(f"{made.certificate}.new").rename(made.certificate)
    return made
