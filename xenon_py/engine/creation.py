"""From the arguments of ``create`` to the checked ``Target`` that an adaptor gets."""

from __future__ import annotations

import os
from collections.abc import Mapping

from xenon_py.exceptions import IllegalArgumentException, InvalidCredentialException
from xenon_py.model.credentials import (
    CertificateCredential,
    Credential,
    CredentialMap,
    DefaultCredential,
    KeytabCredential,
    PasswordCredential,
    UserCredential,
)
from xenon_py.model.descriptions import FileSystemAdaptorDescription, SchedulerAdaptorDescription
from xenon_py.model.location import Location, LocationForm, parse_location
from xenon_py.model.properties import resolve_properties
from xenon_py.plugin.target import Target

AdaptorDescription = FileSystemAdaptorDescription | SchedulerAdaptorDescription

_CREDENTIALS = (
    CertificateCredential,
    PasswordCredential,
    DefaultCredential,
    KeytabCredential,
    CredentialMap,
)


def make_target(
    description: AdaptorDescription,
    location: str | os.PathLike[str] | None = None,
    credential: Credential | None = None,
    properties: Mapping[str, str] | None = None,
) -> Target:
    """Check what ``create`` was given against an adaptor's description; nothing is connected.

    Args:
        description: of the adaptor.
        location: the location string; ``None`` is as empty.
        credential: as ``choose_credential`` returned it; ``None`` = ``DefaultCredential()``.
        properties: full or short names -> values, all text.

    Returns:
        The target. Its properties are all that the adaptor declares; components get their own
        part by ``Properties.subset``.

    Raises:
        InvalidLocationException: the location is not of the adaptor's form.
        InvalidCredentialException: the adaptor does not take this kind of credential.
        UnknownPropertyException: the adaptor has no such property.
        PropertyTypeException: a property is not of its type.
        InvalidPropertyException: a property is out of range.
        IllegalArgumentException: an argument is of a wrong type.
    """
    place = parse_location(location, description.location_form, adaptor=description.name)
    values = resolve_properties(
        description.supported_properties, properties, adaptor=description.name
    )
    used = DefaultCredential() if credential is None else credential
    _check_credential(description, place, used)
    return Target(place, used, values)


def _check_credential(
    description: AdaptorDescription, place: Location, credential: Credential
) -> None:
    if not isinstance(credential, _CREDENTIALS):
        raise IllegalArgumentException.because(
            f"credential must be one of the credential classes, not {type(credential).__name__}",
            adaptor=description.name,
        )
    accepted = description.supported_credentials
    at = ""
    if description.location_form is LocationForm.BATCH and place.scheme == "local":
        accepted, at = ("DefaultCredential",), " at a local: location"
    _check_class(description.name, type(credential), accepted, at)
    if isinstance(credential, CredentialMap):
        for host, entry in _map_entries(credential):
            _check_class(description.name, type(entry), accepted, f" for {host}")


def _map_entries(credential: CredentialMap) -> list[tuple[str, Credential]]:
    entries: list[tuple[str, Credential]] = [
        (host, entry.credential if isinstance(entry, UserCredential) else entry)
        for host, entry in credential.entries.items()
    ]
    fallback = credential.fallback
    return entries if fallback is None else [*entries, ("the other hosts", fallback)]


def _check_class(adaptor: str, kind: type, accepted: tuple[str, ...], where: str) -> None:
    names = [name for name in accepted if name != "KeytabCredential"]
    if kind is KeytabCredential or not any(base.__name__ in names for base in kind.__mro__):
        raise InvalidCredentialException.because(
            f"a {kind.__name__} is not taken{where}; accepted: {', '.join(names)}",
            adaptor=adaptor,
        )
