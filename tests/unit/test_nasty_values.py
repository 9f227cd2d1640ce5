"""Arguments that are not only wrong but also resist being shown, compared or measured."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from xenon_py.engine.job_checks import checked_description
from xenon_py.exceptions import IllegalArgumentException, XenonException
from xenon_py.filesystem import FileSystem
from xenon_py.model.copying import CopyOperation
from xenon_py.model.descriptions import SchedulerAdaptorDescription
from xenon_py.model.jobs import Job, JobDescription
from xenon_py.model.timeouts import seconds_of
from xenon_py.scheduler import Scheduler


class _Unshowable:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class _BrokenPath(os.PathLike):  # type: ignore[type-arg]
    def __fspath__(self) -> Any:
        return 5


def _deep() -> list[Any]:
    found: list[Any] = []
    for _ in range(100_000):
        found = [found]
    return found


NASTY = {
    "huge": 10**5000,
    "negative": -(10**5000),
    "unshowable": _Unshowable(),
    "broken path": _BrokenPath(),
    "deep": _deep(),
    "list": [10**5000, _Unshowable()],
    "mapping": {"a": _Unshowable()},
    "job": Job([_Unshowable()]),  # type: ignore[arg-type]
}
ABLE = SchedulerAdaptorDescription(supports_hold=True, supports_dependencies=True)


@pytest.fixture
def fs(tmp_path: Path) -> Iterator[FileSystem]:
    (tmp_path / "kept").write_bytes(b"content")
    with FileSystem.create("file", str(tmp_path)) as made:
        yield made


@pytest.mark.parametrize("value", NASTY.values(), ids=NASTY)
class TestNasty:
    def test_paths(self, fs: FileSystem, value: Any) -> None:
        for call in (fs.exists, fs.delete, fs.read_from_file, fs.create_file):
            with pytest.raises(IllegalArgumentException, match="path must be"):
                call(value)

    def test_options(self, fs: FileSystem, value: Any) -> None:
        for name in ("mode", "recursive", "verify", "parallel", "preserve", "on_progress"):
            with pytest.raises(IllegalArgumentException, match=name):
                fs.copy("kept", fs, "new", **{name: value})
        with pytest.raises(IllegalArgumentException, match="permissions"):
            fs.set_posix_file_permissions("kept", value)
        with pytest.raises(IllegalArgumentException, match="permissions"):
            fs.set_posix_file_permissions("kept", [value])
        with pytest.raises(IllegalArgumentException, match="encoding"):
            fs.open("kept", "w", encoding=value)

    def test_identifiers(self, fs: FileSystem, value: Any) -> None:
        for call in (fs.get_status, fs.cancel, fs.wait_until_done, fs.copy_future):
            with pytest.raises(IllegalArgumentException, match="copy_operation"):
                call(CopyOperation(value))

    def test_adaptor_names(self, value: Any) -> None:
        for create in (FileSystem.create, Scheduler.create):
            with pytest.raises(IllegalArgumentException, match="adaptor"):
                create(value)

    @pytest.mark.parametrize("field", JobDescription.__dataclass_fields__)
    def test_job_fields(self, field: str, value: Any) -> None:
        for given in (value, [value], {"A": value}):
            description = JobDescription(executable="x")
            setattr(description, field, given)
            with pytest.raises(XenonException, match=field):
                checked_description(description, ABLE)

    def test_time_outs(self, value: Any) -> None:
        if isinstance(value, int) and value > 0:
            assert seconds_of(value) == 1e9
            return
        with pytest.raises(IllegalArgumentException, match="timeout"):
            seconds_of(value)


class TestEncodings:
    @pytest.mark.parametrize("encoding", ["base64", "rot13", "hex", "a\0b", "\ud800", "undefined"])
    def test_the_file_stays(self, fs: FileSystem, tmp_path: Path, encoding: str) -> None:
        """Some are codecs, but not from text to bytes; the name of one may hold anything."""
        with pytest.raises(IllegalArgumentException, match="encoding"):
            fs.open("kept", "w", encoding=encoding)
        assert (tmp_path / "kept").read_bytes() == b"content"
        assert os.listdir(tmp_path) == ["kept"]


class TestLongTexts:
    def test_messages_stay_short(self, fs: FileSystem) -> None:
        with pytest.raises(XenonException) as caught:
            fs.read_from_file("a" * 3_000_000)
        assert len(str(caught.value)) < 10_000
        with pytest.raises(XenonException) as caught:
            FileSystem.create("a" * 3_000_000)
        assert len(str(caught.value)) < 10_000

    @pytest.mark.parametrize("text", ["a", "a:", "a@", "via:", "/"])
    def test_long_locations_are_refused_at_once(self, text: str) -> None:
        start = time.monotonic()
        for create in (FileSystem.from_url, lambda url: FileSystem.create("sftp", url)):
            with pytest.raises(XenonException):
                create(text * 1_000_000)
        assert time.monotonic() - start < 5


class TestSecrets:
    @pytest.mark.parametrize("value", ["S3cret\0", b"S3cret", ["S3cret"], "S3cret\ud800"])
    def test_values_of_variables_are_not_shown(self, value: Any) -> None:
        for environment in ({"TOKEN": value}, [f"TOKEN={value!r}"]):
            description = JobDescription(executable="x", environment=environment)
            with pytest.raises(XenonException, match="environment") as caught:
                checked_description(description, ABLE)
            assert "S3cret" not in str(caught.value)


class TestStridedViews:
    """A ``memoryview`` with gaps is bytes too, but ``cast`` and ``os.write`` refuse it."""

    def test_files(self, fs: FileSystem, tmp_path: Path) -> None:
        view = memoryview(b"a-b-c-")[::2]
        fs.write_to_file("new", view)
        fs.append_to_file("new", [view, view])
        assert (tmp_path / "new").read_bytes() == b"abc" * 3

    def test_input_of_jobs(self, tmp_path: Path) -> None:
        with Scheduler.create("local", str(tmp_path)) as scheduler:
            description = JobDescription(executable="/bin/cat")
            _, stream = scheduler.submit_interactive_job(description, [memoryview(b"a-b-")[::2]])
            assert b"".join(piece.stdout for piece in stream) == b"ab"


class TestSecretsInPlaces:
    """A password is not taken in a location; what stands there of one is not shown either."""

    @pytest.mark.parametrize("password", ["S3cret", "a/S3cret", "a S3cret", "a\nS3cret", "@S3cret"])
    @pytest.mark.parametrize(
        "url", ["sftp://u:{}@h", "ssh://h?via=u:{}@g", "sftp:u:{}@h", "slurm+ssh://u:{}@h/d"]
    )
    def test_urls(self, url: str, password: str) -> None:
        for kind in (FileSystem, Scheduler):
            with pytest.raises(XenonException) as caught:
                kind.from_url(url.format(password))
            assert "S3cret" not in str(caught.value)

    @pytest.mark.parametrize("password", ["S3cret", "a/S3cret", "a S3cret", "a\nS3cret", "@S3cret"])
    @pytest.mark.parametrize("location", ["u:{}@h", "u:{}@h/dir", "h via:u:{}@g"])
    def test_locations(self, location: str, password: str) -> None:
        with pytest.raises(XenonException) as caught:
            FileSystem.create("sftp", location.format(password))
        assert "S3cret" not in str(caught.value)
