"""Host keys that RevokedHostKeys of ssh_config(5) names: lists of keys, and OpenSSH's KRLs."""

from __future__ import annotations

import base64
import binascii
import os
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Iterable

from xenon_py.exceptions import NotConnectedException
from xenon_py.plugin.ssh.host_keys import blob_type

_KRL_MAGIC = b"SSHKRL\n\0"
_QUERY_TIMEOUT = 20.0


def revoking_file(files: Iterable[str], shown: bytes, others: Collection[bytes] = ()) -> str:
    """Return the file that revokes a host key; ``""`` when none does.

    Args:
        files: lists of public keys, one in a line, or key revocation lists.
        shown: what the server shows, a key or a certificate.
        others: for a certificate its plain key and that of its authority.

    Raises:
        NotConnectedException: a file cannot be read: then no key is good, as for ``ssh``.
    """
    for file in files:
        try:
            with open(file, "rb") as stream:
                content = stream.read()
        except OSError as error:
            raise _unusable(file, error.strerror or str(error)) from error
        if content.startswith(_KRL_MAGIC):
            revoked = _is_in_krl(file, shown)
        else:
            revoked = not _listed(file, content).isdisjoint({shown, *others})
        if revoked:
            return file
    return ""


def _unusable(file: str, why: str) -> NotConnectedException:
    return NotConnectedException.because(
        f"the file {file!r} that RevokedHostKeys of the SSH configuration names cannot be used: "
        f"{why}; so no host key can be accepted",
        path=file,
    )


def _listed(file: str, content: bytes) -> set[bytes]:
    """Return the keys of a list; a line that holds none spoils it, as for ``ssh``."""
    blobs = set()
    for number, line in enumerate(content.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith(b"#"):
            continue
        blob = _decoded(words[1]) if len(words) > 1 else b""
        if not blob or blob_type(blob).encode() != words[0]:
            raise _unusable(file, f"line {number} is no public key")
        blobs.add(blob)
    return blobs


def _decoded(word: bytes) -> bytes:
    try:
        return base64.b64decode(word, validate=True)
    except binascii.Error:
        return b""


def _is_in_krl(file: str, shown: bytes) -> bool:
    """Ask ``ssh-keygen -Q``, which knows every form of entry."""
    program = shutil.which("ssh-keygen")
    if program is None:
        raise _unusable(file, "it is a KRL, and there is no ssh-keygen to read it")
    with tempfile.TemporaryDirectory(prefix="xenon-") as directory:
        key = os.path.join(directory, "key.pub")
        with open(key, "w", encoding="ascii") as stream:
            stream.write(f"{blob_type(shown)} {base64.b64encode(shown).decode()}\n")
        try:
            done = subprocess.run(
                [program, "-Q", "-f", file, key],
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=_QUERY_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise _unusable(file, "ssh-keygen hangs") from error
    if done.returncode == 0:
        return False
    if b"REVOKED" in done.stdout:
        return True
    raise _unusable(file, done.stderr.decode("utf-8", "replace").strip() or "ssh-keygen fails")
