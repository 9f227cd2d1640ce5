"""The copy engine between two file systems in memory."""

from __future__ import annotations

import threading
import time

import pytest

from unit.memory_adaptor import Faults, MemoryAdaptor, fill, put, tree_of
from xenon_py.engine.copying import CopyEngine, CopyOptions
from xenon_py.exceptions import (
    ConnectionLostException,
    FileSystemClosedException,
    IllegalArgumentException,
    InvalidPathException,
    NoSpaceException,
    NoSuchCopyException,
    NoSuchPathException,
    UnsupportedOperationException,
    VerificationException,
    XenonRuntimeException,
)
from xenon_py.model.copying import CopyErrorType, CopyMode, CopyStatus
from xenon_py.plugin.filesystem import FileKind

MIB = 1024 * 1024
TREE = {"a": b"1", "empty": b"", "sub": {"b": b"22", "deep": {"c": b"333"}}, "bare": {}, "ln": "a"}
REPLACE = CopyMode.REPLACE


@pytest.fixture
def engine():
    before = set(threading.enumerate())
    engine = CopyEngine("memory")
    yield engine
    engine.close()
    assert set(threading.enumerate()) <= before


@pytest.fixture
def here():
    return MemoryAdaptor()


@pytest.fixture
def there():
    return MemoryAdaptor()


@pytest.fixture(params=[False, True], ids=["far", "near"])
def anywhere(request):
    """A destination on another machine or on this one: large files go different ways."""
    adaptor = MemoryAdaptor()
    adaptor.is_local = request.param
    return adaptor


def copy(engine, here, source, there, target, **options) -> CopyStatus:
    copy_id = engine.start(here, source, there, target, CopyOptions(**options))
    status = engine.wait(copy_id, 30)
    assert status.done
    assert engine.status(copy_id) == status
    assert engine.status(copy_id).error is status.error
    assert here.open_streams == there.open_streams == 0
    assert not [n for n in there.nodes if n.endswith(".part")]
    return status


def copied(engine, here, source, there, target, **options) -> CopyStatus:
    status = copy(engine, here, source, there, target, **options)
    assert (status.state, status.error_type) == ("DONE", CopyErrorType.NONE), status.error_message
    assert not status.running
    assert status.bytes_copied == status.bytes_to_copy
    assert status.files_copied == status.files_to_copy
    return status


def failed(engine, here, source, there, target, **options):
    status = copy(engine, here, source, there, target, **options)
    assert (status.state, status.running) == ("FAILED", False)
    assert status.error_message == str(status.error)
    assert status.error.method == "copy"
    return status.error


def eventually(condition) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


