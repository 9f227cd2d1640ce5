"""Finds adaptors: by entry point only, nothing is imported before it is used.

An adaptor is whatever an installed distribution declares in one of the groups

* ``xenon_py.filesystems``: name -> subclass of ``FileSystemAdaptor``;
* ``xenon_py.schedulers``: name -> subclass of ``SchedulerAdaptor`` or one of its easier kin;
* ``xenon_py.descriptions``: any name -> tuple of descriptions, importable without the libraries
  that the adaptors need. Optional: otherwise the class is loaded and asked.

The built-in adaptors have no other way in.
"""

from __future__ import annotations

import functools
import logging
import re
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from xenon_py.exceptions import (
    BrokenAdaptorException,
    DuplicateAdaptorException,
    IllegalArgumentException,
    MissingDependencyException,
    UnknownAdaptorException,
    XenonException,
)
from xenon_py.model.attributes import NameList
from xenon_py.model.descriptions import FileSystemAdaptorDescription, SchedulerAdaptorDescription
from xenon_py.model.shown import shown

if TYPE_CHECKING:
    from importlib.metadata import Distribution

    from xenon_py.plugin.batch import BatchAdaptor
    from xenon_py.plugin.filesystem import FileSystemAdaptor
    from xenon_py.plugin.process import ProcessAdaptor
    from xenon_py.plugin.scheduler import SchedulerAdaptor

FILESYSTEMS = "xenon_py.filesystems"
SCHEDULERS = "xenon_py.schedulers"
DESCRIPTIONS = "xenon_py.descriptions"

_KINDRED = {  # what others call the things that the adaptors are for
    FILESYSTEMS: {
        **dict.fromkeys(("scp", "ssh"), "sftp"),
        "ftps": "ftp",
        **dict.fromkeys(("dav", "davs", "http", "https"), "webdav"),
        **dict.fromkeys(("gs", "gcs", "abfs", "az", "hdfs", "smb", "memory"), "fsspec"),
    },
    SCHEDULERS: {
        **dict.fromkeys(("pbs", "pbspro", "openpbs"), "torque"),
        **dict.fromkeys(("sge", "uge", "ocs"), "gridengine"),
        **dict.fromkeys(("file", "fork", "localhost"), "local"),
        "sftp": "ssh",
    },
}
_KINDS = {FILESYSTEMS: "file-system", SCHEDULERS: "scheduler"}
_FACADES = {FILESYSTEMS: "FileSystem", SCHEDULERS: "Scheduler"}
_OTHER = {FILESYSTEMS: SCHEDULERS, SCHEDULERS: FILESYSTEMS}
_RECORDS: dict[str, type[Any]] = {
    FILESYSTEMS: FileSystemAdaptorDescription,
    SCHEDULERS: SchedulerAdaptorDescription,
}
# The order in which PyXenon lists them; only that, whether they exist is told by entry points.
_ORDER = (
    *("s3", "file", "sftp", "ftp", "webdav", "fsspec"),
    *("local", "ssh", "at", "slurm", "gridengine", "torque"),
)

_log = logging.getLogger(__name__)
_Record = TypeVar("_Record", FileSystemAdaptorDescription, SchedulerAdaptorDescription)


class _Plugin(NamedTuple):
    """One line of an entry-point group: ``name = value``, of a distribution."""

    group: str
    name: str
    value: str
    distribution: str

    def load(self) -> object:
        from importlib.metadata import EntryPoint

        return EntryPoint(self.name, self.value, self.group).load()


def filesystem_names() -> NameList:
    """Return the names of the installed file-system adaptors; nothing is imported."""
    return _names(FILESYSTEMS)


def scheduler_names() -> NameList:
    """Return the names of the installed scheduler adaptors; nothing is imported."""
    return _names(SCHEDULERS)


def filesystem_description(name: str) -> FileSystemAdaptorDescription:
    """Return the description of a file-system adaptor; see ``scheduler_description``."""
    return _description(FILESYSTEMS, name, FileSystemAdaptorDescription)


def scheduler_description(name: str) -> SchedulerAdaptorDescription:
    """Return the description of a scheduler adaptor.

    It needs none of the adaptor's libraries where its distribution declares the description, and
    then the adaptor itself may even be missing.

    Raises:
        UnknownAdaptorException: nothing of this name is known.
        DuplicateAdaptorException: two distributions bring an adaptor of this name.
        BrokenAdaptorException: the class had to be loaded, and that failed.
        MissingDependencyException: likewise, for want of another package.
    """
    return _description(SCHEDULERS, name, SchedulerAdaptorDescription)


def filesystem_descriptions() -> list[FileSystemAdaptorDescription]:
    """Return the descriptions of all installed file-system adaptors that are not broken."""
    return _descriptions(FILESYSTEMS, FileSystemAdaptorDescription)


