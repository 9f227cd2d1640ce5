"""Reads the answer to PROPFIND (RFC 4918, section 13) piece by piece, trusting nothing in it.

A document type is refused before any entity could be declared; what is no complete multistatus is
an error, so that a login page never looks like an empty directory.
"""

from __future__ import annotations

import datetime
import email.utils
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn
from xml.parsers import expat

MAX_SIZE = 512 * 1024 * 1024
"""Bytes; some million entries."""
_MAX_DEPTH = 100
_MAX_NUMBER_LENGTH = 19
_ROOT = "DAV: multistatus"
_RESPONSE = "DAV: response"
_PROPSTAT = "DAV: propstat"
_STATUS = "DAV: status"
_COLLECTION = "DAV: collection"
_TEXTS = {
    "DAV: href",
    _STATUS,
    "DAV: getcontentlength",
    "DAV: getlastmodified",
    "DAV: creationdate",
}


class UnreadableAnswerError(ValueError):
    """What came is no multistatus document; the text says why."""


@dataclass(frozen=True, slots=True)
class Member:
    """One ``response`` of a multistatus.

    Attributes:
        href: as the server sent it.
        status: HTTP status of this member, 200 where none is given.
        is_collection: by its resource type.
        size: in bytes.
        modified, created: ms since 1970 UTC, 0 = unknown.
    """

    href: str
    status: int = 200
    is_collection: bool = False
    size: int = 0
    modified: int = 0
    created: int = 0


def parse(pieces: Iterable[bytes], max_size: int = MAX_SIZE) -> list[Member]:
    """Return the members of a multistatus.

    Raises:
        UnreadableAnswerError: it is none, is cut off, is too large or has a document type.
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    size = 0
    try:
        for piece in pieces:
            size += len(piece)
            if size > max_size:
                raise UnreadableAnswerError(f"it is longer than {max_size} bytes")
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except UnreadableAnswerError:
        raise
    except (expat.ExpatError, LookupError, ValueError) as error:  # the latter two: its encoding
        raise UnreadableAnswerError(f"it is not well-formed XML: {error}") from error
    return reader.members


def _refuse_doctype(*declaration: object) -> NoReturn:
    del declaration
    raise UnreadableAnswerError("it declares a document type, which WebDAV never does")


class _Reader:
    """The handlers of the XML parser; ``members`` is what they found."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self._open: list[str] = []
        self._text: list[str] | None = None
        self._own: dict[str, str] = {}  # of the response itself
        self._good: dict[str, str] = {}  # properties with a good status
        self._stat: dict[str, str] = {}  # of the propstat that is being read

    def start(self, name: str, attributes: object) -> None:
        del attributes
        if not self._open and name != _ROOT:
            raise UnreadableAnswerError(f"it begins with <{name[:100]}>, not with a multistatus")
        if len(self._open) >= _MAX_DEPTH:
            raise UnreadableAnswerError("its elements are nested too deeply")
        self._open.append(name)
        if name == _RESPONSE:
            self._own, self._good = {}, {}
        elif name == _PROPSTAT:
            self._stat = {}
        elif name == _COLLECTION and "DAV: resourcetype" in self._open:
            self._stat[name] = name
        self._text = [] if name in _TEXTS else None

    def text(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def end(self, name: str) -> None:
        self._open.pop()
        if self._text is not None:
            found = "".join(self._text).strip() if name != "DAV: href" else "".join(self._text)
            self._keep(name, found)
            self._text = None
        elif name == _PROPSTAT:
            if _code(self._stat.pop(_STATUS, "")) < 300:
                self._good.update(self._stat)
        elif name == _RESPONSE:
            self.members.append(_member(self._own, self._good))

    def _keep(self, name: str, found: str) -> None:
        """Keep a text where it belongs: only children of ``response`` tell of the whole."""
        around = self._open[-1]
        if around == _RESPONSE:
            self._own.setdefault(name, found.strip())
        elif around in {_PROPSTAT, "DAV: prop"}:
            self._stat[name] = found


def _member(own: dict[str, str], properties: dict[str, str]) -> Member:
    href = own.get("DAV: href")
    if not href:
        raise UnreadableAnswerError("a member has no address")
    return Member(
        href,
        _code(own.get(_STATUS, "")),
        _COLLECTION in properties,
        _number(properties.get("DAV: getcontentlength", "")),
        _http_date(properties.get("DAV: getlastmodified", "")),
        _iso_date(properties.get("DAV: creationdate", "")),
    )


def _code(line: str) -> int:
    """Return the code of a status line such as ``HTTP/1.1 404 Not Found``; 200 for none."""
    if not line:
        return 200
    words = line.split()
    if len(words) < 2 or not (words[1].isascii() and words[1].isdigit() and len(words[1]) == 3):
        raise UnreadableAnswerError(f"{line[:100]!r} is no status line")
    return int(words[1])


def _number(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_NUMBER_LENGTH):
        raise UnreadableAnswerError(f"{text[:100]!r} is no size")
    return int(text)


def _http_date(text: str) -> int:
    """Return a date as HTTP writes it, in ms since 1970; 0 if it is none."""
    try:
        return _milliseconds(email.utils.parsedate_to_datetime(text)) if text else 0
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0


def _iso_date(text: str) -> int:
    """Return a date of ISO 8601, in ms since 1970; 0 if it is none."""
    try:
        if text[-1:] in {"Z", "z"}:  # not understood before Python 3.11
            text = text[:-1] + "+00:00"
        return _milliseconds(datetime.datetime.fromisoformat(text)) if text else 0
    except (ValueError, OverflowError):
        return 0


def _milliseconds(moment: datetime.datetime) -> int:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return max(0, round(moment.timestamp() * 1000))
