"""Copies of random trees on a real disk, and through memory, are equal to their originals."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unit.memory_adaptor import MemoryAdaptor
from xenon_adaptors.filesystems.file import FileAdaptor
from xenon_py.engine.copying import CopyEngine, CopyOptions
from xenon_py.model.copying import CopyMode
from xenon_py.model.location import Location
from xenon_py.plugin.target import Target

ODD = [b"-rf", b"a b", b"new\nline", b"q'\"`$(x)", b"[*?]", b"%2e", b"\xff\xfe", b"~", b"n" * 255]


def is_name(name: bytes) -> bool:
    return name not in {b"", b".", b".."} and b"/" not in name and b"\0" not in name


names = st.one_of(st.sampled_from(ODD), st.binary(min_size=1, max_size=12).filter(is_name))
files = st.tuples(st.just("file"), st.binary(max_size=300), st.sampled_from([0o644, 0o600, 0o755]))
large = st.tuples(st.just("file"), st.integers(60_000, 90_000).map(bytes), st.just(0o444))
links = st.tuples(st.just("link"), st.binary(min_size=1, max_size=30).filter(lambda t: 0 not in t))
trees = st.recursive(
    st.dictionaries(names, st.one_of(files, large, links), max_size=5),
    lambda inner: st.dictionaries(names, st.one_of(files, links, inner), max_size=4),
    max_leaves=12,
)


def make(root: bytes, tree: dict) -> None:
    os.mkdir(root)
    for name, what in tree.items():
        path = root + b"/" + name
        if isinstance(what, dict):
            make(path, what)
        elif what[0] == "link":
            os.symlink(what[1], path)
        else:
            Path(os.fsdecode(path)).write_bytes(what[1])
            os.chmod(path, what[2])
            os.utime(path, ns=(10**18, 10**18 + len(what[1]) * 1_000_000))


def found(root: bytes, *, attributes: bool) -> dict:
    tree = {}
    for name in os.listdir(root):
        path = root + b"/" + name
        facts = os.lstat(path)
        if stat.S_ISDIR(facts.st_mode):
            tree[name] = found(path, attributes=attributes)
        elif stat.S_ISLNK(facts.st_mode):
            tree[name] = os.readlink(path)
        else:
            kept = (facts.st_mode, facts.st_mtime_ns) if attributes else ()
            tree[name] = (Path(os.fsdecode(path)).read_bytes(), *kept)
    return tree


@pytest.fixture(scope="module")
def copy():
    engine = CopyEngine("file")

    def run(source, source_path, target, target_path, **options):
        options = CopyOptions(recursive=True, **options)
        status = engine.wait(engine.start(source, source_path, target, target_path, options), 60)
        assert status.state == "DONE", status.error_message
        return status

    yield run
    engine.close()


@given(trees, st.booleans(), st.sampled_from(["size", "checksum", "none"]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_on_disk(copy, tree, preserve, verify):
    adaptor = FileAdaptor(Target(Location("")))
    options = {"verify": verify, "preserve": {"mode", "mtime"} if preserve else ()}
    with tempfile.TemporaryDirectory() as room:
        source, target = f"{room}/source", f"{room}/target"
        make(source.encode(), tree)
        original = found(source.encode(), attributes=preserve)
        copy(adaptor, source, adaptor, target, **options)
        assert found(target.encode(), attributes=preserve) == original
        assert found(source.encode(), attributes=preserve) == original
        again = copy(adaptor, source, adaptor, target, mode=CopyMode.REPLACE, **options)
        assert found(target.encode(), attributes=preserve) == original
        if preserve or verify == "checksum":
            assert again.files_copied == 0


@given(trees)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_there_and_back(copy, tree):
    disk, memory = FileAdaptor(Target(Location(""))), MemoryAdaptor(bulk_size=3)
    with tempfile.TemporaryDirectory() as room:
        make(f"{room}/source".encode(), tree)
        options = {"preserve": {"mode", "mtime"}, "verify": "checksum"}
        copy(disk, f"{room}/source", memory, "/tree", **options)
        copy(memory, "/tree", disk, f"{room}/target", **options)
        original = found(f"{room}/source".encode(), attributes=True)
        assert found(f"{room}/target".encode(), attributes=True) == original