class TestOneFile:
    @pytest.mark.parametrize("size", [0, 1, MIB, 10 * MIB + 1])
    def test_content_and_counts(self, engine, here, anywhere, size):
        content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
        put(here, "/f", content)
        status = copied(engine, here, "/f", anywhere, "/g")
        assert bytes(anywhere.node("/g").data) == content
        assert (status.bytes_copied, status.files_copied, status.verified) == (size, 1, "size")

    def test_within_one_file_system(self, engine, here):
        put(here, "/f", b"abc")
        copied(engine, here, "/f", here, "/g")
        assert tree_of(here, "/") == {"f": b"abc", "g": b"abc"}

    def test_missing_source(self, engine, here, there):
        assert isinstance(failed(engine, here, "/f", there, "/g"), NoSuchPathException)

    def test_missing_directory_of_the_destination(self, engine, here, there):
        put(here, "/f", b"abc")
        status = copy(engine, here, "/f", there, "/no/g")
        assert status.error_type is CopyErrorType.NOT_FOUND

    def test_directory_of_the_destination_is_a_file(self, engine, here, there):
        put(here, "/f", b"abc")
        put(there, "/no", b"")
        assert isinstance(failed(engine, here, "/f", there, "/no/g"), InvalidPathException)

    def test_create_fails_where_something_is(self, engine, here, there):
        put(here, "/f", b"new")
        put(there, "/g", b"old")
        status = copy(engine, here, "/f", there, "/g")
        assert status.error_type is CopyErrorType.ALREADY_EXISTS
        assert bytes(there.node("/g").data) == b"old"

    def test_create_never_replaces_what_appears_meanwhile(self, engine, here, there):
        put(here, "/f", b"x" * 8 * MIB)
        here.faults.read_delay = 0.05
        copy_id = engine.start(here, "/f", there, "/g", CopyOptions())
        eventually(lambda: there.nodes.keys() - {"/"})
        put(there, "/g", b"somebody else's")
        status = engine.wait(copy_id, 30)
        assert status.error_type is CopyErrorType.ALREADY_EXISTS
        assert tree_of(there, "/") == {"g": b"somebody else's"}

    def test_ignore_leaves_what_is_there(self, engine, here, there):
        put(here, "/f", b"new")
        put(there, "/g", b"old")
        status = copied(engine, here, "/f", there, "/g", mode=CopyMode.IGNORE)
        assert bytes(there.node("/g").data) == b"old"
        assert (status.bytes_copied, status.files_skipped, status.verified) == (0, 1, "none")

    @pytest.mark.parametrize("renames", [True, False])
    @pytest.mark.parametrize("old", ["file", "directory", "link"])
    def test_replace(self, engine, here, renames, old):
        there = MemoryAdaptor(supports_rename=renames, can_replace_by_rename=renames)
        put(here, "/f", b"new")
        put(there, "/elsewhere", b"untouched")
        if old == "file":
            put(there, "/g", b"old")
        elif old == "link":
            there.symlink("/g", "/elsewhere")
        else:
            fill(there, "/g", TREE)
        copied(engine, here, "/f", there, "/g", mode=REPLACE)
        assert tree_of(there, "/") == {"elsewhere": b"untouched", "g": b"new"}

    def test_replace_needs_no_replacing_rename(self, engine, here):
        there = MemoryAdaptor(can_replace_by_rename=False)
        put(here, "/f", b"new")
        put(there, "/g", b"old")
        copied(engine, here, "/f", there, "/g", mode=REPLACE)
        assert tree_of(there, "/") == {"g": b"new"}

    def test_what_is_there_stays_until_the_new_is_complete(self, engine, here, there):
        put(here, "/f", b"x" * 3 * MIB)
        here.faults.fail_read_at = 2 * MIB
        fill(there, "/g", TREE)
        failed(engine, here, "/f", there, "/g", mode=REPLACE)
        assert tree_of(there, "/g") == TREE

    def test_is_never_seen_unfinished(self, engine, here, there):
        put(here, "/f", b"x" * 6 * MIB)
        there.faults.write_delay = 0.01
        copy_id = engine.start(here, "/f", there, "/g", CopyOptions())
        sizes = set()
        while not engine.status(copy_id).done:
            node = there.nodes.get("/g")
            sizes.add(None if node is None else len(node.data))
        assert sizes <= {None, 6 * MIB}

    def test_long_names_have_room_for_the_temporary_one(self, engine, here, there):
        put(here, "/f", b"1")
        copied(engine, here, "/f", there, "/" + "ä" * 127)
        assert max(len(name.encode()) for name in there.seen_names) <= 255

    def test_onto_itself(self, engine, here):
        put(here, "/f", b"abc")
        here.symlink("/here", "/")
        for target in ("/f", "/here/f"):
            error = failed(engine, here, "/f", here, target, mode=REPLACE)
            assert isinstance(error, InvalidPathException)
        assert bytes(here.node("/f").data) == b"abc"

    def test_over_the_directory_that_holds_it(self, engine, here):
        fill(here, "/d", {"f": b"abc"})
        error = failed(engine, here, "/d/f", here, "/d", mode=REPLACE)
        assert isinstance(error, InvalidPathException)
        assert tree_of(here, "/d") == {"f": b"abc"}

    def test_a_device_is_refused(self, engine, here, there):
        put(here, "/fifo", b"")
        here.node("/fifo").kind = FileKind.OTHER
        error = failed(engine, here, "/fifo", there, "/g")
        assert isinstance(error, InvalidPathException)
        assert "/fifo" in str(error)

    def test_atomic_writers_need_no_rename(self, engine, here):
        there = MemoryAdaptor(writes_atomically=True, supports_rename=False)
        put(here, "/f", b"x" * 2 * MIB)
        copied(engine, here, "/f", there, "/g")
        assert there.seen_names == {"g"}
        here.faults.fail_read_at = MIB
        failed(engine, here, "/f", there, "/h")
        assert there.seen_names == {"g"}

    def test_sizes_are_told_where_they_are_needed(self, engine, here):
        there = MemoryAdaptor(needs_size_beforehand=True)
        put(here, "/f", b"abc")
        copied(engine, here, "/f", there, "/g")


