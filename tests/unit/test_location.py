"""Location strings: every documented form, and that nothing else but our errors comes out."""

from __future__ import annotations

import string
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenon_py import exceptions as exc
from xenon_py.model.location import Hop, Location, LocationForm, parse_location, redact

FORMS = list(LocationForm)
BAD = (exc.InvalidLocationException, exc.IllegalArgumentException)

hosts = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,10}[a-z0-9])?", fullmatch=True) | st.just("::1")
users = st.just("") | st.from_regex(r"[A-Za-z_][A-Za-z0-9_.+-]{0,8}", fullmatch=True)
hops = st.builds(Hop, hosts, st.integers(0, 65535), users)
paths = st.just("") | st.text(string.ascii_letters + "/._- é", max_size=20).map(
    lambda text: "/" + text.rstrip()
)


@given(hops, paths, st.lists(hops, max_size=3))
def test_ssh_forms_round_trip(target: Hop, path: str, vias: list[Hop]) -> None:
    text = f"{target}{path}" + "".join(f" via:{hop}" for hop in vias)
    expected = (target, path, tuple(reversed(vias)))
    bare = parse_location(text, LocationForm.SSH)
    assert (bare.target, bare.path, bare.hops) == expected
    assert (bare.text, bare.scheme) == (text, "")
    batch = parse_location(f"ssh://{text}", LocationForm.BATCH)
    assert (batch.target, batch.path, batch.hops, batch.scheme) == (*expected, "ssh")
    if vias:
        with pytest.raises(exc.InvalidLocationException, match="via"):
            parse_location(text, LocationForm.HOST)
    else:
        assert parse_location(text, LocationForm.HOST) == bare


@given(hops, st.from_regex(r"(/[a-z0-9%._~-]{0,6}){0,3}", fullmatch=True))
def test_http_forms_round_trip(target: Hop, path: str) -> None:
    for scheme in ("http", "https"):
        found = parse_location(f"{scheme}://{target}{path}", LocationForm.HTTP)
        assert (found.scheme, found.target, found.path, found.hops) == (scheme, target, path, ())


@given(st.text(), st.sampled_from(FORMS))
def test_any_text_is_parsed_or_refused(text: str, form: LocationForm) -> None:
    try:
        found = parse_location(text, form, adaptor="some")
    except exc.InvalidLocationException:
        return
    assert found.text == text


@given(
    st.text("ab:/@[]. \t%?#-via~\\0", max_size=25).map(lambda t: t.replace("~", " via:")),
    st.sampled_from(FORMS),
    st.sampled_from(["", "ssh://", "local://", "local:", "http://", "memory://"]),
)
def test_nearly_right_text_is_parsed_or_refused(text: str, form: LocationForm, start: str) -> None:
    try:
        found = parse_location(start + text, form)
    except exc.InvalidLocationException:
        return
    for hop in (found.target, *found.hops):
        assert hop is None or (hop.host and not hop.host.startswith("-") and 0 <= hop.port < 65536)
    if form is not LocationForm.URL:
        assert found.path == "" or found.path.startswith("/")


@pytest.mark.parametrize(
    ("text", "path"), [(None, ""), ("", ""), ("/", "/"), ("/a b", "/a b"), ("local:///x", "/x")]
)
def test_path_form(text: str | None, path: str) -> None:
    found = parse_location(text, LocationForm.PATH)
    assert (found.path, found.target, found.host) == (path, None, "")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", ""),
        ("local:", ""),
        ("local://", ""),
        ("LOCAL:///", ""),
        ("local:///w", "/w"),
        ("local:/w/", "/w"),
    ],
)
def test_batch_form_on_this_machine(text: str, path: str) -> None:
    assert parse_location(text, LocationForm.BATCH) == Location(text, "local", path=path)


def test_working_directory_may_stand_behind_the_hops() -> None:
    found = parse_location("host via:gate/dir", LocationForm.SSH)
    assert (found.path, found.hops) == ("/dir", (Hop("gate"),))


