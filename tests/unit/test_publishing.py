"""Files in the making, on an adaptor that refuses parts of it."""

import pytest

from unit.memory_adaptor import MemoryAdaptor
from xenon_py.engine.operations import begin_replacing
from xenon_py.exceptions import (
    PermissionDeniedException,
    UnsupportedOperationException,
    XenonException,
)


@pytest.mark.parametrize("refusal", [UnsupportedOperationException, PermissionDeniedException])
def test_bits_that_cannot_be_kept_do_not_stop_a_file(
    monkeypatch: pytest.MonkeyPatch, refusal: type[XenonException]
) -> None:
    adaptor = MemoryAdaptor()

    def refuse(path: str, mode: int) -> None:
        raise refusal.because("no such thing here", path=path)

    for content in (b"old", b"new"):
        made = begin_replacing(adaptor, "/f")
        made.write(content)
        made.commit()
        monkeypatch.setattr(adaptor, "chmod", refuse)
    assert bytes(adaptor.node("/f").data) == b"new"