def scheduler_descriptions() -> list[SchedulerAdaptorDescription]:
    """Return the descriptions of all installed scheduler adaptors that are not broken."""
    return _descriptions(SCHEDULERS, SchedulerAdaptorDescription)


def load_filesystem(name: str) -> type[FileSystemAdaptor]:
    """Return the class of a file-system adaptor; see ``load_scheduler``."""
    from xenon_py.plugin.filesystem import FileSystemAdaptor

    found: type[FileSystemAdaptor] = _load(_the_plugin(FILESYSTEMS, name), (FileSystemAdaptor,))
    return found


def load_scheduler(
    name: str,
) -> type[SchedulerAdaptor] | type[ProcessAdaptor] | type[BatchAdaptor]:
    """Return the class of a scheduler adaptor.

    Raises:
        UnknownAdaptorException: there is none of this name.
        DuplicateAdaptorException: two distributions bring one.
        MissingDependencyException: a package that it needs is missing; says what to install.
        BrokenAdaptorException: it cannot be imported, or is no scheduler adaptor.
    """
    from xenon_py.plugin.batch import BatchAdaptor
    from xenon_py.plugin.process import ProcessAdaptor
    from xenon_py.plugin.scheduler import SchedulerAdaptor

    bases = (SchedulerAdaptor, ProcessAdaptor, BatchAdaptor)
    found: type[SchedulerAdaptor] | type[ProcessAdaptor] | type[BatchAdaptor] = _load(
        _the_plugin(SCHEDULERS, name), bases
    )
    return found


def _names(group: str) -> NameList:
    def rank(name: str) -> tuple[int, str]:
        return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)

    return NameList(sorted(_plugins(group), key=rank))


def _plugins(group: str) -> dict[str, list[_Plugin]]:
    """Return the plugins of a group by name."""
    found: dict[str, list[_Plugin]] = {}
    for plugin in _scan(tuple(sys.path)):
        if plugin.group == group:
            found.setdefault(plugin.name, []).append(plugin)
    return found


@functools.lru_cache(maxsize=4)
def _scan(search_path: tuple[str, ...]) -> tuple[_Plugin, ...]:
    """Return all plugins of all distributions; a changed ``sys.path`` is looked at anew."""
    from importlib.metadata import distributions

    found: dict[str, list[_Plugin]] = {}
    for distribution in distributions(path=list(search_path)):
        try:
            lines = list(_entry_lines(distribution.read_text("entry_points.txt") or ""))
            name = _name_of(distribution) if lines else ""
        except ValueError as error:
            _log.warning("the metadata of an installed distribution are unreadable: %s", error)
            continue
        key = re.sub(r"[-_.]+", "-", name).lower()
        if lines and key not in found:  # a second copy further down the path is hidden, as usual
            found[key] = [_Plugin(*line, name) for line in lines]
    return tuple(plugin for plugins in found.values() for plugin in plugins)


def _name_of(distribution: Distribution) -> str:
    """Return the name of a distribution, or raise ``ValueError``; left-overs may have none."""
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    match = re.search(r"^Name:\s*(\S+)\s*$", text, re.MULTILINE)
    if not match:
        raise ValueError("entry points without a name of the distribution")
    return match.group(1)


