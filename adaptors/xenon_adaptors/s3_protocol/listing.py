"""Reads pages of ListObjectsV2."""

from __future__ import annotations

import calendar
import functools
import re
import xml.etree.ElementTree as ET
from typing import NamedTuple
from urllib.parse import unquote_plus

from xenon_adaptors.s3_protocol.documents import document, exact, size_of
from xenon_py.exceptions import XenonException
from xenon_py.plugin.filesystem import FileInfo, FileKind

_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z")
_NO_NAMES = {"", ".", ".."}


class Page(NamedTuple):
    """A part of a listing.

    Attributes:
        entries: files and directories.
        is_there: the page shows that the directory exists.
        token: where the next page begins; ``""`` = this is the last one.
    """

    entries: list[FileInfo]
    is_there: bool
    token: str


def parse_page(body: bytes, prefix: str) -> Page:
    """Take a page apart.

    Keys that are no paths (an empty name, ``.`` or ``..`` between slashes) come as names with a
    slash, which the core refuses: left out in silence they would be missed in copies.

    Args:
        body: the answer.
        prefix: what was asked for: ``""`` or the key of a directory with its slash.

    Raises:
        XenonException: it is no such answer, or one to another question.
    """
    root = document(body, "ListBucketResult")
    space = root.tag[: root.tag.rindex("}") + 1] if root.tag.startswith("{") else ""
    is_encoded = root.findtext(space + "EncodingType") == "url"
    start = len(prefix)

    def name_of(element: ET.Element, tag: str) -> str:
        key = element.findtext(space + tag) or ""
        if is_encoded and ("%" in key or "+" in key):
            key = unquote_plus(key, errors="surrogateescape")
        if not key.startswith(prefix):
            raise XenonException.because(f"the server lists a key that was not asked for: {key!r}")
        return key[start:]

    entries = []
    is_there = False
    size_tag, time_tag = space + "Size", space + "LastModified"
    for element in root.iter(space + "Contents"):
        is_there = True
        name = name_of(element, "Key")
        if name:
            size, changed = element.findtext(size_tag), element.findtext(time_tag)
            entries.append(_file(name, size or "0", changed or ""))
    for element in root.iter(space + "CommonPrefixes"):
        is_there = True
        name = name_of(element, "Prefix")
        bare = name[:-1]
        entries.append(_directory(name if bare in _NO_NAMES else bare))
    more = root.findtext(space + "IsTruncated") == "true"
    token = exact(root.findtext(space + "NextContinuationToken") or "")
    if more and not token:
        raise XenonException.because(
            "the server's listing breaks off: it does not say how to go on"
        )
    return Page(entries, is_there, token if more else "")


def _file(name: str, size: str, changed: str) -> FileInfo:
    number = size_of(size, name)
    if name in _NO_NAMES:
        name += "/"
    return FileInfo(name, FileKind.FILE, number, mtime=milliseconds(changed), readable=True)


def _directory(name: str) -> FileInfo:
    return FileInfo(name, FileKind.DIRECTORY, readable=True)


@functools.lru_cache(maxsize=1024)
def milliseconds(text: str) -> int:
    """Return a time such as ``2026-01-31T23:59:59.000Z`` as ms since 1970; 0 = not understood."""
    match = _TIME.fullmatch(text)
    if not match:
        return 0
    *numbers, fraction = match.groups()
    try:
        seconds = calendar.timegm(tuple(map(int, numbers)))
    except ValueError:  # a thirteenth month
        return 0
    return seconds * 1000 + int((fraction or "0").ljust(3, "0")[:3])
