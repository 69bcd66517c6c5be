"""What can go wrong, said for the person who must mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kalib.words.told import Told  # which needs these errors itself


class KalibError(Exception):
    """A refusal that a user can act on: shown as one message, never as a stack trace.

    ``exit_code`` is what the command line ends with.
    """

    exit_code = 2

    def __init__(self, message: Told | str) -> None:
        super().__init__(str(message))  # in the language that is spoken when it is refused


class SettingsError(KalibError):
    """The job file or a ``-p`` override is wrong."""


class DataError(KalibError):
    """A data file is refused; says which file, line, column and value where there is one."""

    def __init__(
        self,
        message: Told | str,
        *,
        rule: str,
        file: str | None = None,
        line: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        super().__init__(str(message))
        self.rule, self.file, self.line, self.column, self.value = rule, file, line, column, value


class DoubtError(DataError):
    """A source raises doubts that only its owner can settle; ``doubts`` are all of them, as ledger.json keeps them."""

    def __init__(self, message: Told | str, *, doubts: list[dict[str, object]], **facts: object) -> None:
        super().__init__(message, **facts)
        self.doubts = doubts


class ShortageError(KalibError):
    """Disk or memory ran out while the data was worked on; neither the data nor the settings are to blame."""


class MissingColumnsError(DataError):
    """A table lacks columns that were asked of it."""

    def __init__(self, table: str, missing: Iterable[str], present: Iterable[str], remedy: Told | str) -> None:
        from kalib.words.told import told

        missing, present = sorted(missing), list(present)
        super().__init__(
            told(
                "`{table}` lacks {missing}; it has {present}. {remedy}",
                table=table,
                missing=missing,
                present=present,
                remedy=remedy,
            ),
            rule="column_missing",
            file=table,
            column=missing[0] if missing else None,
        )


class NotEnoughDataError(KalibError):
    """The data cannot support a table. The notebook says so, and the run goes on without the table.

    ``reason`` is a code from the words files (``reasons.<code>``), ``facts`` fills it.
    """

    def __init__(self, reason: str, **facts: object) -> None:
        super().__init__(reason + (f" {facts}" if facts else ""))
        self.reason, self.facts = reason, facts


class NotebookError(KalibError):
    """A notebook did not run to its end."""

    exit_code = 3


class BusyError(KalibError):
    """Another run of the same job is under way."""

    exit_code = 4


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint naming the nearest known word, or the known words.

    >>> nearest("horizn_days", ["horizon_days", "as_of"])
    'did you mean `horizon_days`?'
    >>> nearest("xyz", ["b", "a"])
    'known are a, b.'
    """
    from kalib.words.told import told

    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=1)
    return str(
        told("did you mean `{word}`?", word=close[0]) if close else told("known are {words}.", words=", ".join(known))
    )
