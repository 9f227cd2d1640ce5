"""From a location to an fsspec file system of our own, which no cache of fsspec knows."""

from __future__ import annotations

import difflib
import inspect
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from fsspec import available_protocols, get_filesystem_class
from fsspec.asyn import AsyncFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.dirfs import DirFileSystem
from fsspec.utils import tokenize

from xenon_adaptors.fsspec_protocol.failures import Failures
from xenon_py.exceptions import (
    InvalidCredentialException,
    InvalidLocationException,
    InvalidPropertyException,
    MissingDependencyException,
)
from xenon_py.model.credentials import PasswordCredential
from xenon_py.plugin.target import Target

Backend = Any
"""An ``fsspec.AbstractFileSystem``; fsspec has no types."""

_LOGINS = {
    "s3": ("key", "secret"),
    "s3a": ("key", "secret"),
    "sftp": ("username", "password"),  # it hands them on to paramiko
    "ssh": ("username", "password"),
}
_USERS = frozenset({"username", "user"})
_SHOWN = _USERS | {  # options whose values are places and names, which messages are to tell
    *("fo", "path", "host", "org", "repo", "ref", "mode", "endpoint_url", "base_url"),
    *("protocol", "target_protocol", "remote_protocol", "cache_storage"),
}
_GENERAL = frozenset(inspect.signature(AsyncFileSystem.__init__).parameters) | {
    *("use_listings_cache", "listings_expiry_time", "max_paths", "default_block_size"),
    *("skip_instance_cache", "auto_mkdir"),
}
_TEXTS = _USERS | {"password", "passwd", "passphrase", "key", "secret", "token"}


class Opened(NamedTuple):
    """A new fsspec file system.

    Attributes:
        backend: the file system.
        start: what the location leads to, in the backend's way of writing paths.
        failures: translates its exceptions.
        token: equal for two that see the same files; shows no secrets.
    """

    backend: Backend
    start: str
    failures: Failures
    token: str


def open_backend(target: Target) -> Opened:
    """Open what a location names.

    Raises:
        InvalidLocationException: fsspec knows no such protocol.
        MissingDependencyException: the protocol needs a package that is not installed.
        InvalidPropertyException: the implementation does not take the options.
        InvalidCredentialException: it does not take a password, as far as is known.
    """
    url = _url(target)
    options = _options(target.properties.family("fsspec.options"))
    secrets = list(_secrets("", options))
    innermost = url.split("::")[-1].partition("://")[0]
    implementation = _implementation(innermost)
    if "::" not in url:
        _check_names(options, implementation)
    login = _login(target, implementation, innermost)
    if login:
        options = {**options, innermost: {**options.get(innermost, {}), **login}}
    if isinstance(target.credential, PasswordCredential):
        secrets.append(target.credential.password)
    failures = Failures(tuple(secrets))
    with failures.told(), _refused_options():
        backend, start = url_to_fs(url, skip_instance_cache=True, **options)
    if isinstance(backend, DirFileSystem):  # its paths begin at its directory, not above
        start = ""
    token = tokenize(url.partition("://")[0], type(backend).__name__, backend.storage_options)
    return Opened(backend, start, failures, token)


def _url(target: Target) -> str:
    text = target.location.text
    protocol = target.properties.text("fsspec.protocol")
    if "://" not in text and "::" not in text:
        return f"{protocol or text}://"
    return protocol + text[text.index(":") :] if protocol else text


def _implementation(protocol: str) -> type[Backend]:
    try:
        found: type[Backend] = get_filesystem_class(protocol)
    except ValueError as error:
        near = difflib.get_close_matches(protocol, available_protocols(), 1)
        hint = f"do you mean {near[0]!r}?" if near else "a location is protocol://…"
        raise InvalidLocationException.because(
            f"fsspec knows no protocol {protocol!r}; {hint}"
        ) from error
    except ImportError as error:
        raise MissingDependencyException.because(
            f"the protocol {protocol!r} needs another package: {error}"
        ) from error
    return found


def _check_names(options: Mapping[str, Any], implementation: type[Backend]) -> None:
    """Refuse options that are nearly the name of one that an implementation has.

    Most implementations pass over what they do not know, or hand it on to a library of theirs.

    Raises:
        InvalidPropertyException: there is such a name.
    """
    known = _GENERAL | set(inspect.signature(implementation.__init__).parameters)
    for name in sorted(set(options) - known):
        near = difflib.get_close_matches(name, known, 1, 0.85)
        if near:
            raise InvalidPropertyException.because(
                f"{implementation.__name__} of fsspec has no option {name!r}; "
                f"do you mean fsspec.options.{near[0]}?"
            )


def _options(given: dict[str, str]) -> dict[str, Any]:
    return {name: option_value(name, text) for name, text in given.items()}


def option_value(name: str, text: str) -> Any:
    """Return what the text of an option stands for: JSON where it is some, else the text itself.

    Names that are known to take text (``password``, ``token``, …) always get it.
    """
    if name in _TEXTS:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _secrets(name: str, value: Any) -> Iterator[str]:
    """Yield what must not be shown of an option: it may be nested. ``1`` is no secret."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _secrets(str(key), inner)
    elif isinstance(value, str) and name not in _SHOWN and (name in _TEXTS or len(value) > 5):
        yield value


def _login(target: Target, implementation: type[Backend], protocol: str) -> dict[str, str]:
    """Return the credential as options of the implementation.

    A user name alone is left out where there is nobody to tell it.
    """
    credential = target.credential
    user = getattr(credential, "username", "")
    names = _LOGINS.get(protocol) or _named_login(implementation)
    if isinstance(credential, PasswordCredential):
        if names is None:
            raise InvalidCredentialException.because(
                f"it is not known how to hand a password to the protocol {protocol!r}; give what "
                "its implementation takes as properties fsspec.options.<name>"
            )
        return {names[0]: user, names[1]: credential.password}
    return {names[0]: user} if user and names else {}


def _named_login(implementation: type[Backend]) -> tuple[str, str] | None:
    taken = inspect.signature(implementation.__init__).parameters
    for names in (("username", "password"), ("user", "password")):
        if all(name in taken for name in names):
            return names
    return None


@contextmanager
def _refused_options() -> Iterator[None]:
    """Tell a ``TypeError`` of a constructor as what it is: an option that it does not take."""
    try:
        yield
    except TypeError as error:
        raise InvalidPropertyException.because(
            f"the implementation does not take these properties fsspec.options.<name>: {error}"
        ) from error
