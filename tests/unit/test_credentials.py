"""Credentials: one of them, looked up by host, and never shown."""

from __future__ import annotations

import copy
import pickle

import pytest

import xenon_py as xenon
from xenon_py import exceptions as exc
from xenon_py.model.credentials import (
    Credential,
    SimpleCredential,
    choose_credential,
    credential_for,
    current_user,
)

SECRET = "S3CRET-SENTINEL"
PASSWORD = xenon.PasswordCredential(username="bob", password=SECRET)
CERTIFICATE = xenon.CertificateCredential(certfile="/k", passphrase=SECRET, username="al")
MAP = xenon.CredentialMap(
    entries={
        "a:22": xenon.UserCredential(password_credential=PASSWORD),
        "a": CERTIFICATE,
        "empty": xenon.UserCredential(),
    },
    password_credential=xenon.PasswordCredential(username="fallback", password=SECRET),
)
SECRETIVE = [PASSWORD, CERTIFICATE, MAP, xenon.UserCredential(certificate_credential=CERTIFICATE)]


@pytest.mark.parametrize("credential", SECRETIVE)
def test_secrets_are_neither_shown_nor_pickled(credential: object) -> None:
    assert SECRET not in repr(credential)
    assert SECRET not in str(credential)
    assert SECRET not in f"{credential}"
    with pytest.raises(exc.InvalidCredentialException) as caught:
        pickle.dumps(credential)
    assert SECRET not in str(caught.value)
    assert copy.copy(credential) is copy.deepcopy(credential) is credential
    hash(credential)


def test_default_credential_is_pickled() -> None:
    credential = xenon.DefaultCredential(username="bob")
    assert pickle.loads(pickle.dumps(credential)) == credential
    assert xenon.DefaultCredential() == xenon.DefaultCredential(username="")


def test_secrets_count_in_comparisons() -> None:
    assert xenon.PasswordCredential(username="bob", password=SECRET) == PASSWORD
    assert xenon.PasswordCredential(username="bob", password="x") != PASSWORD


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("a", 22, PASSWORD),
        ("a", 23, CERTIFICATE),
        ("b", 22, MAP.password_credential),
        ("empty", 1, xenon.DefaultCredential()),
    ],
)
def test_look_up_by_host_and_port_then_host_then_fallback(
    host: str, port: int, expected: SimpleCredential
) -> None:
    assert MAP.lookup(host, port) == expected
    assert credential_for(MAP, host, port) == expected
    assert credential_for(PASSWORD, host, port) is PASSWORD


def test_no_entry_and_no_fallback() -> None:
    lone = xenon.CredentialMap(entries={"a": PASSWORD})
    with pytest.raises(exc.CredentialNotFoundException, match=r"b:22 or b.*it has: a") as caught:
        lone.lookup("b", 22)
    assert SECRET not in str(caught.value)
    assert caught.value.host == "b:22"
    with pytest.raises(exc.CredentialNotFoundException, match="it has: nothing"):
        xenon.CredentialMap().lookup("b", 22)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, xenon.DefaultCredential()),
        ({"password_credential": PASSWORD}, PASSWORD),
        ({"certificate_credential": CERTIFICATE}, CERTIFICATE),
        ({"credential_map": MAP}, MAP),
        ({"credential_map": xenon.CredentialMap()}, xenon.CredentialMap()),
        (
            {"keytab_credential": xenon.KeytabCredential(username="k")},
            xenon.KeytabCredential(username="k"),
        ),
        (
            {"default_credential": xenon.DefaultCredential(username="x")},
            xenon.DefaultCredential(username="x"),
        ),
    ],
)
def test_the_one_that_is_given_is_chosen(
    arguments: dict[str, object], expected: Credential
) -> None:
    assert choose_credential(**arguments) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "arguments",
    [
        {"password_credential": PASSWORD, "default_credential": xenon.DefaultCredential()},
        {"password_credential": PASSWORD, "credential_map": MAP},
    ],
)
def test_more_than_one_is_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(exc.InvalidCredentialException, match="password_credential"):
        choose_credential(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make",
    [
        lambda: xenon.UserCredential(
            password_credential=PASSWORD, default_credential=xenon.DefaultCredential()
        ),
        lambda: xenon.CredentialMap(
            password_credential=PASSWORD, certificate_credential=CERTIFICATE
        ),
    ],
)
def test_messages_hold_at_most_one(make: object) -> None:
    with pytest.raises(exc.InvalidCredentialException) as caught:
        make()  # type: ignore[operator]
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: choose_credential(password_credential=CERTIFICATE),  # type: ignore[arg-type]
        lambda: choose_credential(password_credential=SECRET),  # type: ignore[arg-type]
        lambda: choose_credential(credential_map={"a": PASSWORD}),  # type: ignore[arg-type]
        lambda: xenon.PasswordCredential(username=None, password=SECRET),  # type: ignore[arg-type]
        lambda: xenon.PasswordCredential(username="u", password=SECRET.encode()),  # type: ignore[arg-type]
        lambda: xenon.PasswordCredential(username="u", password=SECRET + "\0"),
        lambda: xenon.CertificateCredential(certfile=7),  # type: ignore[arg-type]
        lambda: xenon.KeytabCredential(keytabfile=7),  # type: ignore[arg-type]
        lambda: xenon.DefaultCredential(username=7),  # type: ignore[arg-type]
        lambda: xenon.UserCredential(password_credential=CERTIFICATE),  # type: ignore[arg-type]
        lambda: xenon.CredentialMap(entries=[PASSWORD]),  # type: ignore[arg-type]
        lambda: xenon.CredentialMap(entries={"a": SECRET}),  # type: ignore[dict-item]
        lambda: xenon.CredentialMap(entries={7: PASSWORD}),  # type: ignore[dict-item]
    ],
)
def test_wrong_types_are_refused_without_showing_them(make: object) -> None:
    with pytest.raises(exc.IllegalArgumentException) as caught:
        make()  # type: ignore[operator]
    assert SECRET not in str(caught.value)


def test_keyword_only_as_in_pyxenon() -> None:
    with pytest.raises(TypeError):
        xenon.PasswordCredential("bob", SECRET)  # type: ignore[misc]


def test_current_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "somebody")
    assert current_user() == "somebody"
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 3_999_999)
    assert current_user() == "3999999"
