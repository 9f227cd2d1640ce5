"""The file of CA certificates that an adaptor with TLS takes as a property, and advice on TLS."""

from __future__ import annotations

import ssl

from xenon_py.exceptions import InvalidPropertyException
from xenon_py.model.properties import Properties


def ca_file(properties: Properties, name: str) -> str:
    """Return the file that a property names, or ``""`` for the usual certificates.

    It is read here once, as the libraries below tell a missing file as a lost connection, and only
    when the first request is made.

    Args:
        properties: of the adaptor.
        name: short name of the property, such as ``webdav.caFile``.

    Raises:
        InvalidPropertyException: the file cannot be read, or holds no certificate.
    """
    file = properties.text(name)
    if not file:
        return ""
    try:
        ssl.create_default_context(cafile=file)
    except OSError as error:  # an SSLError is one
        raise InvalidPropertyException.because(
            f"property {name} names no usable file of CA certificates (PEM): {file!r}: "
            f"{error.strerror or error}"
        ) from error
    return file


def tls_advice(reason: object, name: str) -> str:
    """Return what to do about a TLS connection that failed, as the end of a sentence, or ``""``.

    Args:
        reason: what OpenSSL said.
        name: short name of the property with the CA certificates.
    """
    told = str(reason).upper().replace(" ", "_")
    if "CERTIFICATE_VERIFY_FAILED" in told:
        return f"; if this is the right server, name its CA certificates by the property {name}"
    if "WRONG_VERSION_NUMBER" in told:
        return "; the server does not speak TLS on this port"
    return ""
