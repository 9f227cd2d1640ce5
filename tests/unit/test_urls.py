"""URLs of ``from_url``: every form, and what is refused."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenon_adaptors import descriptions
from xenon_py import exceptions as exc
from xenon_py.engine import registry
from xenon_py.engine.urls import parse_filesystem_url, parse_scheduler_url
from xenon_py.model.location import parse_location


@pytest.mark.parametrize(
    ("url", "adaptor", "location"),
    [
        ("sftp://user@host:22/dir", "sftp", "user@host:22/dir"),
        ("sftp://host/my%20dir", "sftp", "host/my dir"),
        ("sftp://host/dir?via=a&via=b@c:2222", "sftp", "host/dir via:a via:b@c:2222"),
        ("sftp://[::1]:22/d", "sftp", "[::1]:22/d"),
        ("SFTP://host", "sftp", "host"),
        ("s3+https://host/bucket", "s3", "https://host/bucket"),
        ("s3+http://host:9000/bucket/a%20b", "s3", "http://host:9000/bucket/a%20b"),
        ("webdav+https://host/d", "webdav", "https://host/d"),
        ("webdav+http://host", "webdav", "http://host"),
        ("ftp://host:21/d", "ftp", "host:21/d"),
        ("file:///dir", "file", "/dir"),
        ("file://localhost/dir", "file", "/dir"),
        ("file:", "file", ""),
        ("fsspec+memory://d", "fsspec", "memory://d"),
        ("fsspec+https://h/x?q=1#f", "fsspec", "https://h/x?q=1#f"),
    ],
)
def test_filesystem_url(url: str, adaptor: str, location: str) -> None:
    assert parse_filesystem_url(url) == (adaptor, location)
    form = registry.filesystem_description(adaptor).location_form
    assert parse_location(location, form).text == location


@pytest.mark.parametrize(
    ("url", "adaptor", "location"),
    [
        ("slurm+ssh://user@host/dir?via=gateway", "slurm", "ssh://user@host/dir via:gateway"),
        ("slurm+ssh://h?via=a&via=b", "slurm", "ssh://h via:a via:b"),
        ("slurm+local:///dir", "slurm", "local:///dir"),
        ("torque+local:", "torque", "local://"),
        ("gridengine+ssh://h:2222", "gridengine", "ssh://h:2222"),
        ("at+local://", "at", "local://"),
        ("local:", "local", ""),
        ("local:///dir", "local", "/dir"),
        ("ssh://user@host", "ssh", "user@host"),
    ],
)
def test_scheduler_url(url: str, adaptor: str, location: str) -> None:
    assert parse_scheduler_url(url) == (adaptor, location)
    form = registry.scheduler_description(adaptor).location_form
    assert parse_location(location, form).text == location


@pytest.mark.parametrize(
    "url",
    [
        "sftp://user:S3CRET@host/d",
        "sftp://user:S3C@RET/S3CRET@host/d",
        "sftp://:S3CRET@host/d",
        "sftp://host/d?via=me:S3CRET@gateway",
        "s3+https://key:S3CRET@host/bucket",
        "fsspec+ftp://u:S3CRET@host/",
    ],
)
def test_a_password_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(exc.InvalidLocationException, match="PasswordCredential") as caught:
        parse_filesystem_url(url)
    assert "S3C" not in str(caught.value)
    assert "S3C" not in repr(caught.value.__dict__)


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("sftp://host?vai=g", "unknown key 'vai'"),
        ("ftp://host?via=g", "unknown key 'via'"),
        ("s3+https://h/b?x=1", "unknown key 'x'"),
        ("sftp://host?via=", "via must be"),
        ("sftp://host/d#f", "fragment"),
        ("sftp://", "no host"),
        ("file://server/d", "three slashes"),
        ("file:d", "absolute"),
        ("s3://bucket", r"'s3\+' before a location of this adaptor: http\[s\]://.*/bucketname"),
        ("webdav://host/d", r"'webdav\+' before a location .* https://host"),
        ("sftp+ssh://host", "sftp://host/dir"),
        ("fsspec://x", r"fsspec\+protocol"),
        ("sftp://host/a%20via:b", "via:"),
        ("sftp://ho\nst/", "control"),
        ("/some/dir", "name of an adaptor.* is file:///some/dir"),
        ("me@host:/dir", "sftp://user@host/dir"),
        ("", "name of an adaptor"),
    ],
)
def test_refused(url: str, hint: str) -> None:
    with pytest.raises(exc.InvalidLocationException, match=hint):
        parse_filesystem_url(url)


@pytest.mark.parametrize(
    ("parse", "url", "adaptor"),
    [
        (parse_filesystem_url, "scp://host/d", "sftp"),
        (parse_filesystem_url, "ssh://host/d", "sftp"),
        (parse_filesystem_url, "https://host/d", "webdav"),
        (parse_filesystem_url, "gs://bucket", "fsspec"),
        (parse_scheduler_url, "pbs+ssh://host", "torque"),
        (parse_scheduler_url, "sge+local:", "gridengine"),
        (parse_scheduler_url, "sftp://host", "ssh"),
    ],
)
def test_names_that_others_use(
    parse: Callable[[str], tuple[str, str]], url: str, adaptor: str
) -> None:
    with pytest.raises(exc.UnknownAdaptorException, match=f"did you mean '{adaptor}'"):
        parse(url)


@given(
    st.sampled_from([*(d.name for d in descriptions.ALL), "x"]),
    st.sampled_from([":", "://", "+ssh://", "+local:", "+https://", "+memory://", ""]),
    st.text("abAB:/@[]?&=#+%20via~ \t\0é", max_size=25).map(lambda t: t.replace("~", "via=")),
    st.sampled_from([parse_filesystem_url, parse_scheduler_url]),
)
def test_any_text_gives_a_location_or_is_refused(
    name: str, start: str, rest: str, parse: Callable[[str], tuple[str, str]]
) -> None:
    with contextlib.suppress(exc.InvalidLocationException, exc.UnknownAdaptorException):
        adaptor, location = parse(f"{name}{start}{rest}")
        (record,) = (d for d in descriptions.ALL if d.name == adaptor)
        assert parse_location(location, record.location_form).text == location


def test_batch_url_without_runner_says_how() -> None:
    with pytest.raises(exc.InvalidLocationException, match=r"slurm\+ssh://host/dir"):
        parse_scheduler_url("slurm://host")


def test_unknown_adaptor_and_wrong_type() -> None:
    with pytest.raises(exc.UnknownAdaptorException):
        parse_filesystem_url("gopher://host")
    with pytest.raises(exc.IllegalArgumentException, match="url must be a str"):
        parse_filesystem_url(None)  # type: ignore[arg-type]
