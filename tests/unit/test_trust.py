"""Files of CA certificates as properties, and what is said about TLS that fails."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from xenon_py import FileSystem, PasswordCredential
from xenon_py import exceptions as e
from xenon_py.plugin.trust import tls_advice

ADAPTORS = [
    ("webdav", "https://127.0.0.1:1/dav", {}),
    ("s3", "https://127.0.0.1:1/bucket", {"s3.anonymous": "true"}),
    ("ftp", "127.0.0.1:1", {"ftp.tls": "explicit"}),
]


@pytest.mark.parametrize(("adaptor", "location", "properties"), ADAPTORS)
@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_of_no_use_is_told_before_connecting(
    adaptor: str, location: str, properties: dict[str, str], content: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(e.InvalidPropertyException, match=rf"{adaptor}\.caFile.*ca\.pem"):
        FileSystem.create(adaptor, location, {**properties, f"{adaptor}.caFile": str(file)})


def test_a_usable_file_is_taken() -> None:
    usual = ssl.get_default_verify_paths().cafile
    if usual is None:
        pytest.skip("this Python names no file of certificates")
    with pytest.raises(e.NotConnectedException):
        FileSystem.create("webdav", "https://127.0.0.1:1/dav", {"webdav.caFile": usual})


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate", "property some.caFile"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", "does not speak TLS"),
        ("[SSL] record layer failure", ""),
    ],
)
def test_advice(reason: str, word: str) -> None:
    found = tls_advice(ssl.SSLError(1, reason), "some.caFile")
    assert word in found
    assert bool(found) == bool(word)


def test_a_password_is_of_no_use_to_the_anonymous() -> None:
    with pytest.raises(e.InvalidCredentialException, match=r"s3\.anonymous"):
        FileSystem.create(
            "s3",
            "http://127.0.0.1:1/bucket",
            {"s3.anonymous": "true"},
            password_credential=PasswordCredential(username="key", password="secret"),
        )
