"""One open file system per place and user, for all fsspec objects of the process.

fsspec keeps its objects for ever, one per thread and set of arguments, and hands them to forked and
to other processes. So they hold no connection themselves but a ``Connection``, which makes a file
system when it is first needed, and another one after a fork, or when the old one was closed.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from xenon_py.engine.creation import make_target
from xenon_py.exceptions import InvalidCredentialException
from xenon_py.filesystem import FileSystem
from xenon_py.model.credentials import (
    CertificateCredential,
    Credential,
    CredentialMap,
    DefaultCredential,
    KeytabCredential,
    PasswordCredential,
)


@dataclass(frozen=True)
class Login:
    """Who one is, by the names of secrets and not by the secrets: this can be pickled.

    Attributes:
        username: name on the server.
        password_env: environment variable with the password (S3: the secret access key).
        certfile: private key file.
        passphrase_env: environment variable with the passphrase of the key file.
        credential: a credential itself, instead of the others.
    """

    username: str = ""
    password_env: str = ""
    certfile: str = ""
    passphrase_env: str = ""
    credential: Credential | None = field(default=None)

    def __post_init__(self) -> None:
        names = (self.username, self.password_env, self.certfile, self.passphrase_env)
        if self.credential is not None and any(names):
            raise InvalidCredentialException.because(
                "give either credential, or username with password_env or certfile"
            )
        if self.password_env and self.certfile:
            raise InvalidCredentialException.because("give password_env or certfile, not both")

    @property
    def kind(self) -> Credential:
        """A credential of the class that it will be, without secrets."""
        if self.credential is not None:
            return self.credential
        if self.password_env:
            return PasswordCredential(username=self.username)
        if self.certfile:
            return CertificateCredential(username=self.username, certfile=self.certfile)
        return DefaultCredential(username=self.username)

    def credential_now(self) -> Credential:
        """Return the credential, its secrets read from the environment.

        Raises:
            InvalidCredentialException: a variable is not set.
        """
        if self.credential is None and self.password_env:
            return PasswordCredential(username=self.username, password=_secret(self.password_env))
        if self.credential is None and self.certfile:
            return CertificateCredential(
                username=self.username,
                certfile=self.certfile,
                passphrase=_secret(self.passphrase_env) if self.passphrase_env else "",
            )
        return self.kind


def _secret(name: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        raise InvalidCredentialException.because(
            f"the environment variable {name} is not set; the password is expected in it"
        ) from None


class Connection:
    """Gives an open file system, whatever happened to the last one.

    Args:
        adaptor: name of the adaptor.
        location: location string.
        properties: of the adaptor.
        login: who one is.
        given: a file system of the user's, to be used as long as it is open, and never made anew
            in this process.
    """

    def __init__(
        self,
        adaptor: str,
        location: str,
        properties: Mapping[str, str],
        login: Login,
        given: FileSystem | None = None,
    ) -> None:
        self._arguments = (adaptor, location, dict(properties))
        self._login = login
        self._given = given
        self._current = None if given is None else (os.getpid(), given)
        self.lock = threading.Lock()
        if given is None:
            description = FileSystem.get_adaptor_description(adaptor)
            make_target(description, location, login.kind, properties)
        _all.add(self)

    def get(self) -> FileSystem:
        """Return the file system, connected now if need be."""
        found = self._usable()
        if found is not None:
            return found
        with self.lock:
            return self._usable() or self._connect()

    def _usable(self) -> FileSystem | None:
        """Return the file system of this process, unless it is of no use any more."""
        if self._current is None or self._current[0] != os.getpid():
            return None
        found = self._current[1]
        return found if found is self._given or found.is_open() else None

    def _connect(self) -> FileSystem:
        if self._current is not None:
            _parents.append(self._current)
        adaptor, location, properties = self._arguments
        credential = self._login.credential_now()
        argument = next(name for kind, name in _ARGUMENTS if isinstance(credential, kind))
        made = FileSystem.create(adaptor, location, properties, **{argument: credential})  # type: ignore[arg-type]
        self._current = (os.getpid(), made)
        return made

    def close(self) -> None:
        """Close the file system; the next ``get`` makes another one, except of a given one."""
        with self.lock:
            found = self._usable()
            if found is not None:
                found.close()


_ARGUMENTS: tuple[tuple[type, str], ...] = (
    (PasswordCredential, "password_credential"),
    (CertificateCredential, "certificate_credential"),
    (DefaultCredential, "default_credential"),
    (KeytabCredential, "keytab_credential"),
    (CredentialMap, "credential_map"),
)
_all: weakref.WeakSet[Connection] = weakref.WeakSet()
_shared: dict[Hashable, Connection] = {}
_shared_lock = threading.Lock()
# What a forked child inherits is never used and never freed there: freeing it could speak to the
# parent's server.
_parents: list[object] = []


def shared_connection(
    adaptor: str, location: str, properties: Mapping[str, str], login: Login
) -> Connection:
    """Return the connection of this process for these arguments."""
    key = (adaptor, location, frozenset(properties.items()), login)
    with _shared_lock:
        found = _shared.get(key)
        if found is None:
            found = _shared[key] = Connection(adaptor, location, properties, login)
        return found


def _after_fork() -> None:
    global _shared_lock  # noqa: PLW0603  # a thread of the parent may have held it
    _shared_lock = threading.Lock()
    for connection in list(_all):
        connection.lock = threading.Lock()


def _at_exit() -> None:
    for connection in list(_shared.values()):
        connection.close()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
