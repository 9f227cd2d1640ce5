"""Reading FTP listings: the two customs of LIST, the facts of MLSD, and hostile lines."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenon_adaptors.ftp_protocol.connection import text, wire
from xenon_adaptors.ftp_protocol.listings import (
    Listed,
    UnreadableListingError,
    parse_facts,
    parse_line,
    time_of,
)
from xenon_py.exceptions import InvalidPathException
from xenon_py.plugin.filesystem import FileInfo, FileKind

UTC = datetime.timezone.utc
NOW = datetime.datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def ms(*moment: int) -> int:
    return int(datetime.datetime(*moment, tzinfo=UTC).timestamp()) * 1000  # type: ignore[misc,arg-type]


def listed(line: str) -> Listed:
    found = parse_line(line, NOW)
    assert found is not None
    return found


def test_a_line_of_unix() -> None:
    assert listed("-rw-r-----    1 1001     users    12 Nov 21 09:30 a  b ").info == FileInfo(
        "a  b ", FileKind.FILE, 12, 0o640, ms(2026, 11, 21, 9, 30), 0, 0, "1001", "users"
    )


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("Nov 21 13:00", ms(2026, 11, 21, 13)),  # a clock that goes ahead
        ("Dec 24 18:00", ms(2025, 12, 24, 18)),
        ("Jan  1  2020", ms(2020, 1, 1)),
        ("Feb 30 10:00", 0),
        ("Xyz  1  2020", 0),
        ("Nov 21 99:99", 0),
    ],
)
def test_times_of_unix(when: str, expected: int) -> None:
    assert listed(f"-rw-r--r-- 1 u g 1 {when} a").info.mtime == expected


def test_the_last_of_february_of_a_leap_year() -> None:
    today = datetime.datetime(2024, 2, 28, 12, tzinfo=UTC)
    found = parse_line("-rw-r--r-- 1 u g 1 Feb 29 10:00 a", today)
    assert found is not None
    assert found.info.mtime == ms(2024, 2, 29, 10)


def test_a_link() -> None:
    found = listed("lrwxrwxrwx 1 u g 7 Jan  1  2020 a -> ../b -> c")
    assert (found.info.name, found.info.kind, found.target) == ("a", FileKind.LINK, "../b -> c")


@pytest.mark.parametrize(
    ("bits", "expected"), [("rwsr-sr-t", 0o755), ("rwSr-Sr-T", 0o644), ("---------", 0)]
)
def test_modes(bits: str, expected: int) -> None:
    assert listed(f"-{bits} 1 u g 1 Jan  1  2020 a").info.mode == expected


def test_other_kinds() -> None:
    assert listed("drwxr-xr-x 2 u g 4096 Jan  1  2020 d").info.kind is FileKind.DIRECTORY
    assert listed("brw-rw---- 1 root disk 8, 0 Jan  1  2020 sda").info.kind is FileKind.OTHER
    assert listed("drwxr-xr-x+ 2 u g 4096 Jan  1  2020 d").info.name == "d"


def test_lines_of_windows() -> None:
    found = listed("11-21-26  09:30PM       <DIR>          a b").info
    assert (found.name, found.kind) == ("a b", FileKind.DIRECTORY)
    assert found.mtime == ms(2026, 11, 21, 21, 30)
    found = listed("01-02-2020  12:05AM                12  x").info
    assert (found.name, found.size, found.mtime) == (" x", 12, ms(2020, 1, 2, 0, 5))
    assert listed("01-02-20  14:05    12 x").info.mtime == ms(2020, 1, 2, 14, 5)


@pytest.mark.parametrize("line", ["total 12", "", "  ", "drwxr-xr-x 2 u g 1 Jan  1  2020 .."])
def test_lines_that_are_no_entries(line: str) -> None:
    assert parse_line(line, NOW) is None


@pytest.mark.parametrize(
    "line",
    [
        "<html>",
        "a file",
        "-rw-r--r-- 1 u g many Jan  1  2020 a",
        "-rw-r--r-- 1 u g 99999999999999999999 Jan  1  2020 a",
        "-rw-r--r-- 1 u g 1 Jan  1  2020 ",
        "lrwxrwxrwx 1 u g 7 Jan  1  2020 a",
        "-rw-r--r-- 1 u g 1 Jan  1  2020",
    ],
)
def test_lines_that_are_of_no_form(line: str) -> None:
    with pytest.raises(UnreadableListingError):
        parse_line(line, NOW)


def test_facts() -> None:
    line = (
        "modify=20261121120000.25;perm=adfrw;Size=5;Type=file;unique=X;UNIX.group=1001;"
        "UNIX.groupname=users;UNIX.mode=0640;UNIX.owner=1001;UNIX.ownername=me; a; b"
    )
    found = parse_facts(line)
    assert found is not None
    assert found.info == FileInfo(
        "a; b", FileKind.FILE, 5, 0o640, ms(2026, 11, 21, 12) + 250, 0, 0, "me", "users"
    )


def test_facts_without_a_mode_tell_of_access() -> None:
    found = parse_facts("type=file;perm=r; a")
    assert found is not None
    assert (found.info.readable, found.info.writable) == (True, False)


@pytest.mark.parametrize(
    ("type_", "target"), [("OS.unix=symlink", ""), ("OS.unix=slink:/x/y", "/x/y")]
)
def test_facts_of_links(type_: str, target: str) -> None:
    found = parse_facts(f"type={type_}; a")
    assert found is not None
    assert (found.info.kind, found.target) == (FileKind.LINK, target)


@pytest.mark.parametrize("type_", ["cdir", "PDIR"])
def test_the_directory_itself(type_: str) -> None:
    assert parse_facts(f"type={type_}; .") is None


@pytest.mark.parametrize(
    "line", ["", "type=file;", "type=file; ", "type=file a", "fact; a", "type=file;size=x; a"]
)
def test_what_are_no_facts(line: str) -> None:
    with pytest.raises(UnreadableListingError):
        parse_facts(line)


@given(st.text())
def test_garbage_raises_nothing_else(line: str) -> None:
    for parse in (parse_facts, lambda one: parse_line(one, NOW)):
        try:
            found = parse(line)
        except UnreadableListingError:
            continue
        assert found is None or found.info.name


@given(st.datetimes(datetime.datetime(1970, 1, 1), datetime.datetime(2100, 1, 1)))
def test_time_stamps(moment: datetime.datetime) -> None:
    expected = int(moment.replace(tzinfo=UTC, microsecond=0).timestamp()) * 1000
    assert time_of(f"{moment:%Y%m%d%H%M%S}") == expected


@pytest.mark.parametrize("stamp", ["", "2026", "20261399000000", "x" * 14, "\u0662" * 14])
def test_time_stamps_that_are_none(stamp: str) -> None:
    assert time_of(stamp) == 0


@given(st.binary(max_size=50))
def test_names_of_any_bytes(name: bytes) -> None:
    path = name.decode("utf-8", "surrogateescape")
    if set(name) & set(b"\r\n\0\xff"):
        with pytest.raises(InvalidPathException):
            wire(path)
    else:
        assert wire(path).encode("latin-1") == name
        assert text(wire(path)) == path