class TestLinks:
    @pytest.mark.parametrize("text", ["f", "/f", "../../dangling", "a b\n"])
    def test_text_is_kept(self, engine, here, there, text):
        here.symlink("/ln", text)
        status = copied(engine, here, "/ln", there, "/new")
        assert there.readlink("/new") == text
        assert (status.bytes_copied, status.files_copied) == (0, 1)

    @pytest.mark.parametrize("renames", [True, False])
    @pytest.mark.parametrize("old", [b"file", "link", {"in": b"dir"}])
    def test_replace(self, engine, here, renames, old):
        there = MemoryAdaptor(supports_rename=renames, can_replace_by_rename=renames)
        here.symlink("/ln", "text")
        fill(there, "/d", {"new": old})
        copied(engine, here, "/ln", there, "/d/new", mode=REPLACE)
        assert tree_of(there, "/d") == {"new": "text"}

    def test_no_links_at_the_destination(self, engine, here):
        there = MemoryAdaptor(can_create_symboliclinks=False)
        fill(here, "/d", {"a": b"1", "ln": "a"})
        error = failed(engine, here, "/d/ln", there, "/new")
        assert isinstance(error, UnsupportedOperationException)
        error = failed(engine, here, "/d", there, "/d", recursive=True)
        assert isinstance(error, UnsupportedOperationException)
        assert "/d/ln" in str(error)


class TestTrees:
    def test_everything_is_copied(self, engine, here, there):
        fill(here, "/d", TREE)
        status = copied(engine, here, "/d", there, "/new", recursive=True)
        assert tree_of(there, "/new") == TREE
        assert (status.bytes_copied, status.files_copied, status.files_skipped) == (6, 5, 0)

    def test_recursive_is_needed(self, engine, here, there):
        fill(here, "/d", TREE)
        error = failed(engine, here, "/d", there, "/new")
        assert isinstance(error, InvalidPathException)
        assert "recursive" in str(error)
        assert tree_of(there, "/") == {}

    def test_create_and_ignore_touch_nothing_that_is_there(self, engine, here, there):
        fill(here, "/d", TREE)
        fill(there, "/new", {"old": b""})
        status = copy(engine, here, "/d", there, "/new", recursive=True)
        assert status.error_type is CopyErrorType.ALREADY_EXISTS
        copied(engine, here, "/d", there, "/new", recursive=True, mode=CopyMode.IGNORE)
        assert tree_of(there, "/new") == {"old": b""}

    def test_replace_merges(self, engine, here, there):
        fill(here, "/d", TREE)
        old = {"a": b"old", "extra": b"e", "sub": {"b": {"x": b""}, "more": b"m", "deep": b"file"}}
        fill(there, "/new", old)
        copied(engine, here, "/d", there, "/new", recursive=True, mode=REPLACE)
        merged = {**TREE, "extra": b"e", "sub": {**TREE["sub"], "more": b"m"}}
        assert tree_of(there, "/new") == merged

    @pytest.mark.parametrize("old", [b"file", "link"])
    def test_replace_something_else_by_a_directory(self, engine, here, there, old):
        fill(here, "/d", TREE)
        fill(there, "/p", {"new": old})
        copied(engine, here, "/d", there, "/p/new", recursive=True, mode=REPLACE)
        assert tree_of(there, "/p") == {"new": TREE}

    @pytest.mark.parametrize("target", ["/d/x", "/d/sub/deep/x", "/ln/x"])
    def test_into_itself(self, engine, here, target):
        fill(here, "/d", TREE)
        here.symlink("/ln", "/d/sub")
        error = failed(engine, here, "/d", here, target, recursive=True)
        assert isinstance(error, InvalidPathException)
        assert tree_of(here, "/d") == TREE

    def test_a_similar_name_is_not_inside(self, engine, here):
        fill(here, "/d", TREE)
        copied(engine, here, "/d", here, "/d2", recursive=True)
        assert tree_of(here, "/d2") == TREE

    def test_over_what_holds_it(self, engine, here):
        fill(here, "/p", {"d": TREE})
        error = failed(engine, here, "/p/d", here, "/p", recursive=True, mode=REPLACE)
        assert isinstance(error, InvalidPathException)

    @pytest.mark.parametrize("parallel", [1, 3, None])
    @pytest.mark.parametrize("bulk", [(0, 0), (7, 0), (0, 7), (7, 7)])
    @pytest.mark.parametrize("verify", ["size", "checksum", "none"])
    def test_many_files(self, engine, parallel, bulk, verify):
        here, there = (MemoryAdaptor(bulk_size=size) for size in bulk)
        tree = {f"d{i}": {f"f{j}": b"%d" % (i * j) for j in range(40)} for i in range(5)}
        tree["large"] = b"x" * 200_000
        fill(here, "/d", tree)
        options = {"recursive": True, "parallel": parallel, "verify": verify}
        status = copied(engine, here, "/d", there, "/new", **options)
        assert tree_of(there, "/new") == tree
        assert (status.files_copied, status.verified) == (201, verify)
        if bulk[1]:
            assert there.calls["open_write"] == 1
            assert there.calls["write_files"] < 50
        if bulk[0]:
            assert here.calls["open_read"] == 1

    def test_a_tree_without_end_is_no_tree(self, engine, here, there):
        fill(here, "/d", {"sub": {}})
        inner = here.nodes["/d/sub"]
        here.node = lambda path: here.nodes.get(path, inner)
        here.real_path = lambda path: "/d" if path.startswith("/d") else path
        there.mkdir = lambda path: None
        error = failed(engine, here, "/d", there, "/new", recursive=True)
        assert "inside each other" in str(error)

    @pytest.mark.parametrize("name", ["", "..", "../evil", "a/b", "/abs", "nul\0"])
    def test_hostile_names(self, engine, there, name):
        here = MemoryAdaptor(faults=Faults(extra_names=(name,)))
        fill(here, "/d", {"a": b"1"})
        if name == "..":  # every directory may list it, and it is passed over
            copied(engine, here, "/d", there, "/new", recursive=True)
        else:
            error = failed(engine, here, "/d", there, "/new", recursive=True)
            assert isinstance(error, InvalidPathException)
        assert set(there.nodes) <= {"/", "/new", "/new/a"}

    def test_a_pipe_in_the_tree_is_named(self, engine, here, there):
        fill(here, "/d", {"fifo": b""})
        here.node("/d/fifo").kind = FileKind.OTHER
        error = failed(engine, here, "/d", there, "/new", recursive=True)
        assert "/d/fifo" in str(error)


