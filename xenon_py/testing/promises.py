"""Checks of what an adaptor declares, the same for both halves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from xenon_py.model.credentials import (
    CertificateCredential,
    DefaultCredential,
    KeytabCredential,
    PasswordCredential,
)
from xenon_py.model.properties import PropertyDescription, PropertyType

CREDENTIALS: dict[str, Callable[[str], tuple[str, object]]] = {
    "CertificateCredential": lambda secret: (
        "certificate_credential",
        CertificateCredential(username="kit", certfile="/no/such/key", passphrase=secret),
    ),
    "PasswordCredential": lambda secret: (
        "password_credential",
        PasswordCredential(username="kit", password=secret),
    ),
    "KeytabCredential": lambda _: (
        "keytab_credential",
        KeytabCredential(username="kit", keytabfile="/no/such/keytab"),
    ),
    "DefaultCredential": lambda _: ("default_credential", DefaultCredential(username="kit")),
}
"""Name of a credential class -> maker of the argument of ``create`` and a value with a secret."""


def check_properties(declared: tuple[PropertyDescription, ...], prefix: str, adaptor: str) -> None:
    """Fail unless the declared properties are well-formed.

    Their names begin with that of the adaptor, or of what it runs commands by: ``ssh``,
    ``local``.
    """
    assert isinstance(declared, tuple)
    seen = [one.name for one in declared]
    assert len(set(seen)) == len(seen), "a property is declared twice"
    for one in declared:
        owner = one.name.removeprefix(prefix).partition(".")[0]
        assert one.name.startswith(prefix), one.name
        assert owner in {adaptor, "ssh", "local"}, f"{one.name!r} is not of {adaptor}"
        assert re.fullmatch(r"[\w.-]+", one.name), one.name
        assert one.description.strip(), f"{one.name} has no description"
        if one.default_value or one.type is not PropertyType.STRING:
            one.parse(one.default_value)


def check_credentials(supported: tuple[str, ...]) -> None:
    """Fail unless the names are names of credential classes."""
    assert supported
    assert set(supported) <= {*CREDENTIALS, "CredentialMap"}


def wrong_property_values(declared: Iterable[PropertyDescription]) -> Iterator[tuple[str, str]]:
    """Yield a name and a value of another type for each property that is more than text."""
    for one in declared:
        if one.type is not PropertyType.STRING and not one.wildcard:
            yield one.name, "neither true nor 1"


def values_out_of_range(declared: Iterable[PropertyDescription]) -> Iterator[tuple[str, str]]:
    """Yield a name and a value just outside for each property that has a limit."""
    for one in declared:
        if one.minimum is not None and not (one.minimum == 0 and one.type in _NEVER_NEGATIVE):
            yield one.name, str(one.minimum - 1)
        if one.maximum is not None:
            yield one.name, str(one.maximum + 1)


_NEVER_NEGATIVE = {PropertyType.NATURAL, PropertyType.SIZE}
