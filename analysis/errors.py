"""The errors a person can put right, each with its exit code.

    EscalationsError
    ├── InputError       2   a file or argument is not what it should be
    ├── SettingsError   11   settings missing or contradictory
    ├── CriteriaError   12   a mistake in a criteria file
    ├── SourceError     13   Jira, or what stands for it, did not give its tickets
    │   └── WaitError        Jira asks to wait longer than this run may
    ├── WarehouseError  14   the warehouse is locked, foreign or newer than the program
    │   └── BusyError        another run writes to it
    └── DeliveryError   15   a page could not be brought where it should go

Each message is one plain line: what, where, what to do. Anything else that is raised is a bug and
shows its traceback. A message never holds ticket text.
"""


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
    """Settings are missing or contradict each other."""

    exit_code = 11


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


class DeliveryError(EscalationsError):
    """A page could not be delivered."""

    exit_code = 15
    may_pass = True