class TestVerification:
    @pytest.mark.parametrize("bulk", [0, 5])
    @pytest.mark.parametrize("verify", ["size", "checksum"])
    def test_a_short_file_is_noticed_and_removed(self, engine, here, bulk, verify):
        there = MemoryAdaptor(bulk_size=bulk, faults=Faults(truncate_writes=True))
        fill(here, "/d", {f"f{i}": b"abc" for i in range(6)})
        error = failed(engine, here, "/d", there, "/new", recursive=True, verify=verify)
        assert isinstance(error, VerificationException)
        assert all(len(content) == 3 for content in tree_of(there, "/new").values())

    @pytest.mark.parametrize("server", [True, False])
    def test_a_changed_byte_is_noticed(self, engine, here, server):
        there = MemoryAdaptor(can_checksum=server, faults=Faults(flip_writes=True))
        put(here, "/f", b"abc")
        error = failed(engine, here, "/f", there, "/g", verify="checksum")
        assert isinstance(error, VerificationException)
        assert tree_of(there, "/") == {}
        assert bool(there.calls.get("checksum")) is server
        copied(engine, here, "/f", there, "/g", verify="size")

    @pytest.mark.parametrize("difference", [1, -1])
    def test_a_source_that_changes_is_noticed(self, engine, here, there, difference):
        put(here, "/f", b"x" * 4 * MIB)
        here.faults.read_delay = 0.02
        copy_id = engine.start(here, "/f", there, "/g", CopyOptions())
        eventually(lambda: engine.status(copy_id).bytes_copied)
        data = here.node("/f").data
        if difference < 0:
            del data[-MIB:]
        else:
            data += bytes(MIB)
        lstat = here.lstat
        told = (4 if difference < 0 else 6) * MIB
        here.lstat = lambda path: lstat(path)._replace(size=told)
        status = engine.wait(copy_id, 30)
        assert isinstance(status.error, VerificationException)
        assert tree_of(there, "/") == {}

    def test_a_source_that_grew_before_is_no_error(self, engine, here, there):
        fill(here, "/d", {"f": b"abc"})
        scandir = here.scandir
        here.scandir = lambda path: (
            info._replace(size=1) if info.name == "f" else info for info in scandir(path)
        )
        status = copied(engine, here, "/d", there, "/new", recursive=True)
        assert status.bytes_copied == 3


