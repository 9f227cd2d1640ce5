"""``xenon-py adaptors``: what is installed, and what it can do."""

from __future__ import annotations

import dataclasses
import difflib
from typing import TextIO

from xenon_py.exceptions import UnknownAdaptorException
from xenon_py.filesystem import FileSystem
from xenon_py.model.descriptions import FileSystemAdaptorDescription, SchedulerAdaptorDescription
from xenon_py.scheduler import Scheduler

Description = FileSystemAdaptorDescription | SchedulerAdaptorDescription


def list_adaptors(out: TextIO) -> int:
    """Print a line for each installed adaptor."""
    for title, facade in (("File systems", FileSystem), ("Schedulers", Scheduler)):
        print(f"{title}:", file=out)
        for name in facade.get_adaptor_names():
            print(f"  {name:<12} {_first_sentence(facade, name)}", file=out)
    return 0


def show_adaptor(out: TextIO, name: str) -> int:
    """Print the description of one adaptor.

    Raises:
        UnknownAdaptorException: there is none of this name.
    """
    print(render_description(_find(name)), file=out)
    return 0


def _first_sentence(facade: type[FileSystem] | type[Scheduler], name: str) -> str:
    try:
        text = facade.get_adaptor_description(name).description
    except UnknownAdaptorException as error:
        return f"cannot be used: {error.msg}"
    return text.split(". ")[0].rstrip(".")


def _find(name: str) -> Description:
    facades: tuple[type[FileSystem] | type[Scheduler], ...] = (FileSystem, Scheduler)
    for facade in facades:
        if name in facade.get_adaptor_names():
            return facade.get_adaptor_description(name)
    names = [name for facade in facades for name in facade.get_adaptor_names()]
    near = difflib.get_close_matches(name.lower(), names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise UnknownAdaptorException.because(
        f"there is no adaptor {name!r}{hint} Installed: {', '.join(names)}"
    )


def render_description(description: Description) -> str:
    """Return a description as text for people."""
    lines = [f"{description.name}: {description.description}", "", "locations:"]
    lines += [f"  {location}" for location in description.supported_locations]
    lines += ["credentials:", f"  {', '.join(description.supported_credentials)}", "capabilities:"]
    for field in dataclasses.fields(description):
        value = getattr(description, field.name)
        if isinstance(value, bool):
            lines.append(f"  {field.name:<36} {'yes' if value else 'no'}")
    lines.append("properties:")
    for one in description.supported_properties:
        lines.append(f"  {one.short_name} ({one.type.name.lower()}, default {one.default_value!r})")
        lines.append(f"      {one.description}")
    return "\n".join(lines)
