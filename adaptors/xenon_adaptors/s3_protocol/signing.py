"""Signs requests: AWS Signature Version 4, with a digest of the body in every request.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html. botocore signs as
well but takes four times as long for it, which counts with many small files. The digest of the body
is signed, over https too: its SHA-256, or for the parts of large files the MD5 that goes along
anyway, as both together would cost more than sending them.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from typing import Protocol
from urllib.parse import quote

_ALGORITHM = "AWS4-HMAC-SHA256"
_UNSIGNED = "UNSIGNED-PAYLOAD"


class Keys(Protocol):
    """Credentials at one moment, as botocore has them."""

    access_key: str
    secret_key: str
    token: str | None


class Signer:
    """Makes the headers that tell who asks.

    Args:
        keys: returns the present credentials; they may be renewed from time to time.
        host: name (and port) of the server, as in the header ``Host``.
        region: of the server.
    """

    def __init__(self, keys: Callable[[], Keys], host: str, region: str) -> None:
        self._keys = keys
        self._host = host
        self._region = region
        self._derived: tuple[tuple[str, str], bytes] = (("", ""), b"")

    def sign(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes | None
    ) -> dict[str, str]:
        """Return ``headers`` with those of the signature.

        Args:
            method: of HTTP.
            path: of the URL, encoded.
            query: of the URL, made by ``query_text``.
            headers: further ones to sign; names in small letters.
            body: whole; ``None`` = one that ``Content-MD5`` among the headers stands for.
        """
        keys = self._keys()
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        digest = _UNSIGNED if body is None else hashlib.sha256(body).hexdigest()
        signed = {
            **headers,
            "host": self._host,
            "x-amz-content-sha256": digest,
            "x-amz-date": stamp,
        }
        if keys.token:
            signed["x-amz-security-token"] = keys.token
        ordered = sorted(signed.items())
        names = ";".join(name for name, _ in ordered)
        lines = "".join(f"{name}:{value.strip()}\n" for name, value in ordered)
        request = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{digest}"
        scope = f"{stamp[:8]}/{self._region}/s3/aws4_request"
        hashed = hashlib.sha256(request.encode()).hexdigest()
        text = f"{_ALGORITHM}\n{stamp}\n{scope}\n{hashed}"
        signature = hmac.digest(self._key(keys.secret_key, stamp[:8]), text.encode(), "sha256")
        signed["authorization"] = (
            f"{_ALGORITHM} Credential={keys.access_key}/{scope}, "
            f"SignedHeaders={names}, Signature={signature.hex()}"
        )
        return signed

    def _key(self, secret: str, day: str) -> bytes:
        known, key = self._derived
        if known != (secret, day):
            key = f"AWS4{secret}".encode()
            for part in (day, self._region, "s3", "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._derived = ((secret, day), key)
        return key


def query_text(query: Mapping[str, str]) -> str:
    """Return a query as it stands in the URL, in the order in which it is signed."""
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query.items()
    )
    return "&".join(f"{name}={value}" for name, value in pairs)