class TestRunningAgain:
    def test_equal_checksums_are_skipped(self, engine, here, there):
        options = {"recursive": True, "mode": REPLACE, "verify": "checksum"}
        fill(here, "/d", TREE)
        copied(engine, here, "/d", there, "/new", **options)
        there.node("/new/a").data[:] = b"!"
        there.calls.clear()
        status = copied(engine, here, "/d", there, "/new", **options)
        assert (status.files_copied, status.files_skipped, status.bytes_copied) == (1, 4, 1)
        assert there.calls["open_write"] == 1
        assert tree_of(there, "/new") == TREE

    @pytest.mark.parametrize("resolution", [1, 1000, 60_000])
    def test_equal_sizes_and_times_are_skipped(self, engine, here, resolution):
        there = MemoryAdaptor(time_resolution=resolution)
        options = {"recursive": True, "mode": REPLACE, "preserve": {"mtime"}}
        fill(here, "/d", {"a": b"1", "b": b"2"})
        here.node("/d/a").mtime = here.node("/d/b").mtime = 1_234_567_890_123
        copied(engine, here, "/d", there, "/new", **options)
        here.node("/d/b").mtime += resolution
        status = copied(engine, here, "/d", there, "/new", **options)
        assert (status.files_copied, status.files_skipped) == (1, 1)

    def test_nothing_is_skipped_by_size_alone(self, engine, here, there):
        put(here, "/f", b"new")
        put(there, "/g", b"old")
        status = copied(engine, here, "/f", there, "/g", mode=REPLACE)
        assert status.files_skipped == 0
        assert bytes(there.node("/g").data) == b"new"

    @pytest.mark.parametrize("bulk", [0, 4])
    def test_an_interrupted_tree_is_completed(self, engine, here, bulk):
        there = MemoryAdaptor(bulk_size=bulk, faults=Faults(space=50))
        tree = {f"f{i}": b"0123456789" for i in range(20)}
        fill(here, "/d", tree)
        if bulk:
            there.faults = Faults(fail_write_at=0, failures=-1, error=_full)
        error = failed(engine, here, "/d", there, "/new", recursive=True)
        assert isinstance(error, NoSpaceException)
        assert all(content == b"0123456789" for content in tree_of(there, "/new").values())
        had = len(tree_of(there, "/new"))
        there.faults = Faults()
        options = {"recursive": True, "mode": REPLACE, "verify": "checksum"}
        status = copied(engine, here, "/d", there, "/new", **options)
        assert (status.files_copied, status.files_skipped) == (20 - had, had)
        assert tree_of(there, "/new") == tree


def _full():
    return NoSpaceException.because("the memory is full")


class TestPreserving:
    @pytest.mark.parametrize("bulk", [0, 3])
    def test_mode_and_times(self, engine, here, bulk):
        there = MemoryAdaptor(bulk_size=bulk)
        fill(here, "/d", {"sub": {f"f{i}": b"1" for i in range(5)}})
        for path, node in here.nodes.items():
            node.mode, node.mtime = 0o700 + len(path), 1_000_000 + len(path)
        options = {"recursive": True, "preserve": {"mode", "times"}}
        copied(engine, here, "/d", there, "/d", **options)
        for path, node in there.nodes.items():
            if path != "/":
                found = (node.mode, node.mtime)
                assert found == (here.node(path).mode, here.node(path).mtime)

    def test_a_private_file_is_so_before_it_has_content(self, engine, here, anywhere):
        put(here, "/f", b"x" * 3 * MIB, mode=0o640)
        modes = []
        open_write = anywhere.open_write

        def watched(path, mode, size=None):
            writer = open_write(path, mode, size)
            write = writer.write
            writer.write = lambda data: (modes.append(anywhere.node(path).mode), write(data))
            return writer

        anywhere.open_write = watched
        copied(engine, here, "/f", anywhere, "/g", preserve={"mode"})
        assert modes
        assert set(modes) == {0o600}
        assert anywhere.node("/g").mode == 0o640

    def test_nothing_by_default(self, engine, here, there):
        put(here, "/f", b"1", mode=0o600, mtime=5)
        copied(engine, here, "/f", there, "/g")
        assert there.node("/g").mode == 0o644
        assert there.node("/g").mtime > 5
        assert "chmod" not in there.calls

    @pytest.mark.parametrize("what", ["mode", "mtime"])
    def test_what_the_destination_cannot_keep(self, engine, here, what):
        there = MemoryAdaptor(can_set_times=False, supports_setting_posix_permissions=False)
        put(here, "/f", b"1")
        error = failed(engine, here, "/f", there, "/g", preserve={what})
        assert isinstance(error, UnsupportedOperationException)
        assert tree_of(there, "/") == {}


