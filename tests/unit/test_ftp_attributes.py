"""Permissions by FTP, where no server is needed."""

import pytest

from xenon_adaptors.ftp_protocol.attributes import set_mode
from xenon_adaptors.ftp_protocol.connection import Connection
from xenon_py.exceptions import UnsupportedOperationException


class Silent(Connection):
    """A connection that sends nothing and notes what it should send."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def command(self, verb: str, path: str = "", /) -> str:
        self.sent.append((verb, path))
        return "200 done"


@pytest.mark.parametrize(
    "name", ["a\tb", 'say "x"', "two  blanks", " first", "last ", "back\\slash"]
)
def test_names_that_would_be_those_of_other_files_are_never_sent(name: str) -> None:
    connection = Silent()
    with pytest.raises(UnsupportedOperationException, match="blanks"):
        set_mode(connection, f"{name}", 0o644)
    assert not connection.sent


@pytest.mark.parametrize("name", ["/d/plain", "/d/one blank", "/d/Bob's", "/d/é"])
def test_other_names_are_sent(name: str) -> None:
    connection = Silent()
    set_mode(connection, name, 0o64)
    assert connection.sent == [("SITE CHMOD 064", name)]
