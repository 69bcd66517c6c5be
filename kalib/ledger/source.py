"""What is one source of rows? A file, a sheet or a member of an archive: its columns, how to scan it, what was found in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

BLANKS = " \t\n\f\r\u00a0\u200b\u202f\u3000\ufeff"
"""What may stand around a header or a value and is no part of it: blanks of web pages and of Chinese included."""
LONGEST_SHOWN = 200
"""So many characters of a row that cannot be used are kept and shown."""


@dataclass(frozen=True)
class Note:
    """What the reader found by itself and the page must say: under which rule, where, in which column, what, how often."""

    rule: str
    file: str
    line: int | None = None
    column: str | None = None
    value: str | None = None
    count: int = 1


@dataclass(frozen=True)
class Input:
    """Something to be opened: the file that the job names, the bytes themselves (in scratch where they were unpacked),
    what tables call it and what messages call it."""

    path: Path
    file: Path
    name: str
    label: str


@dataclass(frozen=True)
class LeftSheet:
    """A sheet beside those that are read: its name, its headers in order, where its header stands, its cells.

    ``rows`` is a Parquet file of texts with the columns ``c0``, ``c1`` ... in the order of ``titles``, and ``__line``;
    the rows of the table are those whose ``__line`` is greater than ``header_line``.
    """

    name: str
    titles: tuple[str, ...]
    rows: Path
    header_line: int
    hidden: bool = False


@dataclass(frozen=True)
class Source:
    """One source of rows: its name as shown, the file it is in, its columns with their DuckDB types, how to scan it.

    ``scan`` is SQL for a query with the columns and ``__line``, for a folder also ``__file``. ``fast`` is the same
    without ``__line`` for a text file that looks clean: DuckDB must find exactly ``rows`` rows in it, and row *n*
    stands on line ``header_line + n``; otherwise ``carefully`` opens it anew. ``unread`` is a Parquet file of the rows
    that could not be split into fields, or are left out because they are hidden: line, rule, value. ``label`` is the name
    with its folder, for messages. ``beside`` are the sheets of the same workbook that are not read; ``modified`` is the day of the
    last change that the workbook's own properties name, never the file system's.
    """

    name: str
    path: Path
    kind: str
    columns: dict[str, str]
    scan: str
    label: str = ""
    fast: str | None = None
    rows: int = 0
    carefully: Callable[[], Source] | None = None
    delimiter: str = ","
    encoding: str | None = None
    header_line: int = 1
    notes: list[Note] = field(default_factory=list)
    unread: Path | None = None
    beside: tuple[LeftSheet, ...] = ()
    modified: dt.date | None = None


def quote(name: str) -> str:
    """Return ``name`` as an SQL identifier, whatever it holds.

    >>> print(quote('a "b" c'))
    "a ""b"" c"
    """
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return ``value`` as an SQL string, whatever it holds.

    >>> text("it's")
    "'it''s'"
    """
    return "'" + value.replace("'", "''") + "'"


def shown(value: str, length: int = LONGEST_SHOWN) -> str:
    """Return a value on one line for a message, cut where it is long.

    >>> print(shown("two\\nlines"))
    two\\nlines
    """
    cut = value if len(value) <= length else value[:length] + "…"
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in cut)