class TestOnServer:
    def test_data_does_not_travel(self, engine):
        one = MemoryAdaptor(can_copy_on_server=True)
        put(one, "/f", b"x" * 3 * MIB)
        for verify in ("size", "checksum", "none"):
            copied(engine, one, "/f", one, f"/{verify}", verify=verify)
            assert one.node(f"/{verify}").data == one.node("/f").data
        assert one.calls["copy_file"] == 3
        assert "open_write" not in one.calls

    def test_falls_back_to_streaming(self, engine):
        one = MemoryAdaptor(can_copy_on_server=True)

        def refuse(source, target, progress):
            progress(1)
            raise UnsupportedOperationException.because("not this one")

        one.copy_file = refuse
        put(one, "/f", b"abc")
        copied(engine, one, "/f", one, "/g")
        assert tree_of(one, "/") == {"f": b"abc", "g": b"abc"}


class TestFaults:
    @pytest.mark.parametrize("side", ["here", "there"])
    @pytest.mark.parametrize("size", [2 * MIB, 10 * MIB])
    def test_a_cut_connection_is_tried_again(self, engine, here, anywhere, side, size):
        put(here, "/f", b"x" * size)
        faults = (here if side == "here" else anywhere).faults
        faults.failures = 2
        faults.fail_read_at = faults.fail_write_at = size - 10
        copied(engine, here, "/f", anywhere, "/g")
        assert len(anywhere.node("/g").data) == size

    def test_not_for_ever(self, engine, here, there):
        put(here, "/f", b"x" * MIB)
        there.faults.fail_write_at = 10
        status = copy(engine, here, "/f", there, "/g")
        assert isinstance(status.error, ConnectionLostException)
        assert status.error_type is CopyErrorType.NOT_CONNECTED
        assert there.calls["open_write"] == 3

    def test_not_when_it_is_closed(self, engine, here, there):
        put(here, "/f", b"x")
        there.faults.fail_write_at = 0
        there.close()
        assert isinstance(failed(engine, here, "/f", there, "/g"), ConnectionLostException)
        assert there.calls["open_write"] == 1

    @pytest.mark.parametrize("side", ["here", "there"])
    def test_bulk_calls_are_finished_one_by_one(self, engine, side):
        here, there = MemoryAdaptor(bulk_size=10), MemoryAdaptor(bulk_size=10)
        tree = {f"f{i}": b"abc" for i in range(10)}
        fill(here, "/d", tree)
        faults = (here if side == "here" else there).faults
        faults.fail_read_at = faults.fail_write_at = 1
        faults.failures = 1
        copied(engine, here, "/d", there, "/new", recursive=True)
        assert tree_of(there, "/new") == tree

    def test_a_foreign_exception_is_told_as_ours(self, engine, here, there):
        put(here, "/f", b"x")
        here.faults.fail_read_at = 0
        here.faults.error = lambda: KeyError("a fault of the adaptor")
        error = failed(engine, here, "/f", there, "/g")
        assert isinstance(error, XenonRuntimeException)
        assert isinstance(error.__cause__, KeyError)

    def test_the_first_error_of_many_threads_ends_the_copy(self, engine, here, there):
        fill(here, "/d", {f"f{i}": b"x" * 100 for i in range(500)})
        there.faults.space = 20_000
        error = failed(engine, here, "/d", there, "/new", recursive=True, parallel=8)
        assert isinstance(error, NoSpaceException)