@pytest.mark.parametrize("text", ["memory", "memory://", "memory://a/b", "s3://bucket/a?b#c"])
def test_url_form(text: str) -> None:
    found = parse_location(text, LocationForm.URL)
    assert found.scheme == text.partition(":")[0]


@pytest.mark.parametrize(
    ("form", "text", "why"),
    [
        (LocationForm.PATH, "relative/dir", "absolute"),
        (LocationForm.PATH, "C:/x", "Windows"),
        (LocationForm.PATH, "C:", "Windows"),
        (LocationForm.PATH, "ssh://host", "absolute"),
        (LocationForm.HOST, "", "no host"),
        (LocationForm.HOST, "/dir", "no host"),
        (LocationForm.HOST, "ftp://host", "without a scheme"),
        (LocationForm.SSH, "ssh://host", "without a scheme"),
        (LocationForm.SSH, "host:0", "port"),
        (LocationForm.SSH, "host:65536", "port"),
        (LocationForm.SSH, "host:", "port"),
        (LocationForm.SSH, "host:/dir", "host/dir"),
        (LocationForm.SSH, "me@host:dir", "host/dir"),
        (LocationForm.SSH, "host:\uff12\uff12", "host"),
        (LocationForm.SSH, "-oProxyCommand=x", "host"),
        (LocationForm.SSH, "host via:", "host"),
        (LocationForm.SSH, "$(id)@host", "shell"),
        (LocationForm.SSH, "-l@host", "'-'"),
        (LocationForm.SSH, "host/a via:gate/b", "two working directories"),
        (LocationForm.SSH, "ho\x00st", "control"),
        (LocationForm.BATCH, "host", "local://"),
        (LocationForm.BATCH, "ssh:host", "local://"),
        (LocationForm.BATCH, "local://relative", "absolute"),
        (LocationForm.HTTP, "host/bucket", "http"),
        (LocationForm.HTTP, "http:host", "http"),
        (LocationForm.HTTP, "http:///x", "no host"),
        (LocationForm.HTTP, "https://h/a b", "blanks"),
        (LocationForm.HTTP, "https://h/a?b", "query"),
        (LocationForm.URL, "", "protocol"),
        (LocationForm.URL, "no protocol", "protocol"),
    ],
)
def test_refused(form: LocationForm, text: str, why: str) -> None:
    with pytest.raises(exc.InvalidLocationException, match=why):
        parse_location(text, form)


@pytest.mark.parametrize("value", [b"host", 7, ["host"], object()])
def test_wrong_types(value: object) -> None:
    with pytest.raises(exc.IllegalArgumentException, match="location must be a str"):
        parse_location(value, LocationForm.SSH)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "text",
    [
        "{}user:S3CRET@host/d",
        "{}user:S3C@RET/S3CRET@host/d",
        "{}user:S3C/RET@host",
        "{}:S3CRET@host",
    ],
)
def test_passwords_are_refused_and_not_repeated(form: LocationForm, text: str) -> None:
    for scheme in ("", "ssh://", "https://", "memory://"):
        with pytest.raises(exc.InvalidLocationException) as caught:
            parse_location(text.format(scheme), form)
        assert "S3C" not in str(caught.value)
        assert "S3C" not in repr(vars(caught.value))


def test_passwords_of_gateways_are_refused_and_not_repeated() -> None:
    with pytest.raises(exc.InvalidLocationException, match="PasswordCredential") as caught:
        parse_location("host via:user:S3CRET@gate", LocationForm.SSH)
    assert "S3C" not in str(caught.value)


@given(st.text(st.characters(exclude_characters="@& \t\n"), min_size=12))
def test_redact_hides_what_is_between_colon_and_at(secret: str) -> None:
    if any(char.isspace() for char in secret):
        return
    for text in (f"ssh://me:{secret}@host", f"me:{secret}@host", f"host via:me:{secret}@gate"):
        assert secret not in redact(text)


def test_a_path_is_as_good_as_its_text() -> None:
    location = parse_location(PurePosixPath("/some/dir"), LocationForm.PATH)
    assert (location.text, location.path) == ("/some/dir", "/some/dir")
