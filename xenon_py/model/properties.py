"""Typed properties, declared once per adaptor: that validates, documents and converts them."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from xenon_py.exceptions import (
    IllegalArgumentException,
    InvalidPropertyException,
    PropertyTypeException,
    UnknownPropertyException,
)
from xenon_py.model.shown import shown

FILESYSTEM_PREFIX = "xenon.adaptors.filesystems."
SCHEDULER_PREFIX = "xenon.adaptors.schedulers."


class PropertyType(enum.IntEnum):
    """Type of a property's value, which is written as text."""

    STRING = 0
    BOOLEAN = 1
    INTEGER = 2
    DOUBLE = 3
    LONG = 4
    SIZE = 5
    NATURAL = 6


@dataclass(frozen=True)
class PropertyDescription:
    """Declares one property of an adaptor.

    Attributes:
        name: full name, e.g. ``xenon.adaptors.filesystems.sftp.bufferSize``.
        description: one sentence, with the unit.
        default_value: as text.
        type: of the value.
        minimum: least value allowed, for numbers.
        maximum: largest value allowed, for numbers.
        aliases: other full names that mean the same.
        sensitive: whether the value is a secret, and never shown.
        wildcard: whether ``name`` stands for a family, ``name.<anything>``.
    """

    Type = PropertyType

    name: str = ""
    description: str = ""
    default_value: str = ""
    type: PropertyType = PropertyType.STRING
    minimum: int | None = None
    maximum: int | None = None
    aliases: tuple[str, ...] = ()
    sensitive: bool = False
    wildcard: bool = False

    @property
    def short_name(self) -> str:
        """The name without the common prefix, e.g. ``sftp.bufferSize``."""
        return _short(self.name)

    def parse(self, text: str) -> bool | int | float | str:
        """Return the value that ``text`` stands for.

        Raises:
            PropertyTypeException: the text is not of the type.
            InvalidPropertyException: the number is out of range.
        """
        given = "***" if self.sensitive else shown(text)
        try:
            value = _CONVERTERS[self.type](text)
        except ValueError:
            raise PropertyTypeException.because(
                f"property {self.short_name} must be {_TYPE_TEXTS[self.type]}, not {given}"
            ) from None
        low, high = self.minimum, self.maximum
        if not isinstance(value, (str, bool)) and (
            (low is not None and value < low) or (high is not None and value > high)
        ):
            raise InvalidPropertyException.because(
                f"property {self.short_name} must be {_range_text(low, high)}, not {given}"
            )
        return value


def _short(name: str) -> str:
    for prefix in (FILESYSTEM_PREFIX, SCHEDULER_PREFIX):
        if name.startswith(prefix):
            return name[len(prefix) :]
    return name


def _range_text(low: int | None, high: int | None) -> str:
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"{low}..{high}"


def _boolean(text: str) -> bool:
    text = text.strip()
    if text.lower() not in {"true", "false"}:
        raise ValueError("neither true nor false")
    return text.lower() == "true"


def _integer(text: str, bits: int = 31) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,20}", text.strip()):
        raise ValueError("no integer")
    value = int(text)
    if not -(2**bits) <= value < 2**bits:
        raise ValueError("too large")
    return value


def _long(text: str) -> int:
    return _integer(text, 63)


def _natural(text: str) -> int:
    value = _integer(text)
    if value < 0:
        raise ValueError("negative")
    return value


def _size(text: str) -> int:
    match = re.fullmatch(r"([0-9]{1,19})([KMGkmg]?)", text.strip())
    if not match:
        raise ValueError("no size")
    factor: int = 1024 ** " KMG".index(match.group(2).upper() or " ")
    return _long(str(int(match.group(1)) * factor))


def _double(text: str) -> float:
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text.strip()):
        raise ValueError("no number")
    return float(text)


_CONVERTERS: dict[PropertyType, Callable[[str], bool | int | float | str]] = {
    PropertyType.STRING: str,
    PropertyType.BOOLEAN: _boolean,
    PropertyType.INTEGER: _integer,
    PropertyType.DOUBLE: _double,
    PropertyType.LONG: _long,
    PropertyType.SIZE: _size,
    PropertyType.NATURAL: _natural,
}
_TYPE_TEXTS = {
    PropertyType.STRING: "text",
    PropertyType.BOOLEAN: "true or false",
    PropertyType.INTEGER: "an integer of at most 32 bits",
    PropertyType.DOUBLE: "a number",
    PropertyType.LONG: "an integer of at most 64 bits",
    PropertyType.SIZE: "a size in bytes (an integer, K, M or G may follow)",
    PropertyType.NATURAL: "an integer >= 0 of at most 31 bits",
}