class TestCancelling:
    def test_a_running_copy(self, engine, here, anywhere):
        put(here, "/f", b"x" * 20 * MIB)
        here.faults.read_delay = 0.05
        copy_id = engine.start(here, "/f", anywhere, "/g", CopyOptions())
        eventually(lambda: engine.status(copy_id).bytes_copied)
        started = time.monotonic()
        status = engine.cancel(copy_id)
        assert time.monotonic() - started < 1
        assert (status.state, status.error_type) == ("FAILED", CopyErrorType.CANCELLED)
        assert tree_of(anywhere, "/") == {}
        assert here.open_streams == anywhere.open_streams == 0

    def test_a_tree_keeps_what_is_complete(self, engine, here, there):
        fill(here, "/d", {f"f{i}": b"x" * 1000 for i in range(200)})
        there.faults.write_delay = 0.005
        copy_id = engine.start(here, "/d", there, "/new", CopyOptions(recursive=True))
        eventually(lambda: engine.status(copy_id).files_copied >= 5)
        status = engine.cancel(copy_id)
        assert status.error_type is CopyErrorType.CANCELLED
        kept = tree_of(there, "/new")
        assert len(kept) == status.files_copied < 200
        assert all(len(content) == 1000 for content in kept.values())

    def test_a_read_that_hangs(self, engine, here, anywhere):
        put(here, "/f", b"x" * 20 * MIB)
        here.faults.stuck = threading.Event()
        copy_id = engine.start(here, "/f", anywhere, "/g", CopyOptions())
        time.sleep(0.05)
        started = time.monotonic()
        assert engine.cancel(copy_id).error_type is CopyErrorType.CANCELLED
        assert time.monotonic() - started < 3
        assert tree_of(anywhere, "/") == {}

    def test_a_write_is_waited_for(self, engine, here, anywhere):
        put(here, "/f", b"x" * 20 * MIB)
        anywhere.faults.write_delay = 1.5
        copy_id = engine.start(here, "/f", anywhere, "/g", CopyOptions())
        eventually(lambda: anywhere.open_streams)
        assert engine.cancel(copy_id).error_type is CopyErrorType.CANCELLED
        assert tree_of(anywhere, "/") == {}
        assert here.open_streams == anywhere.open_streams == 0

    def test_one_that_never_began(self, engine, here, there):
        put(here, "/f", b"x" * 20 * MIB)
        here.faults.read_delay = 0.1
        ids = [engine.start(here, "/f", there, f"/g{i}", CopyOptions()) for i in range(6)]
        time.sleep(0.05)
        assert [engine.status(i).state for i in ids] == ["RUNNING"] * 4 + ["PENDING"] * 2
        assert engine.status(ids[4]).running is False
        assert engine.cancel(ids[4]).error_type is CopyErrorType.CANCELLED
        assert engine.wait(ids[5], 0.01).state == "PENDING"
        for copy_id in ids:
            engine.cancel(copy_id)
        assert tree_of(there, "/") == {}

    def test_one_that_has_ended_stays_as_it_is(self, engine, here, there):
        put(here, "/f", b"x")
        copy_id = engine.start(here, "/f", there, "/g", CopyOptions())
        assert engine.wait(copy_id, 10).state == "DONE"
        assert engine.cancel(copy_id).state == "DONE"

    def test_by_its_future(self, engine, here, there):
        put(here, "/f", b"x" * 20 * MIB)
        here.faults.read_delay = 0.05
        future = engine.future(engine.start(here, "/f", there, "/g", CopyOptions()))
        assert future.running()
        assert future.cancel() is False
        assert future.result(5).error_type is CopyErrorType.CANCELLED

    def test_close_cancels_and_waits(self, here, there):
        before = set(threading.enumerate())
        engine = CopyEngine("memory")
        put(here, "/f", b"x" * 20 * MIB)
        here.faults.read_delay = 0.05
        ids = [engine.start(here, "/f", there, f"/g{i}", CopyOptions()) for i in range(6)]
        time.sleep(0.05)
        engine.close()
        engine.close()
        assert {engine.status(i).error_type for i in ids} == {CopyErrorType.CANCELLED}
        left = set(threading.enumerate()) - before
        assert not [thread for thread in left if thread.name.startswith("xenon-")]
        with pytest.raises(FileSystemClosedException):
            engine.start(here, "/f", there, "/g", CopyOptions())


