"""Reads what FTP servers tell of files: facts (RFC 3659, section 7) and the two customs of LIST.

LIST has no standard. Unix servers print ``ls -l``, in which names begin after the eighth column
and links end in ``-> target``; Windows servers print date, time, ``<DIR>`` or size, name. A line
that is neither is an error: to leave it out would hide a file.
"""

from __future__ import annotations

import calendar
import datetime
import re
from dataclasses import dataclass

from xenon_py.plugin.filesystem import FileInfo, FileKind

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_UNIX = re.compile(
    r"(?P<kind>[-bcdlpsD])(?P<mode>[-rwxsStTlL]{9})[.+@]?\s+\d+\s+"
    r"(?P<owner>\S+)\s+(?P<group>\S+)\s+(?:(?P<size>\d{1,19})|\d+,\s*\d+)\s+"
    r"(?P<month>[A-Za-z]{3})\s+(?P<day>\d{1,2})\s+(?P<when>\d{4}|\d{1,2}:\d{2}) (?P<name>.*)",
    re.DOTALL,
)
_WINDOWS = re.compile(
    r"(?P<month>\d{2})-(?P<day>\d{2})-(?P<year>\d{2}|\d{4})\s+(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"(?P<half>[AP]M)?\s+(?:(?P<dir><DIR>|<JUNCTION>|<SYMLINKD?>)|(?P<size>\d{1,19}))\s(?P<name>.*)",
    re.DOTALL,
)
_STAMP = re.compile(r"(\d{14})(?:\.(\d{1,9}))?")
_KINDS = {"-": FileKind.FILE, "d": FileKind.DIRECTORY, "l": FileKind.LINK}
_DAY = datetime.timedelta(days=1)
_UTC = datetime.timezone.utc


class UnreadableListingError(ValueError):
    """A line that is no description of a file; the text says which."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of a listing.

    Attributes:
        info: what is told of it.
        target: text of a link, where it is told.
    """

    info: FileInfo
    target: str = ""


def parse_facts(line: str) -> Listed | None:
    """Return what a line of MLSD or MLST tells; ``None`` for the directory itself or its parent.

    Raises:
        UnreadableListingError: the line has no facts, or facts that cannot be.
    """
    facts_text, separator, name = line.partition(" ")
    if not separator or not name or (facts_text and not facts_text.endswith(";")):
        raise UnreadableListingError(f"{line[:200]!r} are no facts and a name")
    facts: dict[str, str] = {}
    for one in facts_text.split(";")[:-1]:
        key, equals, value = one.partition("=")
        if not equals:
            raise UnreadableListingError(f"{one[:100]!r} is no fact")
        facts[key.lower()] = value
    type_ = facts.get("type", "").lower()
    if type_ in {"cdir", "pdir"}:
        return None
    return Listed(_info_of_facts(name, type_, facts), _target_of_facts(facts.get("type", "")))


def _target_of_facts(type_: str) -> str:
    """Return the target that ``OS.unix=slink:/target`` tells."""
    return type_.partition(":")[2] if type_.lower().startswith("os.unix=slink:") else ""


def _info_of_facts(name: str, type_: str, facts: dict[str, str]) -> FileInfo:
    kind = FileKind.OTHER
    if type_ in {"file", "dir"}:
        kind = FileKind.FILE if type_ == "file" else FileKind.DIRECTORY
    elif type_.startswith(("os.unix=symlink", "os.unix=slink")):
        kind = FileKind.LINK
    mode = facts.get("unix.mode", "")
    is_mode = re.fullmatch(r"0?[0-7]{3,5}", mode)
    return FileInfo(
        name,
        kind,
        _size(facts.get("size", "")) if kind is not FileKind.DIRECTORY else 0,
        int(mode, 8) & 0o777 if is_mode else None,
        time_of(facts.get("modify", "")),
        0,
        time_of(facts.get("create", "")),
        facts.get("unix.ownername") or facts.get("unix.owner") or facts.get("unix.uid", ""),
        facts.get("unix.groupname") or facts.get("unix.group") or facts.get("unix.gid", ""),
        **_access(kind, facts.get("perm", ""), known=bool(is_mode)),
    )


def _access(kind: FileKind, perm: str, *, known: bool) -> dict[str, bool]:
    """Return what the fact ``perm`` says of our access, where the permission bits are unknown."""
    if known or not perm:
        return {}
    letters = set(perm.lower())
    if kind is FileKind.DIRECTORY:
        return {
            "readable": "l" in letters,
            "writable": "c" in letters,
            "executable": "e" in letters,
        }
    return {"readable": "r" in letters, "writable": "w" in letters, "executable": False}


