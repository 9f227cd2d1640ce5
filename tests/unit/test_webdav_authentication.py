"""Answers to challenges: the examples of the standards, and servers that ask for less."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenon_adaptors.webdav_protocol.authentication import (
    Authentication,
    can_digest,
    challenges,
    digest,
)

# RFC 7616, section 3.9.1
ASKED = {
    "realm": "http-auth@example.org",
    "qop": "auth",
    "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
}
CLIENT_NONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_the_standard(algorithm: str, expected: str) -> None:
    header = digest(
        {**ASKED, "algorithm": algorithm},
        "Mufasa",
        "Circle of Life",
        "GET",
        "/dir/index.html",
        count=1,
        client_nonce=CLIENT_NONCE,
    )
    assert f'response="{expected}"' in header


def test_several_challenges_in_one_header() -> None:
    found = challenges(['Negotiate, Digest realm="a, \\"b\\"", nonce=n, Basic realm="c"', "Bearer"])
    assert [one.scheme for one in found] == ["negotiate", "digest", "basic", "bearer"]
    assert found[1].parameters == {"realm": 'a, "b"', "nonce": "n"}


@pytest.mark.parametrize(
    "parameters", ['qop="auth-int"', "algorithm=SHA-512-256", "algorithm=MD5-sess"]
)
def test_digests_that_we_cannot_compute(parameters: str) -> None:
    assert not can_digest(challenges([f"Digest nonce=n, {parameters}"])[0])


@given(st.lists(st.text()))
def test_any_header_can_be_read(lines: list[str]) -> None:
    assert isinstance(challenges(lines), list)


def test_nothing_is_sent_unasked() -> None:
    assert Authentication("user", "secret").header("GET", "/") is None


def test_a_digest_is_preferred() -> None:
    one = Authentication("user", "secret")
    assert one.learn(['Basic realm="r"', 'Digest realm="r", nonce="n", qop="auth"'])
    header = one.header("GET", "/") or ""
    assert header.startswith("Digest ")
    assert "secret" not in header


def test_a_digest_is_not_undercut() -> None:
    one = Authentication("user", "secret")
    assert one.learn(['Digest realm="r", nonce="n"'])
    assert not one.learn(['Basic realm="r"'])
    assert (one.header("GET", "/") or "").startswith("Digest ")


def test_a_refused_password_is_not_sent_again() -> None:
    one = Authentication("user", "secret")
    assert one.learn(['Basic realm="r"'])
    header = one.header("GET", "/")
    assert header == "Basic dXNlcjpzZWNyZXQ="
    assert not one.learn(['Basic realm="r"'], header)


def test_who_asked_before_the_password_was_wanted_asks_again() -> None:
    one = Authentication("user", "secret")
    assert one.learn(['Basic realm="r"'], None)
    assert one.learn(['Basic realm="r"'], None)


def test_requests_are_counted_per_nonce() -> None:
    one = Authentication("user", "secret")
    for nonce in ("a", "b"):
        assert one.learn([f'Digest realm="r", nonce="{nonce}", qop="auth"'])
        counts = [(one.header("GET", "/") or "").partition("nc=")[2][:8] for _ in range(2)]
        assert counts == ["00000001", "00000002"]


def test_unknown_schemes() -> None:
    assert not Authentication("user", "secret").learn(["Negotiate", 'Bearer realm="r"'])


def test_the_password_never_shows() -> None:
    assert "secret" not in repr(Authentication("user", "secret"))
