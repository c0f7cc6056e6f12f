"""The errors a person can put right, each with its exit code.

    EscalationsError
    ├── InputError       2   a file or argument is not what it should be
    ├── SettingsError   11   settings missing or contradictory
    ├── CriteriaError   12   a mistake in a criteria file
    ├── SourceError     13   Jira, or what stands for it, did not give its tickets
    │   └── WaitError        Jira asks to wait longer than this run may
    ├── WarehouseError  14   the warehouse is locked, foreign or newer than the program
    │   ├── BusyError        another run writes to it
    │   └── DiskError        there is no room, or nothing may be written
    └── DeliveryError   15   a page could not be brought where it should go

Each message is one plain line: what, where, what to do. Anything else that is raised is a bug and
shows its traceback. A message never holds ticket text.
"""

import errno
from collections.abc import Sequence

FULL = (errno.ENOSPC, errno.EDQUOT)
FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)


class EscalationsError(Exception):
    """What a person can put right; `exit_code` is what the command ends with.

    `may_pass` tells whether the same try, a little later, may fare better.
    """

    exit_code = 2
    may_pass = False

    @property
    def lines(self) -> tuple[str, ...]:
        """What is said on standard error: one line, or one for each thing that failed by itself."""
        return (str(self),)


class InputError(EscalationsError):
    """A file or an argument is not what it should be."""

    exit_code = 2


class SettingsError(EscalationsError):
    """Settings are missing or contradict each other; `mistakes` tells each by itself where there are several."""

    exit_code = 11

    def __init__(self, message: str, mistakes: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.mistakes = tuple(mistakes)

    @property
    def lines(self) -> tuple[str, ...]:
        """A line for each mistake."""
        return self.mistakes or super().lines


class CriteriaError(EscalationsError):
    """A criteria file holds a mistake."""

    exit_code = 12


class SourceError(EscalationsError):
    """The source did not give its tickets."""

    exit_code = 13


class WaitError(SourceError):
    """Jira asks to wait for so many `seconds`, which is longer than this run may."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class WarehouseError(EscalationsError):
    """The warehouse can't be used as it is."""

    exit_code = 14


class BusyError(WarehouseError):
    """Another run writes to the warehouse."""


class DiskError(WarehouseError):
    """The disk has no room, or what the program needs may not be read or written."""

    @classmethod
    def of(cls, error: OSError) -> "DiskError | None":
        """What a person can put right of an error of the operating system; None where it is no such one."""
        where = f"{error.filename}: " if error.filename else ""
        if error.errno in FULL:
            return cls(f"{where}{NO_ROOM}")
        if error.errno in FORBIDDEN:
            why = f"may not be read or written ({error.strerror})"
            return cls(f"{where}{why}; see to its rights, or give another place")
        return None


NO_ROOM = "no room is left on the disk; make room (`escalations doctor` tells how much a run needs), then try again"


class DeliveryError(EscalationsError):
    """A page could not be delivered."""

    exit_code = 15
    may_pass = True
