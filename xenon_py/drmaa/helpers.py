"""The descriptors that job templates and sessions are made of."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from xenon_py.drmaa import const
from xenon_py.drmaa.errors import drmaa_error
from xenon_py.drmaa.times import seconds_of_limit

SCALARS = frozenset(
    name.decode()
    for name in (
        *(const.REMOTE_COMMAND, const.JS_STATE, const.WD, const.JOB_CATEGORY),
        *(const.NATIVE_SPECIFICATION, const.BLOCK_EMAIL, const.START_TIME, const.JOB_NAME),
        *(const.INPUT_PATH, const.OUTPUT_PATH, const.ERROR_PATH, const.JOIN_FILES),
        *(const.TRANSFER_FILES, const.WCT_HLIMIT, const.WCT_SLIMIT),
        *(const.DURATION_HLIMIT, const.DURATION_SLIMIT),
    )
)
"""The scalar attributes that are supported; ``drmaa_deadline_time`` is not, as nowhere else."""

VECTORS = frozenset(name.decode() for name in (const.V_ARGV, const.V_EMAIL, const.V_ENV))


class Version(NamedTuple):
    """Version of the DRMAA standard."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


def text_of(value: object, what: str) -> str:
    """Return text for ``str``, ``bytes`` or a path.

    Raises:
        InvalidArgumentException: it is something else.
    """
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, bytes):
        return os.fsdecode(value)
    if not isinstance(value, str):
        raise drmaa_error(4, f"{what} must be text, not {value!r}")
    return value


class Converter(Protocol):
    """Turns the value of an attribute into DRMAA's text and back."""

    def to_drmaa(self, value: Any) -> bytes:
        """Return the text that DRMAA knows."""

    def from_drmaa(self, value: bytes) -> Any:
        """Return the value that callers see."""


class BoolConverter:
    """Turns ``True`` and ``False`` into two words; any true value counts as ``True``."""

    def __init__(self, true: bytes = b"y", false: bytes = b"n") -> None:
        self.true = true
        self.false = false

    def to_drmaa(self, value: object) -> bytes:
        """Return the word."""
        return self.true if value else self.false

    def from_drmaa(self, value: bytes) -> bool:
        """Return whether it is the word for ``True``."""
        return value == self.true


class IntConverter:
    """Takes seconds as ``int``, digits, ``MM:SS`` or ``H:MM:SS``; gives an ``int``."""

    @staticmethod
    def to_drmaa(value: object) -> bytes:
        """Return the text, as it was given.

        Raises:
            InvalidAttributeFormatException: it is no limit of time.
        """
        text = str(value) if isinstance(value, int) else text_of(value, "a limit")
        try:
            seconds_of_limit(text)
        except ValueError as error:
            raise drmaa_error(13, str(error)) from None
        return text.encode()

    @staticmethod
    def from_drmaa(value: bytes) -> int:
        """Return the seconds."""
        return seconds_of_limit(value.decode())


def _values_of(template: object) -> dict[str, Any]:
    """Return where a template keeps the values of its attributes, by their DRMAA names."""
    values: dict[str, Any] = template.__dict__.setdefault("_values", {})
    return values


_STRICT = "_strict"


def make_strict(template: object) -> None:
    """See to it that attributes of a template that are not set cannot be read."""
    template.__dict__[_STRICT] = True


def plain_copy(template: Any) -> Any:
    """Return a copy of a template as it is now, of which all attributes can be read."""
    copy = object.__new__(type(template))
    copy.__dict__.update(template.__dict__)
    copy.__dict__.pop(_STRICT, None)
    return copy


class _Named:
    """What the three kinds of attributes share."""

    def __init__(self, name: bytes | str, allowed: frozenset[str]) -> None:
        self.name = name.decode() if isinstance(name, bytes) else name
        self._allowed = allowed

    def _store(self, template: object, value: object) -> None:
        if self.name not in self._allowed:
            raise drmaa_error(4, f"the attribute {self.name} is not supported")
        _values_of(template)[self.name] = value

    def _load(self, template: object) -> Any:
        """Return the value, or ``None`` when it is not set."""
        values = _values_of(template)
        if self.name not in values and _STRICT in template.__dict__:
            raise drmaa_error(14, f"The value for the job attribute {self.name} is not set.")
        return values.get(self.name)


class Attribute(_Named):
    """A scalar attribute; while it is not set it reads as ``""``, ``False`` or ``None``."""

    def __init__(self, name: bytes | str, type_converter: Converter | None = None) -> None:
        super().__init__(name, SCALARS)
        self.converter = type_converter

    def __set__(self, template: object, value: Any) -> None:
        if value is None:
            raise drmaa_error(4, f"{self.name} cannot be None")
        if self.converter is not None:
            self._store(template, self.converter.to_drmaa(value).decode())
            return
        text = text_of(value, self.name)
        if self.name == const.JS_STATE.decode() and text not in _SUBMISSION_STATES:
            raise drmaa_error(14, f"{self.name} must be one of {_SUBMISSION_STATES}, not {text!r}")
        if self.name == const.TRANSFER_FILES.decode() and set(text) - set("ioe"):
            raise drmaa_error(13, f"{self.name} is made of the letters i, o and e, not {text!r}")
        self._store(template, text)

    def __get__(self, template: object | None, _kind: type | None = None) -> Any:
        if template is None:
            return self
        value = self._load(template)
        if self.converter is None:
            return value or ""
        if value is not None:
            return self.converter.from_drmaa(value.encode())
        return False if isinstance(self.converter, BoolConverter) else None


_SUBMISSION_STATES = (const.SUBMISSION_STATE_ACTIVE, const.SUBMISSION_STATE_HOLD)


class VectorAttribute(_Named):
    """An attribute that is a list of texts; while it is not set it reads as ``[]``."""

    def __init__(self, name: bytes | str) -> None:
        super().__init__(name, VECTORS)

    def __set__(self, template: object, value: Iterable[object]) -> None:
        self._store(
            template, [os.fsdecode(one) if isinstance(one, bytes) else str(one) for one in value]
        )

    def __get__(self, template: object | None, _kind: type | None = None) -> Any:
        if template is None:
            return self
        return list(self._load(template) or ())


class DictAttribute(_Named):
    """An attribute that maps names to texts; while it is not set it reads as ``{}``."""

    def __init__(self, name: bytes | str) -> None:
        super().__init__(name, VECTORS)

    def __set__(self, template: object, value: Mapping[Any, Any]) -> None:
        self._store(template, {_word(key): _word(one) for key, one in value.items()})

    def __get__(self, template: object | None, _kind: type | None = None) -> Any:
        if template is None:
            return self
        return dict(self._load(template) or {})


def _word(value: object) -> str:
    return os.fsdecode(value) if isinstance(value, bytes) else str(value)


class SessionStringAttribute:
    """Text of the session, readable on the class and on instances, at any time."""

    def __init__(self, drmaa_function: Callable[[], str]) -> None:
        self._f = drmaa_function

    def __get__(self, _session: object, _kind: type | None = None) -> str:
        return self._f()


class SessionVersionAttribute:
    """The version of the standard, readable likewise."""

    def __get__(self, _session: object, _kind: type | None = None) -> Version:
        return Version(1, 0)