class TestStatus:
    def test_identifiers_and_unknown_ones(self, engine, here, there):
        put(here, "/f", b"x")
        ids = [engine.start(here, "/f", there, f"/g{i}", CopyOptions()) for i in range(3)]
        assert ids == ["COPY-memory-0", "COPY-memory-1", "COPY-memory-2"]
        for ask in (engine.status, engine.cancel, engine.future, lambda i: engine.wait(i, 1)):
            with pytest.raises(NoSuchCopyException):
                ask("COPY-memory-7")

    def test_wait_tells_the_present_status_when_time_is_over(self, engine, here, there):
        put(here, "/f", b"x" * 4 * MIB)
        here.faults.read_delay = 0.1
        copy_id = engine.start(here, "/f", there, "/g", CopyOptions())
        status = engine.wait(copy_id, 0.05)
        assert (status.state, status.running, status.done) == ("RUNNING", True, False)
        assert engine.wait(copy_id, None).done

    def test_progress_is_told_rising_and_at_the_end(self, engine, here, there):
        put(here, "/f", b"x" * 10 * MIB)
        here.faults.read_delay = 0.05
        told = []
        threads = set()

        def note(status):
            told.append(status)
            threads.add(threading.current_thread())

        final = copied(engine, here, "/f", there, "/g", on_progress=note)
        assert told[-1] == final
        assert len(told) > 2
        assert len(threads) == 1
        sizes = [status.bytes_copied for status in told]
        assert sizes == sorted(sizes)
        assert all(status.bytes_to_copy == 10 * MIB for status in told[1:])
        assert all(status.running and status.state == "RUNNING" for status in told[:-1])

    def test_a_failing_callback_ends_the_copy(self, engine, here, there):
        put(here, "/f", b"x" * 20 * MIB)
        here.faults.read_delay = 0.05
        error = failed(engine, here, "/f", there, "/g", on_progress=lambda status: 1 / 0)
        assert isinstance(error, XenonRuntimeException)
        assert isinstance(error.__cause__, ZeroDivisionError)
        assert tree_of(there, "/") == {}

    def test_the_callback_may_ask_and_cancel(self, engine, here, there):
        put(here, "/f", b"x" * 20 * MIB)
        here.faults.read_delay = 0.05
        ids = []

        def cancel(status):
            if not status.done:
                assert engine.cancel(ids[0]).done is False

        ids.append(engine.start(here, "/f", there, "/g", CopyOptions(on_progress=cancel)))
        assert engine.wait(ids[0], 10).error_type is CopyErrorType.CANCELLED

    def test_only_the_last_thousand_are_remembered(self, engine, here, there, monkeypatch):
        monkeypatch.setattr("xenon_py.engine.copying.engine.MAX_REMEMBERED", 10)
        for _ in range(15):
            copy_id = engine.start(here, "/no", there, "/g", CopyOptions())
            engine.wait(copy_id, 10)
        with pytest.raises(NoSuchCopyException):
            engine.status("COPY-memory-0")
        assert engine.status("COPY-memory-5").done
        assert engine.status("COPY-memory-14").done

    def test_statuses_are_bound_to_their_owner(self, here, there):
        owner = object()
        engine = CopyEngine("memory", owner)
        status = engine.status(engine.start(here, "/no", there, "/g", CopyOptions()))
        assert status.copy_operation._owner is owner
        engine.close()


class TestOptions:
    @pytest.mark.parametrize(
        ("argument", "value"),
        [
            ("mode", 7),
            ("mode", "REPLACE"),
            ("mode", True),
            ("recursive", 1),
            ("verify", "md5"),
            ("verify", None),
            ("verify", ["size"]),
            ("parallel", 0),
            ("parallel", 65),
            ("parallel", True),
            ("parallel", 2.0),
            ("preserve", "mode"),
            ("preserve", {"owner"}),
            ("preserve", None),
            ("preserve", [1]),
            ("on_progress", "print"),
        ],
    )
    def test_wrong_ones_are_refused_by_name(self, argument, value):
        with pytest.raises(IllegalArgumentException, match=argument):
            CopyOptions(**{argument: value})

    def test_right_ones_are_normalised(self):
        options = CopyOptions(mode=1, preserve=["times", "mode"])
        assert options.mode is CopyMode.REPLACE
        assert options.preserve == {"mode", "mtime"}
