"""Who one is towards a server. Secrets never show in ``repr``, ``str`` or pickles."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from xenon_py.exceptions import (
    CredentialNotFoundException,
    IllegalArgumentException,
    InvalidCredentialException,
)

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True)
class Challenge:
    """What a server asks in keyboard-interactive authentication (RFC 4256).

    Attributes:
        host: the server that asks.
        title: its title, may be empty.
        instructions: its instructions, may be empty.
        prompts: pairs of prompt text and whether the answer may be shown while it is typed.
    """

    host: str
    title: str
    instructions: str
    prompts: tuple[tuple[str, bool], ...]


ChallengeCallback = Callable[[Challenge], Sequence[str]]


class _Secret:
    """A credential that must not leave the process."""

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise InvalidCredentialException.because(
            f"a {type(self).__name__} holds a secret and is not pickled; "
            "pass the name of a file or environment variable and make it anew on the other side"
        )


def _check_text(owner: object, **fields: object) -> None:
    for name, value in fields.items():
        if not isinstance(value, str):
            raise IllegalArgumentException.because(
                f"{type(owner).__name__}.{name} must be a str, not {type(value).__name__}"
            )
        if "\0" in value:
            raise IllegalArgumentException.because(f"{type(owner).__name__}.{name} holds NUL")


@dataclass(frozen=True, kw_only=True)
class DefaultCredential:
    """The user's own means: keys and agent for SSH, anonymous for FTP, boto3's chain for S3.

    Attributes:
        username: name on the server; empty = that of the SSH configuration, or the local user.
        on_challenge: answers keyboard-interactive questions such as one-time codes (SSH only).
    """

    username: str = ""
    on_challenge: ChallengeCallback | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_text(self, username=self.username)


@dataclass(frozen=True, kw_only=True)
class CertificateCredential(_Secret):
    """A private key file (OpenSSH or PEM), with a certificate beside it where there is one.

    Attributes:
        certfile: path of the private key on this machine.
        passphrase: of the key; empty = none.
        username: name on the server.
        on_challenge: answers keyboard-interactive questions such as one-time codes.
    """

    certfile: str = ""
    passphrase: str = field(default="", repr=False)
    username: str = ""
    on_challenge: ChallengeCallback | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_text(
            self, certfile=self.certfile, passphrase=self.passphrase, username=self.username
        )


@dataclass(frozen=True, kw_only=True)
class PasswordCredential(_Secret):
    """A name and a password (for S3: access key id and secret access key).

    Attributes:
        username: name on the server.
        password: the password.
        on_challenge: answers keyboard-interactive questions that are not the password (SSH only).
    """

    username: str = ""
    password: str = field(default="", repr=False)
    on_challenge: ChallengeCallback | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_text(self, username=self.username, password=self.password)


@dataclass(frozen=True, kw_only=True)
class KeytabCredential(_Secret):
    """A Kerberos keytab; kept for PyXenon's sake, no adaptor takes it."""

    username: str = ""
    keytabfile: str = ""

    def __post_init__(self) -> None:
        _check_text(self, username=self.username, keytabfile=self.keytabfile)


SimpleCredential = CertificateCredential | PasswordCredential | DefaultCredential | KeytabCredential


def _only_one(owner: str, values: Mapping[str, object]) -> Any:
    given = {name: value for name, value in values.items() if value is not None}
    if len(given) > 1:
        raise InvalidCredentialException.because(
            f"{owner} takes one credential, got {' and '.join(sorted(given))}"
        )
    for name, value in given.items():
        expected = _FIELD_TYPES[name]
        if not isinstance(value, expected):
            raise IllegalArgumentException.because(
                f"{name} must be a {expected.__name__}, not {type(value).__name__}"
            )
    return next(iter(given.values()), None)


@dataclass(frozen=True, kw_only=True)
class UserCredential(_Secret):
    """Exactly one credential: an entry of a ``CredentialMap``."""

    certificate_credential: CertificateCredential | None = None
    password_credential: PasswordCredential | None = None
    default_credential: DefaultCredential | None = None
    keytab_credential: KeytabCredential | None = None

    def __post_init__(self) -> None:
        _only_one("UserCredential", vars(self))

    @property
    def credential(self) -> SimpleCredential:
        """The one that is set; ``DefaultCredential()`` when none is."""
        found: SimpleCredential | None = _only_one("UserCredential", vars(self))
        return DefaultCredential() if found is None else found


