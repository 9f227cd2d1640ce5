"""Job templates: what to run, in DRMAA's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xenon_py.drmaa import const
from xenon_py.drmaa.helpers import (
    SCALARS,
    Attribute,
    BoolConverter,
    DictAttribute,
    IntConverter,
    VectorAttribute,
)

if TYPE_CHECKING:
    from typing_extensions import Self


class JobTemplate:
    """A job to be submitted, any number of times.

    Values are checked when they are set as far as they can be; the rest at submission. Reading an
    attribute that is not set gives ``""``, ``False``, ``[]``, ``{}`` or ``None``; in a template of
    a strict session it raises ``InvalidAttributeValueException``. A ``with`` block deletes the
    template at its end.
    """

    HOME_DIRECTORY = const.PLACEHOLDER_HD.decode()
    WORKING_DIRECTORY = const.PLACEHOLDER_WD.decode()
    PARAMETRIC_INDEX = const.PLACEHOLDER_INCR.decode()

    remoteCommand = Attribute(const.REMOTE_COMMAND)
    args = VectorAttribute(const.V_ARGV)
    jobEnvironment = DictAttribute(const.V_ENV)
    workingDirectory = Attribute(const.WD)
    jobSubmissionState = Attribute(const.JS_STATE)
    jobName = Attribute(const.JOB_NAME)
    jobCategory = Attribute(const.JOB_CATEGORY)
    nativeSpecification = Attribute(const.NATIVE_SPECIFICATION)
    inputPath = Attribute(const.INPUT_PATH)
    outputPath = Attribute(const.OUTPUT_PATH)
    errorPath = Attribute(const.ERROR_PATH)
    joinFiles = Attribute(const.JOIN_FILES, BoolConverter())
    transferFiles = Attribute(const.TRANSFER_FILES)
    email = VectorAttribute(const.V_EMAIL)
    blockEmail = Attribute(const.BLOCK_EMAIL, BoolConverter(true=b"1", false=b"0"))
    startTime = Attribute(const.START_TIME)
    deadlineTime = Attribute(const.DEADLINE_TIME)
    hardWallclockTimeLimit = Attribute(const.WCT_HLIMIT, IntConverter())
    softWallclockTimeLimit = Attribute(const.WCT_SLIMIT, IntConverter())
    hardRunDurationLimit = Attribute(const.DURATION_HLIMIT, IntConverter())
    softRunDurationLimit = Attribute(const.DURATION_SLIMIT, IntConverter())

    def __init__(self, **kwargs: Any) -> None:
        """Set attributes; unknown names become plain attributes, as in drmaa-python."""
        for name, value in kwargs.items():
            setattr(self, name, value)

    @property
    def attributeNames(self) -> list[str]:
        """The DRMAA names of the scalar attributes that are supported."""
        return sorted(SCALARS)

    def delete(self) -> None:
        """Release the template; jobs are not concerned. May be repeated."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.delete()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {getattr(self, 'remoteCommand', '')!r}>"
