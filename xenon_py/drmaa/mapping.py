"""From a job template to the job description of this library. Pure functions."""

from __future__ import annotations

import datetime
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from xenon_py.drmaa.const import SUBMISSION_STATE_HOLD
from xenon_py.drmaa.errors import drmaa_error
from xenon_py.drmaa.limits import limits_of
from xenon_py.drmaa.native import split_native
from xenon_py.drmaa.template import JobTemplate
from xenon_py.drmaa.times import parse_partial_time
from xenon_py.model.jobs import JobDescription

HOME = JobTemplate.HOME_DIRECTORY
HERE = JobTemplate.WORKING_DIRECTORY
INDEX = JobTemplate.PARAMETRIC_INDEX
STREAMS = {"i": "stdin", "o": "stdout", "e": "stderr"}
"""Letters of ``transferFiles`` -> fields of the job description."""

_INHERITING = frozenset({"slurm", "torque"})
"""Their DRMAA libraries hand the submitter's environment on; Grid Engine's does not."""


@dataclass(frozen=True)
class Place:
    """What the mapping has to know of where jobs run.

    Attributes:
        adaptor: name of the scheduler's adaptor.
        home: gives the home directory over there.
        directory: of jobs that say none; ``""`` = the scheduler's own.
        is_directory: tells of a path, absolute or from the scheduler's own directory, whether it
            is a directory over there.
        categories: names of bundles of native options, and the options.
        strict: paths must have their colon.
    """

    adaptor: str
    home: Callable[[], str]
    directory: str
    is_directory: Callable[[str], bool]
    categories: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False


def description_of(
    template: JobTemplate, place: Place, now: datetime.datetime, *, bulk: bool = False
) -> JobDescription:
    """Return the job that a template describes.

    In a bulk job the index is ``%a`` in the paths of the result; in its working directory the
    placeholder is left as it is.

    Raises:
        DeniedByDrmException: there is no command, or a placeholder where it has no meaning.
        InvalidAttributeFormatException: the start time is of another form.
        InvalidAttributeValueException: an attribute is set that the scheduler cannot honour.
    """
    if not template.remoteCommand:
        raise drmaa_error(17, 'job template must have "drmaa_remote_command" attribute set')
    max_runtime, limits = limits_of(template, place.adaptor)
    fields: dict[str, Any] = {
        "executable": template.remoteCommand,
        "arguments": template.args,
        "environment": template.jobEnvironment,
        "name": template.jobName,
        "hold": template.jobSubmissionState == SUBMISSION_STATE_HOLD,
        "working_directory": _directory(template, place, bulk=bulk),
        "start_time": _start(template.startTime, now),
        "max_runtime": max_runtime,
        "inherit_environment": True if place.adaptor in _INHERITING else None,
    }
    fields |= _files(template, place, fields["working_directory"], bulk=bulk)
    changes, options = split_native(place.adaptor, _native(template, place))
    directory = changes.get("working_directory", fields["working_directory"])
    joined = changes.pop("join", "")
    for name in ("stdin", "stdout", "stderr"):
        if name in changes:
            path = _path(changes[name], "nativeSpecification", place, bulk=bulk)
            changes[name] = _whole(path, place, directory, fields["name"])
    fields |= changes
    if joined == "y" or (template.joinFiles and not joined):
        fields["stderr"] = fields["stdout"]
    fields["scheduler_arguments"] = [*_mail(template, place.adaptor), *limits, *options]
    return JobDescription(**fields)


def _native(template: JobTemplate, place: Place) -> str:
    """Return the native options: those of the category first, so that the template's own win."""
    name = template.jobCategory
    if name and name not in place.categories:
        raise drmaa_error(17, f"Unknown job category: {name}")
    usual = "" if place.adaptor == "gridengine" else place.categories.get("default", "")
    return f"{usual} {place.categories.get(name, '')} {template.nativeSpecification}"


def _directory(template: JobTemplate, place: Place, *, bulk: bool) -> str:
    text: str = template.workingDirectory
    if HERE in text:
        raise drmaa_error(17, f"workingDirectory = {text!r}: {HERE} has no meaning in it")
    _check_index(text, "workingDirectory", bulk=bulk)
    return _at_home(text, place, "workingDirectory") or place.directory