@dataclass(frozen=True, kw_only=True)
class CredentialMap(_Secret):
    """Credentials per host, for locations with ``via:`` hops.

    Attributes:
        entries: ``host:port`` or ``host`` -> ``UserCredential`` (or one of the simple ones).
        certificate_credential: this or one of the next three at most, for hosts that have no entry.
        password_credential: likewise.
        default_credential: likewise.
        keytab_credential: likewise.
    """

    entries: Mapping[str, UserCredential | SimpleCredential] = field(
        default_factory=dict, hash=False
    )
    certificate_credential: CertificateCredential | None = None
    password_credential: PasswordCredential | None = None
    default_credential: DefaultCredential | None = None
    keytab_credential: KeytabCredential | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.entries, Mapping):
            raise IllegalArgumentException.because("CredentialMap.entries must be a mapping")
        for host, entry in self.entries.items():
            _check_text(self, entries=host)
            if not isinstance(entry, (UserCredential, *_FIELD_TYPES.values())):
                raise IllegalArgumentException.because(
                    f"CredentialMap.entries[{host!r}] must be a credential, "
                    f"not {type(entry).__name__}"
                )
        _only_one("CredentialMap", self._fallbacks())

    def _fallbacks(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in _FIELD_TYPES}

    @property
    def fallback(self) -> SimpleCredential | None:
        """The credential for hosts that have no entry, or ``None``."""
        found: SimpleCredential | None = _only_one("CredentialMap", self._fallbacks())
        return found

    def lookup(self, host: str, port: int) -> SimpleCredential:
        """Return the credential for a host: ``host:port`` first, then ``host``, then the fallback.

        Raises:
            CredentialNotFoundException: there is none of the three.
        """
        entry = self.entries.get(f"{host}:{port}") or self.entries.get(host)
        if isinstance(entry, UserCredential):
            return entry.credential
        if entry is not None:
            return entry
        fallback = self.fallback
        if fallback is None:
            raise CredentialNotFoundException.because(
                f"the credential map has no entry for {host}:{port} or {host}, and no fallback; "
                f"it has: {', '.join(sorted(self.entries)) or 'nothing'}",
                host=f"{host}:{port}",
            )
        return fallback


Credential = SimpleCredential | CredentialMap

_FIELD_TYPES: dict[str, type[Any]] = {
    "certificate_credential": CertificateCredential,
    "password_credential": PasswordCredential,
    "default_credential": DefaultCredential,
    "keytab_credential": KeytabCredential,
}


def credential_for(credential: Credential, host: str, port: int) -> SimpleCredential:
    """Return the credential to use towards one host, whatever kind was given.

    Raises:
        CredentialNotFoundException: a map that has none for it.
    """
    return credential.lookup(host, port) if isinstance(credential, CredentialMap) else credential


def choose_credential(
    *,
    certificate_credential: CertificateCredential | None = None,
    password_credential: PasswordCredential | None = None,
    default_credential: DefaultCredential | None = None,
    credential_map: CredentialMap | None = None,
    keytab_credential: KeytabCredential | None = None,
) -> Credential:
    """Return the one credential among the arguments of ``create``, by default the user's own.

    Raises:
        InvalidCredentialException: more than one is given.
        IllegalArgumentException: an argument is not of its class.
    """
    if credential_map is not None and not isinstance(credential_map, CredentialMap):
        raise IllegalArgumentException.because(
            f"credential_map must be a CredentialMap, not {type(credential_map).__name__}"
        )
    simple = {
        "certificate_credential": certificate_credential,
        "password_credential": password_credential,
        "default_credential": default_credential,
        "keytab_credential": keytab_credential,
    }
    given = [name for name, value in simple.items() if value is not None]
    if credential_map is not None and given:
        raise InvalidCredentialException.because(
            f"give one credential, not credential_map and {' and '.join(given)}"
        )
    chosen: SimpleCredential | None = _only_one("create", simple)
    return credential_map or chosen or DefaultCredential()


def current_user() -> str:
    """Return the name of the user who runs this process; the number where there is no name."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
