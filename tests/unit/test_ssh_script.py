"""The shell text around remote commands, through the shells of this machine."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xenon_py.exceptions import IllegalArgumentException
from xenon_py.plugin.ssh.script import command_script, octal, remote_text
from xenon_py.plugin.ssh.streams import Marked

SHELLS = [shell for shell in ("/bin/sh", "/bin/bash", "/bin/tcsh") if shutil.which(shell)]
WORDS = st.lists(st.text(st.characters(exclude_characters="\0"), max_size=30), max_size=4)


def run(shell: str, script: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a script as sshd would: by the login shell, in a session of its own."""
    remote = remote_text(script)
    return subprocess.run(
        [shell, "-c", remote.command],
        input=remote.stdin + stdin,
        capture_output=True,
        check=False,
        start_new_session=True,
    )


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=15, deadline=None)
@given(words=WORDS, value=st.text(st.characters(exclude_characters="\0"), max_size=30))
def test_words_and_values_survive_any_login_shell(shell: str, words: list[str], value: str) -> None:
    words = [word.encode("utf-8", "ignore").decode() for word in words]
    value = value.encode("utf-8", "ignore").decode()
    script = 'printf "<%s>" "$V" "$@"'
    done = run(shell, command_script("mark", ["sh", "-c", script, "sh", *words], {"V": value}, "/"))
    marked = Marked("mark")
    expected = "".join(f"<{word}>" for word in (value, *words))
    assert marked.feed(done.stdout).decode() == expected
    assert marked.word is not None
    assert marked.word.isdigit()


@pytest.mark.parametrize("shell", SHELLS)
def test_long_scripts_come_by_standard_input(shell: str) -> None:
    script = command_script("mark", ["sh", "-c", "echo ${#1}; cat", "sh", "ü" * 60_000], None, None)
    assert remote_text(script).stdin
    assert b"\n60000\nrest" in run(shell, script, b"rest").stdout.replace(b"120000", b"60000")


@pytest.mark.parametrize("shell", SHELLS)
def test_missing_directory_is_told(shell: str) -> None:
    done = run(shell, command_script("mark", ["true"], None, "/no/such"))
    assert (done.stdout, done.returncode) == (b"mark cwd\n", 125)


@given(st.text(st.characters(exclude_characters="\0")))
def test_the_octal_form_is_harmless(text: str) -> None:
    harmful = set("'\"`$!%&|;<>(){}[]*?~#^\n\r\t")
    shown = octal(text.encode("utf-8", "ignore").decode())
    assert not harmful & set(shown)
    assert shown.isascii()


@given(
    noise=st.binary(max_size=50),
    data=st.binary(max_size=50),
    cuts=st.lists(st.integers(0, 120), max_size=5),
)
def test_noise_before_the_marker_is_dropped(noise: bytes, data: bytes, cuts: list[int]) -> None:
    stream = noise + b"the-mark 42\n" + data
    marked = Marked("the-mark")
    edges = [0, *sorted(cuts), len(stream)]
    pieces = [stream[a:b] for a, b in itertools.pairwise(edges)]
    assert b"".join(map(marked.feed, pieces)) == data
    assert marked.word == "42"


@pytest.mark.parametrize("name", ["", "1A", "A B", "A=B", "A\n", "é"])
def test_names_that_no_variable_has(name: str) -> None:
    with pytest.raises(IllegalArgumentException):
        command_script("mark", ["true"], {name: "x"}, None)


def test_bytes_that_are_no_text_pass() -> None:
    word = os.fsdecode(b"\xff\xfe")
    done = run("/bin/sh", command_script("mark", ["printf", "%s", word], None, None))
    assert done.stdout.endswith(b"\n\xff\xfe")
