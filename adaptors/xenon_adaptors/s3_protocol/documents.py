"""Reads the XML that an S3 server answers with; nothing in it is believed before it was checked."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from xenon_py.exceptions import XenonException

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
        raise XenonException.because(f"the server's answer cannot be read: {error}") from error
    if found.tag.rpartition("}")[2] != root:
        raise XenonException.because("the server does not answer as S3 does; is it the right one?")
    return found


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
