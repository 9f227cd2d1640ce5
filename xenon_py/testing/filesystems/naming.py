"""Odd names that are legal all the same, and names that never are."""

from __future__ import annotations

import unicodedata

import pytest

from xenon_py.exceptions import InvalidPathException, XenonException
from xenon_py.filesystem import FileSystem
from xenon_py.model.path import Path
from xenon_py.testing.filesystems.base import FileSystemCase, get, names, put, tree
from xenon_py.testing.filesystems.copying import copied, well

ODD_NAMES = {
    "blank": "with blank",
    "leading-blank": " leading",
    "trailing-blank": "trailing ",
    "single-quote": "it's",
    "double-quote": 'say "x"',
    "backslash": "back\\slash",
    "command": "$(id)",
    "variable": "$HOME",
    "backquote": "`id`",
    "semicolon": "a;b",
    "ampersand": "a&b=c",
    "pipe": "a|b",
    "redirect": "a>b<c",
    "star": "star*",
    "brackets": "[x]",
    "braces": "{a,b}",
    "question-mark": "what?",
    "hash": "#hash",
    "percent": "100%",
    "percent-encoded": "%41%2F%00",
    "plus": "a+b",
    "colon": "a:b",
    "comma": "a,b",
    "at": "user@host",
    "tilde": "~",
    "dash": "-dash",
    "long-option": "--help",
    "three-dots": "...",
    "dot-dot-name": "..name",
    "final-dot": "dot.",
    "newline": "new\nline",
    "carriage-return": "carriage\rreturn",
    "tab": "tab\there",
    "control": "bell\a\x01\x7f",
    "accents-composed": unicodedata.normalize("NFC", "naïve-é"),
    "accents-decomposed": unicodedata.normalize("NFD", "naïve-é"),
    "kanji": "日本語",
    "emoji": "🎉🇳🇱",
    "right-to-left": "\u202eabc",
    "latin-1-bytes": b"caf\xe9".decode("utf-8", "surrogateescape"),
    "broken-utf-8": b"\xff\xfe\x80".decode("utf-8", "surrogateescape"),
    "255-bytes": "n" * 255,
    "255-bytes-of-utf-8": "é" * 127 + "n",
    "device": "CON",
}
"""Names by what is odd about them. All are legal on POSIX systems."""

_odd = pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES.keys())


class NameTests(FileSystemCase):
    """Every odd name works everywhere, or is refused where the server cannot hold it."""

    def _refused(self, fs: FileSystem, base: Path, name: str) -> bool:
        """Check that a name the server cannot hold is refused; tell whether it is one."""
        if name not in self.unsupported_names:
            return False
        with pytest.raises(XenonException):
            put(fs, base / name)
        with pytest.raises(XenonException):
            fs.create_directory(base / name)
        assert names(fs, base) == []
        return True

    @_odd
    def test_name_of_file(self, fs: FileSystem, base: Path, name: str) -> None:
        if self._refused(fs, base, name):
            return
        put(fs, base / name, b"content")
        assert fs.exists(base / name)
        assert get(fs, base / name) == b"content"
        assert fs.get_attributes(base / name).path == base / name
        assert [entry.path for entry in fs.list(base, False)] == [base / name]
        with fs.open(base / name, "wb") as stream:
            stream.write(b"other")
        assert tree(fs, base) == {name: b"other"}
        fs.delete(base / name)
        assert names(fs, base) == []

    @_odd
    def test_name_of_directory(self, fs: FileSystem, base: Path, name: str) -> None:
        if self._refused(fs, base, name):
            return
        fs.create_directory(base / name)
        put(fs, base / name / "inner", b"content")
        assert tree(fs, base) == {name: None, f"{name}/inner": b"content"}
        well(copied(fs, base / name, fs, base / "copy", recursive=True))
        assert tree(fs, base / "copy") == {"inner": b"content"}
        well(copied(fs, base / "copy" / "inner", fs, base / name / "again"))
        fs.delete(base / name, recursive=True)
        assert names(fs, base) == ["copy"]

    @_odd
    def test_name_by_rename_and_link(self, fs: FileSystem, base: Path, name: str) -> None:
        self.need("supports_rename")
        if self._refused(fs, base, name):
            return
        put(fs, base / "plain", b"content")
        fs.rename(base / "plain", base / name)
        assert tree(fs, base) == {name: b"content"}
        if self.description.can_create_symboliclinks:
            fs.create_symbolic_link(base / "link", name)
            assert str(fs.read_symbolic_link(base / "link")) == name
            assert get(fs, base / "link") == b"content"

    def test_names_that_differ_little_are_different(self, fs: FileSystem, base: Path) -> None:
        alike = ["name", "name ", "Name", "name.", "name%20", "name\\", "name+", "nam?", "nam*"]
        alike = [name for name in alike if name not in self.unsupported_names]
        for name in alike:
            put(fs, base / name, name.encode())
        assert tree(fs, base) == {name: name.encode() for name in alike}
        fs.delete(base / "nam*")
        alike.remove("nam*")
        assert names(fs, base) == sorted(alike)

    def test_unicode_is_not_normalised(self, fs: FileSystem, base: Path) -> None:
        both = [ODD_NAMES["accents-composed"], ODD_NAMES["accents-decomposed"]]
        both = [name for name in both if name not in self.unsupported_names]
        for name in both:
            put(fs, base / name, name.encode())
        assert tree(fs, base) == {name: name.encode() for name in both}

    def test_a_name_that_is_too_long(self, fs: FileSystem, base: Path) -> None:
        name = "n" * 5000
        try:
            put(fs, base / name)
        except XenonException:
            assert names(fs, base) == []
        else:
            assert get(fs, base / name) == b"data"

    @pytest.mark.parametrize(
        "call",
        [
            "exists",
            "get_attributes",
            "list",
            "create_file",
            "create_directory",
            "create_directories",
            "delete",
            "read_from_file",
            "read_symbolic_link",
            "open",
            "set_working_directory",
        ],
    )
    def test_nul_is_refused(self, fs: FileSystem, base: Path, call: str) -> None:
        with pytest.raises(InvalidPathException):
            getattr(fs, call)(f"{base}/a\0b")
        assert names(fs, base) == []