def _files(template: JobTemplate, place: Place, directory: str, *, bulk: bool) -> dict[str, str]:
    """Return the paths of the streams; those that are to be transferred are left empty."""
    paths = dict.fromkeys(STREAMS.values(), "")
    for letter, attribute in (("i", "inputPath"), ("o", "outputPath"), ("e", "errorPath")):
        text = getattr(template, attribute)
        if place.strict and text and ":" not in text:
            raise drmaa_error(4, f'The "{attribute}" attribute must begin with a colon: {text!r}')
        if letter in template.transferFiles:
            _check_index(text, attribute, bulk=bulk)
        else:
            paths[STREAMS[letter]] = _path(text, attribute, place, bulk=bulk)
    name = template.jobName or template.remoteCommand.rpartition("/")[2]
    for stream, letter in (("stdout", "o"), ("stderr", "e")):
        paths[stream] = _whole(paths[stream], place, directory, name, letter)
    return paths


def _path(text: str, attribute: str, place: Place, *, bulk: bool) -> str:
    """Return the path of ``[host]:path`` with its placeholders replaced."""
    path = _expanded(split_path(text)[1], place)
    _check_index(path, attribute, bulk=bulk)
    path = path.replace(INDEX, "%a")
    path = path[len(HERE) :].lstrip("/") if path.startswith(HERE) else path
    path = _at_home(path, place, attribute)
    if HERE in path:
        raise drmaa_error(17, f"{attribute} = {text!r}: {HERE} may be at the beginning only")
    return path


_PSEUDO = {"$JOB_ID": "%j", "$TASK_ID": "%a"}
"""Words that Grid Engine replaces in paths: qsub(1)."""


def _expanded(path: str, place: Place) -> str:
    """Return a path with Grid Engine's own words replaced, as its library would have them."""
    if place.adaptor == "gridengine":
        for word, meaning in _PSEUDO.items():
            path = path.replace(word, meaning)
        path = f"{HOME}{path[5:]}" if path.startswith("$HOME") else path
    return path


def split_path(text: str) -> tuple[str, str]:
    """Return host and path of ``[host]:path``; the colon may be missing."""
    host, colon, path = text.partition(":")
    return (host, path) if colon and "/" not in host and "$" not in host else ("", text)


def _check_index(text: str, attribute: str, *, bulk: bool) -> None:
    if INDEX in text and not bulk:
        raise drmaa_error(17, f"{attribute} = {text!r}: only bulk jobs have an index {INDEX}")


def _at_home(text: str, place: Place, attribute: str) -> str:
    if text.startswith(HOME):
        text = f"{place.home()}/{text[len(HOME) :].lstrip('/')}"
    if HOME in text:
        raise drmaa_error(17, f"{attribute} = {text!r}: {HOME} may be at the beginning only")
    return text


def _whole(path: str, place: Place, directory: str, name: str, letter: str = "o") -> str:
    """Return the file to write: a directory gets a name in it, ``/dev/null`` is no file."""
    if path in {"", "/dev/null"}:
        return ""
    whole = posixpath.join(directory, path)
    if path.endswith("/") or ("%" not in whole and place.is_directory(whole)):
        return f"{path.rstrip('/')}/{name or 'job'}.{letter}%j"
    return path


def _start(text: str, now: datetime.datetime) -> str:
    """Return a start time for the job description: whole minutes, never too early."""
    if not text:
        return ""
    try:
        when = parse_partial_time(text, now).astimezone(now.tzinfo)
    except ValueError as error:
        raise drmaa_error(13, f"startTime: {error}") from None
    if when <= now:
        return ""
    if when.second:
        when += datetime.timedelta(seconds=60 - when.second)
    return f"{when:%H:%M %d.%m.%Y}"


def _mail(template: JobTemplate, adaptor: str) -> list[str]:
    addresses = ",".join(template.email)
    if template.blockEmail or not addresses:
        return []
    options = {
        "slurm": [f"--mail-user={addresses}", "--mail-type=END,FAIL"],
        "gridengine": ["-M", addresses, "-m", "e"],
        "torque": ["-M", addresses, "-m", "ae"],
    }
    if adaptor not in options:
        raise drmaa_error(14, f"{adaptor} sends no mail: leave email unset, or set blockEmail")
    return options[adaptor]
