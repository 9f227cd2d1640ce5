"""What an adaptor is created with, and what a scheduler names as its file system."""

from __future__ import annotations

from dataclasses import dataclass, field

from xenon_py.model.credentials import Credential, DefaultCredential
from xenon_py.model.location import Location
from xenon_py.model.properties import Properties


@dataclass(frozen=True)
class Target:
    """Where to connect to, as whom, and how. Everything in it was checked by the core.

    Attributes:
        location: the location string, taken apart.
        credential: of one of the classes that the description names.
        properties: the adaptor's own properties, typed, with their defaults.
    """

    location: Location
    credential: Credential = field(default_factory=DefaultCredential)
    properties: Properties = field(default_factory=Properties)


@dataclass(frozen=True)
class FileSystemSpec:
    """Names a file system that the facade is to create: adaptors never import each other.

    Attributes:
        adaptor: name, e.g. ``sftp``.
        location: location string.
        properties: full names -> values.
        credential: as the scheduler got it.
    """

    adaptor: str
    location: str
    properties: dict[str, str] = field(default_factory=dict)
    credential: Credential = field(default_factory=DefaultCredential)
