"""Basic (RFC 7617) and digest (RFC 7616) authentication, chosen by what the server asks for.

Nothing is sent before the server asked. That keeps a password off a server that could do with a
digest, and a server that once asked for a digest never gets the password itself.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

_HASHES: dict[str, Callable[[bytes], str]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}
_PARAMETER = re.compile(r'[\s,]*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))')
_SCHEME = re.compile(r"[\s,]*([A-Za-z][\w-]*)(?=[\s,]|$)")


@dataclass(frozen=True)
class Challenge:
    """What a server asks for: a scheme in lower case, and its parameters."""

    scheme: str
    parameters: dict[str, str] = field(default_factory=dict)


def challenges(lines: Iterable[str]) -> list[Challenge]:
    """Return what the ``WWW-Authenticate`` headers ask for; one may hold several challenges."""
    found: list[Challenge] = []
    for line in lines:
        at, current = 0, None
        while at < len(line):
            match = _PARAMETER.match(line, at) if current else None
            if match and current:
                quoted, plain = match.group(2), match.group(3)
                text = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
                current.parameters[match.group(1).lower()] = text
            else:
                match = _SCHEME.match(line, at)
                if not match:
                    break
                current = Challenge(match.group(1).lower())
                found.append(current)
            at = match.end()
    return found


def basic(username: str, password: str) -> str:
    """Return the header for basic authentication, in UTF-8."""
    pair = f"{username}:{password}".encode("utf-8", "surrogateescape")
    return f"Basic {base64.b64encode(pair).decode()}"


def can_digest(challenge: Challenge) -> bool:
    """Tell whether this is a digest that we can compute."""
    asked = challenge.parameters
    qop = asked.get("qop")
    return (
        challenge.scheme == "digest"
        and "nonce" in asked
        and asked.get("algorithm", "MD5").upper() in _HASHES
        and (qop is None or "auth" in re.split(r"[\s,]+", qop.lower()))
    )


def digest(
    asked: dict[str, str],
    username: str,
    password: str,
    method: str,
    target: str,
    *,
    count: int,
    client_nonce: str,
) -> str:
    """Return the header that answers a digest challenge.

    Args:
        asked: the parameters of the challenge.
        username: name on the server.
        password: its password.
        method: of the request.
        target: path of the request, as it is sent.
        count: how many requests were sent with this nonce, this one included.
        client_nonce: random text.
    """
    hashed = _HASHES[asked.get("algorithm", "MD5").upper()]
    realm, nonce = asked.get("realm", ""), asked["nonce"]
    one = hashed(f"{username}:{realm}:{password}".encode())
    two = hashed(f"{method}:{target}".encode())
    words = [
        f"username={_quoted(username)}",
        f"realm={_quoted(realm)}",
        f"nonce={_quoted(nonce)}",
        f'uri="{target}"',
    ]
    if "qop" in asked:
        number = f"{count:08x}"
        answer = hashed(f"{one}:{nonce}:{number}:{client_nonce}:auth:{two}".encode())
        words += ["qop=auth", f"nc={number}", f'cnonce="{client_nonce}"']
    else:
        answer = hashed(f"{one}:{nonce}:{two}".encode())
    words.append(f'response="{answer}"')
    words += [f"algorithm={asked['algorithm']}"] if "algorithm" in asked else []
    words += [f"opaque={_quoted(asked['opaque'])}"] if "opaque" in asked else []
    return "Digest " + ", ".join(words)


def _quoted(text: str) -> str:
    escaped = re.sub(r'(["\\])', r"\\\1", text)
    return f'"{escaped}"'


class Authentication:
    """Answers the challenges of one server. Safe for several threads."""

    def __init__(self, username: str, password: str) -> None:
        self._username = username
        self._password = password
        self.renew()
        self._basic = ""
        self._asked: dict[str, str] = {}
        self._count = 0

    def renew(self) -> None:
        """Make a lock of our own, in a forked child; a thread of the parent may hold the other."""
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Authentication({self._username!r})"

    @property
    def may_be_asked_again(self) -> bool:
        """Whether a request could be answered by a challenge although the password is right.

        So it is as long as nothing was asked, and always with digests, whose nonces grow old.
        """
        return not self._basic

    def header(self, method: str, target: str) -> str | None:
        """Return the ``Authorization`` header for a request, ``None`` before any challenge."""
        with self._lock:
            if not self._asked:
                return self._basic or None
            self._count += 1
            asked, count = self._asked, self._count
        return digest(
            asked,
            self._username,
            self._password,
            method,
            target,
            count=count,
            client_nonce=os.urandom(8).hex(),
        )

    def learn(self, lines: Iterable[str], sent: str | bytes | None = None) -> bool:
        """Take the challenges of a refused request; tell whether to send it again.

        Args:
            lines: the challenges.
            sent: the ``Authorization`` header of that request. Without one it may be sent again,
                though another thread has learnt meanwhile how to make one.
        """
        asked = challenges(lines)
        digests = [one for one in asked if can_digest(one)]
        with self._lock:
            if digests:
                self._asked, self._count, self._basic = digests[0].parameters, 0, ""
                return True
            if self._asked:  # a digest is to be undercut
                return False
            if any(one.scheme == "basic" for one in asked):
                self._basic = basic(self._username, self._password)
                return sent != self._basic
        return False
