"""The streams of a remote command when the connection goes away under them."""

import pytest

from xenon_py.plugin.ssh.streams import ChannelInput


class Gone:
    """A channel of paramiko whose transport is dead."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def send(self, data: bytes) -> int:
        raise self._error

    def shutdown_write(self) -> None:
        raise self._error


@pytest.mark.parametrize("error", [EOFError(), TimeoutError(), OSError("Socket is closed")])
def test_input_for_a_lost_connection_is_a_broken_pipe(error: Exception) -> None:
    pipe = ChannelInput(Gone(error))  # type: ignore[arg-type]
    with pytest.raises(BrokenPipeError):
        pipe.write(b"x")
    pipe.close()