@dataclass(frozen=True)
class Properties(Mapping[str, str]):
    """The values in force for one adaptor object: the given ones over the declared defaults.

    As a mapping it holds the *given* properties under their full names. The typed getters take the
    full or the short name and fall back to the default.
    """

    declared: tuple[PropertyDescription, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.given)

    def __len__(self) -> int:
        return len(self.given)

    def __repr__(self) -> str:
        return f"Properties({shown_properties(self)})"

    def __reduce__(self) -> tuple[Any, ...]:
        if any(one.sensitive for name in self.given if (one := _find(self.declared, name))):
            raise InvalidPropertyException.because(
                "properties that hold a secret are not pickled; give them anew on the other side"
            )
        return Properties, (self.declared, dict(self.given))

    def value(self, name: str) -> bool | int | float | str:
        """Return the value in force of a declared property."""
        one = _find(self.declared, name)
        if one is None:
            raise KeyError(f"the adaptor declares no property {name!r}")
        return one.parse(self.given.get(one.name, one.default_value))

    def text(self, name: str) -> str:
        """Return the value of a property as text."""
        return str(self.value(name))

    def boolean(self, name: str) -> bool:
        """Return the value of a BOOLEAN property."""
        return bool(self.value(name))

    def integer(self, name: str) -> int:
        """Return the value of an INTEGER, LONG, NATURAL or SIZE (bytes) property."""
        return int(self.value(name))

    def family(self, name: str) -> dict[str, str]:
        """Return what was given of a wildcard property, by the part after ``name.``."""
        for one in self.declared:
            if one.wildcard and name in (one.name, one.short_name):
                start = len(one.name) + 1
                return {k[start:]: text for k, text in self.given.items() if _find((one,), k)}
        raise KeyError(f"the adaptor declares no property {name!r}")

    def subset(self, declared: Iterable[PropertyDescription]) -> Properties:
        """Return only what belongs to ``declared``: each component gets just its own properties."""
        own = tuple(declared)
        return Properties(own, {k: v for k, v in self.given.items() if _find(own, k)})


def shown_properties(properties: Properties) -> dict[str, str]:
    """Return the given properties with the values of sensitive ones masked."""
    found = {}
    for name, text in properties.given.items():
        one = _find(properties.declared, name)
        found[name] = "***" if one is None or one.sensitive else text
    return found


def _find(declared: Iterable[PropertyDescription], name: str) -> PropertyDescription | None:
    for one in declared:
        names = (one.name, *one.aliases)
        if one.wildcard:
            family = (f"{one.name}.", f"{one.short_name}.")
            if name.startswith(family) and name not in family:
                return one
        elif name in names or name in map(_short, names):
            return one
    return None


def resolve_properties(
    declared: Iterable[PropertyDescription], given: Mapping[str, str] | None, *, adaptor: str
) -> Properties:
    """Check the properties that a user gave against the declarations of an adaptor.

    Args:
        declared: the adaptor's properties.
        given: names (full or short) -> values, all text; ``None`` = none.
        adaptor: name of the adaptor, for messages.

    Raises:
        IllegalArgumentException: not a mapping of text to text.
        UnknownPropertyException: a name that the adaptor does not declare; tells the nearest one.
        PropertyTypeException: a value that is not of the type.
        InvalidPropertyException: a value out of range, or one property under two names.
    """
    declared = tuple(declared)
    if given is None:
        return Properties(declared)
    if not isinstance(given, Mapping):
        raise IllegalArgumentException.because(
            f"properties must be a mapping of str to str, not {type(given).__name__}"
        )
    values: dict[str, str] = {}
    for name, text in given.items():
        one = _checked_pair(declared, name, text, adaptor)
        one.parse(text)
        full = one.name + _short(name)[len(one.short_name) :] if one.wildcard else one.name
        if full in values:
            raise InvalidPropertyException.because(
                f"property {one.short_name} is given twice, under two of its names"
            )
        values[full] = text
    return Properties(declared, values)


def _checked_pair(
    declared: tuple[PropertyDescription, ...], name: object, text: object, adaptor: str
) -> PropertyDescription:
    if not isinstance(name, str) or not isinstance(text, str):
        raise IllegalArgumentException.because(
            f"properties must map str to str; {shown(name)} has a value of {type(text).__name__}: "
            "write it as text, e.g. '8' or 'true'"
        )
    one = _find(declared, name)
    if one is not None:
        return one
    import difflib

    known = [d.short_name for d in declared]
    near = difflib.get_close_matches(_short(name), known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"it has: {', '.join(known) or 'none'}"
    raise UnknownPropertyException.because(
        f"the {adaptor} adaptor has no property {shown(name)}; {hint}", adaptor=adaptor
    )
