"""Published images of TORQUE and OpenPBS are asked for by name, and nothing is pulled."""

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("docker.errors")
from docker.errors import ImageNotFound

from services.docker_provider import DockerProvider
from services.errors import ServiceUnavailable


class _Images:
    """An engine without images, which notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get(self, name: str) -> Any:
        self.asked.append(name)
        raise ImageNotFound(name)


def test_an_image_that_is_not_there() -> None:
    images = _Images()
    provider = DockerProvider(SimpleNamespace(images=images))
    with (
        pytest.raises(ServiceUnavailable, match="docker pull xenonmiddleware/torque"),
        provider.pbs("torque"),
    ):
        pass
    assert images.asked == ["xenonmiddleware/torque"]


def test_an_image_without_an_sshd() -> None:
    provider = DockerProvider(SimpleNamespace(images=_Images()))
    with (
        pytest.raises(ServiceUnavailable, match="pbspro/pbspro has no sshd"),
        provider.pbs("openpbs"),
    ):
        pass
