"""What is one value of a raw column? Its reading as SQL, what may stand around it, and how a refusal names it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kalib.errors import DataError
from kalib.ledger.read import Source, quote, text
from kalib.words.told import Told, told

QUANTITY = "DECIMAL(19, 4)"
PRICE = "DECIMAL(18, 6)"
MONEY = "DECIMAL(30, 10)"
"""Exact. A product of the first two fits 38 digits (with 18 for both, DuckDB would multiply in 64 bits), a sum over any log too."""
LONG_QUANTITY = "DECIMAL(19, 8)"
LONG_PRICE = "DECIMAL(18, 8)"
"""For the money of the few rows with more decimals: a third of a box at 300.00 must not come to another cent. To bring their product
to the decimals of money is dear, which that of the others has anyway."""
BLANKS = " \t\n\v\f\r\u0085\u00a0\u180e" + "".join(map(chr, range(0x2000, 0x2010))) + "\u202f\u205f\u2060\u3000\ufeff"
"""What may stand around a value and is no part of it: blanks of web pages and of Chinese, marks without width."""
FULL = "".join(map(chr, range(0xFF01, 0xFF5F))) + "\u3000"
HALF = "".join(map(chr, range(0x21, 0x7F))) + " "
"""The full-width letters, digits and signs of Chinese typing, and what they stand for."""
NEAT = "[!-~]([ -~]*[!-~])?"


@dataclass(frozen=True)
class Parsed:
    """How a raw column is read: four SQL expressions over the row.

    ``value`` is typed, and null where the raw value is blank or broken. ``blank`` is a boolean. ``broken`` and ``repaired``
    are null or the name of a rule. The last three ask for the raw column and for ``value_<column>``, the alias under which
    ``value`` is selected: select it in a subquery below, or DuckDB computes it again for each of them.
    """

    value: str
    blank: str
    broken: str
    repaired: str


def trimmed(column: str) -> str:
    """Return SQL for a raw column as text without blanks around it.

    Most values are plain ASCII without blanks around them, and to look first is faster than to trim.

    Examples
    --------
    >>> import duckdb
    >>> duckdb.sql(f"SELECT {trimmed('x')} FROM (SELECT chr(12288) || 'ann' || chr(160) AS x)").fetchone()
    ('ann',)
    """
    name = f"{quote(column)}::VARCHAR"
    return f"CASE WHEN regexp_full_match({name}, {text(NEAT)}) THEN {name} ELSE trim({name}, {text(BLANKS)}) END"


def halfwidth(sql: str) -> str:
    """Return SQL for a text with its full-width letters, digits and signs as ASCII.

    Examples
    --------
    >>> import duckdb
    >>> duckdb.sql(f"SELECT {halfwidth('x')} FROM (SELECT '１２３Ａ' AS x)").fetchone()
    ('123A',)
    """
    return f"translate({sql}, {text(FULL)}, {text(HALF)})"


def is_blank(column: str) -> str:
    """Return SQL for whether a raw column of text holds nothing; it asks for the value first, as most rows have one."""
    empty = f"({quote(column)} IS NULL OR trim({quote(column)}, {text(BLANKS)}) = '')"
    return f"CASE WHEN {value_of(column)} IS NOT NULL THEN false ELSE {empty} END"


def value_of(column: str) -> str:
    """Return the alias under which a column's value is selected."""
    return quote(f"value_{column}")


def refusal(
    rule: str, found: tuple, ours: str, sources: Sequence[Source], message: Told | str, *, header: str | None = None
) -> DataError:
    """Return the refusal of a source for one value.

    Parameters
    ----------
    rule : name of the rule
    found : file, line and value
    ours : our name of the column
    sources : to name the file by its path
    message : what is wrong, and what to do
    header : what the file calls the column

    Returns
    -------
    DataError
        ``orders.csv, line 7, column Date (`order_date`), value '05/01/2024': ...``

    Examples
    --------
    >>> print(refusal("date_ambiguous", ("a.csv", 7, "5/1/24"), "order_date", [], "say how dates are written.", header="Day"))
    a.csv, line 7, column Day (`order_date`), value '5/1/24': say how dates are written.
    """
    file, line, value = found
    path = next((source.path for source in sources if source.name == file), file)
    column = f"{header} (`{ours}`)" if header and header != ours else f"`{ours}`"
    shown = value if value is None or len(value) <= 200 else value[:200] + "…"
    return DataError(
        told(
            "{path}, line {line}, column {column}, value {value!r}: {message}",
            path=path,
            line=line,
            column=column,
            value=shown,
            message=message,
        ),
        rule=rule,
        file=file,
        line=line,
        column=header or ours,
        value=shown,
    )
