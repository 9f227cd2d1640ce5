"""The description, the arguments of ``create``, wrong arguments, and secrets."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable

import pytest

from xenon_py.exceptions import (
    IllegalArgumentException,
    InvalidCredentialException,
    InvalidLocationException,
    InvalidPropertyException,
    PropertyTypeException,
    UnknownPropertyException,
    XenonException,
)
from xenon_py.filesystem import FileSystem
from xenon_py.model.attributes import PosixFilePermission
from xenon_py.model.path import Path
from xenon_py.model.properties import FILESYSTEM_PREFIX
from xenon_py.testing.filesystems.base import FileSystemCase, names, put
from xenon_py.testing.harness import SENTINEL, everything_told
from xenon_py.testing.promises import (
    CREDENTIALS,
    check_credentials,
    check_properties,
    values_out_of_range,
    wrong_property_values,
)


class DescriptionTests(FileSystemCase):
    """The record that the adaptor declares, and what ``create`` makes of it."""

    def test_the_adaptor_is_listed(self) -> None:
        assert self.adaptor in FileSystem.get_adaptor_names()
        assert self.adaptor in [d.name for d in FileSystem.get_adaptor_descriptions()]

    def test_description(self) -> None:
        description = self.description
        assert description.name == self.adaptor
        assert description.description.strip()
        assert description.supported_locations
        assert dataclasses.is_dataclass(description)
        with pytest.raises(dataclasses.FrozenInstanceError):
            description.name = "other"  # type: ignore[misc]

    def test_declared_properties(self) -> None:
        check_properties(self.description.supported_properties, FILESYSTEM_PREFIX, self.adaptor)

    def test_declared_credentials(self) -> None:
        check_credentials(self.description.supported_credentials)

    def test_facts_about_itself(self, fs: FileSystem) -> None:
        assert fs.get_adaptor_name() == self.adaptor
        assert fs.get_path_separator() == "/"
        assert isinstance(fs.get_location(), str)
        assert isinstance(dict(fs.get_properties()), dict)
        assert type(fs.get_credential()).__name__ in [*CREDENTIALS, "CredentialMap"]
        assert self.adaptor in fs.id
        assert self.adaptor in str(fs)

    def test_unknown_property(self, fs: FileSystem) -> None:
        wrong = f"{FILESYSTEM_PREFIX}{self.adaptor}.no-such-thing"
        with pytest.raises(UnknownPropertyException) as caught:
            FileSystem.create(self.adaptor, fs.get_location(), {wrong: "1"})
        assert "no-such-thing" in str(caught.value)

    def test_properties_of_another_type(self, fs: FileSystem) -> None:
        for name, value in wrong_property_values(self.description.supported_properties):
            with pytest.raises(PropertyTypeException) as caught:
                FileSystem.create(self.adaptor, fs.get_location(), {name: value})
            assert name.rpartition(".")[2] in str(caught.value)

    def test_properties_out_of_range(self, fs: FileSystem) -> None:
        for name, value in values_out_of_range(self.description.supported_properties):
            with pytest.raises(InvalidPropertyException) as caught:
                FileSystem.create(self.adaptor, fs.get_location(), {name: value})
            assert name.rpartition(".")[2] in str(caught.value)

    @pytest.mark.parametrize("properties", ["text", 5, {"a": 1}, {1: "a"}])
    def test_wrong_properties(self, fs: FileSystem, properties: object) -> None:
        with pytest.raises((IllegalArgumentException, UnknownPropertyException)):
            FileSystem.create(self.adaptor, fs.get_location(), properties)  # type: ignore[arg-type]

    def test_locations_that_cannot_be(self) -> None:
        with pytest.raises(InvalidLocationException):
            FileSystem.create(self.adaptor, "bad\0location\n")

    @pytest.mark.parametrize("kind", CREDENTIALS)
    def test_credentials_that_are_not_taken(self, fs: FileSystem, kind: str) -> None:
        if kind in self.description.supported_credentials:
            return
        argument, credential = CREDENTIALS[kind](SENTINEL)
        with pytest.raises(InvalidCredentialException):
            FileSystem.create(self.adaptor, fs.get_location(), **{argument: credential})  # type: ignore[arg-type]

    def test_two_credentials(self, fs: FileSystem) -> None:
        both = dict(CREDENTIALS[kind](SENTINEL) for kind in list(CREDENTIALS)[:2])
        with pytest.raises(InvalidCredentialException):
            FileSystem.create(self.adaptor, fs.get_location(), **both)  # type: ignore[arg-type]


class SecretTests(FileSystemCase):
    """A password is seen nowhere, whatever happens."""

    @pytest.mark.parametrize("kind", CREDENTIALS)
    def test_secrets_never_show(
        self, fs: FileSystem, caplog: pytest.LogCaptureFixture, kind: str
    ) -> None:
        argument, credential = CREDENTIALS[kind](SENTINEL)
        told = [repr(credential), str(credential)]
        with caplog.at_level(logging.DEBUG):
            told += self._try(fs, **{argument: credential})
        assert SENTINEL not in "\n".join([*told, caplog.text])

    def test_sensitive_properties_never_show(
        self, fs: FileSystem, caplog: pytest.LogCaptureFixture
    ) -> None:
        told = []
        with caplog.at_level(logging.DEBUG):
            for one in self.description.supported_properties:
                if one.sensitive:
                    told += self._try(fs, properties={one.name: SENTINEL})
        assert SENTINEL not in "\n".join([*told, caplog.text])

    def test_a_password_in_the_location_never_shows(self, caplog: pytest.LogCaptureFixture) -> None:
        told = []
        with caplog.at_level(logging.DEBUG):
            for location in (f"user:{SENTINEL}@host.invalid", f"https://u:{SENTINEL}@host.invalid"):
                with pytest.raises(XenonException) as caught:
                    FileSystem.create(self.adaptor, location)
                told.append(everything_told(caught.value))
        assert SENTINEL not in "\n".join([*told, caplog.text])

    def _try(self, fs: FileSystem, **arguments: object) -> list[str]:
        """Connect with a secret that may well be wrong; return all that could be read of it."""
        arguments = {"properties": dict(fs.get_properties()), **arguments}
        try:
            made = FileSystem.create(self.adaptor, fs.get_location(), **arguments)  # type: ignore[arg-type]
        except XenonException as error:
            return [everything_told(error)]
        told = [repr(made), str(made), made.id, repr(made.get_credential())]
        told.append(repr(made.get_properties()) if not arguments["properties"] else "")
        try:
            made.get_attributes(made.get_working_directory() / "xenon-kit-missing")
        except XenonException as error:
            told.append(everything_told(error))
        made.close()
        return told


NOT_PATHS = [5, 1.5, b"bytes", object(), ["a"], True]

CALLS: dict[str, Callable[[FileSystem, object], object]] = {
    "exists": lambda fs, bad: fs.exists(bad),  # type: ignore[arg-type]
    "get_attributes": lambda fs, bad: fs.get_attributes(bad),  # type: ignore[arg-type]
    "list": lambda fs, bad: list(fs.list(bad, False)),  # type: ignore[arg-type]
    "create_directory": lambda fs, bad: fs.create_directory(bad),  # type: ignore[arg-type]
    "create_directories": lambda fs, bad: fs.create_directories(bad),  # type: ignore[arg-type]
    "create_file": lambda fs, bad: fs.create_file(bad),  # type: ignore[arg-type]
    "link": lambda fs, bad: fs.create_symbolic_link(bad, "x"),  # type: ignore[arg-type]
    "link-target": lambda fs, bad: fs.create_symbolic_link("x", bad),  # type: ignore[arg-type]
    "delete": lambda fs, bad: fs.delete(bad),  # type: ignore[arg-type]
    "delete-recursive": lambda fs, bad: fs.delete(bad, True),  # type: ignore[arg-type]
    "rename-source": lambda fs, bad: fs.rename(bad, "x"),  # type: ignore[arg-type]
    "rename-target": lambda fs, bad: fs.rename("x", bad),  # type: ignore[arg-type]
    "read": lambda fs, bad: list(fs.read_from_file(bad)),  # type: ignore[arg-type]
    "write": lambda fs, bad: fs.write_to_file(bad, [b"x"]),  # type: ignore[arg-type]
    "append": lambda fs, bad: fs.append_to_file(bad, [b"x"]),  # type: ignore[arg-type]
    "open": lambda fs, bad: fs.open(bad),  # type: ignore[call-overload]
    "read-link": lambda fs, bad: fs.read_symbolic_link(bad),  # type: ignore[arg-type]
    "permissions": lambda fs, bad: fs.set_posix_file_permissions(
        bad,  # type: ignore[arg-type]
        [PosixFilePermission.OWNER_READ],
    ),
    "working-directory": lambda fs, bad: fs.set_working_directory(bad),  # type: ignore[arg-type]
}


class ArgumentTests(FileSystemCase):
    """Wrong arguments are refused with the argument's name, before anything is touched."""

    @pytest.mark.parametrize("call", CALLS)
    @pytest.mark.parametrize("bad", NOT_PATHS, ids=lambda bad: type(bad).__name__)
    def test_what_is_no_path(self, base: Path, call: str, bad: object) -> None:
        with self.create() as fs:
            fs.set_working_directory(base)
            with pytest.raises(IllegalArgumentException):
                CALLS[call](fs, bad)
            assert names(fs, base) == []

    @pytest.mark.parametrize("call", CALLS)
    def test_none_is_no_path(self, base: Path, call: str) -> None:
        with self.create() as fs:
            fs.set_working_directory(base)
            with pytest.raises(IllegalArgumentException):
                CALLS[call](fs, None)
            assert names(fs, base) == []

    @pytest.mark.parametrize("recursive", ["yes", 2, [], 1.0])
    def test_what_is_no_yes_or_no(self, fs: FileSystem, base: Path, recursive: object) -> None:
        put(fs, base / "file")
        with pytest.raises(IllegalArgumentException):
            fs.delete(base, recursive)  # type: ignore[arg-type]
        assert names(fs, base) == ["file"]

    def test_unknown_keywords(self, fs: FileSystem, base: Path) -> None:
        with pytest.raises(TypeError):
            fs.create_directory(base / "x", parents=True)  # type: ignore[call-arg]
        assert names(fs, base) == []