def _size(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise UnreadableListingError(f"{text[:100]!r} is no size")
    return int(text)


def time_of(stamp: str) -> int:
    """Return a time stamp (``YYYYMMDDhhmmss[.sss]``, UTC) in ms since 1970; 0 if it is none."""
    match = _STAMP.fullmatch(stamp.strip())
    if not match or not stamp.isascii():
        return 0
    digits = match.group(1)
    date = (int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    clock = (int(digits[8:10]), int(digits[10:12]), int(digits[12:]))
    try:
        moment = datetime.datetime(*date, *clock, tzinfo=_UTC)
    except ValueError:
        return 0
    fraction = int((match.group(2) or "0")[:3].ljust(3, "0"))
    return max(0, int(moment.timestamp()) * 1000 + fraction)


def parse_line(line: str, today: datetime.datetime) -> Listed | None:
    """Return what a line of LIST tells; ``None`` for its heading and for ``.`` and ``..``.

    Args:
        line: without its end.
        today: now, in UTC: lines of the last months tell no year. Times are taken for UTC, as
            servers do not tell their zone.

    Raises:
        UnreadableListingError: it is of no known form.
    """
    if not line.strip() or re.fullmatch(r"(?i)total:?\s+\d+\w?", line.strip()):
        return None
    unix = _UNIX.fullmatch(line)
    if unix:
        found = _unix(unix, today)
    else:
        windows = _WINDOWS.fullmatch(line)
        if not windows:
            raise UnreadableListingError(f"{line[:200]!r} is of no known form")
        found = _windows(windows)
    if not found.info.name:
        raise UnreadableListingError(f"{line[:200]!r} has no name")
    return None if found.info.name in {".", ".."} else found


def _unix(match: re.Match[str], today: datetime.datetime) -> Listed:
    kind = _KINDS.get(match["kind"], FileKind.OTHER)
    name, target = match["name"], ""
    if kind is FileKind.LINK:
        name, arrow, target = name.partition(" -> ")
        if not arrow:
            raise UnreadableListingError(f"the link {name[:200]!r} has no target")
    size = int(match["size"] or 0) if kind is not FileKind.DIRECTORY else 0
    mtime = _unix_time(match["month"], match["day"], match["when"], today)
    info = FileInfo(
        name, kind, size, _mode(match["mode"]), mtime, 0, 0, match["owner"], match["group"]
    )
    return Listed(info, target)


def _mode(text: str) -> int:
    """Return ``rwxr-x---`` as bits. ``s`` and ``t`` stand for ``x`` too, ``S`` and ``T`` do not."""
    bits = 0
    for letter in text:
        bits = bits << 1 | (letter in "rwxst")
    return bits


def _unix_time(month: str, day: str, when: str, today: datetime.datetime) -> int:
    number = _MONTHS.get(month.lower())
    if number is None:
        return 0
    hour, colon, minute = when.partition(":")
    year = today.year if colon else int(when)
    try:
        clock = (int(hour), int(minute)) if colon else (0, 0)
        moment = datetime.datetime(year, number, int(day), *clock, tzinfo=_UTC)
        if colon and moment > today + _DAY:  # clocks and zones differ by less
            moment = moment.replace(year=year - 1)
    except ValueError:
        return 0
    return max(0, int(moment.timestamp()) * 1000)


def _windows(match: re.Match[str]) -> Listed:
    kind = FileKind.DIRECTORY if match["dir"] == "<DIR>" else FileKind.FILE
    if match["dir"] and match["dir"] != "<DIR>":
        kind = FileKind.OTHER
    # Names follow one blank after a right-aligned size, and several after <DIR>.
    name = match["name"].lstrip() if match["dir"] else match["name"]
    year = int(match["year"])
    year += 0 if year > 99 else 2000 if year < 70 else 1900
    hour = int(match["hour"]) % 12 + 12 * (match["half"] == "PM") if match["half"] else -1
    hour = int(match["hour"]) if hour < 0 else hour
    try:
        moment = datetime.datetime(
            year, int(match["month"]), int(match["day"]), hour, int(match["minute"]), tzinfo=_UTC
        )
        mtime = max(0, int(moment.timestamp()) * 1000)
    except ValueError:
        mtime = 0
    return Listed(
        FileInfo(name, kind, int(match["size"] or 0), None, mtime, readable=True, writable=True)
    )
