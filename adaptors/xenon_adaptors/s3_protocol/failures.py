"""From S3's error codes and botocore's exceptions to the exceptions of this library."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from botocore import exceptions as b
from botocore.parsers import ResponseParserError

from xenon_py.exceptions import (
    AuthenticationException,
    ConnectionLostException,
    CredentialNotFoundException,
    InvalidLocationException,
    InvalidPathException,
    NoSpaceException,
    NoSuchPathException,
    NotConnectedException,
    PermissionDeniedException,
    UnsupportedOperationException,
    VerificationException,
    XenonException,
)
from xenon_py.plugin.greetings import foreign_greeting
from xenon_py.plugin.trust import tls_advice

_CODES: dict[str, tuple[type[XenonException], str]] = {
    **dict.fromkeys(("NoSuchKey", "NotFound", "404"), (NoSuchPathException, "path does not exist")),
    "NoSuchBucket": (NoSuchPathException, "the bucket does not exist"),
    "InvalidBucketName": (InvalidLocationException, "the bucket cannot have this name"),
    **dict.fromkeys(
        ("AccessDenied", "AllAccessDisabled", "403", "Forbidden"),
        (PermissionDeniedException, "the server forbids it"),
    ),
    "InvalidObjectState": (
        PermissionDeniedException,
        "the object is in an archive and must be restored first",
    ),
    **dict.fromkeys(
        ("InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthorizationHeaderMalformed"),
        (AuthenticationException, "the server does not accept the access key or its secret"),
    ),
    **dict.fromkeys(
        ("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"),
        (AuthenticationException, "the credentials have expired"),
    ),
    **dict.fromkeys(
        ("InvalidToken", "InvalidSecurity", "MissingSecurityHeader"),
        (AuthenticationException, "the server does not accept the session token"),
    ),
    "RequestTimeTooSkewed": (
        AuthenticationException,
        "the clocks of this machine and of the server differ too much",
    ),
    **dict.fromkeys(
        (
            "PermanentRedirect",
            "TemporaryRedirect",
            "301",
            "307",
            "IllegalLocationConstraintException",
        ),
        (InvalidLocationException, "the bucket is elsewhere: the location must name its region"),
    ),
    **dict.fromkeys(
        ("KeyTooLongError", "414"), (InvalidPathException, "the path is too long for the server")
    ),
    **dict.fromkeys(
        ("QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "507"),
        (NoSpaceException, "the server has no space left, or the quota is used up"),
    ),
    **dict.fromkeys(
        ("EntityTooLarge", "413"), (NoSpaceException, "it is larger than the server takes")
    ),
    **dict.fromkeys(
        ("BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody", "InvalidDigest"),
        (VerificationException, "what arrived at the server is not what was sent"),
    ),
    **dict.fromkeys(
        ("NotImplemented", "MethodNotAllowed", "501", "405"),
        (UnsupportedOperationException, "the server cannot do this"),
    ),
    **dict.fromkeys(
        ("SlowDown", "ServiceUnavailable", "503", "429"),
        (XenonException, "the server is overloaded and still refuses after several tries"),
    ),
    **dict.fromkeys(
        ("PreconditionFailed", "412"),
        (VerificationException, "the object is another one than it was before"),
    ),
}
_LIBRARY: tuple[tuple[type[Exception], type[XenonException], str], ...] = (
    (b.ProfileNotFound, CredentialNotFoundException, "there is no such profile"),
    (
        b.NoCredentialsError,
        AuthenticationException,
        "no credentials: give a PasswordCredential, set up boto3's own, or set s3.anonymous=true",
    ),
    (b.PartialCredentialsError, AuthenticationException, "the credentials found are incomplete"),
    (b.SSLError, NotConnectedException, "the server's certificate is not trusted, or TLS failed"),
    (b.EndpointConnectionError, NotConnectedException, "the server cannot be reached"),
    (b.ConnectTimeoutError, NotConnectedException, "the server did not answer in time"),
    (b.ProxyConnectionError, NotConnectedException, "the proxy cannot be reached"),
    (b.HTTPClientError, ConnectionLostException, "the connection was lost"),
)


def failure(
    code: str, path: str, *, status: int = 0, message: str = "", region: str = ""
) -> XenonException:
    """Return the exception that an answer of the server stands for.

    Args:
        code: S3's error code, or the status as text where there is none.
        path: concerned.
        status: of HTTP.
        message: of the server.
        region: where the server says the bucket is.
    """
    cls, text = _CODES.get(code) or _CODES.get(str(status)) or (XenonException, "")
    text = text or "the server answers with an error"
    if region:
        text += f"; the bucket is in {region}"
    told = f"{code}, status {status}" if code != str(status) else f"status {status}"
    return cls.because(f"{text}: {path!r} ({told}){': ' + message if message else ''}", path=path)


def of_library(error: Exception, path: str) -> XenonException:
    """Return our exception for one of botocore's."""
    if isinstance(error, b.ClientError):
        found = error.response.get("Error", {})
        answer = error.response.get("ResponseMetadata", {})
        region = answer.get("HTTPHeaders", {}).get("x-amz-bucket-region", "")
        status = answer.get("HTTPStatusCode", 0)
        code, message = str(found.get("Code", status)), str(found.get("Message", ""))
        wrong_region = 300 <= status < 400
        return failure(
            code, path, status=status, message=message, region=region if wrong_region else ""
        )
    if said := foreign_greeting(error):
        return NotConnectedException.because(f"there is no S3 server: {said}", path=path)
    for theirs, ours, text in _LIBRARY:
        if isinstance(error, theirs):
            advice = tls_advice(error, "s3.caFile")
            return ours.because(f"{text}: {path!r} ({error}){advice}", path=path)
    if isinstance(error, (b.CredentialRetrievalError, b.UnauthorizedSSOTokenError)):
        return AuthenticationException.because(f"no credentials can be had: {error}", path=path)
    return XenonException.because(f"boto3 failed: {error}", path=path)


def told(answer: Mapping[str, Any], name: str, path: str) -> str:
    """Return what an answer, as botocore read it, has under a name.

    Raises:
        XenonException: nothing; a login page, say, is read as an answer with nothing in it.
    """
    try:
        return str(answer[name])
    except KeyError:
        raise XenonException.because(
            f"the server does not answer as S3 does: there is no {name} for {path!r}", path=path
        ) from None


@contextlib.contextmanager
def translated(path: str) -> Iterator[None]:
    """Turn botocore's exceptions into ours."""
    try:
        yield
    except (b.ClientError, b.BotoCoreError, ResponseParserError) as error:
        raise of_library(error, path) from error
