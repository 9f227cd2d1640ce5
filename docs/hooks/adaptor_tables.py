"""A hook of mkdocs: renders what adaptors declare where a page says ``<!-- adaptor: NAME -->``.

The declarations are those that the library itself checks locations, credentials and properties
with, so a table cannot say anything else than the library does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from mkdocs.exceptions import PluginError

from xenon_adaptors.descriptions import ALL
from xenon_py import FileSystem, FileSystemAdaptorDescription, Scheduler
from xenon_py.model.descriptions import SchedulerAdaptorDescription
from xenon_py.model.properties import PropertyDescription

Description = FileSystemAdaptorDescription | SchedulerAdaptorDescription

_MARK = re.compile(r"<!-- adaptor: (\w+) -->")
_OVERVIEW = re.compile(r"<!-- adaptors: overview -->")
_BY_NAME: dict[str, Description] = {one.name: one for one in ALL}


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Put tables in the place of marks; the page of adaptors has to mention them all."""
    found = _MARK.findall(markdown)
    missing = sorted({*_BY_NAME} ^ {*found})
    if found and missing:
        raise PluginError(f"{page.file.src_uri}: adaptors too few or unknown: {', '.join(missing)}")
    markdown = _OVERVIEW.sub(lambda _: _overview(), markdown)
    return _MARK.sub(lambda mark: render(_BY_NAME[mark[1]]), markdown)


def render(adaptor: Description) -> str:
    """Return the declarations of one adaptor as Markdown."""
    parts = [
        f"{adaptor.description}\n",
        _where(adaptor),
        "Location:\n\n" + "\n".join(f"* `{form}`" for form in adaptor.supported_locations) + "\n",
        "Credentials: "
        + ", ".join(f"[`{name}`](api/credentials.md)" for name in adaptor.supported_credentials)
        + "\n",
        _table(("can", ""), _capabilities(adaptor)),
        _table(
            ("property", "type", "default", "meaning"),
            [_property_row(one) for one in adaptor.supported_properties],
        ),
    ]
    return "\n".join(parts)


def _where(adaptor: Description) -> str:
    if adaptor.name not in _registered():
        return "*Described, and not part of this version yet.*\n"
    extra = adaptor.requires
    return f"Needs `pip install 'xenon-py[{extra}]'`.\n" if extra else ""


def _registered() -> list[str]:
    return [*FileSystem.get_adaptor_names(), *Scheduler.get_adaptor_names()]


def _capabilities(adaptor: Description) -> list[tuple[str, str]]:
    return [
        (f"`{one.name}`", "yes" if getattr(adaptor, one.name) else "no")
        for one in fields(adaptor)
        if isinstance(getattr(adaptor, one.name), bool)
    ]


def _property_row(one: PropertyDescription) -> tuple[str, str, str, str]:
    name = f"`{one.name}{'.…' if one.wildcard else ''}`"
    also = f" Also spelled {', '.join(f'`{alias}`' for alias in one.aliases)}." * bool(one.aliases)
    limits = ""
    if one.minimum is not None or one.maximum is not None:
        low, high = ("" if end is None else str(end) for end in (one.minimum, one.maximum))
        limits = f" Allowed: {low}..{high}."
    default = f"`{one.default_value}`" if one.default_value else "(none)"
    return name, one.type.name.lower(), default, one.description + limits + also


def _overview() -> str:
    """Return a table of all adaptors with what they are for."""
    rows = []
    for one in ALL:
        kind = "files" if isinstance(one, FileSystemAdaptorDescription) else "jobs"
        here = "yes" if one.name in _registered() else "not yet"
        extra = f"`{one.requires}`" if one.requires else ""
        rows.append((f"[`{one.name}`](#{one.name})", kind, here, extra))
    return _table(("adaptor", "for", "in this version", "extra to install"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return (
        "\n".join("| " + " | ".join(_cell(text) for text in line) + " |" for line in lines) + "\n"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
