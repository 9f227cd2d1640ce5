"""Contact strings: which scheduler, and which session. Pure functions but for ``default_contact``.

``adaptor=slurm;location=ssh://user@host;property.slurm.poll.delay=500;session=ID``. All parts may
be missing. ``done=exited`` makes every job that ended by itself ``done``, as Grid Engine says;
without it a job is ``done`` only if its exit code is 0. ``strict=yes`` makes templates as strict as
Grid Engine's: attributes that are not set cannot be read, and paths need their colon.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, replace

from xenon_py.drmaa.errors import drmaa_error
from xenon_py.scheduler import Scheduler

ENVIRONMENT = "XENON_DRMAA_CONTACT"
"""Variable that holds the contact string of programs that give none."""

_SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", re.ASCII)
_DONE = ("zero", "exited")
_STRICT = ("no", "yes")
_KEYS = frozenset(("adaptor", "location", "session", "done", "strict"))


@dataclass(frozen=True)
class Contact:
    """What a contact string says.

    Attributes:
        adaptor: name of the scheduler's adaptor; ``""`` = the default.
        location: of the scheduler.
        properties: of the scheduler, in order of their names.
        session: identifier of the session; ``""`` = a new one.
        done_if_exited: a job is ``done`` whatever its exit code.
        strict: templates are as strict as Grid Engine's.
    """

    adaptor: str = ""
    location: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    session: str = ""
    done_if_exited: bool = False
    strict: bool = False

    @property
    def scheduler(self) -> tuple[str, str, tuple[tuple[str, str], ...]]:
        """What names the scheduler."""
        return self.adaptor, self.location, self.properties

    def __str__(self) -> str:
        parts = [
            f"adaptor={self.adaptor}",
            f"location={self.location}" if self.location else "",
            *(f"property.{name}={value}" for name, value in self.properties),
            "done=exited" if self.done_if_exited else "",
            "strict=yes" if self.strict else "",
            f"session={self.session}" if self.session else "",
        ]
        return ";".join(part for part in parts if part)


def parse_contact(text: str) -> Contact:
    """Return what a contact string says.

    Raises:
        InvalidContactStringException: it is of another form.
    """
    values: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, separator, value = part.partition("=")
        known = name in _KEYS or name.startswith("property.")
        if not separator or not known or name in values:
            raise drmaa_error(
                7,
                f"{part!r} in the contact string {text!r}: it is made of adaptor=, location=, "
                "property.<name>=, session=, done= and strict=, joined by ;",
            )
        values[name] = value
    session, done = values.get("session", ""), values.get("done", "zero")
    if session and not _SESSION.fullmatch(session):
        raise drmaa_error(7, f"{session!r} is no identifier of a session")
    strict = values.get("strict", "no")
    for name, value, allowed in (("done", done, _DONE), ("strict", strict, _STRICT)):
        if value not in allowed:
            raise drmaa_error(7, f"{name} must be one of {', '.join(allowed)}, not {value!r}")
    found = [(name[9:], value) for name, value in values.items() if name.startswith("property.")]
    return Contact(
        values.get("adaptor", ""),
        values.get("location", ""),
        tuple(sorted(found)),
        session,
        done == "exited",
        strict == "yes",
    )


def complete_contact(text: str | None) -> Contact:
    """Return the contact for what a caller gave: nothing, a part, or a whole contact string."""
    contact = parse_contact(text or "")
    if contact.adaptor:
        return contact
    usual = parse_contact(os.environ.get(ENVIRONMENT, ""))
    usual = usual if usual.adaptor else replace(usual, adaptor=default_adaptor())
    return Contact(
        usual.adaptor,
        contact.location or usual.location,
        contact.properties or usual.properties,
        contact.session or usual.session,
        contact.done_if_exited or usual.done_if_exited,
        contact.strict or usual.strict,
    )


def default_adaptor() -> str:
    """Return the adaptor for the batch system whose submit command this machine has."""
    installed = Scheduler.get_adaptor_names()
    found = ["slurm"] if shutil.which("sbatch") else []
    if shutil.which("qsub"):
        found.append("gridengine" if shutil.which("qconf") else "torque")
    return next((name for name in found if name in installed), "local")
