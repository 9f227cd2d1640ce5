"""known_hosts files: what they say about a host, whatever is in them."""

import base64
import os
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenon_py.plugin.ssh.host_keys import (
    Verdict,
    append_known_host,
    fingerprint,
    hash_name,
    host_name,
    judge,
    matches_names,
    parse_known_hosts,
    preferred_algorithms,
    read_known_hosts,
)


def blob(kind: str = "ssh-ed25519", body: bytes = b"x" * 32) -> bytes:
    name = kind.encode()
    return len(name).to_bytes(4, "big") + name + len(body).to_bytes(4, "big") + body


def line(names: str, key: bytes, marker: str = "", kind: str = "ssh-ed25519") -> str:
    return f"{marker}{' ' if marker else ''}{names} {kind} {base64.b64encode(key).decode()} note\n"


ONE, TWO = blob(), blob(body=b"y" * 32)
RSA = blob("ssh-rsa")


@pytest.mark.parametrize(
    ("names", "name", "covered"),
    [
        ("host", "host", True),
        ("HOST", "host", True),
        ("host,10.0.0.1", "10.0.0.1", True),
        ("*.example.org", "a.example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org,!bad.example.org", "bad.example.org", False),
        ("!bad.example.org,*.example.org", "good.example.org", True),
        ("!host", "other", False),
        ("ho?t", "host", True),
        ("[host]:2222", "[host]:2222", True),
        ("[host]:2222", "host", False),
        ("[h*]:2222", "[host]:2222", True),
        ("|1|broken", "host", False),
        ("|1|!!|!!", "host", False),
    ],
)
def test_names(names, name, covered):
    assert matches_names(names, name) is covered


@given(st.from_regex(r"[a-z0-9.\-\[\]:]{1,40}", fullmatch=True))
def test_hashed_names_match_themselves_only(name):
    assert matches_names(hash_name(name), name)
    assert not matches_names(hash_name(name), name + "x")


def test_port_is_part_of_the_name_unless_it_is_22():
    assert host_name("Host", 22) == "host"
    assert host_name("Host", 2222) == "[host]:2222"


@pytest.mark.parametrize(
    ("text", "shown", "verdict"),
    [
        ("", ONE, Verdict.UNKNOWN),
        (line("other", ONE), ONE, Verdict.UNKNOWN),
        (line("host", ONE), ONE, Verdict.KNOWN),
        (line(hash_name("host"), ONE), ONE, Verdict.KNOWN),
        (line("host", ONE), TWO, Verdict.CHANGED),
        (line("host", RSA, kind="ssh-rsa"), ONE, Verdict.CHANGED),
        (line("host", ONE) + line("host", TWO), TWO, Verdict.KNOWN),
        (line("host", ONE) + line("*", ONE, "@revoked"), ONE, Verdict.REVOKED),
        (line("*", TWO, "@revoked"), ONE, Verdict.UNKNOWN),
        (line("host", ONE, "@cert-authority"), ONE, Verdict.UNKNOWN),
        (line("host", ONE, "@unheard-of"), ONE, Verdict.UNKNOWN),
    ],
)
def test_verdicts(text, shown, verdict):
    assert judge(parse_known_hosts(text), "host", shown).verdict is verdict


@given(st.text(max_size=200))
def test_a_bad_line_hurts_no_other(text):
    bad = text.replace("\n", " ").replace("\r", " ")
    found = parse_known_hosts(f"{bad}\n{line('host', ONE)}", "file")
    assert found[-1].blob == ONE


def test_where_names_file_and_line(tmp_path):
    file = tmp_path / "known"
    file.write_text("# comment\n\n" + line("host", ONE))
    found = read_known_hosts([str(tmp_path / "missing"), str(file)])
    assert [known.where for known in found] == [f"{file}:3"]


def test_known_types_are_asked_for_first():
    supported = ("ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256")
    known = parse_known_hosts(line("host", RSA, kind="ssh-rsa"))
    first = preferred_algorithms(known, "host", supported)
    assert first == ("rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519")
    assert preferred_algorithms(known, "other", supported) == supported


def test_certificates_come_first_where_an_authority_is_known():
    known = parse_known_hosts(line("*.org", ONE, "@cert-authority"))
    first = preferred_algorithms(known, "a.org", ("ssh-ed25519",))
    assert first == ("ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519")


@pytest.mark.parametrize("hashed", [True, False])
def test_appending_keeps_what_is_there(tmp_path, hashed):
    file = tmp_path / "new" / "known_hosts"
    append_known_host(str(file), "[host]:2222", "ssh-ed25519", ONE, hashed=hashed)
    file.write_text(file.read_text().rstrip("\n"))  # a file without its last newline
    append_known_host(str(file), "other", "ssh-ed25519", TWO, hashed=hashed)
    known = read_known_hosts([str(file)])
    assert judge(known, "[host]:2222", ONE).verdict is Verdict.KNOWN
    assert judge(known, "other", TWO).verdict is Verdict.KNOWN
    assert (os.stat(file).st_mode & 0o077, os.stat(file.parent).st_mode & 0o077) == (0, 0)
    assert ("[host]:2222" in file.read_text()) is not hashed


def test_fingerprint_is_that_of_ssh_keygen(tmp_path):
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(key)], check=True, capture_output=True, text=True
    ).stdout
    public = base64.b64decode((tmp_path / "key.pub").read_text().split()[1])
    assert fingerprint(public) == shown.split()[1]
