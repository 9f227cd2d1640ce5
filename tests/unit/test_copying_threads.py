"""How many files a copy moves at a time."""

import pytest

from unit.memory_adaptor import MemoryAdaptor
from xenon_py.engine.copying.route import Route


def adaptor(most: int, *, is_local: bool) -> MemoryAdaptor:
    made = MemoryAdaptor(max_parallel=most)
    made.is_local = is_local
    return made


@pytest.mark.parametrize(
    ("local", "remote", "expected"),
    [((2,), (8,), 8), ((2,), (1,), 1), ((2, 2), (), 2), ((), (4, 8), 4), ((), (99, 99), 16)],
)
def test_a_local_end_does_not_limit_the_other(
    local: tuple[int, ...], remote: tuple[int, ...], expected: int
) -> None:
    ends = [adaptor(most, is_local=True) for most in local]
    ends += [adaptor(most, is_local=False) for most in remote]
    for source, destination in (ends, reversed(ends)):
        route = Route.between(source, destination)
        assert route.threads(None) == expected
        assert route.threads(3) == 3
