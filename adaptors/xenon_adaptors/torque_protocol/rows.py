"""Reading what ``qstat`` prints: XML of TORQUE, JSON of OpenPBS, and the text of both.

All become the same: attributes by name, those of groups with a dot (``resources_used.cput``). One
job that cannot be read never hides another. What is cut short is no answer.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from xenon_adaptors.torque_protocol.ids import JOB_ID
from xenon_py.plugin.batch import CouldNotAskError
from xenon_py.plugin.runner import CommandResult

Row = Mapping[str, str]

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_DECLARATION = re.compile(r"<\?xml[^>]*\?>")
_JOB_ELEMENT = re.compile(r"<Job>.*?</Job>", re.DOTALL)
_LEAF = re.compile(r"<(\w+)>([^<>]*)</\1>")
_JSON_JOB = re.compile(r'^\s*"([0-9][^"\\]*)":\s*\{', re.MULTILINE)
_JSON_LEAF = re.compile(r'^\s*"(\w+)":\s*(?:"([^"\\]*)"|(-?[0-9]+)),?\s*$', re.MULTILINE)


@dataclass(frozen=True)
class Rows:
    """The attributes of jobs by identifier, and the pieces that could not be read."""

    jobs: Mapping[str, Row]
    rejected: tuple[str, ...] = ()


def answer_of(result: CommandResult) -> str:
    """Return what a query printed, as text.

    Raises:
        CouldNotAskError: it failed.
    """
    if not result.ok:
        said = result.error_text().strip() or result.text().strip()
        raise CouldNotAskError(said or f"qstat ended with exit code {result.returncode}")
    return _CONTROL.sub("", result.stdout.decode("utf-8", "replace"))


# --- XML ------------------------------------------------------------------------------------------


def parse_xml(text: str) -> Rows:
    """Return the jobs of one XML document, or of several, one after another.

    TORQUE prints a document for each argument. Some versions print nothing when there are no jobs.

    Raises:
        CouldNotAskError: it is no such document, or not a whole one.
    """
    jobs: dict[str, Row] = {}
    rejected: list[str] = []
    if not text.strip():
        return Rows(jobs)
    documents = [part.strip() for part in _DECLARATION.split(text)]
    for document in documents if documents[0].startswith("<Data") else documents[1:]:
        if not document.startswith("<Data") or not document.endswith(("</Data>", "<Data/>")):
            raise CouldNotAskError(f"qstat printed no whole list of jobs: {document[:200]!r}")
        for row in _xml_rows(document, rejected):
            _keep(jobs, row.get("Job_Id", ""), row, rejected)
    if len(documents) == 1 and not documents[0].startswith("<Data"):
        raise CouldNotAskError(f"qstat printed no list of jobs: {text[:200]!r}")
    return Rows(jobs, tuple(rejected))


def _xml_rows(document: str, rejected: list[str]) -> Iterator[Row]:
    try:
        yield from map(_xml_row, ET.fromstring(document).iter("Job"))  # noqa: S314 - own scheduler
    except ET.ParseError:
        for block in _JOB_ELEMENT.findall(document):
            try:
                yield _xml_row(ET.fromstring(block))  # noqa: S314
            except ET.ParseError:
                rejected.append(block[:200])
                yield {name: html.unescape(value) for name, value in _LEAF.findall(block)}


def _xml_row(job: ET.Element) -> Row:
    row = {}
    for field in job:
        row[field.tag] = (field.text or "").strip()
        row.update({f"{field.tag}.{part.tag}": (part.text or "").strip() for part in field})
    return row


# --- JSON -----------------------------------------------------------------------------------------


def parse_json(text: str) -> Rows:
    """Return the jobs of the JSON of OpenPBS.

    Where the whole is no JSON, as values of variables have caused in several versions, each job is
    read on its own.

    Raises:
        CouldNotAskError: it is none, or not whole.
    """
    begin = text.find("{")
    body = text[begin:].rstrip() if begin >= 0 else ""
    if not body.endswith("}"):
        raise CouldNotAskError(f"qstat printed no whole JSON: {text[:200]!r}")
    jobs: dict[str, Row] = {}
    rejected: list[str] = []
    try:
        whole = json.loads(body, strict=False)
    except (ValueError, RecursionError):
        if '"timestamp"' not in body:
            raise CouldNotAskError(f"qstat printed no list of jobs: {text[:200]!r}") from None
        for name, row in _json_blocks(body, rejected):
            _keep(jobs, name, row, rejected)
        return Rows(jobs, tuple(rejected))
    if "timestamp" not in whole:
        raise CouldNotAskError(f"qstat printed no list of jobs: {text[:200]!r}")
    found = whole.get("Jobs", {})
    for name, fields in found.items() if isinstance(found, dict) else ():
        _keep(jobs, name, _json_row(fields), rejected)
    return Rows(jobs, tuple(rejected))


def _json_blocks(body: str, rejected: list[str]) -> Iterator[tuple[str, Row]]:
    heads = [head for head in _JSON_JOB.finditer(body) if JOB_ID.fullmatch(head.group(1))]
    ends = [head.start() for head in heads[1:]] + [len(body)]
    decoder = json.JSONDecoder(strict=False)
    for head, end in zip(heads, ends, strict=True):
        block = body[head.end() - 1 : end]
        try:
            yield head.group(1), _json_row(decoder.raw_decode(block)[0])
        except (ValueError, RecursionError):
            rejected.append(block[:200])
            yield (
                head.group(1),
                {n: text or number for n, text, number in _JSON_LEAF.findall(block)},
            )


def _json_row(fields: Any) -> Row:
    row: dict[str, str] = {}
    for name, value in fields.items() if isinstance(fields, dict) else ():
        if isinstance(value, dict):
            row.update({f"{name}.{part}": str(text) for part, text in value.items()})
        else:
            row[name] = str(value)
    return row


# --- text -----------------------------------------------------------------------------------------


def parse_text(text: str, head: str = "Job Id") -> Rows:
    """Return the blocks of ``qstat -f`` (and of ``-Qf``, ``-Bf`` with another head).

    Long values go on in the next line, behind a tab. A block without the empty line at its end is
    cut short.
    """
    jobs: dict[str, Row] = {}
    rejected: list[str] = []
    for block in re.split(rf"^(?={head}: )", text, flags=re.MULTILINE)[1:]:
        first, _, body = block.replace("\n\t", "").partition("\n")
        name = first.partition(": ")[2].strip()
        if not body.endswith("\n\n"):
            rejected.append(block[:200])
            continue
        # The first of a name counts: lines of a variable's value may look like attributes.
        row = dict(reversed(re.findall(r"^    (\S+) = (.*)$", body, re.MULTILINE)))
        if head == "Job Id":
            _keep(jobs, name, row, rejected)
        elif name:
            jobs[name] = row
    return Rows(jobs, tuple(rejected))


def _keep(jobs: dict[str, Row], name: str, row: Row, rejected: list[str]) -> None:
    if JOB_ID.fullmatch(name) and row.get("job_state"):
        jobs[name] = row
    else:
        rejected.append(f"{name}: {row}"[:200])
