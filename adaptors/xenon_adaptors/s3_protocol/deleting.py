"""Removes many objects by one request (DeleteObjects)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape

from xenon_adaptors.s3_protocol.documents import document
from xenon_adaptors.s3_protocol.failures import failure
from xenon_adaptors.s3_protocol.wire import Wire, refusal
from xenon_adaptors.s3_protocol.writer import md5_of
from xenon_py.exceptions import XenonException

MOST = 1000
"""Keys of one request."""

# XML 1.0 cannot hold these, however they are written.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ENTITIES = {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}


def delete(wire: Wire, key: str) -> None:
    """Remove one object; one that is not there is removed already."""
    answer = wire.send("DELETE", key)
    is_page = answer.status == 200 and answer.body
    if is_page or answer.status not in {200, 204, 404}:
        raise refusal(answer, f"/{key}")


def delete_many(wire: Wire, keys: Sequence[str]) -> list[XenonException | None]:
    """Remove objects; return an error or ``None`` for each, in order."""
    together = [key for key in keys if not _NOT_IN_XML.search(key)]
    errors = dict[str, XenonException]()
    for start in range(0, len(together), MOST):
        errors |= _delete_together(wire, together[start : start + MOST])
    for key in set(keys).difference(together):
        errors |= _delete_alone(wire, key)
    return [errors.get(key) for key in keys]


def _delete_together(wire: Wire, keys: Sequence[str]) -> dict[str, XenonException]:
    listed = "".join(f"<Object><Key>{escape(key, _ENTITIES)}</Key></Object>" for key in keys)
    space = "http://s3.amazonaws.com/doc/2006-03-01/"
    body = f'<Delete xmlns="{space}"><Quiet>true</Quiet>{listed}</Delete>'.encode()
    headers = {"content-md5": md5_of(body), "content-type": "application/xml"}
    answer = wire.send("POST", query={"delete": ""}, headers=headers, body=body)
    if answer.status in {405, 501}:  # a server that removes one by one only
        return {key: error for one in keys for key, error in _delete_alone(wire, one).items()}
    if answer.status != 200:
        error = refusal(answer, "/")
        return dict.fromkeys(keys, error)
    return _errors_in(answer.body)


def _errors_in(body: bytes) -> dict[str, XenonException]:
    errors = {}
    for element in document(body, "DeleteResult").iterfind("{*}Error"):
        key, code = element.findtext("{*}Key") or "", element.findtext("{*}Code") or ""
        if code != "NoSuchKey":
            message = element.findtext("{*}Message") or ""
            errors[key] = failure(code, f"/{key}", message=message)
    return errors


def _delete_alone(wire: Wire, key: str) -> dict[str, XenonException]:
    try:
        delete(wire, key)
    except XenonException as error:
        return {key: error}
    return {}
