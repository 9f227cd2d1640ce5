"""Reads the XML that an S3 server answers with; nothing in it is believed before it was checked."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from xenon_py.exceptions import XenonException

# Ceph sends characters that XML cannot hold where names are not encoded: in prefix and token.
_FORBIDDEN = re.compile(rb"&#x(0?[0-8bcef]|1[0-9a-f]);", re.IGNORECASE)
_STAND_IN = 0xF0000  # of the first of them, while a document is read
_MEANT = {_STAND_IN + number: number for number in range(32)}
_SIZE = re.compile("[0-9]{1,19}")


def document(body: bytes, root: str) -> ET.Element:
    """Return the root element of an answer.

    Args:
        body: the answer.
        root: its name, without the namespace.

    Raises:
        XenonException: it is no such document, or declares a document type, with which entities
            could make it grow without end.
    """
    if b"<!DOCTYPE" in body or b"\0" in body:  # a NUL: an encoding in which the former would hide
        raise XenonException.because("the server's answer has a document type, which is refused")
    try:
        found = ET.fromstring(body)  # noqa: S314 - without a document type there are no entities
    except (ET.ParseError, LookupError, ValueError) as error:  # the latter two: its encoding
        if b"<EncodingType>url</EncodingType>" in body and _FORBIDDEN.search(body):
            return document(_FORBIDDEN.sub(_stand_in, body), root)
        raise XenonException.because(f"the server's answer cannot be read: {error}") from error
    if found.tag.rpartition("}")[2] != root:
        raise XenonException.because("the server does not answer as S3 does; is it the right one?")
    return found


def _stand_in(match: re.Match[bytes]) -> bytes:
    return b"&#%d;" % (_STAND_IN + int(match[1], 16))


def exact(text: str) -> str:
    """Return a text of a document with the characters that XML cannot hold, where it has any."""
    return text.translate(_MEANT)


def size_of(text: str, what: str) -> int:
    """Return a number of bytes.

    Args:
        text: of the server.
        what: whose size it is, for the message.

    Raises:
        XenonException: it is none.
    """
    if not _SIZE.fullmatch(text):
        raise XenonException.because(f"the server tells {text[:100]!r} as the size of {what!r}")
    return int(text)