def _entry_lines(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield (group, name, value) of our groups; lines that are no entries are left out."""
    group = ""
    for line in map(str.strip, text.splitlines()):
        name, equals, value = line.partition("=")
        if line.startswith("["):
            group = line.strip("[] ")
        elif equals and group in {FILESYSTEMS, SCHEDULERS, DESCRIPTIONS} and line[0] not in "#;":
            yield group, name.strip(), value.strip()


def _the_plugin(group: str, name: object) -> _Plugin:
    plugins = _plugins(group)
    found = plugins.get(_checked_name(name), [])
    if len(found) > 1:
        owners = " and ".join(sorted(plugin.distribution for plugin in found))
        raise DuplicateAdaptorException.because(
            f"the {_KINDS[group]} adaptor {name!r} comes from two distributions, {owners}; "
            "uninstall one of them",
            adaptor=str(name),
        )
    if not found:
        raise _unknown(group, str(name))
    return found[0]


def _checked_name(name: object) -> str:
    if not isinstance(name, str):
        raise IllegalArgumentException.because(
            f"adaptor must be the name of an adaptor, not {shown(name)}"
        )
    return name


def _unknown(group: str, name: str) -> UnknownAdaptorException:
    import difflib

    kind = _KINDS[group]
    names = _names(group)
    if not _scan(tuple(sys.path)):
        return UnknownAdaptorException.because(
            f"there is no {kind} adaptor {shown(name)}: no adaptors are installed at all. A "
            "source tree has none before it is installed: run 'pip install -e .' in it"
        )
    if name in _plugins(_OTHER[group]) and name not in _KINDRED[group]:
        hint = f"{name!r} is a {_KINDS[_OTHER[group]]} adaptor: use {_FACADES[_OTHER[group]]}."
    elif _known(group).get(name):
        hint = "it is documented, but not part of what is installed."
    elif _KINDRED[group].get(name) in names:
        hint = f"did you mean {_KINDRED[group][name]!r}?"
    elif near := difflib.get_close_matches(name.lower(), names, n=1):
        hint = f"did you mean {near[0]!r}?"
    else:
        hint = ""
    what = f"there is no {kind} adaptor {shown(name)}" + (f"; {hint}" if hint else ".")
    return UnknownAdaptorException.because(f"{what} Installed: {', '.join(names) or 'none'}")


def _load(plugin: _Plugin, bases: tuple[type, ...]) -> Any:
    """Import the class of a plugin and check that it is what the group promises."""
    try:
        found = plugin.load()
    except Exception as error:
        raise _import_failure(plugin, error) from error
    if not isinstance(found, type) or not issubclass(found, bases):
        wanted = " or ".join(base.__name__ for base in bases)
        raise _broken(plugin, f"{plugin.value} is no subclass of {wanted}")
    record = getattr(found, "description", None)
    if not isinstance(record, _RECORDS[plugin.group]):
        wanted = _RECORDS[plugin.group].__name__
        raise _broken(plugin, f"{plugin.value} has no {wanted} as its description")
    if record.name != plugin.name:
        raise _broken(plugin, f"its description bears the name {record.name!r}")
    return found


def _broken(plugin: _Plugin, why: str) -> BrokenAdaptorException:
    return BrokenAdaptorException.because(
        f"the {_KINDS[plugin.group]} adaptor {plugin.name!r} of the distribution "
        f"{plugin.distribution} is broken: {why}",
        adaptor=plugin.name,
    )


def _import_failure(plugin: _Plugin, error: Exception) -> XenonException:
    """Say why an import failed: a missing package of an extra, or a fault of the plugin."""
    record = _own_description(plugin)
    missing = error.name or "" if isinstance(error, ModuleNotFoundError) else ""
    own = missing.partition(".")[0] == plugin.value.partition(":")[0].partition(".")[0]
    if missing and not own and record is not None and record.requires:
        return MissingDependencyException.because(
            f"the {plugin.name} adaptor needs the package {missing.partition('.')[0]!r}: "
            f"pip install '{plugin.distribution}[{record.requires}]'",
            adaptor=plugin.name,
        )
    return _broken(plugin, f"{type(error).__name__}: {error}")


def _known(group: str) -> dict[str, list[tuple[str, Any]]]:
    """Return the declared descriptions by name, each with the distribution that declares it."""
    found: dict[str, list[tuple[str, Any]]] = {}
    for plugin in _scan(tuple(sys.path)):
        if plugin.group != DESCRIPTIONS:
            continue
        for record in _declared(plugin):
            if isinstance(record, _RECORDS[group]):
                found.setdefault(record.name, []).append((plugin.distribution, record))
    return found


@functools.lru_cache(maxsize=256)
def _declared(plugin: _Plugin) -> tuple[object, ...]:
    """Return a distribution's declared descriptions; broken ones must not hurt the others."""
    try:
        found = plugin.load()
        records = tuple(found) if isinstance(found, Iterable) else ()
    except Exception:  # noqa: BLE001  # a plugin may raise anything; it is logged
        _log.warning("the descriptions of %s are broken", plugin.distribution, exc_info=True)
        return ()
    return records


def _own_description(plugin: _Plugin) -> Any:
    """Return what the plugin's own distribution declares for it, or ``None``."""
    for distribution, record in _known(plugin.group).get(plugin.name, []):
        if distribution == plugin.distribution:
            return record
    return None


def _description(group: str, name: str, kind: type[_Record]) -> _Record:
    if _checked_name(name) not in _plugins(group) and (known := _known(group).get(name)):
        found: object = known[0][1]
    else:
        plugin = _the_plugin(group, name)
        found = _own_description(plugin)
        if found is None:
            load = load_filesystem if group == FILESYSTEMS else load_scheduler
            found = load(name).description
    if not isinstance(found, kind):
        raise TypeError(f"{name} is described by a {type(found).__name__}")
    return found


def _descriptions(group: str, kind: type[_Record]) -> list[_Record]:
    found = []
    for name in _names(group):
        try:
            found.append(_description(group, name, kind))
        except UnknownAdaptorException as error:
            _log.warning("an installed adaptor cannot be described: %s", error)
    return found
